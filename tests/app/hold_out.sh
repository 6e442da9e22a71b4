#!/usr/bin/env bash
# hold_out.sh FOLDER_OF_SCRIPTS: what the demo trains on and what it holds out of a text are the text, each part of it once.
set -euo pipefail
source "$1/hold_out.sh"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"

# Splits the file `all`; `held` bytes are to be held out, give or take `near`.
expect() {
  local name=$1 held=$2 near=$3 found
  hold_out all train held_out || { echo "$name: nothing was held out" >&2; exit 1; }
  cat train held_out | cmp - all || { echo "$name: train.txt and held_out.txt are not the text" >&2; exit 1; }
  found=$(wc -c <held_out)
  [ $((found - held)) -le "$near" ] && [ $((held - found)) -le "$near" ] || { echo "$name: expected $held bytes, found $found" >&2; exit 1; }
}

for i in $(seq 1000); do echo "line $((i + 10000))"; done >all
expect "a thousand lines" 550 0
head -n 20 all >twenty && mv twenty all
expect "twenty lines" 11 0
for i in $(seq 2000); do printf 'word%d ' "$i"; done >all
expect "one line without an end" $(($(wc -c <all) / 20)) 10
echo >>all
expect "one line" $(($(wc -c <all) / 20)) 10
for i in 1 2 3; do for j in $(seq 3000); do printf '%d-%d ' "$i" "$j"; done; echo; done >all
expect "three lines" $(($(wc -c <all) / 20)) 10
for empty in "" one two_thousand; do
  printf '%s' "$empty" >all
  if hold_out all train held_out; then echo "'$empty' was split" >&2; exit 1; fi
done

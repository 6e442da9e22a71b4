#!/usr/bin/env bash
# A program on each back-end that it may have: it trains on those it was compiled with, and says in one line why not on others.
# bash backends.sh PROGRAM CORPUS EMULATED CUDA      the last two as CMake has RONDO_EMULATED and RONDO_CUDA
set -euo pipefail
program=$1 corpus=$2 emulated=${3:-OFF} cuda=${4:-OFF}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "backends.sh: $1"; cat "$work/log"; exit 1; }

for i in $(seq 120); do echo "bird $((i * 7 % 31)) sings of $((i % 5)) cats"; done >"$work/text"
"$corpus" tokenizer --text "$work/text" --vocabulary 300 --out "$work/tokenizer.json" --quiet >"$work/log" 2>&1 || fail "no tokenizer"
"$corpus" encode --tokenizer "$work/tokenizer.json" --text "$work/text" --documents line --out "$work/train.tokens" --quiet \
  >"$work/log" 2>&1 || fail "no tokens"
losses() { sed -n 's/.*"loss":\([0-9.eE+-]*\).*/\1/p' "$work/$1/metrics.jsonl"; }
train() {
  "$program" train --backend "$1" --data "$work/train.tokens" --out "$work/$1" --quiet --seed 3 --set shape.width=16 --set shape.depth=2 \
    --set shape.heads=2 --set train.steps=4 --set train.batch=2 --set train.length=24 --set shape.dropout=0.1 >"$work/log" 2>&1
}
# The largest relative difference from the Cpu's losses is at most this.
within() {
  paste <(losses "$1") <(losses cpu) | awk -v most="$2" '{ d = ($1 - $2) / $2; if (d < 0) d = -d; if (!(d <= most)) bad = 1 } END { exit bad || NR != 4 }' ||
    { paste <(losses "$1") <(losses cpu) >"$work/log"; fail "$1: losses differ from the Cpu's by more than $2"; }
}
refuses() {
  local status=0
  train "$1" || status=$?
  [ "$status" = 1 ] || fail "$1: exit status $status, where 1 was expected"
  [ "$(wc -l <"$work/log")" = 1 ] || fail "$1: more than one line"
  grep -q "$2" "$work/log" || fail "$1: the line does not say: $2"
}

train cpu || fail "cpu"
if [ "$emulated" = ON ]; then
  train emulated || fail "emulated"
  within emulated 1e-4
  train emulated-bf16 || fail "emulated-bf16"
  within emulated-bf16 1e-2
else
  refuses emulated "compiled without it"
  refuses emulated-bf16 "RONDO_EMULATED=ON"
fi
if [ "$cuda" != ON ]; then
  refuses cuda "RONDO_CUDA=ON"
elif [ -e /dev/nvidiactl ]; then
  train cuda || fail "cuda"
  within cuda 1e-2
else
  refuses cuda "driver"
fi
status=0
"$program" train --backend reference --data "$work/train.tokens" --out "$work/reference" >"$work/log" 2>&1 || status=$?
[ "$status" = 2 ] || fail "reference: exit status $status, where 2 was expected"

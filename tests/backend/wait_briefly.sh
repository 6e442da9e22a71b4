#!/usr/bin/env bash
# wait_briefly.sh PROGRAM: a program that starts itself again is what it was, and does so once and where it may.
set -euo pipefail
program=$1
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
unset GOMP_SPINCOUNT OMP_WAIT_POLICY OMP_NUM_THREADS
cd "$work"
echo "a line" >line

# Starts it with two threads where nothing else is said; `begun` times, with the variable `set` or not.
expect() {
  local what=$1 begun=$2 variable=$3 name=$4 status=0 process
  shift 4
  env OMP_NUM_THREADS=2 "$@" <line >out 2>err &
  process=$!
  wait "$process" || status=$?
  [ "$status" = 7 ] || { echo "$what: exit status $status" >&2; cat err >&2; exit 1; }
  [ "$(grep -c begun err)" = "$begun" ] || { echo "$what: begun $(grep -c begun err) times, expected $begun" >&2; exit 1; }
  [ "$(head -n 2 out)" = "$process $variable $name
a line" ] || { echo "$what: expected $process $variable $name and the line of stdin, found" >&2; cat out >&2; exit 1; }
}
name=$(basename "$program")
name=${name:0:15}
expect "plain" 2 set "$name" "$program" "" "two words"
[ "$(tail -n 1 out)" = "[$program][][two words]" ] || { echo "other arguments: $(tail -n 1 out)" >&2; exit 1; }
expect "one thread" 1 unset "$name" OMP_NUM_THREADS=1 "$program"
expect "a count of the user's" 1 set "$name" GOMP_SPINCOUNT=7 "$program"
expect "a policy of the user's" 1 unset "$name" OMP_WAIT_POLICY=passive "$program"
ln -s "$program" other_name
expect "by another name" 2 set other_name ./other_name
expect "by PATH" 2 set other_name "PATH=$work" other_name
expect "ignored signals" 2 set other_name bash -c 'trap "" TERM; exec ./other_name'
loader=$(readlink -f /lib64/ld-linux-x86-64.so.2 2>/dev/null || true)
[ -z "$loader" ] || expect "by the loader" 1 unset "$(basename "$loader" | cut -c 1-15)" "$loader" "$program"

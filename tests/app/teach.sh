#!/usr/bin/env bash
# The commands `teach` and `distill --cache` from outside: bash teach.sh HGRN2_PROGRAM CORPUS_PROGRAM
# A cache made at once and in pieces, a student that learns from it, what is refused and by which name.
set -euo pipefail
hgrn2=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"
export OMP_NUM_THREADS=2

"$corpus" grammar --words 20000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 290 --out other.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/held_out.txt --out held_out.tokens >/dev/null
"$corpus" encode --tokenizer other.json --text text/train.txt --out other.tokens >/dev/null
small=(--set shape.width=16 --set shape.heads=2 --set shape.mlp_width=24 --set shape.depth=2 --set train.length=24 --set train.batch=4
  --set optimizer.rate=0.01 --threads 2 --quiet)
"$hgrn2" train --data train.tokens --out teacher "${small[@]}" --set train.steps=40
"$hgrn2" train --data train.tokens --out second "${small[@]}" --set train.steps=5 --seed 1

# The chunk is the length that the teacher's run trained with; the same command again finds the cache there.
teach=("$hgrn2" teach --model teacher --data train.tokens --top 8)
"${teach[@]}" --out train.cache --threads 2 --json >made
grep -q '^train.cache: .* tokens, of each the 8 most probable (.* %.* chunks of 24, temperature 1$' made || fail "$(cat made)"
grep -q '"chunk":24' made || fail "$(cat made)"
"${teach[@]}" --out train.cache >again
grep -q 'train.cache: there already' again || fail "$(cat again)"
ls | grep -q unfinished && fail "something unfinished is left"

# Stopped by a signal, and gone on with.
"${teach[@]}" --out pieces.cache --threads 2 --quiet &
for _ in $(seq 6000); do
  [ -e pieces.cache.unfinished ] || [ -e pieces.cache ] && break
  sleep 0.002
done
kill -INT $! 2>/dev/null || true
status=0
wait $! || status=$?
[ $status -eq 130 ] || [ $status -eq 0 ] || fail "status $status after a signal"
"${teach[@]}" --out pieces.cache --threads 2 --quiet >/dev/null
cmp train.cache pieces.cache || fail "a pass that went on has other bytes"

# A student learns from it, in an order that is another each epoch; a run that goes on is the same bit for bit.
distill=("$hgrn2" distill --cache train.cache --data train.tokens "${small[@]}" --set train.steps=30 --set distill.alpha=1)
"${distill[@]}" --out straight
grep -q '"distillation":' straight/metrics.jsonl || fail "metrics.jsonl has the divergence"
grep -q '"cache"' straight/run.json || fail "run.json names the cache"
grep -o '"distillation":[0-9.e-]*' straight/metrics.jsonl | cut -d: -f2 |
  awk '{ value[NR] = $1 } END { exit !(NR == 30 && value[30] < 0.5 * value[1]) }' || fail "the divergence does not fall"
"${distill[@]}" --out broken --set train.checkpoint_steps=5 &
for _ in $(seq 6000); do
  [ "$({ wc -l <broken/metrics.jsonl || echo 0; } 2>/dev/null)" -ge 8 ] && break
  sleep 0.01
done
kill -INT $! || true
wait $! || true
mv train.cache moved.cache
"$hgrn2" distill --resume broken --cache moved.cache --threads 2 --quiet
mv moved.cache train.cache
cmp straight/model.safetensors broken/model.safetensors || fail "a run that went on has other bits"

# What cannot be.
refused() {
  local expected=$1 status=0
  shift
  "$@" --quiet >out 2>log || status=$?
  [ $status -eq 1 ] || [ $status -eq 2 ] || fail "$*: status $status"
  [ "$(wc -l <log)" -eq 1 ] || fail "$*: $(cat log)"
  grep -qF -- "$expected" log || fail "$*: expected '$expected', found: $(cat log)"
  [ ! -e refused ] || fail "$*: left something"
}
base=("$hgrn2" distill --cache train.cache --data train.tokens "${small[@]:0:14}" --out refused)
refused "train.cache: not made of held_out.tokens: it has corpus " "$hgrn2" distill --cache train.cache --data held_out.tokens --out refused
refused "train.cache: not made of other.tokens: it has tokenizer " "$hgrn2" distill --cache train.cache --data other.tokens --set shape.vocabulary=300 --out refused
refused "train.cache: made by another teacher (" "${base[@]}" --teacher second
refused "train.cache: made at temperature 1, distill.temperature is 2" "${base[@]}" --set distill.temperature=2
refused "train.cache: its teacher read chunks of 24 tokens, train.length is 48" "${base[@]}" --set train.length=48
refused "a teacher of another vocabulary: 300 tokens, the student has 301" "${base[@]}" --set shape.vocabulary=301
refused "a cache has no hidden states" "${base[@]}" --set distill.hidden=mse
refused "a cache is of documents" "${base[@]}" --set data.pack=windows
head -c 5000 train.cache >short.cache
refused "short.cache: cut short or overwritten: expected " "$hgrn2" distill --cache short.cache --data train.tokens --out refused
refused "train.tokens: not a teacher's cache" "$hgrn2" distill --cache train.tokens --data train.tokens --out refused
refused "train.cache: there is a cache of k 8, not 4; it stays as it is" "$hgrn2" teach --model teacher --data train.tokens --top 4 --out train.cache
refused "train.cache: there is a cache of teacher " "$hgrn2" teach --model second --data train.tokens --top 8 --out train.cache
refused "train.tokens: is read by this command" "${teach[@]}" --out train.tokens
refused "a teacher of another vocabulary or tokenizer" "$hgrn2" teach --model teacher --data other.tokens --out refused
"${base[@]}" --teacher teacher --set train.steps=2 --quiet && [ -e refused/model.safetensors ] || fail "the teacher itself beside its cache"
echo "teach: as it should be"

#!/usr/bin/env bash
# Recipes from outside: bash recipe.sh HGRN2_PROGRAM CORPUS_PROGRAM
# Rows and batches that grow, several corpora, the z-loss: a run that is stopped and killed on its way ends with the bits of one that never
# was, and what is not understood is named. The search for a rate by one short run.
set -euo pipefail
hgrn2=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"
export OMP_NUM_THREADS=1

"$corpus" grammar --words 20000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 400 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/held_out.txt --out held_out.tokens >/dev/null
mkdir here && cp held_out.tokens here/more.tokens
shape=(--set shape.width=16 --set shape.depth=1 --set shape.heads=2 --set shape.mlp_width=32 --set shape.dropout=0.1)
run=(--data train.tokens --data here/more.tokens --set data.weights=[1,2.5] "${shape[@]}" --set train.batch=8 --set train.length=64
  --set train.batch_schedule=2@0,4@3000,8@12000 --set train.length_schedule=16@0,32@5000,64@20000 --set train.tokens=60000
  --set train.z_loss=0.001 --set train.checkpoint_steps=17 --quiet)

"$hgrn2" train "${run[@]}" --out straight
metrics() { sed -E 's/,"(seconds|tokens_per_second)":[^,}]*//g; s/"(seconds|tokens_per_second)":[^,}]*,//g' "$1/metrics.jsonl"; }
tokens() { metrics "$1" | sed -n 's/.*"tokens":\([0-9]*\).*/\1/p'; }
# Steps of 2 x 16 tokens up to 3000, of 4 x 16 to 5000, 4 x 32 to 12000, 8 x 32 to 20000, 8 x 64 from there on.
tokens straight | awk '{ step = $1 - before
    want = before < 3000 ? 32 : before < 5000 ? 64 : before < 12000 ? 128 : before < 20000 ? 256 : 512
    if (step != want) exit 1
    before = $1 } END { exit !(before >= 60000 && before < 60512) }' || fail "sizes of steps: $(tokens straight | head -n 3)"
grep -q '"parts":{"cross_entropy":[0-9.]*,"z_loss":[0-9.e-]*}' straight/metrics.jsonl || fail "parts: $(head -n 1 straight/metrics.jsonl)"
metrics straight | sed 's/.*"loss":\([0-9.]*\).*"cross_entropy":\([0-9.]*\),"z_loss":\([0-9.]*\).*/\1 \2 \3/' |
  awk '{ d = $1 - $2 - $3; if (d > 1e-6 || d < -1e-6 || $3 <= 0) exit 1 }' || fail "the loss is the sum of its parts"

for lines in 40 110 190; do  # in the middle of phases
  "$hgrn2" train "${run[@]}" --out broken 2>log &
  while kill -0 $! 2>/dev/null && [ "$({ wc -l <broken/metrics.jsonl || echo 0; } 2>/dev/null)" -lt $lines ]; do sleep 0.005; done
  kill -$([ $lines -eq 110 ] && echo TERM || echo KILL) $! 2>/dev/null || true
  wait $! && fail "the run ended before line $lines" || true
done
mv here there  # where the further corpus lies is a matter of each command
"$hgrn2" train --resume broken --data train.tokens --data there/more.tokens --quiet
cmp straight/model.safetensors broken/model.safetensors
[ "$(metrics straight)" = "$(metrics broken)" ] || fail "other numbers on the way"

refused() {  # MESSAGE ARGUMENTS...
  local status=0 message=$1
  shift
  "$hgrn2" train "$@" --quiet 2>log || status=$?
  [ $status -eq 1 ] && grep -qF -- "$message" log && [ ! -e refused ] || fail "train $*: status $status: $(cat log)"
}
new=(--data train.tokens --out refused "${shape[@]}" --set train.length=64)
refused "train.length_schedule: expected VALUE@TOKENS" "${new[@]}" --set train.length_schedule=64@x
refused "train.length_schedule: expected sizes from 1 to 64" "${new[@]}" --set train.length_schedule=64@0,128@100
refused "train.batch_schedule: expected a first phase from 0" "${new[@]}" --set train.batch_schedule=4@10
refused "data.weights: expected one for each of 1 token files, found 2" "${new[@]}" --set data.weights=[1,2]
refused "expected a weight above 0" "${new[@]}" --set data.weights=[0]
refused "train.length_schedule was" --resume broken --set train.length_schedule=16@0 --data train.tokens --data there/more.tokens
refused "data.more: not the data that this run began with" --resume broken --data train.tokens --data train.tokens
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out other.json >/dev/null
"$corpus" encode --tokenizer other.json --text text/held_out.txt --out other.tokens >/dev/null
refused "other.tokens: made with another tokenizer" "${new[@]}" --data other.tokens

# Where training is fastest lies between rates at which nothing is learned and those at which it breaks down.
"$hgrn2" find-rate --data train.tokens "${shape[@]}" --set train.batch=4 --set train.length=64 --low 1e-5 --high 10 --steps 120 \
  --threads 1 --out rates --quiet --json >rates.txt
grep -q "^steepest fall at rate .*: set optimizer.rate=" rates.txt || fail "$(cat rates.txt)"
[ -s rates/rates.svg ] && [ -s rates/rates.json ] || fail "files of --out"
tail -n 1 rates.txt | sed 's/.*"steepest":\([0-9.e-]*\),"lowest":\([0-9.e-]*\),.*/\1 \2/' |
  awk '{ exit !($1 > 1e-4 && $1 <= $2 && $2 < 5) }' || fail "rates: $(head -n 1 rates.txt)"
status=0
"$hgrn2" find-rate --data train.tokens --low 1 --high 0.1 2>log || status=$?
[ $status -eq 2 ] && grep -q "expected a rate below --high" log || fail "status $status: $(cat log)"
echo "passed"

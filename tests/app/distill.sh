#!/usr/bin/env bash
# The command `distill` from outside: bash distill.sh HGRN2_PROGRAM LLAMA_PROGRAM CORPUS_PROGRAM
# Teachers of any architecture, a run that goes on bit for bit, chains, what is written down, what is refused.
set -euo pipefail
hgrn2=$(realpath "$1") llama=$(realpath "$2") corpus=$(realpath "$3")
source "$(dirname "$0")/../support/in_a_folder.sh"
export OMP_NUM_THREADS=2  # runs below are compared bit for bit

"$corpus" grammar --words 8000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 290 --out other.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$corpus" encode --tokenizer other.json --text text/train.txt --out other.tokens >/dev/null
small=(--set shape.width=16 --set shape.heads=2 --set shape.mlp_width=24 --set shape.depth=2 --set train.length=24 --set train.batch=4
  --set optimizer.rate=0.01 --threads 2 --quiet)
"$hgrn2" train --data train.tokens --out teacher "${small[@]}" --set train.steps=60 --set shape.width=32
"$llama" train --data train.tokens --out second "${small[@]}" --set train.steps=30

# A teacher of the program's own architecture, and of another; parts of the loss apart.
distill=("$hgrn2" distill --teacher teacher --data train.tokens "${small[@]}" --set train.steps=40 --set shape.dropout=0.1
  --set distill.alpha=0.7 --set distill.temperature=2 --set distill.divergence=jsd --set distill.beta=0.3 --set distill.hidden=mse)
"${distill[@]}" --out straight
"$llama" distill --teacher teacher --teacher second --data train.tokens --out crossed "${small[@]}" --set train.steps=10 \
  --set distill.mean_of=logits --set distill.shares=[2,1] --set distill.block_outcomes=128
for part in cross_entropy distillation hidden; do
  [ "$(grep -c "\"$part\":" straight/metrics.jsonl)" -ge 40 ] || fail "metrics.jsonl has $part"
done
grep -q '"hidden"' crossed/metrics.jsonl && fail "hidden states that nobody matches"
for fact in '"alpha": 0.7' '"temperature": 2' '"divergence": "jsd"' '"fingerprint"' "$work/teacher"; do
  grep -qF -- "$fact" straight/run.json || fail "run.json has $fact: $(cat straight/run.json)"
done
grep -q "distill.divergence" straight/report.html || fail "the report tells the divergence"
grep -q '"distill"' teacher/run.json && fail "a run without teachers has no such section"
# Maps of hidden states are the run's, not the model's.
grep -q projections straight/model.safetensors && fail "the model has the run's maps"
grep -q "weights.projections.0.weight" straight/checkpoints/*/training.safetensors || fail "the checkpoint has them"
"$hgrn2" evaluate --model straight --data train.tokens --quiet >/dev/null

# Stopped and gone on, by the same command and by --resume: the same bits.
"${distill[@]}" --out broken --set train.checkpoint_steps=5 &
for _ in $(seq 6000); do
  [ "$({ wc -l <broken/metrics.jsonl || echo 0; } 2>/dev/null)" -ge 8 ] && break
  sleep 0.01
done
kill -INT $! || true
status=0
wait $! || status=$?
[ $status -eq 130 ] || [ $status -eq 0 ] || fail "status $status after a signal"
mv teacher moved
"$hgrn2" distill --resume broken --quiet 2>log && fail "a teacher that is gone"
grep -q "teacher" log || fail "$(cat log)"
"$hgrn2" distill --resume broken --teacher second --quiet 2>log && fail "another teacher"
grep -q "not the teachers that this run began with" log || fail "$(cat log)"
"$hgrn2" distill --resume broken --teacher moved --threads 2 --quiet
cmp straight/model.safetensors broken/model.safetensors || fail "a run that went on has other bits"
mv moved teacher

# Each student teaches the next; without a teacher the first is trained alone.
"$hgrn2" distill --chain 2 --data train.tokens --out chain "${small[@]}" --set train.steps=8 --set distill.alpha=1 --json >chain.json
for generation in 0 1 2; do [ -s chain/generation-$generation/model.safetensors ] || fail "generation $generation"; done
grep -q '"distill"' chain/generation-0/run.json && fail "the first of a chain has no teacher"
grep -qF "$work/chain/generation-1" chain/generation-2/run.json || fail "the second teaches the third"
grep -q "generation-2" chain.json || fail "$(cat chain.json)"
cmp -s chain/generation-1/model.safetensors chain/generation-2/model.safetensors && fail "two generations are one"

# What cannot be.
refused() {
  local expected=$1 status=0
  shift
  "$@" --out refused --quiet >out 2>log || status=$?
  [ $status -eq 1 ] || [ $status -eq 2 ] || fail "$*: status $status"
  [ "$(wc -l <log)" -eq 1 ] || fail "$*: $(cat log)"
  grep -qF -- "$expected" log || fail "$*: expected '$expected', found: $(cat log)"
  [ ! -e refused ] || fail "$*: left a folder"
}
base=("$hgrn2" distill --teacher teacher --data train.tokens "${small[@]:0:12}")
refused "a teacher of another vocabulary or tokenizer: 300 tokens (tokenizer " "$hgrn2" distill --teacher teacher --data other.tokens --set shape.vocabulary=290
refused "the student has 301" "${base[@]}" --set shape.vocabulary=301
refused "distill.alpha: expected a number from 0 to 1, found 1.5" "${base[@]}" --set distill.alpha=1.5
refused "the temperature must be more than 0, found 0" "${base[@]}" --set distill.temperature=0
refused "distill.temperature: expected a number of at least 0, found -1" "${base[@]}" --set distill.temperature=-1
refused "distill.divergence: expected one of 'forward_kl'" "${base[@]}" --set distill.divergence=hellinger
refused "jsd: beta" "${base[@]}" --set distill.divergence=jsd --set distill.beta=1
refused "the teacher's blocks are 1 to 2" "${base[@]}" --set distill.hidden=cosine --set 'distill.hidden_blocks=["1:3"]'
refused "expected 1 teacher" "${base[@]}" --teacher second --set distill.hidden=mse
refused "--teacher: expected the folder of a model" "$hgrn2" distill --data train.tokens
refused "settings without a teacher" "$hgrn2" train --data train.tokens --set distill.alpha=0.3
refused "nowhere" "$hgrn2" distill --teacher nowhere --data train.tokens
echo "distill: as it should be"

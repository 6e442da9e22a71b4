#!/usr/bin/env bash
# The command `train` from outside: bash command.sh HGRN2_PROGRAM CORPUS_PROGRAM
# A run that is stopped by signals and by force ends with the bits of one that never was; bad input is one line and status 1.
set -euo pipefail
hgrn2=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"
export OMP_NUM_THREADS=2  # runs below are compared bit for bit, and some say 2

"$corpus" grammar --words 20000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 400 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/held_out.txt --out held_out.tokens >/dev/null
settings=(--threads 2 --seed 3 --set shape.width=32 --set shape.depth=2 --set shape.heads=2 --set shape.mlp_width=64
  --set shape.dropout=0.1 --set train.batch=4 --set train.length=32 --set train.steps=300 --set train.rate=0.01 --set train.ema=0.95
  --set train.checkpoint_steps=40 --set train.checkpoint_words=5000)

"$hgrn2" train --data train.tokens --held-out held_out.tokens --out straight "${settings[@]}" --quiet --json >straight.json
grep -q '"done":true' straight.json || fail "the last line says that the run is done"
for file in run.json config.json model.safetensors tokenizer.json metrics.jsonl loss.svg report.html; do
  [ -s straight/$file ] || fail "the run has $file"
done
ls straight/checkpoints | grep -q -- "-words-10000" || fail "a checkpoint at 10000 words"
cmp tokenizer.json straight/tokenizer.json

# The held-out loss of the run is what `evaluate` finds.
value() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$2" | tail -n 1; }
"$hgrn2" evaluate --model straight --data held_out.tokens --quiet --json >evaluated.json
awk -v a="$(value held_out_loss straight.json)" -v b="$(value loss evaluated.json)" \
  'BEGIN { exit !(a > 0 && a - b < 1e-4 && b - a < 1e-4) }' || fail "held-out loss: $(cat straight.json evaluated.json)"

# Stops by itself on SIGINT and SIGTERM, tells how to go on; then is killed without a warning, twice; then comes to its end.
after_lines() {  # waits until the run has so many lines of metrics, then sends the signal
  for _ in $(seq 6000); do
    [ "$({ wc -l <broken/metrics.jsonl || echo 0; } 2>/dev/null)" -ge "$2" ] && break
    kill -0 "$3" 2>/dev/null || fail "the run ended before line $2"
    sleep 0.01
  done
  kill -"$1" "$3"
}
expect_status() {
  local status=0
  wait "$1" || status=$?
  [ "$status" -eq "$2" ] || fail "status $status, expected $2: $(cat log)"
}
"$hgrn2" train --data train.tokens --held-out held_out.tokens --out broken "${settings[@]}" --quiet 2>log &
after_lines STOP 15 $!
"$hgrn2" train --resume broken --quiet 2>second.log && fail "two runs in one folder"
grep -q "broken: another program is writing there" second.log || fail "$(cat second.log)"
kill -INT $!
kill -CONT $!
expect_status $! 130
grep -q "train --resume broken" log || fail "a line that tells how to resume: $(cat log)"
[ -s broken/model.safetensors ] || fail "a stopped run has a model"
"$hgrn2" train --resume broken --threads 2 --quiet 2>log &
after_lines TERM 60 $!
expect_status $! 143
for lines in 120 170; do
  "$hgrn2" train --resume broken --threads 2 --quiet 2>log &
  after_lines KILL $lines $!
  expect_status $! 137
done
"$hgrn2" train --resume broken --threads 2 --quiet
cmp straight/model.safetensors broken/model.safetensors
cmp straight/checkpoints/step-000000300/training.safetensors broken/checkpoints/step-000000300/training.safetensors
[ "$(wc -l <straight/metrics.jsonl)" -eq "$(wc -l <broken/metrics.jsonl)" ] || fail "as many lines of metrics"
[ -z "$(find broken -name '*.partial*')" ] || fail "nothing half-written is left"

# A longer run from a finished one.
"$hgrn2" train --resume broken --set train.steps=310 --quiet
grep -q '"step":310' broken/metrics.jsonl || fail "ten more steps"

# A step that reaches two counts keeps a checkpoint for each.
"$hgrn2" train --data train.tokens --out counts --set shape.width=32 --set shape.heads=2 --set shape.mlp_width=48 --set shape.depth=1 \
  --set train.steps=5 --set train.batch=4 --set train.length=32 --set train.checkpoint_tokens=600 --set train.checkpoint_words=200 --quiet
for name in words-200 tokens-600; do [ -s counts/checkpoints/step-000000005-$name/model.safetensors ] || fail "$(ls counts/checkpoints)"; done

# A shape that the published form cannot say is saved in rondo's own, and the run says why at its start.
"$hgrn2" train --data train.tokens --out own --set shape.width=32 --set shape.heads=2 --set shape.mlp_width=48 --set shape.depth=1 \
  --set shape.mixer_norm_epsilon=0.001 --set train.steps=1 --set train.length=32 2>log
grep -q "not as 'hgrn2': shape.mixer_norm_epsilon is 0.001, such files mean 1e-05" log || fail "$(cat log)"
grep -q '"model_type": *"rondo"' own/config.json || fail "$(cat own/config.json)"

# Seed 0 is one that was given, whatever the settings say; what is no seed is wrong usage.
tiny=(--data train.tokens --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=16 --set shape.depth=1 --set train.steps=2
  --set train.length=32 --set train.batch=2 --quiet)
"$hgrn2" train --out seed_zero "${tiny[@]}" --set seed=7 --seed 0
grep -q '"seed": *0,' seed_zero/run.json || fail "$(cat seed_zero/run.json)"
"$hgrn2" train --out seed_seven "${tiny[@]}" --set seed=7
grep -q '"seed": *7,' seed_seven/run.json || fail "$(cat seed_seven/run.json)"
for seed in -1 99999999999999999999999 0x10; do
  status=0
  "$hgrn2" train --out no_seed "${tiny[@]}" --seed $seed 2>log || status=$?
  [ $status -eq 2 ] && grep -q "expected a whole number from 0 to 18446744073709551615" log || fail "--seed $seed: $status: $(cat log)"
done

# A run that an earlier version began goes on, and says that its random numbers are others from here on.
sed -i '/"random_numbers"/d' seed_seven/run.json
"$hgrn2" train --resume seed_seven --set train.steps=3 2>log
grep -q "note: begun by an earlier version" log || fail "$(cat log)"
"$hgrn2" train --resume seed_zero --set train.steps=3 2>log
grep -q "earlier version" log && fail "$(cat log)"

# Bad input: status 1 (2 for wrong usage), one line that names it, and no run begun.
refused() {
  local expected=$1 status=0
  shift
  "$hgrn2" train "$@" >out 2>log || status=$?
  [ "$status" -eq 1 ] || fail "train $*: status $status"
  [ "$(wc -l <log)" -eq 1 ] || fail "train $*: $(cat log)"
  grep -qF -- "$expected" log || fail "train $*: expected '$expected', found: $(cat log)"
  [ ! -e refused ] || fail "train $*: a folder was made"
}
refused "stepz: unknown key; did you mean 'steps'?" --data train.tokens --out refused --set train.stepz=3
refused "cannot be read" --data nothing.tokens --out refused
refused "not a token file" --data tokenizer.json --out refused
refused "shape.vocabulary" --data train.tokens --out refused --set shape.vocabulary=100
refused "not a multiple of heads" --data train.tokens --out refused --set shape.width=30 --set shape.heads=4
refused "train.length" --data train.tokens --out refused --set train.length=0
refused "holds a run already" --data train.tokens --out straight
refused "no run to go on with" --resume text
refused "shape.width was 32" --resume straight --set shape.width=64
refused "its products would be rounded otherwise from there on" --resume straight --set train.precision=bf16
refused "not the held-out text that this run began with" --resume straight --held-out train.tokens
refused "train.held_out_tokens was" --resume straight --set train.held_out_tokens=100
refused "beyond train.steps" --resume straight --set train.steps=100
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out other.json >/dev/null
refused "not the tokenizer that made" --data train.tokens --out refused --tokenizer other.json
refused "the run has its tokenizer" --resume straight --tokenizer other.json
head -c 3000 train.tokens >short.tokens
refused "short.tokens" --data short.tokens --out refused
"$corpus" encode --tokenizer tokenizer.json --text text/held_out.txt --out train.tokens >/dev/null
refused "not the data that this run began with" --resume straight --set train.steps=400

# A run without its checkpoints is not begun anew over its measurements.
cp -r straight bare && rm -r bare/checkpoints
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
refused "bare/checkpoints: no checkpoint to go on from" --resume bare --set train.steps=400
cmp straight/metrics.jsonl bare/metrics.jsonl

# A checkpoint that is damaged is named, not used: the run goes on from the one before, with the same bits. One flipped bit is enough.
newest=broken/checkpoints/step-000000310
cp -r broken whole && rm -r whole/checkpoints/step-000000310
"$hgrn2" train --resume whole --set train.steps=320 --quiet
printf 'x' | dd of=$newest/training.safetensors bs=1 seek=5000 conv=notrunc status=none
"$hgrn2" train --resume broken --set train.steps=320 --quiet 2>log
grep -q "going on from broken/checkpoints/step-000000300: $newest: the checksum is wrong" log || fail "$(cat log)"
cmp whole/model.safetensors broken/model.safetensors
cmp whole/checkpoints/step-000000320/training.safetensors broken/checkpoints/step-000000320/training.safetensors
[ -d $newest.damaged ] || fail "the damaged checkpoint is set aside: $(ls broken/checkpoints)"
for folder in broken/checkpoints/step-*; do [ ! -e $folder/training.json ] || truncate -s 100 $folder/training.safetensors; done
refused "none of its checkpoints can be read" --resume broken --set train.steps=330

# Checkpoints of earlier versions, which have no checksum, are read.
sed -i -z 's/,[^,]*"checksum": *"[0-9a-f]*"//' whole/checkpoints/step-000000320/training.json
grep -q checksum whole/checkpoints/step-000000320/training.json && fail "the checksum is still there"
"$hgrn2" train --resume whole --set train.steps=322 --quiet 2>log
[ ! -s log ] || fail "$(cat log)"

# Nothing of a user's is overwritten: a model, a chart, a run of another program.
mkdir model chart
cp straight/config.json straight/model.safetensors model
echo mine >chart/loss.svg
refused "model: holds a model already" --data train.tokens --out model
refused "chart: there is a loss.svg" --data train.tokens --out chart
cmp straight/model.safetensors model/model.safetensors

# One number of a file or of the command line asks for no memory that is not there.
for setting in shape.width=4611686018427387904 shape.vocabulary=4611686018427387904 shape.depth=2147483647 train.steps=9223372036854775807; do
  refused "expected an integer from" --data train.tokens --out refused --set $setting
done
refused "heads times key_width" --data train.tokens --out refused --set shape.heads=256 --set shape.key_width=2147483647
refused "more numbers than any memory holds" --data train.tokens --out refused --set shape.width=800000000 --set shape.mlp_width=8
echo "passed"

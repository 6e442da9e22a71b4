#!/usr/bin/env bash
# What people expect of training programs: bash habits.sh HGRN2_PROGRAM CORPUS_PROGRAM
# The same command goes on, runs start from given weights, the best model is kept, a run ends early, and each of these survives a kill with
# the bits of a run that never was; one held-out loss everywhere; settings explained.
set -euo pipefail
hgrn2=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"

"$corpus" grammar --words 20000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 400 --out tokenizer.json >/dev/null
for part in train held_out; do "$corpus" encode --tokenizer tokenizer.json --text text/$part.txt --out $part.tokens >/dev/null; done
shape=(--set shape.width=32 --set shape.depth=2 --set shape.heads=2 --set shape.mlp_width=48)
short=(--set train.batch=4 --set train.length=32 --threads 1)
data=(--data train.tokens --held-out held_out.tokens)
value() { sed -n "s/.*\"$1\":\([-0-9.e]*\).*/\1/p" "$2" | tail -n 1; }

refused() {  # an error of one line; its status is 1 or what `wanted` says
  local expected=$1 status=0
  shift
  "$hgrn2" "$@" >out 2>log || status=$?
  [ $status -eq "${wanted:-1}" ] || fail "$*: status $status: $(cat log)"
  [ "$(wc -l <log)" -eq 1 ] || fail "$*: $(cat log)"
  grep -qF -- "$expected" log || fail "$*: expected '$expected', found: $(cat log)"
}
same() {  # two runs to the last bit: models, training states, measurements, what is kept
  [ "$(cd "$1" && find . -type f | sort)" = "$(cd "$2" && find . -type f | sort)" ] || fail "files of $1 and $2: $(diff <(cd "$1" && find . | sort) <(cd "$2" && find . | sort))"
  for file in $(cd "$1" && find . -name '*.safetensors'); do cmp "$1/$file" "$2/$file"; done
  cmp <(grep held_out_loss "$1/metrics.jsonl") <(grep held_out_loss "$2/metrics.jsonl")
  [ "$(wc -l <"$1/metrics.jsonl")" -eq "$(wc -l <"$2/metrics.jsonl")" ] || fail "lines of metrics"
}
killed_after() {  # the run is killed once its metrics have so many lines
  local lines=$1
  shift
  "$hgrn2" train "$@" --quiet 2>/dev/null &
  while kill -0 $! 2>/dev/null && [ "$({ wc -l <broken/metrics.jsonl || echo 0; } 2>/dev/null)" -lt "$lines" ]; do sleep 0.005; done
  kill -KILL $! 2>/dev/null || true
  wait $! 2>/dev/null || true
}

# Held-out loss: where all of the text is used, training and `evaluate` say the same number, with the same error; a sample says how large.
"$hgrn2" train "${data[@]}" --out whole "${shape[@]}" "${short[@]}" --set train.steps=20 --set train.held_out_tokens=0 --json 2>log >whole.json
"$hgrn2" evaluate --model whole --data held_out.tokens --threads 1 --json >evaluated.json
for pair in held_out_loss:loss held_out_standard_error:standard_error held_out_bits_per_byte:bits_per_byte; do
  [ "$(value ${pair%:*} whole.json)" = "$(value ${pair#*:} evaluated.json)" ] || fail "$pair: $(cat whole.json evaluated.json)"
done
"$hgrn2" evaluate --model whole/checkpoints/step-000000020 --data held_out.tokens --threads 1 --json | tail -n 1 | cmp - <(tail -n 1 evaluated.json)
grep -q "held-out loss [0-9.]* +- [0-9.]* nats per token.*windows of 32; standard error over [0-9]* documents" evaluated.json || fail "$(cat evaluated.json)"
grep -q "mean of the last 10 steps" log || fail "$(cat log)"
grep -q "held out [0-9.]* +- [0-9.]* (standard error over [0-9]* documents)" log || fail "$(cat log)"
"$hgrn2" train "${data[@]}" --out sampled "${shape[@]}" "${short[@]}" --set train.steps=20 --set train.held_out_tokens=300 2>log
grep -q "windows with 300 of [0-9]* tokens" log || fail "$(cat log)"
grep -q "; [0-9]* of [0-9]* windows)" log || fail "$(cat log)"
head -c 300 text/held_out.txt | tr '\n' ' ' >one.txt
"$corpus" encode --tokenizer tokenizer.json --text one.txt --out one.tokens >/dev/null
"$hgrn2" evaluate --model whole --data one.tokens --json >one.json
grep -q "one document: no error" one.json && grep -q '"standard_error":null' one.json || fail "$(cat one.json)"
grep -q "+-" one.json && fail "$(cat one.json)"

# The page of a run.
grep -q "A text of the model" whole/report.html || fail "a sample text"
grep -qE '<td>[^<]*[0-9]\.[0-9]{10}' whole/report.html && fail "round numbers: $(grep -E '<td>[^<]*[0-9]\.[0-9]{10}' whole/report.html)"
grep -qE '<td>(0|0\.0)</td>' whole/report.html && fail "rows of zeros"

# The best model, and an end before the last step: a rate that is much too high makes the loss worse after a while.
early=("${data[@]}" "${shape[@]}" "${short[@]}" --set train.steps=400 --set train.held_out_steps=5 --set train.held_out_tokens=600 --set train.patience=6
  --set optimizer.rate=0.05 --set train.schedule=constant --set train.warmup=0 --set train.checkpoint_steps=4 --set train.checkpoint_minutes=0 --tensorboard)
"$hgrn2" train --out straight "${early[@]}" --json >straight.json 2>log
grep -q '"ended_early":true' straight.json || fail "ended early: $(cat straight.json)"
grep -q "ended early: 6 held-out losses in a row are no better than" log || fail "$(cat log)"
best=$(value best_step straight.json)
steps=$(value step straight.json)
[ "$steps" -eq $((best + 30)) ] || fail "step $steps, best $best"
[ "$(ls straight/checkpoints | grep best)" = "$(printf 'step-%09d-best' "$best")" ] || fail "$(ls straight/checkpoints)"
"$hgrn2" evaluate --model straight/checkpoints/step-*-best --data held_out.tokens --threads 1 >/dev/null
lowest=$(grep -o '"held_out_loss":[0-9.]*' straight/metrics.jsonl | cut -d : -f 2 | sort -g | head -n 1)
[ "$lowest" = "$(value best_held_out_loss straight.json)" ] || fail "lowest $lowest: $(cat straight.json)"
for lines in 12 $((steps / 2)) $((steps - 5)); do killed_after $lines --out broken "${early[@]}"; done
"$hgrn2" train --out broken "${early[@]}" 2>log
grep -q "note: broken holds the run of this command: going on with it" log || fail "$(cat log)"
same straight broken
cmp <(wc -c <straight/events.out.tfevents.rondo) <(wc -c <broken/events.out.tfevents.rondo) || fail "as many events"
# The same command after the end changes nothing; without the wait it goes on.
"$hgrn2" train --out broken "${early[@]}" --quiet
same straight broken
"$hgrn2" train --resume broken --set train.patience=0 --set train.steps=$((steps + 5)) --quiet
grep -q "\"step\":$((steps + 5))" broken/metrics.jsonl || fail "goes on"
refused "expected --held-out, whose loss it waits for" train --data train.tokens --out none --set train.patience=2

# The same command with other settings is refused, with all that differ and the way to go on.
refused "holds a run already, of other settings: shape.width was 32, now 64, train.batch was 4, now 8; " train "${data[@]}" --out whole "${shape[@]}" \
  --set shape.width=64 --threads 1 --set train.length=32 --set train.steps=20 --set train.held_out_tokens=0
grep -q "train --resume whole\` goes on with it as it is" log || fail "$(cat log)"
refused "train --resume whole --set train.steps=30\` goes on with the new ones" train "${data[@]}" --out whole "${shape[@]}" "${short[@]}" --set train.steps=30 \
  --set train.held_out_tokens=0 --set train.warmup=1 --set train.held_out_steps=2
refused "data.held_out was" train --data train.tokens --out whole "${shape[@]}" "${short[@]}" --set train.steps=20 --set train.held_out_tokens=0

# From another folder, by the place that the files had when the run began.
mkdir elsewhere
(cd elsewhere && "$hgrn2" train --resume ../whole --set train.steps=22 --quiet) || fail "a run goes on from another folder"
cp -r whole moved && sed -i 's|"data": "/.*"|"data": "/nowhere/train.tokens"|' moved/run.json
(cd elsewhere && refused "train.tokens: the data file of the run is not there; --data says where it is now" train --resume ../moved --set train.steps=24)
(cd elsewhere && "$hgrn2" train --resume ../moved --data ../train.tokens --set train.steps=24 --quiet) || fail "--data says where"

# Settings of another optimiser than a configuration's.
"$hgrn2" train --data train.tokens --out lion --config whole/run.json --set optimizer.name=lion --set train.steps=2 2>log
grep -q "note: optimizer.epsilon: left out, lion has no such setting" log || fail "$(cat log)"
grep -q '"name": "lion"' lion/run.json || fail "$(cat lion/run.json)"

# From the weights of a model: sizes, composition and tokenizer are its own.
"$hgrn2" train "${data[@]}" --out tuned --init whole "${short[@]}" --set train.steps=6 --set shape.dropout=0.1 --set optimizer.rate=0 --quiet
cmp whole/model.safetensors tuned/model.safetensors || fail "at rate 0 the weights are those of --init"
cmp whole/tokenizer.json tuned/tokenizer.json
grep -q '"fingerprint": "[0-9a-f]*"' tuned/run.json && grep -q "\"init\": \"$(realpath whole)\"" tuned/run.json || fail "$(cat tuned/run.json)"
for optimizer in adamw schedule_free; do
  rm -rf one two
  more=("${short[@]}" --set train.steps=12 --set optimizer.name=$optimizer --set shape.dropout=0.1)
  [ $optimizer != adamw ] || more+=(--set train.ema=0.9)
  "$hgrn2" train "${data[@]}" --out one --init whole "${more[@]}" --set train.checkpoint_steps=5 --quiet
  rm -rf broken
  killed_after 8 "${data[@]}" --out broken --init whole "${more[@]}" --set train.checkpoint_steps=5
  mv whole away
  "$hgrn2" train --resume broken --quiet --threads 1 2>/dev/null || { mv away whole; "$hgrn2" train --resume broken --quiet --threads 1; mv whole away; }
  mv away whole
  same one broken
done
"$hgrn2" train "${data[@]}" --out one --init whole "${more[@]}" --set train.checkpoint_steps=5 2>log
grep -q "going on with it" log || fail "$(cat log)"
refused "shape.width: 32 in $(realpath whole), which the run starts from; expected no other, found 64" train "${data[@]}" --out none --init whole --set shape.width=64
refused "composition: " train "${data[@]}" --out none --init whole --set 'composition=LanguageModel<Block<RmsNorm,Hgrn2Mixer<SigmoidForget,0>,GatedMlp<Silu>>,RmsNorm,Head<0>>'
"$corpus" tokenizer --text text/train.txt --vocabulary 390 --out other.json >/dev/null
"$corpus" encode --tokenizer other.json --text text/train.txt --out other.tokens >/dev/null
refused "other.tokens: made with another tokenizer than that of" train --data other.tokens --out none --init whole
wanted=2 refused "a run that goes on has its own weights" train --resume whole --init tuned
[ ! -e none ] || fail "a folder was made"

# Settings.
"$hgrn2" train --settings >settings.txt
grep -q "^train.patience  *0  *stop after" settings.txt || fail "$(cat settings.txt)"
grep -q "^shape.state_size .*of no model of this program" settings.txt || fail "$(cat settings.txt)"
refused "hgrn2 has no state_size; " train --data train.tokens --out none --set shape.state_size=99
refused "hgrn2 has no window" train --data train.tokens --out none --set shape.window=7
refused "did you mean 'train.steps'?" train --data train.tokens --out none --set steps=3

# What a run will take.
"$hgrn2" summary "${shape[@]}" --set shape.vocabulary=400 --set train.tokens=100000 --json >summary.txt
grep -q "training: about .* tokens/s, [0-9:]* for 100.0k tokens (an estimate: " summary.txt || fail "$(cat summary.txt)"
grep -q '"training_seconds":' summary.txt || fail "$(cat summary.txt)"
"$hgrn2" summary --set shape.width=8192 --set shape.depth=100 --set shape.vocabulary=400 --quiet --untimed >summary.txt
grep -q "training: about" summary.txt && fail "$(cat summary.txt)"
mkdir ruined && cp whole/config.json ruined && head -c -4 whole/model.safetensors >ruined/model.safetensors && printf '\0\0\300\177' >>ruined/model.safetensors
refused "finite numbers" summary --model ruined
for number in "--batch 0" "--batch -5" "--length -5"; do
  status=0
  "$hgrn2" summary "${shape[@]}" $number >/dev/null 2>&1 || status=$?
  [ $status -eq 2 ] || fail "$number: status $status"
done

# A loss that is no number: a word on the rate.
refused "a rate lower than 1e+30 (optimizer.rate)" train --data train.tokens --out diverged "${shape[@]}" "${short[@]}" --set train.steps=50 --set optimizer.rate=1e30 \
  --set train.warmup=0 --quiet
echo "passed"

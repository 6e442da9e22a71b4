#!/usr/bin/env bash
# What programs write, from outside: bash outputs.sh HGRN2_PROGRAM CORPUS_PROGRAM
# Inputs and files of other kinds stay as they are, results that cannot be written are an error, and another tokenizer is refused.
set -euo pipefail
hgrn2=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"

"$corpus" grammar --words 3000 --pairs 2 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 290 --out other.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/held_out.txt --out some.tokens >/dev/null
"$corpus" encode --tokenizer other.json --text text/held_out.txt --out other.tokens >/dev/null
"$hgrn2" train --data some.tokens --out run --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=16 --set shape.depth=1 \
  --set train.steps=2 --set train.length=16 --set train.batch=2 --quiet
pairs=text/pairs/$(ls text/pairs | head -n 1)

# An error of one line, and all files as they were.
refused() {
  local expected=$1 status=0
  shift
  sha256sum *.* text/*.* text/pairs/* run/*.* >before
  "$@" >out 2>log || status=$?
  [ $status -eq 1 ] || fail "$*: status $status"
  [ "$(wc -l <log)" -eq 1 ] || fail "$*: $(cat log)"
  grep -qF -- "$expected" log || fail "$*: expected '$expected', found: $(cat log)"
  sha256sum --quiet --check before || fail "$*: a file is another"
}
cp text/train.txt a.txt
ln -s a.txt same.txt
echo "my notes" >notes.json
refused "is read by this command and would be lost" "$corpus" encode --tokenizer tokenizer.json --text a.txt --out a.txt
refused "is read by this command and would be lost" "$corpus" encode --tokenizer tokenizer.json --text a.txt --out same.txt
refused "is read by this command and would be lost" "$corpus" encode --tokenizer tokenizer.json --text a.txt --out tokenizer.json
refused "is read by this command and would be lost" "$corpus" tokenizer --vocabulary 300 --text a.txt --out a.txt
refused "notes.json: there is a file of that name, and it is not a token file" "$corpus" encode --tokenizer tokenizer.json --text a.txt --out notes.json
refused "and it is not a tokenizer" "$corpus" tokenizer --vocabulary 300 --text a.txt --out notes.json
refused "is read by this command and would be lost" "$hgrn2" score --model run --pairs $pairs --out $pairs
refused "is read by this command and would be lost" "$hgrn2" score --model run --pairs text/pairs --out $pairs
refused "and it is not a report" "$hgrn2" score --model run --pairs $pairs --out notes.json
refused "and it is not a file of logits" "$hgrn2" logits --model run --input run/model.safetensors --output notes.json
refused "is read by this command and would be lost" "$hgrn2" logits --model run --input run/model.safetensors --output run/model.safetensors
mkdir mine && echo "my text" >mine/train.txt
refused "mine/train.txt: is there already" "$corpus" grammar --words 100 --out mine
[ "$(cat mine/train.txt)" = "my text" ] || fail "mine/train.txt is another"
# What a program wrote itself it writes again.
"$corpus" grammar --words 3000 --pairs 2 --out text >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/held_out.txt --out some.tokens >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 290 --out other.json >/dev/null
for time in 1 2; do "$hgrn2" score --model run --pairs $pairs --out report.json --quiet >/dev/null; done

# A link that leads nowhere.
ln -s loop loop
refused "loop: Too many levels of symbolic links" "$hgrn2" evaluate --model loop --data some.tokens --quiet

# The tokenizer that a model was trained with, or none.
refused "other.tokens: made with another tokenizer than that of run" "$hgrn2" evaluate --model run --data other.tokens --quiet
refused "other.json: not the tokenizer of the model" "$hgrn2" score --model run --pairs $pairs --tokenizer other.json --quiet
refused "other.json: not the tokenizer of the model" "$hgrn2" generate --model run --prompt a --tokenizer other.json --quiet
"$hgrn2" score --model run --pairs $pairs --tokenizer tokenizer.json --quiet >/dev/null

# Results that are lost.
for command in "evaluate --model run --data some.tokens" "score --model run --pairs $pairs --json" "generate --model run --prompt a --tokens 3" \
  "summary --model run"; do
  status=0
  "$hgrn2" $command --quiet >/dev/full 2>log || status=$?
  [ $status -eq 1 ] && grep -q "the output cannot be written" log || fail "$command >/dev/full: status $status: $(cat log)"
  status=0
  "$hgrn2" $command --quiet >&- 2>log || status=$?
  [ $status -eq 1 ] && grep -q "the output cannot be written" log || fail "$command >&-: status $status: $(cat log)"
done
status=0
"$corpus" grammar --words 100 --out more >/dev/full 2>log || status=$?
[ $status -eq 1 ] || fail "corpus grammar >/dev/full: status $status"

# A run without standard files keeps its own files clean.
"$hgrn2" train --data some.tokens --out closed --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=16 --set shape.depth=1 \
  --set train.steps=2 --set train.length=16 --set train.batch=2 <&- >&- 2>&-
[ "$(grep -vc '^{' closed/metrics.jsonl)" -eq 0 ] || fail "$(cat closed/metrics.jsonl)"
cmp run/model.safetensors closed/model.safetensors
"$hgrn2" train --resume closed --set train.steps=3 --quiet
echo "passed"

#!/usr/bin/env bash
# From a folder of text and some seconds to a table: bash babylm.sh FOLDER_OF_SCRIPTS FOLDER_OF_PROGRAMS
# What is planned stays; a run that is stopped goes on by the same command; the end is a table where there is evaluation data.
set -euo pipefail
scripts=$(realpath "$1") programs=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"

"$programs/corpus" grammar --words 12000 --pairs 20 --out text >/dev/null
mkdir -p corpus evaluation/full_eval
mv text/train.txt corpus/a.train
mv text/held_out.txt corpus/a.dev
mv text/pairs evaluation/full_eval/blimp_filtered
babylm=(bash "$scripts/babylm.sh" --corpus corpus --hours 0.006 --out entry --threads 1 --programs "$programs")

setsid "${babylm[@]}" >first 2>log &
while kill -0 $! 2>/dev/null && [ ! -s entry/run/metrics.jsonl ]; do sleep 0.01; done
kill -TERM -- -$!
wait $! && fail "a stopped run has a status of its own"
while kill -0 -- -$! 2>/dev/null; do sleep 0.05; done
[ -s entry/plan ] || fail "$(cat log)"
grep -q '^epochs=' entry/plan && grep -q '^size="' entry/plan || fail "$(cat entry/plan)"
cp entry/plan plan
"${babylm[@]}" --evaluation evaluation >table 2>log || fail "$(cat log)"
cmp plan entry/plan || fail "another plan"
grep -q "^babylm: plan: " log || fail "$(cat log)"
if grep -q "rate: 0.002" log; then [ ! -e entry/search ]; else [ -s entry/search/best.json ]; fi || fail "the rate: $(cat log)"
for file in run/model.safetensors run/report.html results/predictions.json data/tokenizer.json; do
  [ -s entry/$file ] || fail "entry/$file"
done
grep -q "^blimp  *.*pipeline2025" table || fail "$(cat table)"
grep -q '"z_loss": 0.0001' entry/run/run.json || fail "$(cat entry/run/run.json)"

for wrong in "--corpus nothing --hours 1" "--corpus corpus --hours soon" "--corpus corpus" "--corpus corpus --hours 1 --speed"; do
  status=0
  bash "$scripts/babylm.sh" $wrong --out wrong 2>log || status=$?
  [ $status -eq 2 ] && grep -q "^usage: " log && [ ! -e wrong ] || fail "$wrong: status $status: $(cat log)"
done
echo "passed"

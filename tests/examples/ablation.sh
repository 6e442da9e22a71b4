#!/usr/bin/env bash
# A comparison from outside: bash ablation.sh ABLATION_PROGRAM CORPUS_PROGRAM
# Two compositions at the better of two rates each, scored on two sets of pairs; the same command again trains nothing and says the
# same; an interrupted comparison ends like one that never was.
set -euo pipefail
ablation=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"

"$ablation" --list | grep -q "^sigmoid-forget .*no lower bound" || fail "--list names compositions"
"$ablation" --help | grep -q "Example" || fail "--help has an example"

"$corpus" grammar --words 5000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/held_out.txt --out held_out.tokens >/dev/null
mkdir islands
for file in one two; do
  echo '{"sentence_good": "The girl sleeps.", "sentence_bad": "The girl sleep.", "linguistics_term": "agreement"}' >islands/$file.jsonl
done
alike=(--only hgrn2,sigmoid-forget --data train.tokens --held-out held_out.tokens --pairs text/pairs --pairs islands
  --rates 0.00001,0.01 --rate-tokens 2048 --threads 1 --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=32
  --set shape.depth=2 --set train.batch=4 --set train.length=32 --set train.tokens=4096 --set train.held_out_tokens=1000)
compare() { "$ablation" "${alike[@]}" "$@"; }

compare --out whole --quiet --json >whole.txt
[ "$(ls whole/rates | tr '\n' ' ')" = "hgrn2-0.01 hgrn2-1e-05 sigmoid-forget-0.01 sigmoid-forget-1e-05 " ] || fail "rates: $(ls whole/rates)"
grep -q '"rate": *0.01' whole/hgrn2-0/settings.json || fail "16 steps learn more at 0.01 than at 0.00001"
[ "$(grep -c held_out_loss whole/hgrn2-0/metrics.jsonl)" -gt 1 ] || fail "a curve"
grep -q "rate .*pairs % .*islands % .*chance" whole/table.txt || fail "a column each: $(head -n 1 whole/table.txt)"
grep -q "islands by phenomenon" whole/table.txt || fail "phenomena: $(cat whole/table.txt)"
grep -q "^agreement " whole/table.txt || fail "the phenomenon has a line"
for file in table.csv results.json loss.svg accuracy_pairs.svg accuracy_islands.svg; do [ -s whole/$file ] || fail "$file"; done
tail -n 1 whole.txt | grep -q '"phenomena"' || fail "--json: $(tail -n 1 whole.txt)"

grep -q "^± standard error of the test set: of losses over [0-9]* documents, of accuracies over their pairs" whole/table.txt || fail "$(cat whole/table.txt)"
before=$(cat whole/*/metrics.jsonl whole/rates/*/metrics.jsonl | cksum)
cp whole/table.txt before.txt
compare --out whole --quiet >/dev/null
[ "$before" = "$(cat whole/*/metrics.jsonl whole/rates/*/metrics.jsonl | cksum)" ] || fail "finished runs are left as they are"
cmp before.txt whole/table.txt || fail "the same table again"

"$ablation" --only hgrn2 --data train.tokens --out stopped --threads 1 --quiet --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=32 \
  --set shape.depth=2 --set train.steps=1000000 2>log &
while kill -0 $! 2>/dev/null && [ ! -s stopped/hgrn2-0/metrics.jsonl ]; do sleep 0.01; done
status=0
"$ablation" --data train.tokens --out stopped --quiet 2>second.log || status=$?
[ $status -eq 1 ] && grep -q "^ablation: stopped: another program is writing there" second.log || fail "status $status: $(cat second.log)"
kill -TERM $!
status=0
wait $! || status=$?
[ $status -eq 143 ] && grep -q "the same command goes on" log || fail "status $status after SIGTERM: $(cat log)"
grep -q -- "--resume" log && fail "a command that does not exist: $(cat log)"

# Runs of other settings are not taken for what is asked now.
status=0
compare --out whole --set train.tokens=8192 --quiet 2>log || status=$?
[ $status -eq 1 ] && grep -q "hgrn2-0: began with train.tokens 4096, now it would be 8192" log || fail "status $status: $(cat log)"

# A rate that diverges is left out; without held-out text there is no column of it.
compare --out diverging --only hgrn2 --rates 0.01,1e30 >/dev/null 2>log || fail "$(cat log)"
grep -q "hgrn2, rate 1e+30: left out: .*not finite" log || fail "$(cat log)"
grep -q '"rate": *0.01' diverging/hgrn2-0/settings.json || fail "the other rate"
"$ablation" --only hgrn2 --data train.tokens --out without --threads 1 --quiet --set shape.width=16 --set shape.heads=2 \
  --set shape.mlp_width=32 --set shape.depth=2 --set train.steps=4 --json >without.txt || fail "no held-out text"
grep -q "held" without/table.txt without.txt && fail "no measurement, no column"
[ ! -e without/loss.svg ] || fail "no measurement, no chart"

# Of several seeds both errors.
"$ablation" --only hgrn2 --data train.tokens --held-out held_out.tokens --pairs islands --out seeds --seeds 2 --threads 1 --quiet --set shape.width=16 \
  --set shape.heads=2 --set shape.mlp_width=32 --set shape.depth=2 --set train.steps=6 --set train.length=32 >seeds.txt
grep -qE "^hgrn2 .* [0-9.]+ ± [0-9.]+ ± [0-9.]+ " seeds.txt || fail "two errors: $(cat seeds.txt)"
grep -q "^± standard error over 2 seeds, ± that of the test set" seeds.txt || fail "$(cat seeds.txt)"
grep -q '"held_out_standard_error_over_seeds"' seeds/results.json && grep -q '"standard_error_over_seeds"' seeds/results.json || fail "$(cat seeds/results.json)"
grep -q "mean over 2 seeds" seeds/loss.svg || fail "the chart says what it shows"

# What the end needs is looked at before the beginning.
early=(--only hgrn2 --out early --threads 1 --quiet --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=32 --set shape.depth=2
  --set train.steps=2)
for missing in "--pairs text/pears" "--held-out nothing.tokens" "--pairs islands --tokenizer nothing.json"; do
  status=0
  "$ablation" "${early[@]}" --data train.tokens $missing 2>log || status=$?
  [ $status -eq 1 ] && [ ! -e early ] || fail "$missing: status $status: $(cat log)"
done
mkdir apart && cp train.tokens apart
status=0
"$ablation" "${early[@]}" --data apart/train.tokens --pairs islands 2>log || status=$?
[ $status -eq 1 ] && grep -q "no tokenizer there, which --pairs and --sample need" log && [ ! -e early ] || fail "status $status: $(cat log)"
# Runs that were trained without a tokenizer get it later.
"$ablation" "${early[@]}" --data apart/train.tokens >/dev/null 2>&1
[ ! -e early/hgrn2-0/tokenizer.json ] || fail "no tokenizer was given"
"$ablation" "${early[@]}" --data apart/train.tokens --pairs islands --tokenizer tokenizer.json >early.txt
grep -q "islands %" early.txt || fail "$(cat early.txt)"

killed=0
for writes in 1 4; do  # killed after so many files of measurements, or at its end where that comes first
  "$ablation" "${alike[@]}" --out broken --quiet >/dev/null 2>&1 &
  while kill -0 $! 2>/dev/null && [ "$(find broken -name metrics.jsonl 2>/dev/null | wc -l)" -lt $writes ]; do sleep 0.005; done
  kill -KILL $! 2>/dev/null || true
  status=0
  wait $! 2>/dev/null || status=$?
  [ $status -ne 137 ] || killed=$((killed + 1))
done
[ $killed -gt 0 ] || fail "the comparison ended before it was killed"
compare --out broken --quiet >/dev/null
for run in hgrn2-0 sigmoid-forget-0 rates/hgrn2-0.01; do
  cmp whole/$run/model.safetensors broken/$run/model.safetensors || fail "$run: other bits after a kill"
done

status=0
compare --out wrong --only nothing --quiet 2>log || status=$?
[ $status -eq 1 ] && grep -q "no composition 'nothing'" log || fail "status $status: $(cat log)"
status=0
"$ablation" --data train.tokens --out wrong --rates 0.1 --quiet 2>log || status=$?
[ $status -eq 1 ] && grep -q "give --held-out too" log || fail "status $status: $(cat log)"
echo "passed"

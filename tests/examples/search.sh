#!/usr/bin/env bash
# A search from outside: bash search.sh ABLATION_PROGRAM CORPUS_PROGRAM
# Six candidates in three rungs, one of which diverges; the same command again trains nothing; a search that is killed ends like one that
# never was; where the schedule allows it runs go on, and come to the bits of a run that was that long from the beginning.
set -euo pipefail
ablation=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"

"$corpus" grammar --words 5000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/held_out.txt --out held_out.tokens >/dev/null
alike=(--only hgrn2 --data train.tokens --held-out held_out.tokens --threads 1 --set shape.width=16 --set shape.heads=2
  --set shape.mlp_width=32 --set shape.depth=2 --set train.batch=4 --set train.length=32 --set train.held_out_tokens=1000)
space=(--search optimizer.rate=0.00001,0.003,1e30 --search optimizer.name=adamw,lion)
search() { "$ablation" "${alike[@]}" "${space[@]}" --search-tokens "$@"; }  # TOKENS ...

# ---- runs of their own: 6 of 1000 tokens, 3 of 2000, 2 of 4000
search 20000 --out whole --json >whole.txt 2>log || fail "$(cat log)"
for file in plan.json search.json table.txt table.csv loss.svg best.json; do [ -s whole/$file ] || fail "whole/$file"; done
[ "$(grep -c '"tokens": [124]000$' whole/plan.json)" -eq 3 ] || fail "the budget's share of each rung: $(cat whole/plan.json)"
[ "$(ls whole/rung-1 | wc -l) $(ls whole/rung-2 | wc -l) $(ls whole/rung-3 | wc -l)" = "6 3 2" ] || fail "who goes on: $(ls whole/rung-*)"
grep -q "^search: 6 candidates to 1.0k tokens, then 3 candidates to 2.0k tokens, then 2 " log || fail "the plan: $(cat log)"
grep -q "^rung 2 of 3, run 1 of 3: .*optimizer.rate=.* % of the tokens, [0-9:]* left" log || fail "progress: $(cat log)"
grep -q "^05-0: out: .*not finite" log || fail "a candidate that diverges: $(cat log)"
grep -q "^rank  run  optimizer.rate  optimizer.name  rungs  tokens  held-out loss" whole/table.txt || fail "$(cat whole/table.txt)"
[ "$(sed -n 3p whole/table.txt | awk '{print $3}')" = 0.003 ] || fail "8 steps learn more at 0.003 than at 0.00001: $(cat whole/table.txt)"
grep -q "1e30 .*not finite" whole/table.txt || fail "$(cat whole/table.txt)"
grep -q '"rate": 0.003' whole/best.json || fail "the best settings: $(cat whole/best.json)"
tail -n 1 whole.txt | grep -q '"candidates"' || fail "--json: $(tail -n 1 whole.txt)"
[ ! -e whole/rung-1/01-0/checkpoints ] && [ -s whole/rung-1/01-0/model.safetensors ] || fail "who is out keeps the model alone"

before=$(cat whole/rung-*/*/metrics.jsonl whole/search.json | cksum)
search 20000 --out whole --quiet >/dev/null
[ "$before" = "$(cat whole/rung-*/*/metrics.jsonl whole/search.json | cksum)" ] || fail "finished runs are left as they are"
status=0
search 30000 --out whole --quiet 2>log || status=$?
[ $status -eq 1 ] && grep -q "plan.json: began with .*, now it would be" log || fail "another budget: status $status: $(cat log)"
status=0
search 20000 --out whole --set shape.depth=1 --quiet 2>log || status=$?
[ $status -eq 1 ] && grep -q "plan.json: began with settings.shape.depth 2, now it would be 1" log || fail "status $status: $(cat log)"

killed=0
for runs in 1 5 8; do
  "$ablation" "${alike[@]}" "${space[@]}" --search-tokens 20000 --out broken --quiet >/dev/null 2>&1 &
  while kill -0 $! 2>/dev/null && [ "$(find broken -name metrics.jsonl 2>/dev/null | wc -l)" -lt $runs ]; do sleep 0.005; done
  kill -KILL $! 2>/dev/null || true
  status=0
  wait $! 2>/dev/null || status=$?
  [ $status -ne 137 ] || killed=$((killed + 1))
done
[ $killed -gt 0 ] || fail "the search ended before it was killed"
search 20000 --out broken --quiet >/dev/null
cmp whole/search.json broken/search.json || fail "another result after a kill"

# ---- runs that go on, of two seeds
goes_on() {  # FOLDER SETTINGS...
  "$ablation" "${alike[@]}" --search optimizer.rate=0.001,0.003,0.01 --search-tokens 30000 --seeds 2 --set train.warmup=3 --quiet \
    --out "$@" >/dev/null
}
last_steps() { grep '"steps"' "$1/search.json" | head -n 2 | tail -n 1 | tr -dc 0-9; }  # of the best in the last of two rungs
check() {  # FOLDER RUNS
  local best=$1/$2/$(sed -n 3p "$1/table.txt" | awk '{print $2}')
  grep -q " ± [0-9.]*$" "$1/table.txt" || fail "errors over seeds: $(cat "$1/table.txt")"
  for seed in 0 1; do
    "$ablation" "${alike[@]}" --config "$1/best.json" --set train.steps="$(last_steps "$1")" --seed $seed --quiet \
      --out "direct-$1-$seed" >/dev/null
    cmp "$best-$seed/model.safetensors" "direct-$1-$seed/hgrn2-0/model.safetensors" || fail "$1, seed $seed: other bits"
  done
}
goes_on constant --set train.schedule=constant
check constant runs
[ ! -e constant/rung-1 ] || fail "one run for all rungs"
goes_on falling --set train.schedule=trapezoid --set optimizer.decay_schedule=trapezoid --set train.cooldown=0.4
check falling rung-2
# Of the run in the second rung the first lines are those of what went on before the fall.
run=$(ls falling/rung-2 | head -n 1)
grep -v -m 10 held_out falling/rung-2/$run/metrics.jsonl >first
grep -v -m 10 held_out falling/stable/$run/metrics.jsonl | cmp - first || fail "the second rung began anew"

# ---- what is not understood is named
refused() {  # STATUS MESSAGE ARGUMENTS...
  local status=0 expected=$1 message=$2
  shift 2
  "$ablation" "${alike[@]}" --out refused --search-tokens 1000 --quiet "$@" 2>log || status=$?
  [ $status -eq "$expected" ] && grep -q -- "$message" log && [ ! -e refused ] || fail "$*: status $status: $(cat log)"
}
refused 1 "optimizer.kind=adamw.*kind: unknown key" --search optimizer.kind=adamw,muon
refused 1 "--search steps: no such setting; did you mean 'train.steps'" --search steps=1,2
refused 2 "--search train.steps=1,2: how long runs are" --search train.steps=1,2
refused 2 "--search seed=1,2: --seeds" --search seed=1,2
refused 2 "--search optimizer.rate: expected NAME=VALUE" --search optimizer.rate
refused 2 "a value is missing" --search optimizer.rate=1,,2
refused 2 "at least two candidates" --search optimizer.rate=0.1
refused 2 "optimizer.rate: given twice" --search optimizer.rate=0.1,0.2 --search optimizer.rate=0.3
refused 2 "expected none of --pairs" --search optimizer.rate=0.1,0.2 --rates 0.1
refused 1 "optimizer.rate=-1: .*optimizer.rate: expected a number" --search optimizer.rate=-1,1
refused 1 "train.patience: expected 0" --search optimizer.rate=0.1,0.2 --set train.patience=2
status=0
"$ablation" --data train.tokens --out refused --search optimizer.rate=0.1,0.2 --search-tokens 1000 2>log || status=$?
[ $status -eq 2 ] && grep -q "give --held-out too" log || fail "status $status: $(cat log)"
echo "passed"

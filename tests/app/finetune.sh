#!/usr/bin/env bash
# The command `finetune` from outside: bash finetune.sh HGRN2_PROGRAM CORPUS_PROGRAM
# A run that is stopped and killed ends with the bits of one that never was; every task is found, judged and tabled; bad input is one line.
set -euo pipefail
hgrn2=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"
export OMP_NUM_THREADS=2

"$corpus" grammar --words 5000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$hgrn2" train --data train.tokens --out model --threads 2 --set shape.width=32 --set shape.depth=2 --set shape.heads=2 --set shape.mlp_width=32 \
  --set shape.dropout=0.1 --set train.steps=20 --set train.batch=4 --set train.length=32 --quiet

# Sentences of the grammar, the label is whether the second one is the first one again.
mkdir data
pairs() {  # how many, from which line on, the two keys
  awk -v count="$1" -v from="$2" -v a="$3" -v b="$4" 'length($0) > 0 { gsub(/["\\]/, ""); line[n++] = $0 }
    END { for (i = 0; i < count; ++i) { label = i % 3 == 0; one = line[(from + i) % n]; two = label ? one : line[(from + 7 * i + 1) % n]
      printf "{\"%s\": \"%s\", \"%s\": \"%s\", \"label\": %d, \"idx\": %d}\n", a, one, b, two, label, i } }' text/train.txt
}
pairs 90 0 sentence1 sentence2 >data/mrpc.train.jsonl
pairs 30 500 sentence1 sentence2 >data/mrpc.valid.jsonl
pairs 40 100 premise hypothesis >data/mnli.train.jsonl
pairs 20 600 premise hypothesis >data/mnli.valid.jsonl
pairs 25 700 premise hypothesis >data/mnli-mm.valid.jsonl
pairs 10 800 question passage >data/boolq.valid.jsonl

settings=(--model model --data data --task mrpc --threads 2 --seed 5 --set finetune.epochs=4 --set finetune.batch=8 --set finetune.rate=0.003
  --set finetune.length=24 --set finetune.patience=0)
"$hgrn2" finetune "${settings[@]}" --out straight --json >out 2>log || fail "$(cat log)"
grep -q 'mrpc.train.jsonl: [0-9]* of 90 texts are longer than 24 tokens and lose [0-9]* tokens' log || fail "texts that are cut: $(cat log)"
grep -q '^mrpc  *f1 ' out || fail "a table: $(cat out)"
tail -n 1 out | grep -q '"mrpc":{"metric":"f1","value":' || fail "a line of JSON: $(tail -n 1 out)"
run=straight/mrpc/seed-5
for file in finetune.json metrics.jsonl config.json model.safetensors tokenizer.json predictions.json items.jsonl result.json; do
  [ -s $run/$file ] || fail "the run has $file"
done
[ "$(grep -c '"epoch"' $run/metrics.jsonl)" = 4 ] || fail "a line an epoch"
for key in '"num_labels": 2' '"not_equivalent"' '"single_label_classification"' 'ForSequenceClassification'; do
  grep -q "$key" $run/config.json || fail "config.json has $key: $(cat $run/config.json)"
done
[ "$(grep -o '"id"' straight/predictions.json | wc -l)" = 30 ] || fail "a prediction a text"
grep -q 'mrpc_29' straight/predictions.json || fail "ids of the pipeline"

# A signal, then a kill, then the end: the bits of the run that went through.
"$hgrn2" finetune "${settings[@]}" --out broken --quiet >/dev/null 2>log &
after() {
  for _ in $(seq 6000); do
    [ "$({ wc -l <broken/mrpc/seed-5/metrics.jsonl || echo 0; } 2>/dev/null)" -ge "$2" ] && break
    kill -0 "$3" 2>/dev/null || break
    sleep 0.005
  done
  kill -"$1" "$3" 2>/dev/null || true
}
after INT 4 $!
status=0; wait $! || status=$?
[ $status -eq 130 ] || [ $status -eq 0 ] || fail "status $status: $(cat log)"
"$hgrn2" finetune "${settings[@]}" --out broken --quiet >/dev/null 2>log &
after KILL 20 $!
wait $! || true
"$hgrn2" finetune "${settings[@]}" --out broken --quiet >/dev/null 2>log || fail "$(cat log)"
for file in model.safetensors config.json predictions.json items.jsonl; do
  cmp $run/$file broken/mrpc/seed-5/$file || fail "$file is that of a run that went through"
done
grep '"epoch"' $run/metrics.jsonl >epochs
grep '"epoch"' broken/mrpc/seed-5/metrics.jsonl | cmp - epochs || fail "the metrics are those of a run that went through"
# Done: nothing is trained again. Of other settings it is another run.
before=$(stat -c %Y broken/mrpc/seed-5/result.json)
"$hgrn2" finetune "${settings[@]}" --out broken --quiet >/dev/null
[ "$before" = "$(stat -c %Y broken/mrpc/seed-5/result.json)" ] || fail "a finished run is not run again"
"$hgrn2" finetune "${settings[@]}" --set finetune.rate=0.1 --out broken --quiet >/dev/null 2>log && fail "other settings"
grep -q "holds a run already, of another recipe/rate: 0.003, now 0.1" log || fail "$(cat log)"

# Adapters: of what is saved nothing tells of them, the trunk's other tensors are as they were, and a run that is stopped goes on.
adapted=("${settings[@]}" --set finetune.adapters=4 --set finetune.epochs=2)
"$hgrn2" finetune "${adapted[@]}" --out adapted --quiet >/dev/null 2>log || fail "$(cat log)"
header() { head -c $((8 + $(od -An -t u8 -N 8 "$1"))) "$1"; }
header $run/model.safetensors >one
header adapted/mrpc/seed-5/model.safetensors >other
cmp one other || fail "tensors of the plain classifier"
cmp -s $run/model.safetensors adapted/mrpc/seed-5/model.safetensors && fail "other weights"
grep -q '"adapters": 4' adapted/mrpc/seed-5/finetune.json || fail "$(cat adapted/mrpc/seed-5/finetune.json)"
grep -q adapters $run/finetune.json && fail "$(cat $run/finetune.json)"
"$hgrn2" finetune "${adapted[@]}" --out stopped --quiet >/dev/null 2>log &
for _ in $(seq 6000); do
  [ "$({ wc -l <stopped/mrpc/seed-5/metrics.jsonl || echo 0; } 2>/dev/null)" -ge 4 ] && break
  kill -0 $! 2>/dev/null || break
  sleep 0.005
done
kill -INT $! 2>/dev/null || true
wait $! || true
"$hgrn2" finetune "${adapted[@]}" --out stopped --quiet >/dev/null 2>log || fail "$(cat log)"
for file in model.safetensors predictions.json items.jsonl; do
  cmp adapted/mrpc/seed-5/$file stopped/mrpc/seed-5/$file || fail "$file of adapters that went on"
done
"$hgrn2" finetune --model adapted/mrpc/seed-5 --data data --task mrpc --threads 2 --set finetune.epochs=1 --out more --quiet >/dev/null ||
  fail "from merged adapters"

# All tasks that are there; the others are named. Another recipe, two seeds.
"$hgrn2" finetune --model model --data data --task all --recipe 2025 --seeds 2 --threads 2 --set finetune.epochs=1 --set finetune.batch=20 \
  --set finetune.length=32 --set finetune.parts=3 --out all --json >out 2>log || fail "$(cat log)"
grep -q "note: rte is left out: no rte.train.jsonl in data" log || fail "$(cat log)"
grep -q "class 2 (contradiction) never occurs" log || fail "labels that never occur: $(cat log)"
for line in '^mnli  *accuracy' '^mnli-mm  *accuracy' '^mrpc  *accuracy' '^mean of 3' '^boolq  *missing: boolq.train.jsonl'; do
  grep -q "$line" out || fail "a line '$line': $(cat out)"
done
[ "$(grep -o '"id": "mnli-mm_' all/predictions-seed-13.json | wc -l)" = 25 ] || fail "predictions of mnli-mm"
grep -q '"score.dense.weight"' all/mnli/seed-12/model.safetensors || fail "the head of the recipe"
# A classifier's folder is one to start from, too.
"$hgrn2" finetune --model all/mnli/seed-12 --data data --task mrpc --threads 2 --set finetune.epochs=1 --out again --quiet >/dev/null || fail "from a classifier"

# Bad input: one line, status 1 (usage: 2), and what and where.
refused() {
  local expected=$1 wanted=$2 status=0
  shift 2
  "$hgrn2" finetune --model model --out refused "$@" >out 2>log || status=$?
  [ $status -eq "$wanted" ] || fail "$*: status $status: $(cat log)"
  grep -qF -- "$expected" log || fail "$*: expected '$expected', found: $(cat log)"
  [ ! -e refused ] || fail "$*: something was written"
}
mkdir bad
cp data/mrpc.* bad
sed -i '7s/sentence2/sentence3/' bad/mrpc.train.jsonl
refused "bad/mrpc.train.jsonl:7: 'sentence2': missing; expected a text" 1 --data bad --task mrpc
cp data/mrpc.train.jsonl bad
sed -i '3s/"label": [01]/"label": 2/' bad/mrpc.valid.jsonl
refused "bad/mrpc.valid.jsonl:3: 'label': expected a class of mrpc, 0 to 1 (not_equivalent, equivalent), found 2" 1 --data bad --task mrpc
refused "data: lacks files of rte (rte.train.jsonl)" 1 --data data --task rte
refused "task 'mrcp': expected one of boolq, " 1 --data data --task mrcp
refused "finetune.rat: unknown key; did you mean 'rate'?" 1 --data data --task mrpc --set finetune.rat=1
refused "expected one of 'score', 'mlp'" 1 --data data --task mrpc --set finetune.head=tree
refused "--recipe 2023: expected 2024 or 2025" 2 --data data --task mrpc --recipe 2023
refused "--task: expected a task, or all" 2 --data data
echo "all is well"

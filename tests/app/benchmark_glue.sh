#!/usr/bin/env bash
# Suites with (Super)GLUE from the command line: bash benchmark_glue.sh HGRN2_PROGRAM CORPUS_PROGRAM
# Classifiers are those of `finetune`; one table, reports, predictions that score to what was reported; going on; what is said of bad input.
set -euo pipefail
command -v python3 >/dev/null || exit 77
hgrn2=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"
export OMP_NUM_THREADS=2

"$corpus" grammar --words 4000 --pairs 20 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$hgrn2" train --data train.tokens --out run --quiet --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=16 --set shape.depth=1 \
  --set shape.context=48 --set train.length=32 --set train.batch=2 --set train.steps=20 --set optimizer.rate=0.01 --set train.checkpoint_words=100
mkdir -p data/glue_2024 data/full_eval/glue_filtered
cp -r text/pairs data/full_eval/blimp_filtered
# Is the second sentence the first one again?
python3 - <<'PYTHON'
import json
lines = [line.strip() for line in open("text/train.txt") if line.strip()]
def write(path, count, begin, first, second, classes=2):
    with open("data/" + path, "w") as file:
        for i in range(count):
            label = i % classes if i % 2 else 0
            other = lines[(begin + i) % len(lines)] if label else lines[(begin + 7 * i + 1) % len(lines)]
            row = {first: lines[(begin + i) % len(lines)], "label": label}
            if second: row[second] = other
            file.write(json.dumps(row) + "\n")
pair = ("sentence1", "sentence2")
for folder in ("glue_2024", "full_eval/glue_filtered"):
    write(f"{folder}/mrpc.train.jsonl", 40, 0, *pair)
    write(f"{folder}/mrpc.valid.jsonl", 21, 300, *pair)
    write(f"{folder}/mnli.train.jsonl", 30, 50, "premise", "hypothesis", 3)
    write(f"{folder}/mnli.valid.jsonl", 20, 350, "premise", "hypothesis", 3)
    write(f"{folder}/rte.valid.jsonl", 20, 350, *pair)
write("glue_2024/mnli-mm.valid.jsonl", 15, 400, "premise", "hypothesis", 3)
write("glue_2024/cola.train.jsonl", 30, 100, "sentence", None)
write("glue_2024/cola.valid.jsonl", 20, 450, "sentence", None)
PYTHON
tuning=(--set finetune.epochs=2 --set finetune.length=24 --set finetune.batch=10 --set finetune.rate=0.01 --threads 2)
benchmark() { timeout 300 "$hgrn2" benchmark --model run --data data "${tuning[@]}" "$@"; }

benchmark --suite babylm2024 --out full >table 2>log || fail "$(cat log)"
grep -q "^not in the data, and left out: blimp_supplement, ewok, glue/boolq, glue/multirc, glue/qnli, glue/qqp, glue/rte, glue/sst2, glue/wsc$" log ||
  fail "missing tasks: $(cat log)"
grep -q "^note: rte is left out: no rte.train.jsonl in data/glue_2024$" log || fail "which file: $(cat log)"
for line in '^blimp .*accuracy, %  *pipeline2024' '^glue .*mean of tasks, %  *recipe 2024' '^glue/mrpc .* 21 .*f1, %' '^glue/cola .*mcc, %' \
            '^glue/mnli-mm .*accuracy, %' '^glue/rte  *-  .*not in the data'; do
  grep -q "$line" table || fail "a line '$line': $(cat table)"
done
grep -q "tokens and lose [0-9]* tokens in all" log || fail "texts longer than the context: $(cat log)"
# The classifiers of `finetune`.
"$hgrn2" finetune --model run --data data/glue_2024 --task all --out tuned --quiet "${tuning[@]}" >/dev/null 2>&1
for task in mrpc mnli cola; do
  cmp {full/finetuned,tuned}/$task/seed-12/model.safetensors || fail "another classifier of $task"
done
# Scores, predictions and items say the same; the form of the predictions is the pipelines'.
"$hgrn2" predictions --predictions full/predictions.json --data data --out scored.json >/dev/null 2>log || fail "$(cat log)"
python3 - <<'PYTHON'
import collections, json
report, tuned = json.load(open("full/report.json"))["tasks"]["glue"], json.load(open("tuned/results.json"))
scored = json.load(open("scored.json"))["tasks"]["glue"]
assert set(report["subsets"]) == {"cola", "mnli", "mnli-mm", "mrpc"} == set(scored["subsets"]), report
for task, of in report["subsets"].items():
    assert abs(of["score"] - tuned["tasks"][task]["value"]) < 1e-12 and abs(of["score"] - scored["subsets"][task]["score"]) < 1e-12, task
    assert of["metric"] == scored["subsets"][task]["measure"] and of["standard_error"] >= 0
    rows = [json.loads(line) for line in open(f"data/glue_2024/{task}.valid.jsonl")]
    share = collections.Counter(row["label"] for row in rows)
    constant = {"accuracy": max(share.values()) / len(rows), "mcc": 0, "f1": 2 * share[1] / (share[1] + len(rows))}[of["metric"]]
    assert abs(of["chance"] - constant) < 1e-12, (task, of["chance"], constant)
mean = sum(of["score"] for of in report["subsets"].values()) / 4
assert abs(report["score"] - mean) < 1e-12 and abs(scored["score"] - mean) < 1e-12
predictions = json.load(open("full/predictions.json"))
assert list(predictions) == ["blimp", "glue"]
assert [p["id"] for p in predictions["glue"]["mrpc"]["predictions"]] == [f"mrpc_{i}" for i in range(21)]
assert all(p["pred"] in (0, 1) for p in predictions["glue"]["mrpc"]["predictions"])
items = [json.loads(line) for line in open("full/items.jsonl")]
right = [item["right"] for item in items if item["task"] == "glue" and item["file"] == "mnli"]
assert len(right) == 20 and abs(sum(right) / 20 - report["subsets"]["mnli"]["score"]) < 1e-12
PYTHON
for words in 'glue/mrpc' 'glue by subset' 'recipe 2024'; do grep -q "$words" full/report.html || fail "a page with $words"; done

# Nothing is trained again; what was not there is.
touch -d "2001-01-01" full/finetuned/mrpc/seed-12/model.safetensors
cp -r --preserve=timestamps full again
rm -r again/finetuned/cola again/tasks/glue.json
benchmark --suite babylm2024 --out again --quiet >/dev/null 2>&1
same "$(date -r again/finetuned/mrpc/seed-12/model.safetensors +%Y)" 2001 "a classifier that was done"
cmp full/items.jsonl again/items.jsonl && cmp full/predictions.json again/predictions.json || fail "another result"
# Stopped while it fine-tunes.
"$hgrn2" benchmark --model run --data data "${tuning[@]}" --suite babylm2024 --out stopped --quiet >/dev/null 2>log &
for _ in $(seq 6000); do
  [ -s stopped/finetuned/cola/seed-12/metrics.jsonl ] && break
  kill -0 $! 2>/dev/null || break
  sleep 0.005
done
kill -TERM $! 2>/dev/null || true
wait $! || true
benchmark --suite babylm2024 --out stopped --quiet >/dev/null 2>&1
cmp full/items.jsonl stopped/items.jsonl && cmp full/predictions.json stopped/predictions.json || fail "another result after a stop"

# Several seeds: the mean, and its error over them; the seeds that are there stay.
benchmark --suite babylm2024 --seeds 2 --out full --quiet >table 2>/dev/null
same "$(date -r full/finetuned/mrpc/seed-12/model.safetensors +%Y)" 2001 "a classifier of the first seed"
grep -q "^glue .*recipe 2024, 2 seeds" table && grep -q "^glue/mrpc .*over seeds: ± " table || fail "two seeds: $(cat table)"
python3 - <<'PYTHON'
import json
of = json.load(open("full/report.json"))["tasks"]["glue"]["subsets"]["mnli"]
each = [json.load(open(f"full/finetuned/mnli/seed-{seed}/result.json"))["held_out"]["mnli"]["value"] for seed in (12, 13)]
assert abs(of["score"] - sum(each) / 2) < 1e-12 and abs(of["standard_error_over_seeds"] - abs(each[0] - each[1]) / 2) < 1e-12
right = [json.loads(line)["right"] for line in open("full/tasks/glue.jsonl") if '"mnli"' in line]
assert len(right) == 20 and set(right) <= {0, 0.5, 1} and abs(sum(right) / 20 - of["score"]) < 1e-12
PYTHON
"$hgrn2" compare full again --quiet >out 2>log || fail "$(cat log)"
grep -q "glue" out || fail "models are compared on GLUE: $(cat out)"

# The suite of 2025 has fewer tasks, its own recipe and folder. Without fine-tuning; a part of the texts; all checkpoints.
benchmark --suite babylm2025 --set finetune.epochs=1 --out later --quiet >table 2>log
grep -q "glue/qqp" log && ! grep -q "glue/cola" log || fail "tasks of 2025: $(cat log)"
grep -q "^glue/mrpc .*accuracy, %" table && grep -q "^glue .*recipe 2025" table || fail "the recipe of 2025: $(cat table)"
grep -q '"score.dense.weight"' later/finetuned/mrpc/seed-12/model.safetensors || fail "the head of the recipe"
"$hgrn2" benchmark --model run --data data --suite babylm2024 --zero-shot --out none --quiet >table 2>/dev/null
if grep -q glue table || [ -e none/finetuned ]; then fail "--zero-shot fine-tunes: $(cat table)"; fi
mkdir -p fast/fast_eval
cp -r text/pairs fast/fast_eval/blimp_fast
cp -r data/glue_2024 fast
"$hgrn2" benchmark --model run --data fast --suite babylm2024 --fast --out small --quiet >table 2>/dev/null
grep -q glue table && fail "--fast fine-tunes: $(cat table)"
"$hgrn2" benchmark --checkpoints run --data data --suite babylm2024 --limit 6 "${tuning[@]}" --out curves --quiet >table 2>/dev/null
python3 -c '
import json
points = json.load(open("curves/curves.json"))["checkpoints"]
assert len(points) >= 2 and all("glue" in p["scores"] for p in points), points'
same "$(wc -l <curves/"$(ls curves | grep step | head -1)"/finetuned/mrpc/seed-12/items.jsonl)" 6 "a part of the texts"

# Bad input, before anything is computed.
refused() { # STATUS WORDS OPTIONS...
  local status=0 wanted=$1 words=$2
  shift 2
  "$hgrn2" benchmark --model run --suite babylm2024 --out refused "$@" >out 2>log || status=$?
  [ $status -eq "$wanted" ] && grep -qF -- "$words" log || fail "$*: expected status $wanted and '$words', found $status and: $(cat log)"
  [ ! -e refused ] || fail "$*: something was written"
}
cp -r data bad
sed -i '7s/sentence2/sentence3/' bad/glue_2024/mrpc.train.jsonl
refused 1 "bad/glue_2024/mrpc.train.jsonl:7: 'sentence2': missing; expected a text" --data bad
cp data/glue_2024/mrpc.train.jsonl bad/glue_2024
sed -i '3s/"label": [01]/"label": "maybe"/' bad/glue_2024/mrpc.valid.jsonl
refused 1 "bad/glue_2024/mrpc.valid.jsonl:3: 'label': expected a class of mrpc, 0 to 1 (not_equivalent, equivalent), found \"maybe\"" --data bad
refused 1 "finetune.rat: unknown key; did you mean 'rate'?" --data data --set finetune.rat=1
refused 2 "--set: a setting of the fine-tuning, and none of these tasks is fine-tuned" --data data --fast --set finetune.rate=1
refused 2 "--seeds: expected at least 1, found 0" --data data --seeds 0
"$hgrn2" benchmark --model run --data data --suite babylm2024 --out full --set finetune.rate=0.5 --quiet >out 2>log && fail "other settings"
grep -q "holds a run already, of another recipe/" log || fail "other settings: $(cat log)"
echo "all is well"

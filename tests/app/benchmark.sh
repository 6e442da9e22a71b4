#!/usr/bin/env bash
# Suites of tasks from the command line: bash benchmark.sh HGRN2_PROGRAM CORPUS_PROGRAM
# A table, reports, predictions; tasks that are missing; going on where it stopped; checkpoints; what is said of bad input.
set -euo pipefail
command -v python3 >/dev/null || exit 77
hgrn2=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"
# A member of a JSON file.
member() { python3 -c 'import json, sys; print(eval("json.load(open(sys.argv[1]))" + sys.argv[2]))' "$@"; }

"$corpus" grammar --words 4000 --pairs 40 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
"$hgrn2" train --data train.tokens --out run --quiet --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=16 --set shape.depth=1 \
  --set train.length=32 --set train.batch=2 --set train.steps=40 --set optimizer.rate=0.01 --set train.checkpoint_words=200
mkdir -p data/full_eval/{entity_tracking,ewok_filtered,wug_past_tense}
cp -r text/pairs data/full_eval/blimp_filtered
python3 - <<'PYTHON'
import json
def write(path, rows):
    open("data/full_eval/" + path, "w").write("".join(json.dumps(row) + "\n" for row in rows))
write("ewok_filtered/rooms.jsonl", [{"Context1": "The cat is in.", "Target1": "It sees the dog.", "Target2": "It saw a bird."}] * 3)
write("entity_tracking/moved.jsonl", [{"numops": n % 2, "input_prefix": "The box has the ", "options": ["cat.", "dog.", "bird."]} for n in range(4)])
write("wug_past_tense/words.jsonl", [{"sentences": f"The cat wug{c}s.\tThe cat wig{c}s.", "ratio": i / 7} for i, c in enumerate("abcdefg")])
PYTHON
benchmark() { timeout 120 "$hgrn2" benchmark "$@"; }

benchmark --model run --suite babylm2025 --data data --out full >table 2>log
same "$(grep -c . log)" 1 "lines of progress without a terminal"
grep -q "^not in the data, and left out: blimp_supplement, wug_adj, comps, reading, glue$" log || fail "missing tasks: $(cat log)"
for task in blimp ewok entity_tracking wug_past; do grep -q "^$task .*pipeline2025" table || fail "no $task: $(cat table)"; done
grep -q "^comps  *-  .*not in the data" table || fail "the table does not say what is missing: $(cat table)"
same "$(member full/report.json '["missing"]')" "['blimp_supplement', 'wug_adj', 'comps', 'reading', 'glue']" "what is missing"
# The mean over files of the right ones, and the same from the items and from the predictions.
python3 - <<'PYTHON'
import collections, glob, json, os
report, predictions = json.load(open("full/report.json")), json.load(open("full/predictions.json"))
items = [json.loads(line) for line in open("full/items.jsonl")]
by_file = collections.defaultdict(list)
for item in items:
    if item["task"] == "blimp":
        by_file[item["file"]].append(item["right"])
mean = sum(sum(v) / len(v) for v in by_file.values()) / len(by_file)
assert abs(mean - report["tasks"]["blimp"]["score"]) < 1e-12, (mean, report["tasks"]["blimp"]["score"])
right = []
for path in glob.glob("text/pairs/*.jsonl"):
    name = os.path.basename(path)[:-6]
    rows, said = [json.loads(line) for line in open(path)], predictions["blimp"][name]["predictions"]
    assert [p["id"] for p in said] == [f"{name}_{i}" for i in range(len(rows))]
    right.append(sum(p["pred"] == row["sentence_good"] for p, row in zip(said, rows)) / len(rows))
assert abs(sum(right) / len(right) - mean) < 1e-12
assert set(predictions) == {"blimp", "ewok", "entity_tracking", "wug_past"}, set(predictions)
assert predictions["entity_tracking"]["moved_1_ops"]["predictions"][1]["pred"] in ("cat.", "dog.", "bird.")
assert abs(report["tasks"]["entity_tracking"]["chance"] - 1 / 3) < 1e-12
assert all(0 < p["prob"] < 1 for p in predictions["wug_past"]["wug_past"]["predictions"])
assert report["tasks"]["ewok"]["computed_tokens"] < report["tasks"]["ewok"]["tokens"]
PYTHON
grep -q "<svg" full/report.html || fail "a page without plots"

# The same command goes on where it stopped: what is there stays, what is not is computed to the same.
cp -r full again
rm again/tasks/ewok.json again/report.json
touch -d "2001-01-01" again/tasks/blimp.json
benchmark --model run --suite babylm2025 --data data --out again --quiet >/dev/null 2>/dev/null
same "$(date -r again/tasks/blimp.json +%Y)" 2001 "a task that was done"
cmp full/items.jsonl again/items.jsonl && cmp full/predictions.json again/predictions.json || fail "another result"
[ -e again/report.json ] || fail "no report"

# A program that is stopped leaves whole files.
timeout -s TERM 0.3 "$hgrn2" benchmark --model run --suite babylm2025 --data data --out stopped --quiet >/dev/null 2>&1 || true
benchmark --model run --suite babylm2025 --data data --out stopped --quiet >/dev/null 2>&1
cmp full/items.jsonl stopped/items.jsonl || fail "another result after a stop"

# Another convention says so, and is refused into the same folder.
benchmark --model run --suite babylm2024 --data data --out other --convention rondo --quiet 2>/dev/null | grep -q "blimp .* rondo$" || fail "no convention in the table"
expect() { # STATUS WORDS COMMAND...
  local status=0 wanted=$1 words=$2
  shift 2
  "$@" >out 2>log || status=$?
  [ $status -eq "$wanted" ] && grep -q -- "$words" log || fail "$*: expected status $wanted and '$words', found $status and: $(cat log)"
}
expect 1 "there are results of another convention; choose another --out" benchmark --model run --suite babylm2025 --data data --out full --convention rondo
expect 1 "expected one of rondo, lm_eval" benchmark --model run --suite babylm2025 --data data --out x --convention none
expect 1 "expected one of babylm2024" benchmark --model run --suite none --data data --out x
expect 1 "no task of the suite bear in it; expected a folder or a .zip of bear/BEAR" benchmark --model run --suite bear --data data --out x
expect 1 "expected a folder of benchmark data, found none" benchmark --model run --suite bear --data nowhere --out x
expect 2 "give either --model or --checkpoints" benchmark --suite bear --data data --out x
echo '{"Context1": "a", "Target1": "b"}' >>data/full_eval/ewok_filtered/rooms.jsonl
expect 1 "rooms.jsonl:4: 'Target2': expected a text, found nothing" benchmark --model run --suite babylm2025 --data data --out x
sed -i '$d' data/full_eval/ewok_filtered/rooms.jsonl

# An archive opens with its password alone.
if command -v zip >/dev/null; then
  mkdir locked
  (cd data/full_eval && zip -q -r -P open ../../locked/ewok_filtered.zip ewok_filtered)
  expect 1 "ewok_filtered/rooms.jsonl: wrong password, or the file is damaged: " benchmark --model run --suite babylm2024 --data locked --password shut --out x
  expect 1 "ewok_filtered/rooms.jsonl: encrypted, and there is no password" benchmark --model run --suite babylm2024 --data locked --out x
  [ ! -e x ] || fail "something was written"
  expect 0 "left out: blimp, blimp_supplement, glue$" benchmark --model run --suite babylm2024 --data locked --password open --out opened
  same "$(wc -l <opened/tasks/ewok.jsonl)" 3 "items of an archive"
fi

# A text longer than the context loses its beginning, and is counted.
mkdir -p long/ewok_filtered
python3 -c '
import json
for times in (1, 700):
    print(json.dumps({"Context1": "The cat is in. " * times, "Target1": "It sees the dog.", "Target2": "It saw a bird."}))' >long/ewok_filtered/rooms.jsonl
expect 0 "note: ewok: 2 texts are longer than the model's context of [0-9]* tokens and lose their beginning" benchmark --model run --suite babylm2024 --data long --out longer
same "$(member longer/report.json '["tasks"]["ewok"]["texts_cut"]')" 2 "texts that are cut"

# All checkpoints of a run, and curves over words.
benchmark --checkpoints run --suite babylm2024 --data data --limit 5 --out curves --quiet >table 2>/dev/null
[ "$(grep -c "^step-" table)" -ge 2 ] || fail "checkpoints: $(cat table)"
python3 -c '
import json
points = json.load(open("curves/curves.json"))["checkpoints"]
assert len(points) >= 2 and all("blimp" in p["scores"] for p in points), points
assert [p["words"] for p in points] == sorted(p["words"] for p in points)'
grep -q "<svg" curves/report.html || fail "curves without a plot"

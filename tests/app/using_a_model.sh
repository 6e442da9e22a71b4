#!/usr/bin/env bash
# Using models from the command line: bash using_a_model.sh HGRN2_PROGRAM GPT2_PROGRAM CORPUS_PROGRAM
# Prompts from everywhere, samples, turns, stop strings, the end of a context; scores of pairs; what is said of wrong usage.
set -euo pipefail
command -v python3 >/dev/null || exit 77
hgrn2=$(realpath "$1") gpt2=$(realpath "$2") corpus=$(realpath "$3")
source "$(dirname "$0")/../support/in_a_folder.sh"
# One member of the JSON object on the last line.
member() { tail -n 1 | python3 -c 'import json, sys; print(eval("json.load(sys.stdin)" + sys.argv[1]))' "$1"; }

"$corpus" grammar --words 4000 --pairs 3 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
small="--set shape.width=16 --set shape.heads=2 --set shape.mlp_width=16 --set shape.depth=1 --set train.length=32 --set train.batch=2 --quiet"
"$hgrn2" train --data train.tokens --out run $small --set train.steps=60 --set optimizer.rate=0.01
"$gpt2" train --data train.tokens --out short $small --set train.steps=2 --set shape.context=40

# The summary of a run is that of its settings.
"$hgrn2" summary --model run --untimed --quiet >log
grep -q "training step of 2 x 32 tokens" log || fail "summary of a run: $(cat log)"
"$hgrn2" summary --model run --untimed --quiet --set train.batch=3 --set optimizer.name=sgd >log
grep -q "training step of 3 x 32 tokens" log || fail "summary with a setting: $(cat log)"
"$hgrn2" summary --model run --set shape.width=32 >log 2>&1 && fail "a width beside a model"

generate() { timeout 60 "$hgrn2" generate --model run --quiet "$@"; }

# Prompts. The standard input is read where it is asked for, or where there is no prompt.
reference=$(generate --prompt "The cat" --tokens 12)
same "${reference:0:7}" "The cat" "a prompt"
printf 'The cat\n' >prompt.txt
same "$(generate --prompt-file prompt.txt --tokens 12)" "$reference" "a prompt of a file"
same "$(generate --prompt - --tokens 12 <prompt.txt)" "$reference" "a prompt of the standard input"
same "$(generate --tokens 12 <prompt.txt)" "$reference" "a prompt that is redirected"
same "$(cat prompt.txt | generate --tokens 12)" "$reference" "a prompt that is piped"
same "$(generate --prompt "" --tokens 12 <prompt.txt)" "$(generate --tokens 12 </dev/null)" "no prompt"
same "$(generate --prompt '[x]' --prompt 'The cat' --prompt-file prompt.txt --tokens 12)" \
  "$(generate --prompt '[x]' --tokens 12; echo; echo "$reference"; echo; echo "$reference")" "several prompts"
status=0
generate --prompt-file run/model.safetensors 2>log || status=$?
[ $status -eq 1 ] && grep -q "expected UTF-8" log || fail "a prompt of bytes: status $status: $(cat log)"

# Samples: each a text of its own, the first that of one alone, the same from the same seed, whatever other prompts there are.
sample="--temperature 1 --seed 5 --tokens 8"
generate --prompt "The cat" $sample --samples 3 --json >three
same "$(tail -n 1 three | member '["texts"][0]["text"]')" "$(generate --prompt "The cat" $sample)" "the first sample"
same "$(tail -n 1 three | member '["texts"].__len__()')" 3 "samples"
[ "$(tail -n 1 three | member '["texts"][1]["made"]')" != "$(tail -n 1 three | member '["texts"][2]["made"]')" ] || fail "two samples are the same"
generate --prompt "A dog" --prompt "The cat" $sample --samples 3 --json >six
same "$(tail -n 1 six | member '["texts"][4]["text"]')" "$(tail -n 1 three | member '["texts"][1]["text"]')" "a sample among others"
same "$(tail -n 1 six | member '["texts"][4]["prompt"]')" "The cat" "the prompt of a sample"
[ "$(generate --prompt "The cat" --tokens 30 --repetition-penalty 5)" != "$(generate --prompt "The cat" --tokens 30)" ] || fail "the penalty does nothing"

# Stop strings: text ends in front of the first of them.
stop=${reference:10:2}
generate --prompt "The cat" --tokens 12 --stop "$stop" --stop "[INST]" --json >stopped
made=${reference:7}
same "$(member '["text"]' <stopped)" "The cat${made%%"$stop"*}" "a stopped text as JSON"
same "$(member '["end"]' <stopped)" stop "why it ended"
same "$(generate --prompt "The cat" --tokens 12 --json | member '["end"]')" tokens "why it ended"

# Turns: the model goes on with all that was said.
printf 'The cat\n and\n' | generate --interactive --tokens 4 --json >turns
same "$(member '["texts"].__len__()' <turns)" 2 "turns"
first=$(member '["texts"][0]["text"]' <turns)
same "$first" "$(generate --prompt "The cat" --tokens 4)" "the first turn"
second=$(member '["texts"][1]["text"]' <turns)
same "${second:0:$((${#first} + 5))}" "$first"$'\n'" and" "the second turn"
same "$(generate --interactive --prompt "The cat" --tokens 4 </dev/null)" "$first" "a first turn that is given"

# The end of a context is an end like others; a prompt that is longer is not.
timeout 60 "$gpt2" generate --model short --prompt "The cat" --tokens 100 --json >full 2>log
same "$(member '["end"]' <full)" context "why it ended"
grep -q "the text ends with the model's context" log || fail "$(cat log)"
[ "$(member '["tokens"]' <full)" -lt 40 ] || fail "more tokens than the context"
[ "$("$gpt2" generate --model short --prompt "The cat" --tokens 100 --context 20 --json --quiet | member '["tokens"]')" -lt 20 ] || fail "--context does nothing"
status=0
"$gpt2" generate --model short --prompt-file text/held_out.txt 2>log || status=$?
[ $status -eq 1 ] && grep -q "more than the model's context of 40 holds" log || fail "a long prompt: status $status: $(cat log)"
status=0
"$gpt2" generate --model short --prompt a --context 41 2>log || status=$?
[ $status -eq 1 ] && grep -q "learned positions for 40 tokens" log || fail "a longer context: status $status: $(cat log)"

# Scores of pairs.
"$hgrn2" score --model run --pairs text/pairs --items items.jsonl --out report.json --json >all
pairs=$(cat text/pairs/*.jsonl | wc -l)
same "$(wc -l <items.jsonl)" "$pairs" "scored pairs"
python3 - <<'END'
import json
items = [json.loads(line) for line in open("items.jsonl")]
files = json.load(open("report.json"))["files"]
for name, file in files.items():
    mine = [item for item in items if item["file"] == name]
    assert len(mine) == file["pairs"] and abs(sum(item["right"] for item in mine) / len(mine) - file["accuracy"]) < 1e-12, name
    lines = open(f"text/pairs/{name}.jsonl").read().splitlines()
    for item in mine:
        pair = json.loads(lines[item["line"] - 1])
        assert (pair["sentence_good"], pair["sentence_bad"]) == (item["sentence_good"], item["sentence_bad"]), item
        assert item["log_probability_good"] < 0 and item["tokens_good"] > 1, item
END
"$hgrn2" score --model run --pairs text/pairs --limit 2 --json >two
grep -q "(2 of 3 pairs, " two || fail "$(cat two)"
grep -q ", at most 2 pairs of each" two || fail "$(cat two)"
same "$(member '["limit"]' <two)" 2 "the limit"
one=$(ls text/pairs/*.jsonl | head -n 1)
same "$("$hgrn2" score --model run --pairs - --quiet <"$one")" "$("$hgrn2" score --model run --pairs "$one" --quiet)" "pairs of the standard input"
status=0
"$hgrn2" score --model run --pairs "$one" --items run/config.json 2>log || status=$?
[ $status -eq 1 ] && grep -q "not lines of scored pairs" log || fail "a foreign file: status $status: $(cat log)"

# Logits say what they wrote.
"$hgrn2" logits --model run --input run/model.safetensors --output y.safetensors 2>log && fail "no input_ids" || grep -q "input_ids" log

# Wrong usage has status 2 and says what is meant.
wrong() {
  local expected=$1 status=0
  shift
  "$@" >out 2>&1 || status=$?
  [ $status -eq 2 ] || fail "$*: status $status: $(cat out)"
  grep -qF -- "$expected" out || fail "$*: expected '$expected', found: $(cat out)"
}
wrong "unknown command 'trian'; did you mean 'train'?" "$hgrn2" trian
wrong "unknown option --dat; did you mean '--data'?" "$hgrn2" train --dat train.tokens
wrong "unknown option --temperatur; did you mean '--temperature'?" "$hgrn2" generate --model run --temperatur=1
wrong "--model is required" "$hgrn2" generate
wrong "--out: expected the folder of the new run" "$hgrn2" train
wrong "--data: expected a token file" "$hgrn2" train --out new
wrong "--interactive: reads lines" "$hgrn2" generate --model run --interactive --samples 2
for number in -1 99999999999999999999999 1.5 x; do
  wrong "expected a whole number from 0 to 18446744073709551615, found $number" "$hgrn2" train --data train.tokens --out new --seed $number
done
wrong "found -1" "$hgrn2" generate --model run --prompt a --threads -1
wrong "found -3" "$hgrn2" evaluate --model run --data train.tokens --documents -3
wrong "found 0" "$hgrn2" generate --model run --prompt a --tokens 0
wrong "top-p" "$hgrn2" generate --model run --prompt a --top-p 1.5
same "$("$hgrn2" --version)" "$("$corpus" --version)" "the version"
for command in train evaluate score generate logits summary; do "$hgrn2" $command --help | grep -q "Example:" || fail "$command --help"; done
"$hgrn2" generate --help | grep -q -- "--tokens.*=100" || fail "generate --help does not show what --tokens is"
[ ! -e new ] || fail "a folder was made"
echo "passed"

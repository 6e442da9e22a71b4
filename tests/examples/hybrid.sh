#!/usr/bin/env bash
# A hybrid from outside: bash hybrid.sh HYBRID_PROGRAM CORPUS_PROGRAM
# Help on every level, a short training run with a window, the folder it leaves read again.
set -euo pipefail
hybrid=$(realpath "$1") corpus=$(realpath "$2")
source "$(dirname "$0")/../support/in_a_folder.sh"

"$hybrid" --help | grep -q "train" || fail "--help names the commands"
"$hybrid" train --help | grep -q "Example" || fail "train --help has an example"

"$corpus" grammar --words 5000 --out text >/dev/null
"$corpus" tokenizer --text text/train.txt --vocabulary 300 --out tokenizer.json >/dev/null
"$corpus" encode --tokenizer tokenizer.json --text text/train.txt --out train.tokens >/dev/null
settings=(--threads 2 --set shape.width=16 --set shape.heads=2 --set shape.mlp_width=32 --set shape.window=8 --set train.batch=4
  --set train.length=32 --set train.steps=20 --quiet)

"$hybrid" train --data train.tokens --out run --set shape.depth=3 "${settings[@]}"
grep -q 'Pattern<Block' run/config.json || fail "config.json names the composition: $(cat run/config.json)"
grep -q '"window": *8' run/config.json || fail "config.json keeps the window: $(cat run/config.json)"
"$hybrid" summary --model run | grep -q "blocks.2.mixer.key" || fail "the third block is attention: $("$hybrid" summary --model run)"
text=$("$hybrid" generate --model run --prompt "The" --tokens 12 --quiet)
[ -n "$text" ] || fail "the run generates a text"

# A pattern of three blocks does not fit into two.
status=0
"$hybrid" train --data train.tokens --out shallow --set shape.depth=2 "${settings[@]}" 2>log || status=$?
[ "$status" -eq 1 ] || fail "status $status for depth 2"
grep -q "a pattern of 3 blocks does not fit into depth 2" log || fail "both numbers in the message: $(cat log)"
[ "$(wc -l <log)" -eq 1 ] || fail "one line: $(cat log)"

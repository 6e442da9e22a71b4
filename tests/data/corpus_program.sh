#!/bin/sh
# The program `corpus` as its user sees it: results, messages and exit statuses.
#   corpus_program.sh PATH_OF_CORPUS
set -u
corpus=$1
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

# expect STATUS PATTERN COMMAND...: the exit status, and a line of the output (both streams) that matches.
expect() {
  status=$1 pattern=$2
  shift 2
  "$@" >output 2>&1
  found=$?
  if [ "$found" != "$status" ] || ! grep -q -e "$pattern" output; then
    echo "FAILED: $* (status $found, expected $status and '$pattern')"
    cat output
    failures=$((failures + 1))
  fi
}

printf 'The cat sat on the mat.\nThe dog sat on the cat.\n\nAnother document: caf\303\251 caf\303\251.\n' >text.txt
printf 'one\nt\377o\n' >wrong.txt
: >empty.txt
printf '{"text": "The caf\303\251"}\n{"text": ""}\n' >texts.jsonl
printf '{"text": "a"}\n{"txt": "a"}\n' >wrong.jsonl

expect 0 'corpus tokenizer --text' "$corpus" --help
expect 0 'Example:' "$corpus" encode --help
expect 2 'subcommand is required' "$corpus"
expect 2 "unknown command 'tokenise'; did you mean 'tokenizer'" "$corpus" tokenise
expect 2 "unknown option --vocab; did you mean" "$corpus" tokenizer --text text.txt --vocab 300 --out tokenizer.json
expect 2 'expected a whole number from 1 on, found -3' "$corpus" tokenizer --text text.txt --vocabulary -3 --out tokenizer.json
expect 0 '^[0-9][0-9.]*$' "$corpus" --version
expect 2 '[-]-out is required' "$corpus" tokenizer --text text.txt --vocabulary 300
expect 2 '[-]-vocabulary' "$corpus" tokenizer --text text.txt --vocabulary many --out tokenizer.json
expect 2 '[-]-documents' "$corpus" encode --tokenizer t --text text.txt --out x --documents pages

expect 1 'corpus: nowhere.txt: cannot be read' "$corpus" tokenizer --text nowhere.txt --vocabulary 300 --out tokenizer.json
expect 1 'corpus: vocabulary: expected 257' "$corpus" tokenizer --text text.txt --vocabulary 10 --out tokenizer.json
expect 1 'corpus: empty.txt: expected text, found an empty file' "$corpus" tokenizer --text text.txt empty.txt --vocabulary 300 --out tokenizer.json
expect 1 'corpus: wrong.txt: byte 5 (line 2): expected UTF-8' "$corpus" tokenizer --text wrong.txt --vocabulary 300 --out tokenizer.json
expect 1 'corpus: nofolder/x.json: cannot be written' "$corpus" tokenizer --text text.txt --vocabulary 300 --out nofolder/x.json
[ -e tokenizer.json ] && echo 'FAILED: a tokenizer.json was left behind' && failures=$((failures + 1))

expect 0 '^tokenizer.json: 265 tokens (1 special, 256 bytes, 8 merges)' "$corpus" tokenizer --text text.txt --vocabulary 265 --out tokenizer.json --quiet
expect 0 '"vocabulary":2[67]' "$corpus" tokenizer --text text.txt --vocabulary 5000 --out other.json --json --threads 2
expect 0 'smaller than the 5,000 asked for' "$corpus" tokenizer --text text.txt --vocabulary 5000 --out other.json

expect 0 '^text.tokens: .* tokens in 2 documents, from 16 words' "$corpus" encode --tokenizer tokenizer.json --text text.txt --out text.tokens
expect 0 ' tokens in 2 documents, from 16 words' sh -c "cat text.txt | '$corpus' encode --tokenizer tokenizer.json --text - --out piped.tokens"
cmp -s text.tokens piped.tokens || { echo 'FAILED: piped text gives other tokens'; failures=$((failures + 1)); }
expect 1 'standard input: byte 5' sh -c "'$corpus' encode --tokenizer tokenizer.json --text - --out y.tokens <wrong.txt"
expect 0 ' in 3 documents' "$corpus" encode --tokenizer tokenizer.json --text text.txt --out lines.tokens --documents line
expect 0 '"documents":1,' "$corpus" encode --tokenizer tokenizer.json --text wrong.txt --replace-invalid --out x.tokens --json
expect 1 'corpus: wrong.txt: byte 5' "$corpus" encode --tokenizer tokenizer.json --text wrong.txt --out y.tokens
expect 1 "end token '</s>' is not in" "$corpus" encode --tokenizer tokenizer.json --text text.txt --end-token '</s>' --out y.tokens
expect 1 'corpus: text.txt: not a known kind of tokenizer' "$corpus" encode --tokenizer text.txt --text text.txt --out y.tokens
expect 1 '[-]-replace-invalid' "$corpus" encode --tokenizer tokenizer.json --text wrong.txt --out y.tokens
expect 1 'corpus: nope: cannot be read: No such file' "$corpus" encode --tokenizer nope --text text.txt --out y.tokens
[ -e y.tokens ] && echo 'FAILED: a y.tokens was left behind' && failures=$((failures + 1))

expect 0 '"offsets":\[\[0,.*"decoded":"The café"' "$corpus" tokens --tokenizer tokenizer.json --jsonl texts.jsonl
expect 0 '^{"ids":\[\],"offsets":\[\],"decoded":""}$' "$corpus" tokens --tokenizer tokenizer.json --jsonl texts.jsonl
expect 1 "corpus: wrong.jsonl: line 2: expected a member 'text'" "$corpus" tokens --tokenizer tokenizer.json --jsonl wrong.jsonl

expect 0 '^text.tokens: .* tokens in 2 documents, from 16 words' "$corpus" info --data text.tokens
expect 0 "'<|endoftext|>' (0) ends documents" "$corpus" info --data text.tokens --tokenizer tokenizer.json
expect 0 '"documents":2,.*"end_token":"<|endoftext|>"' "$corpus" info --data text.tokens --tokenizer tokenizer.json --json
expect 0 '^The dog sat on the cat.$' "$corpus" decode --data text.tokens --tokenizer tokenizer.json
expect 0 '^{"text":"Another document: café café."}$' "$corpus" decode --data text.tokens --tokenizer tokenizer.json --json
"$corpus" decode --data text.tokens --tokenizer tokenizer.json >decoded.txt
cmp -s decoded.txt text.txt || { echo 'FAILED: decoded text is another'; failures=$((failures + 1)); }
expect 1 'other.json: not the tokenizer that made text.tokens' "$corpus" decode --data text.tokens --tokenizer other.json
expect 1 'text.txt: not a token file' "$corpus" info --data text.txt
expect 0 '^short.json: 259 tokens' "$corpus" tokenizer --text text.txt --vocabulary 300 --longest-token 2 --minimum-frequency 5 --out short.json

# Documents of JSON lines, from wherever they come.
printf '{"id": 1, "body": "The cat sat\\n\\non the mat."}\n{"body": "Another: caf\303\251."}\n' >bodies.jsonl
expect 0 ' in 2 documents, from 8 words' "$corpus" encode --tokenizer tokenizer.json --text bodies.jsonl --field body --out bodies.tokens
expect 0 ' in 2 documents, from 8 words' sh -c "'$corpus' encode --tokenizer tokenizer.json --text - --field body --out piped.tokens <bodies.jsonl"
cmp -s bodies.tokens piped.tokens || { echo 'FAILED: piped lines give other tokens'; failures=$((failures + 1)); }
mkfifo pipe
cat bodies.jsonl >pipe &
expect 0 ' in 2 documents, from 8 words' "$corpus" encode --tokenizer tokenizer.json --text pipe --field body --out piped.tokens
expect 0 '"decoded":"The café"' sh -c "'$corpus' tokens --tokenizer tokenizer.json --jsonl /dev/stdin <texts.jsonl"
expect 1 "bodies.jsonl: line 1: expected a member 'text'" "$corpus" tokenizer --text bodies.jsonl --field text --vocabulary 300 --out y.json
expect 2 'excludes' "$corpus" encode --tokenizer tokenizer.json --text bodies.jsonl --field body --documents line --out y.tokens
expect 0 '^bodies.json: 2' "$corpus" tokenizer --text bodies.jsonl --field body --vocabulary 300 --out bodies.json

# Ctrl-C leaves nothing behind.
head -c 60000000 /dev/zero | tr '\0' 'a' | sed 's/.\{3000\}/&\n/g' >large.txt
"$corpus" encode --tokenizer tokenizer.json --text large.txt --out large.tokens --quiet &
encoder=$!
for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  ls large.tokens.*.partial >/dev/null 2>&1 && break
  sleep 0.1
done
kill -TERM $encoder
wait $encoder
status=$?
[ "$status" = 143 ] || { echo "FAILED: encode ended by a signal has status $status"; failures=$((failures + 1)); }
ls large.tokens* >/dev/null 2>&1 && { echo 'FAILED: a part of large.tokens was left behind'; failures=$((failures + 1)); }

expect 0 'minimal pairs of' "$corpus" grammar --words 2000 --pairs 5 --out made --seed 7
[ -s made/train.txt ] && [ -s made/held_out.txt ] || { echo 'FAILED: no built-in corpus'; failures=$((failures + 1)); }

[ "$failures" = 0 ] && echo "all as expected"
exit "$failures"

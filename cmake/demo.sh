#!/usr/bin/env bash
# From a bare Debian 12 to a comparison of architectures: installs what is needed, builds, makes a corpus, trains HGRN2, an LSTM with
# residuals, xLSTM, Mamba and Llama at equal parameter count for about a minute each, scores them on held-out minimal pairs, draws the
# curves. A million tokens are a minute or less on two cores; a machine that is slower, or busy, trains on fewer.
#
#   bash cmake/demo.sh                      on the built-in corpus
#   bash cmake/demo.sh --text FILE...       on your own text (held out: its last twentieth; no minimal pairs)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

texts=()
if [ "${1:-}" = "--text" ]; then
  shift
  [ $# -gt 0 ] || { echo "usage: bash cmake/demo.sh [--text FILE...]" >&2; exit 2; }
  for file in "$@"; do
    [ -s "$file" ] || { echo "demo: $file: no such file, or empty" >&2; exit 1; }
    texts+=("$(realpath "$file")")
  done
elif [ $# -gt 0 ]; then
  echo "usage: bash cmake/demo.sh [--text FILE...]" >&2
  exit 2
fi

cd "$root"
source cmake/packages.sh
source cmake/hold_out.sh
install_packages
cmake --preset release -DRONDO_TESTS=OFF -DRONDO_BENCH=OFF -B build/demo >/dev/null
cmake --build build/demo -j "$(usable_processors)" --target corpus ablation
bin=$root/build/demo/bin
out=$root/runs/demo
# A comparison goes on where it stopped: each text has a folder of its own.
[ ${#texts[@]} -eq 0 ] || out=$out-$(cat "${texts[@]}" | cksum | cut -d ' ' -f 1)
data=$out/data
mkdir -p "$data"

if [ ${#texts[@]} -eq 0 ]; then
  [ -f "$data/train.txt" ] || "$bin/corpus" grammar --words 1200000 --out "$data"
  pairs=(--pairs "$data/pairs")
  sample="The girl"
else
  cat "${texts[@]}" >"$data/all.txt"
  hold_out "$data/all.txt" "$data/train.txt" "$data/held_out.txt" || { echo "demo: too short a text to hold any of it out" >&2; exit 1; }
  rm "$data/all.txt"
  pairs=()
  sample="The"
fi
"$bin/corpus" tokenizer --text "$data/train.txt" --vocabulary 2048 --out "$data/tokenizer.json"
"$bin/corpus" encode --tokenizer "$data/tokenizer.json" --text "$data/train.txt" --out "$data/train.tokens"
"$bin/corpus" encode --tokenizer "$data/tokenizer.json" --text "$data/held_out.txt" --out "$data/held_out.tokens"

compare() {  # tokens, folder, and what else is asked for
  "$bin/ablation" --data "$data/train.tokens" --set shape.width=128 --set shape.depth=4 --set shape.heads=4 --set shape.mlp_width=384 \
    --set train.tokens="$1" --set train.batch=16 --set train.length=128 --set optimizer.rate=0.003 --out "$2" "${@:3}"
}
# HGRN2 is given 45 seconds, by its speed in ten steps; others take half to twice as long. A comparison that goes on keeps its length.
if [ ! -f "$out/tokens" ]; then
  tokens=1000000
  if [ ! -d "$out/comparison" ]; then
    rm -rf "$out/trial"
    compare 20480 "$out/trial" --only hgrn2 --quiet >/dev/null
    rate=$(sed -n 's/.*"tokens_per_second": *\([0-9]*\).*/\1/p' "$out/trial/hgrn2-0/metrics.jsonl" | sort -n | sed -n 5p)
    rm -r "$out/trial"
    [ $((rate * 45)) -ge "$tokens" ] || tokens=$((rate * 45 / 10000 * 10000))
    [ "$tokens" -ge 50000 ] || tokens=50000
  fi
  echo "$tokens" >"$out/tokens"
fi
tokens=$(cat "$out/tokens")
[ "$tokens" = 1000000 ] || echo "demo: $tokens tokens for each model instead of 1000000, so that each takes about a minute here"
compare "$tokens" "$out/comparison" --only hgrn2,residual-lstm,xlstm,mamba,llama --held-out "$data/held_out.tokens" "${pairs[@]}" --sample "$sample"
echo
echo "curves: $out/comparison/loss.svg$([ ${#texts[@]} -eq 0 ] && echo ", accuracy: $out/comparison/accuracy.svg")"
echo "a run's page: $out/comparison/hgrn2-0/report.html; more text: $bin/ablation --help"

#!/usr/bin/env bash
# From a bare Debian 12 to a comparison of architectures: installs what is needed, builds, makes a corpus, trains HGRN2, an LSTM with
# residuals, xLSTM, Mamba and Llama at equal parameter count for about a minute each on two cores, scores them on held-out minimal
# pairs, draws the curves.
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
install_packages
cmake --preset release -DRONDO_TESTS=OFF -DRONDO_BENCH=OFF -B build/demo >/dev/null
cmake --build build/demo -j "$(nproc)" --target corpus ablation
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
  lines=$(wc -l <"$data/all.txt")
  head -n $((lines - lines / 20)) "$data/all.txt" >"$data/train.txt"
  tail -n $((lines / 20 + 1)) "$data/all.txt" >"$data/held_out.txt"
  rm "$data/all.txt"
  pairs=()
  sample="The"
fi
"$bin/corpus" tokenizer --text "$data/train.txt" --vocabulary 2048 --out "$data/tokenizer.json"
"$bin/corpus" encode --tokenizer "$data/tokenizer.json" --text "$data/train.txt" --out "$data/train.tokens"
"$bin/corpus" encode --tokenizer "$data/tokenizer.json" --text "$data/held_out.txt" --out "$data/held_out.tokens"
"$bin/ablation" --only hgrn2,residual-lstm,xlstm,mamba,llama --data "$data/train.tokens" --held-out "$data/held_out.tokens" "${pairs[@]}" \
  --out "$out/comparison" --sample "$sample" --set shape.width=128 --set shape.depth=4 --set shape.heads=4 \
  --set shape.mlp_width=384 --set train.tokens=1000000 --set train.batch=16 --set train.length=128 --set optimizer.rate=0.003
echo
echo "curves: $out/comparison/loss.svg$([ ${#texts[@]} -eq 0 ] && echo ", accuracy: $out/comparison/accuracy.svg")"
echo "a run's page: $out/comparison/hgrn2-0/report.html; more text: $bin/ablation --help"

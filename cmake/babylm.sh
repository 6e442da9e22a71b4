#!/usr/bin/env bash
# A BabyLM entry from a folder of text and some hours: builds, trains a tokenizer, measures how fast this machine trains HGRN2 of several
# sizes, plans size and epochs (ten at most, as the challenge's rules say), chooses the learning rate by held-out loss, trains, and scores
# the model where evaluation data is given. The same command goes on where it stopped, at any moment.
#
#   bash cmake/babylm.sh --corpus DIR --hours H [--evaluation DIR]... [--glue] [--out DIR] [--threads N] [--programs DIR]
#
# DIR has *.train files, and perhaps *.dev, which are then the held-out text; or else *.txt, whose last twentieth is held out. --evaluation
# is a folder of the challenge's tasks (docs/how_to/benchmark_a_model.md); --glue fine-tunes on GLUE, too, which takes hours more.
# --programs: where hgrn2, ablation and corpus are, instead of building them. The hours are of training, the search for the rate (a tenth)
# included; OUT/plan says what they are divided into, and stays.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/cmake/packages.sh"
source "$root/cmake/hold_out.sh"

usage() {
  echo "babylm: $1" >&2
  echo "usage: bash cmake/babylm.sh --corpus DIR --hours H [--evaluation DIR]... [--glue] [--out DIR] [--threads N] [--programs DIR]" >&2
  exit 2
}
corpus="" hours="" out="" threads=0 programs="" glue=--zero-shot
evaluation=()
while [ $# -gt 0 ]; do
  case "$1" in
    --glue) glue="" && shift && continue ;;
    --corpus|--hours|--evaluation|--out|--threads|--programs) [ $# -gt 1 ] || usage "$1: expected a value" ;;
    *) usage "$1: unknown" ;;
  esac
  case "$1" in
    --corpus) corpus=$(realpath "$2") ;;
    --hours) hours=$2 ;;
    --evaluation) evaluation+=(--data "$(realpath "$2")") ;;
    --out) out=$(realpath -m "$2") ;;
    --threads) threads=$2 ;;
    --programs) programs=$(realpath "$2") ;;
  esac
  shift 2
done
[ -d "$corpus" ] || usage "--corpus: expected a folder of text, found '$corpus'"
awk -v h="$hours" 'BEGIN { exit !(h + 0 > 0) }' || usage "--hours: expected a number above 0, found '$hours'"
out=${out:-$root/runs/babylm}
data=$out/data
mkdir -p "$data"

if [ -z "$programs" ]; then
  cd "$root"
  install_packages
  cmake --preset release -DRONDO_TESTS=OFF -DRONDO_BENCH=OFF -B build/demo >/dev/null
  cmake --build build/demo -j "$(usable_processors)" --target corpus hgrn2 ablation
  programs=$root/build/demo/bin
fi
say() { echo "babylm: $*" >&2; }
number() { sed -n "s/.*\"$1\": *\([0-9.e+-]*\).*/\1/p" | tail -n 1; }  # of a line of JSON

# ---- text, tokenizer, token files
shopt -s nullglob
texts=("$corpus"/*.train) held_out=("$corpus"/*.dev)
if [ ${#texts[@]} -eq 0 ]; then
  texts=("$corpus"/*.txt) held_out=()
  [ ${#texts[@]} -gt 0 ] || { say "$corpus: no *.train and no *.txt there"; exit 1; }
fi
if [ ! -f "$data/held_out.tokens" ]; then
  if [ ${#held_out[@]} -eq 0 ]; then
    cat "${texts[@]}" >"$data/all.txt"
    hold_out "$data/all.txt" "$data/train.txt" "$data/held_out.txt" || { say "$corpus: too short a text to hold any of it out"; exit 1; }
    rm "$data/all.txt"
    texts=("$data/train.txt") held_out=("$data/held_out.txt")
  fi
  vocabulary=8192
  [ "$(cat "${texts[@]}" | wc -c)" -ge 4000000 ] || vocabulary=2048
  "$programs/corpus" tokenizer --text "${texts[@]}" --vocabulary $vocabulary --out "$data/tokenizer.json"
  "$programs/corpus" encode --tokenizer "$data/tokenizer.json" --text "${texts[@]}" --out "$data/train.tokens"
  "$programs/corpus" encode --tokenizer "$data/tokenizer.json" --text "${held_out[@]}" --out "$data/held_out.tokens"
fi

# ---- the plan: the largest of the sizes that gets six epochs, the smallest where none does
train_for() {  # what all runs have in common, of a size "WIDTH DEPTH HEADS MLP"
  local width depth heads mlp
  read -r width depth heads mlp <<<"$1"
  echo --threads "$threads" --set shape.width="$width" --set shape.depth="$depth" --set shape.heads="$heads" --set shape.mlp_width="$mlp" \
    --set shape.dropout=0.1 --set train.batch="$batch" --set train.length="$length" --set train.z_loss=0.0001 \
    --set train.precision="$precision"
}
if [ ! -f "$out/plan" ]; then
  info=$("$programs/corpus" info --data "$data/train.tokens" --json | tail -n 1)
  tokens=$(echo "$info" | number tokens) words=$(echo "$info" | number words) vocabulary=$(echo "$info" | number vocabulary)
  precision=float32 batch=16 length=256
  [ "$words" -ge 100000 ] || batch=4 length=64
  ! grep -qw avx512_bf16 /proc/cpuinfo || precision=bf16
  plan=""
  for size in "128 4 4 384" "192 5 4 512" "256 6 4 768" "320 8 5 896" "384 9 6 1024"; do  # up to 17 million parameters with 8192 tokens
    # shellcheck disable=SC2046
    summary=$("$programs/hgrn2" summary $(train_for "$size") --set shape.vocabulary="$vocabulary" --quiet --json | tail -n 1)
    speed=$(echo "$summary" | number tokens_per_second) parameters=$(echo "$summary" | number parameters)
    [ -n "$speed" ] || break
    epochs=$(awk -v h="$hours" -v s="$speed" -v t="$tokens" \
      'BEGIN { e = 0.9 * h * 3600 * s / t; printf "%.3g", (e > 10 ? 10 : (e < 0.01 ? 0.01 : e)) }')
    say "$size (width, depth, heads, MLP): $parameters parameters, $speed tokens/s, $epochs epochs in $hours hours"
    [ -z "$plan" ] || awk -v e="$epochs" 'BEGIN { exit !(e >= 6) }' || break
    search_tokens=$(awk -v h="$hours" -v s="$speed" 'BEGIN { printf "%d", 0.1 * h * 3600 * s }')
    plan=$(printf 'size="%s"\nparameters=%s\nepochs=%s\nsearch_tokens=%s\nprecision=%s\nwords=%s\nbatch=%s\nlength=%s' \
      "$size" "$parameters" "$epochs" "$search_tokens" "$precision" "$words" $batch $length)
  done
  [ -n "$plan" ] || { say "no size could be tried here"; exit 1; }
  echo "$plan" >"$out/plan.partial"
  mv "$out/plan.partial" "$out/plan"
fi
source "$out/plan"
say "plan: $size, $parameters parameters, $epochs epochs of $words words, a tenth of the hours for the rate ($out/plan)"

# ---- the rate, on held-out loss, where there is time for forty steps; else one that was good for texts of this kind
# shellcheck disable=SC2207
settings=($(train_for "$size") --set train.schedule=trapezoid --set train.floor=0 --set train.cooldown=0.4)
files=(--data "$data/train.tokens" --held-out "$data/held_out.tokens" --tokenizer "$data/tokenizer.json")
if [ "$search_tokens" -ge $((40 * batch * length)) ]; then
  "$programs/ablation" --only hgrn2 "${files[@]}" --out "$out/search" "${settings[@]}" --set train.warmup=20 \
    --search optimizer.rate=0.001,0.002,0.004,0.008 --search-tokens "$search_tokens"
  settings=(--threads "$threads" --config "$out/search/best.json" --set train.warmup=-1)
else
  say "too little time to search for a rate: 0.002"
  settings+=(--set optimizer.rate=0.002)
fi

# ---- the run
"$programs/hgrn2" train "${files[@]}" "${settings[@]}" --out "$out/run" --set train.epochs="$epochs" --set train.checkpoint_babylm=true

# ---- what it has come to
model=$out/run
best=("$out"/run/checkpoints/step-*-best)
[ ${#best[@]} -eq 0 ] || model=${best[-1]}
say "the model of the lowest held-out loss: $model"
if [ ${#evaluation[@]} -gt 0 ]; then
  "$programs/hgrn2" benchmark --model "$model" --suite babylm2025 "${evaluation[@]}" --threads "$threads" $glue --out "$out/results"
  say "predictions for the leaderboard: $out/results/predictions.json; pages: $out/run/report.html, $out/results/report.html"
else
  "$programs/hgrn2" evaluate --model "$model" --data "$data/held_out.tokens" --threads "$threads"
  say "a page: $out/run/report.html; --evaluation DIR scores the model"
fi

#!/usr/bin/env bash
# What a machine with a GPU has to show of rondo's Cuda back-end. No network, no compiler, no root.
#
#   bash run.sh [tests|bench|all] [--backend cuda|emulated] [--seed N]
#
# tests    each operation and recurrence beside the emulator and Reference on numbers drawn anew; 20 steps of each architecture beside the
#          Cpu; compute-sanitizer over the first, where it is installed
# bench    time of training steps: sizes S, M and the paper's 360M
# A table last; report.jsonl beside this script. What has passed is not done again: remove the report to begin anew.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
what=all backend=cuda seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
while [ $# -gt 0 ]; do
  case "$1" in
    tests|bench|all) what=$1 ;;
    --backend) backend=${2:?}; shift ;;
    --seed) seed=${2:?}; shift ;;
    *) echo "usage: bash run.sh [tests|bench|all] [--backend cuda|emulated] [--seed N]" >&2; exit 2 ;;
  esac
  shift
done
case "$backend" in
  cuda) checks=$here/bin/cuda_checks half=cuda whole=cuda-float32 ;;
  emulated) checks=$here/bin/emulated_checks half=emulated-bf16 whole=emulated ;;
  *) echo "run.sh: there is no back-end $backend" >&2; exit 2 ;;
esac
report=$here/report.jsonl table=() failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# cuBLASLt where Python's packages keep it.
if [ "$backend" = cuda ]; then
  for folder in $(python3 -c 'import sys; print("\n".join(sys.path))' 2>/dev/null) /usr/lib/python3/dist-packages; do
    for library in "$folder"/nvidia/cu13/lib "$folder"/nvidia/cublas/lib; do
      [ -e "$library/libcublasLt.so.13" ] && export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$library
    done
  done
  command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
fi

# note NAME STATUS TEXT [JSON]: a row of the table, a line of the report; the first failure is said at once.
note() {
  table+=("$(printf '%-44s %-8s %s' "$1" "$2" "$3")")
  printf '{"part": "%s", "backend": "%s", "status": "%s", "text": "%s"%s}\n' "$1" "$backend" "$2" "${3//\"/\'}" "${4:+, $4}" >>"$report"
  if [ "$2" = failed ]; then
    [ "$failed" = 0 ] && echo "failed first: $1: $3"
    failed=1
  fi
}
done_before() { grep -qF "{\"part\": \"$1\", \"backend\": \"$backend\", \"status\": \"ok\"" "$report" 2>/dev/null; }
losses() { sed -n 's/.*"loss":\([0-9.eE+-]*\).*/\1/p' "$1/metrics.jsonl"; }

train() {  # PROGRAM MODEL BACKEND OUT SETTINGS...
  local program=$1 model=$2 on=$3 out=$4
  shift 4
  "$here/bin/$program" train ${model:+--model "$model"} --backend "$on" --data "$work/train.tokens" --out "$out" --quiet --seed "$seed" \
    --set train.steps=20 --set train.batch=4 --set train.length=96 --set train.warmup=4 "$@" >"$out.log" 2>&1
}
# The largest relative difference of the losses of two runs.
difference() { paste <(losses "$1") <(losses "$2") | awk '{ d = ($1 - $2) / $2; d = d < 0 ? -d : d; if (!(d <= worst)) worst = d } END { print NR == 20 ? worst + 0 : "missing" }'; }

tests() {
  if done_before checks; then
    table+=("checks: passed before")
  elif "$checks" --seed "$seed" --report "$here/checks.jsonl" >"$work/checks" 2> >(tee "$work/progress" >&2); then
    note checks ok "$(tail -n 1 "$work/checks")"
  else
    cat "$work/checks"
    note checks failed "$( (grep FAILED "$work/checks" || tail -n 1 "$work/progress") | head -n 1)"
  fi

  "$here/bin/corpus" tokenizer --text "$here"/data/corpus/train.txt --vocabulary 500 --out "$work/tokenizer.json" --quiet >"$work/corpus" 2>&1 &&
    "$here/bin/corpus" encode --tokenizer "$work/tokenizer.json" --text "$here"/data/corpus/train.txt --out "$work/train.tokens" --quiet \
      >>"$work/corpus" 2>&1 || { note corpus failed "$(tail -n 1 "$work/corpus")"; return; }
  local row name program shape settings
  for row in "hgrn2:hgrn2:64:2" "llama:llama:64:2" "lstm:lstm:48:1" "mamba:mamba:48:1"; do
    IFS=: read -r name program shape settings <<<"$row"
    done_before "20 steps of $name" && { table+=("20 steps of $name: passed before"); continue; }
    printf '\r\033[K20 steps of %s' "$name" >&2
    local set=(--set "shape.width=$shape" --set shape.depth=2 --set "shape.heads=$settings")
    if ! train "$program" "" cpu "$work/$name.cpu" "${set[@]}"; then
      note "20 steps of $name" failed "cpu: $(tail -n 1 "$work/$name.cpu.log")"
    elif ! train "$program" "" "$whole" "$work/$name.whole" "${set[@]}"; then
      note "20 steps of $name" failed "$whole: $(tail -n 1 "$work/$name.whole.log")"
    elif ! train "$program" "" "$half" "$work/$name.half" "${set[@]}"; then
      note "20 steps of $name" failed "$half: $(tail -n 1 "$work/$name.half.log")"
    else
      local exact rounded
      exact=$(difference "$work/$name.whole" "$work/$name.cpu")
      rounded=$(difference "$work/$name.half" "$work/$name.cpu")
      if awk "BEGIN { exit !(\"$exact\" != \"missing\" && \"$rounded\" != \"missing\" && $exact <= 1e-3 && $rounded <= 1e-2) }" 2>/dev/null; then
        note "20 steps of $name" ok "losses beside the Cpu: float32 $exact, bf16 $rounded"
      else
        note "20 steps of $name" failed "losses beside the Cpu: float32 $exact (at most 1e-3), bf16 $rounded (at most 1e-2)"
      fi
    fi
  done
  printf '\r\033[K' >&2

  if [ "$backend" = cuda ] && command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck; do
      done_before "$tool" && continue
      if timeout 120 compute-sanitizer --tool "$tool" --error-exitcode 9 "$checks" --seed "$seed" --only Mixer >"$work/$tool" 2>&1; then
        note "$tool" ok "$(grep -a SUMMARY "$work/$tool" | tail -n 1)"
      else
        note "$tool" failed "$(grep -aE 'Invalid|hazard|SUMMARY|ERROR' "$work/$tool" | head -n 1)"
      fi
    done
  fi
}

bench() {
  local row name program settings line
  local sizes=("HGRN2 S 8 x 256:hgrn2:shape.width=256 shape.depth=4 shape.heads=2 shape.vocabulary=8192:8:256"
    "HGRN2 M 8 x 512:hgrn2:shape.width=512 shape.depth=8 shape.heads=4 shape.vocabulary=16000:8:512"
    "HGRN2 360M 64 x 512:hgrn2:shape.width=1024 shape.depth=26 shape.heads=8 shape.mlp_width=2816 shape.vocabulary=32000:64:512"
    "Llama 360M 64 x 512:llama:shape.width=1024 shape.depth=24 shape.heads=16 shape.mlp_width=2816 shape.vocabulary=32000:64:512"
    "Mamba 370M 64 x 512:mamba:shape.width=1024 shape.depth=48 shape.vocabulary=32000:64:512")
  [ "$backend" = cuda ] || sizes=("HGRN2, tiny:hgrn2:shape.width=16 shape.depth=1 shape.heads=1 shape.vocabulary=50:1:16")
  for row in "${sizes[@]}"; do
    local batch length
    IFS=: read -r name program settings batch length <<<"$row"
    done_before "$name" && continue
    printf '\r\033[K%s' "$name" >&2
    local set=()
    for line in $settings; do set+=(--set "$line"); done
    if timeout 180 "$here/bin/$program" summary --backend "$half" --batch "$batch" --length "$length" --json "${set[@]}" >"$work/summary" 2>&1; then
      line=$(grep -o '"tokens_per_second":[0-9.eE+-]*' "$work/summary" | head -n 1 | cut -d: -f2)
      note "$name" ok "${line:-no} tokens/s" "\"tokens_per_second\": ${line:-0}"
    else
      note "$name" failed "$(tail -n 1 "$work/summary")"
    fi
  done
  printf '\r\033[K' >&2
}

[ "$what" = bench ] || tests
[ "$what" = tests ] || bench
echo
printf '%s\n' "${table[@]}"
exit "$failed"

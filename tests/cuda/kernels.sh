#!/usr/bin/env bash
# Compiles a family of kernels for an architecture and looks at what ptxas says: bash kernels.sh NVCC INCLUDE SOURCE ELEMENT ARCHITECTURE PROMISES
# No spill and no stack anywhere, and at most the registers that the file of promises names for a kernel, which has to name it. Where cuobjdump
# is at hand, products are HMMA and their operands come by LDSM. Exit status 77 where there is no nvcc, or one before 13.
set -euo pipefail
nvcc=$1 include=$2 source=$3 element=$4 architecture=$5 promises=$6

if [ ! -x "$nvcc" ]; then
  echo "skipped: nvcc is neither in PATH nor in CUDA_HOME nor in /usr/local/cuda"
  exit 77
fi
version=$("$nvcc" --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')
if [ "${version:-0}" -lt 13 ]; then
  echo "skipped: $nvcc is of release ${version:-unknown}, and C++20 is asked of 13 and later"
  exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! "$nvcc" -std=c++20 -O3 -arch="$architecture" -I "$include" --expt-relaxed-constexpr -DRONDO_COMPILED_CUDA=1 \
  -DRONDO_CUDA_ELEMENT="$element" -Werror all-warnings -Xcompiler -Wall,-Wextra,-Wno-unknown-pragmas -Xptxas -v -c "$source" \
  -o "$work/kernels.o" >"$work/log" 2>&1; then
  cat "$work/log"
  exit 1
fi
# Name, registers and the whole line of each kernel.
c++filt <"$work/log" | grep -E "Compiling entry function|spill|Used" | paste - - - |
  sed -nE "s/.*run_(kernel|each)<rondo::(kernel::)?([A-Za-z]+).*/\3\t&/p" |
  sed -E 's/^([A-Za-z]+)\t(.*Used ([0-9]+) registers.*)$/\1\t\3\t\2/' >"$work/kernels"
[ -s "$work/kernels" ] || { echo "no kernel in $source"; exit 1; }
failed=0
while IFS=$'\t' read -r kernel used line; do
  promised=$(sed -nE "s/^$kernel ([0-9]+)$/\1/p" "$promises")
  if [ -z "$promised" ]; then
    echo "$kernel: $promises names no number of registers; it uses $used"
    failed=1
  elif [ "$used" -gt "$promised" ]; then
    echo "$kernel: $used registers, and $promised are promised: $line"
    failed=1
  fi
  grep -qF "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads" <<<"$line" || { echo "$kernel: spills or a stack: $line"; failed=1; }
done <"$work/kernels"
sort -t $'\t' -k1,1 -k2,2nr "$work/kernels" | awk -F '\t' -v a="$architecture" '$1 != last { print a, $1 ": at most", $2, "registers"; last = $1 }'

if grep -qE '^[A-Za-z]*(Walk|Attention)' "$work/kernels" && ! grep -q SelectiveScan "$work/kernels"; then
  cuobjdump=$(command -v cuobjdump || true)
  [ -n "$cuobjdump" ] || cuobjdump=$(dirname "$nvcc")/cuobjdump
  if [ -x "$cuobjdump" ]; then
    "$cuobjdump" --dump-sass "$work/kernels.o" >"$work/sass"
    for instruction in HMMA LDSM; do
      grep -q "$instruction" "$work/sass" || { echo "$source: no $instruction in its code"; failed=1; }
    done
  fi
fi
exit "$failed"

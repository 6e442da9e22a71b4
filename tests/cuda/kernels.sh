#!/usr/bin/env bash
# Compiles kernels.cu for an architecture and looks at what ptxas says of each: bash kernels.sh NVCC INCLUDE SOURCE ARCHITECTURE
# No spill, no stack, and at most the registers that the line of the kernel says. Exit status 77 where there is no nvcc, or one before 13.
set -euo pipefail
nvcc=$1 include=$2 source=$3 architecture=$4

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
if ! "$nvcc" -std=c++20 -O3 -arch="$architecture" -I "$include" --expt-relaxed-constexpr -Xptxas -v -c "$source" -o "$work/kernels.o" \
  >"$work/log" 2>&1; then
  cat "$work/log"
  exit 1
fi
c++filt <"$work/log" | grep -E "Compiling entry function|spill|Used" | paste - - - >"$work/kernels"
failed=0 found=0
while read -r kernel promised; do
  found=$((found + 1))
  line=$(grep -F "run_kernel<rondo::kernel::$kernel<" "$work/kernels" | head -n 1)
  used=$(sed -n 's/.*Used \([0-9]*\) registers.*/\1/p' <<<"$line")
  if [ -z "$used" ]; then
    echo "$kernel: ptxas says nothing of it"
    failed=1
    continue
  fi
  echo "$architecture $kernel: $used registers of $promised"
  [ "$used" -le "$promised" ] || { echo "$kernel: more registers than promised"; failed=1; }
  grep -qF "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads" <<<"$line" || { echo "$kernel: spills or a stack: $line"; failed=1; }
done < <(sed -n 's/^template void launch(kernel::\([A-Za-z]*\)<.*registers: \([0-9]*\)$/\1 \2/p' "$source")
[ "$found" -gt 0 ] || { echo "no kernel in $source"; exit 1; }
exit "$failed"

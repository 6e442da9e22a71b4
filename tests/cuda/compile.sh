#!/usr/bin/env bash
# Compiles a CUDA unit with warnings as errors and runs it: bash compile.sh COMMAND NVCC CXX FOLDERS FLAGS SOURCE
#   COMMAND compile | run    FOLDERS joined by colons    FLAGS of the host compiler, joined by commas
# Exit status 77 where there is no nvcc, or one before 13.
set -euo pipefail
command=$1 nvcc=$2 cxx=$3 folders=$4 flags=$5 source=$6

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
# Eigen marks its functions for devices when nvcc reads it; rondo calls it on the host alone.
options=(-std=c++20 --expt-relaxed-constexpr -O0 -arch=sm_90 -ccbin "$cxx" -Werror all-warnings -DEIGEN_NO_CUDA -Xcompiler "$flags")
IFS=:
for folder in $folders; do options+=(-isystem "$folder"); done
unset IFS
"$nvcc" "${options[@]}" -c "$source" -o "$work/unit.o"
[ "$command" = run ] || exit 0
libraries=()
[[ $flags != *openmp* ]] || libraries+=(-fopenmp)
"$cxx" "$work/unit.o" "${libraries[@]}" -o "$work/unit" -L"$(dirname "$nvcc")/../lib64" -lcudart_static -ldl -lrt -lpthread
"$work/unit"

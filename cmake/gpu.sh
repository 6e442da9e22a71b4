#!/usr/bin/env bash
# Makes build/gpu/, a folder for a machine with a GPU: checks, programs and kernels for sm_80 and sm_90a, and PTX for what comes later. Wants
# nvcc 13 here and no GPU; there a driver, cuBLASLt 13 and a system library no older than this machine's.
#
#   bash cmake/gpu.sh build                       here
#   bash build/gpu/run.sh [tests|bench|all]       there; with --backend emulated anywhere (cmake/gpu_run.sh)
set -euo pipefail
cd "$(dirname "$0")/.."
source cmake/packages.sh

[ "${1:-}" = build ] || { echo "usage: bash cmake/gpu.sh build" >&2; exit 2; }
programs="hgrn2 llama lstm mamba"
tree=build/gpu_build out=build/gpu
# What every x86-64 processor of the last ten years has, and no libraries that one would have to install there.
cmake -S . -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=Release -DRONDO_CUDA=ON -DRONDO_EMULATED=ON -DRONDO_NATIVE=OFF -DRONDO_ONEDNN=OFF \
  -DRONDO_MPI=OFF -DRONDO_BENCH=OFF -DCMAKE_CXX_FLAGS=-march=x86-64-v3 -DCMAKE_BUILD_RPATH='$ORIGIN/../lib' ${RONDO_GPU_CMAKE:-}
# shellcheck disable=SC2086
cmake --build "$tree" -j "${RONDO_GPU_JOBS:-$(usable_processors)}" --target cuda_checks emulated_checks corpus $programs

rm -rf "$out"
mkdir -p "$out/bin" "$out/lib" "$out/data"
for name in cuda_checks emulated_checks corpus $programs; do
  install -s "$(find "$tree" -type f -name "$name" -perm -u+x | head -n 1)" "$out/bin/$name"
done
for name in "$out"/bin/*; do ldd "$name"; done | awk '$3 ~ /^\// { print $3 }' | sort -u |
  grep -Ev '/(libc|libm|libpthread|libdl|librt|libgcc_s|ld-linux[^/]*)\.so' | xargs -r -I{} cp -Lu {} "$out/lib/"
"$out/bin/corpus" grammar --words 60000 --out "$out/data/corpus" --quiet
cp cmake/gpu_run.sh "$out/run.sh"
size=$(du -sm "$out" | cut -f 1)
echo "$out: $size MB"
[ "$size" -le 60 ] || { echo "that is more than 60 MB" >&2; exit 1; }

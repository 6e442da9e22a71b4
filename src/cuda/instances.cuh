// Instances of launches for rondo's own compositions, a unit for a family of kernels, compiled for each type that activations are stored in
// (RONDO_CUDA_ELEMENT). What is missing here a linker names.
#pragma once

#include <rondo/backend/cuda/launches.cuh>
#include <rondo/backend/kernel/standard_kernels.hpp>
#include <rondo/core/half.hpp>

#define RONDO_LAUNCH(...) template void compiled_by_nvcc::launch<__VA_ARGS__::threads>(cuda::Queue&, Index, const __VA_ARGS__&);
#define RONDO_LAUNCH_TOGETHER(...) \
  template void compiled_by_nvcc::launch_together<__VA_ARGS__::threads>(cuda::Queue&, Index, const __VA_ARGS__&);
#define RONDO_EACH(...) template void compiled_by_nvcc::each(cuda::Queue&, Index, const __VA_ARGS__&);

namespace rondo::kernel {

using E = RONDO_CUDA_ELEMENT;

}  // namespace rondo::kernel

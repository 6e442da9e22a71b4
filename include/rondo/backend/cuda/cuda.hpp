// The Cuda back-end: the kernels and the host text of rondo/backend/kernel on an NVIDIA device.
//
//   Cuda = CudaOf<bf16>    stores activations and multiplies in 16 bits, everything else is float32
//   CudaOf<float>          float32 throughout: products of three bf16 parts of each number in kernels, of float32 in cuBLASLt
//
// Programs compile with g++ and link rondo::compiled_cuda (cmake/cuda.cmake), which holds the kernels of rondo's own compositions; units
// that nvcc compiles bring theirs along. No line of it has run on a device yet (docs/results/cuda.md).
#pragma once

#include <rondo/backend/cuda/device.hpp>
#include <rondo/backend/kernel/attention_gradient.hpp>
#include <rondo/backend/kernel/cell_gradient.hpp>
#include <rondo/backend/kernel/diagonal.hpp>
#include <rondo/backend/kernel/matrix_memory.hpp>
#include <rondo/backend/kernel/outer_product_gradient.hpp>
#include <rondo/backend/kernel/scalar_outer_product_gradient.hpp>
#include <rondo/backend/kernel/selective_scan.hpp>

#if defined(__CUDACC__)
#include <rondo/backend/cuda/launches.cuh>
#endif

namespace rondo {

template <class Element>
struct CudaOf {
  using Scalar = Element;
  using Memory = CudaDevice::Memory;
  using Context = KernelContext<CudaDevice, Element>;
};
using Cuda = CudaOf<bf16>;

}  // namespace rondo

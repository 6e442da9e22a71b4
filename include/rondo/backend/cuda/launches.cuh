// Launches, where nvcc compiles them (runtime.hpp declares them). Everything is asked of the queue's stream; teams are blocks.
//
// Flat loops are a grid of their own, a thread an element: CUB's DeviceFor does the same, and costs every unit five seconds to read.
#pragma once

#include <rondo/backend/cuda/queue.cuh>
#include <rondo/backend/cuda/team.cuh>

namespace rondo::compiled_by_nvcc {

template <class F>
__global__ void __launch_bounds__(256) run_each(Index count, const __grid_constant__ F f) {
  const Index i = static_cast<Index>(blockIdx.x) * 256 + threadIdx.x;
  if (i < count) f(i);
}

template <class F>
void each(cuda::Queue& queue, Index count, const F& f) {
  static_assert(sizeof(F) <= 4000, "rondo: what a loop is over fits into a kernel's parameters");
  run_each<<<static_cast<unsigned>((count + 255) / 256), 256, 0, queue.stream>>>(count, f);
  cuda::check(cudaGetLastError(), "a loop");
}

// More shared memory than 48 KB has to be allowed for each kernel.
template <int threads, class Kernel>
std::size_t allowed_shared_bytes() {
  constexpr std::size_t bytes = std::is_empty_v<kernel::MemoryOf<Kernel, CudaTeam<threads>>> ? 0 : shared_bytes<Kernel, threads>;
  static const cudaError_t status =
      cudaFuncSetAttribute(run_kernel<Kernel, threads>, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
  if (status == cudaErrorInvalidValue)
    throw error("cuda: a kernel wants ", bytes, " bytes of shared memory, and this device's blocks have less: use narrower heads");
  cuda::check(status, "shared memory of a kernel");
  return bytes;
}
// Beside a kernel's own, its sums have some.
template <int threads, class Kernel>
inline constexpr bool fits_shared_memory = shared_bytes<Kernel, threads> + 1024 <= kernel::most_shared_bytes;

template <int threads, class Kernel>
void launch([[maybe_unused]] cuda::Queue& queue, [[maybe_unused]] Index teams, [[maybe_unused]] const Kernel& kernel) {
  static_assert(sizeof(Kernel) <= 4000, "rondo: a kernel's views fit into its parameters");
  if constexpr (!fits_shared_memory<threads, Kernel>) {
    throw error("cuda: a kernel wants ", shared_bytes<Kernel, threads>, " bytes of shared memory, and a block has at most ",
                kernel::most_shared_bytes, ": use bf16, or narrower heads");
  } else {
    const std::size_t bytes = allowed_shared_bytes<threads, Kernel>();
    run_kernel<Kernel, threads><<<static_cast<unsigned>(teams), threads, bytes, queue.stream>>>(kernel);
    cuda::check(cudaGetLastError(), "a kernel");
  }
}

// All teams at once, or Error.
template <int threads, class Kernel>
void launch_together([[maybe_unused]] cuda::Queue& queue, [[maybe_unused]] Index teams, const Kernel& kernel) {
  if constexpr (!fits_shared_memory<threads, Kernel>) {
    launch<threads>(queue, teams, kernel);  // which says why not
  } else {
    const std::size_t bytes = allowed_shared_bytes<threads, Kernel>();
    Kernel copy = kernel;
    void* arguments[] = {&copy};
    cuda::check(cudaLaunchCooperativeKernel(run_kernel<Kernel, threads>, dim3(static_cast<unsigned>(teams)), dim3(threads), arguments,
                                            bytes, queue.stream),
                "a kernel whose teams wait for each other");
  }
}

}  // namespace rondo::compiled_by_nvcc

#if !defined(RONDO_COMPILED_CUDA)
#include <rondo/backend/cuda/product.cuh>
#include <rondo/backend/cuda/reduce.cuh>
#include <rondo/backend/cuda/runtime.cuh>
#endif

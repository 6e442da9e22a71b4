// Sums and sorts by CUB, in double and in a fixed order: the same bits from run to run on one device.
#pragma once

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <rondo/backend/cuda/queue.cuh>

namespace rondo::compiled_by_nvcc {

template <class F>
void sum(cuda::Queue& queue, Index count, const F& f, double* to) {
  const auto numbers = thrust::make_transform_iterator(thrust::counting_iterator<Index>(0), f);
  std::size_t bytes = 0;
  cuda::check(cub::DeviceReduce::Sum(nullptr, bytes, numbers, to, count, queue.stream), "a sum");
  void* const scratch = queue.scratch.of(bytes);
  cuda::check(cub::DeviceReduce::Sum(scratch, bytes, numbers, to, count, queue.stream), "a sum");
}

static __global__ void number_places(View<Token> places) {
  const Index i = static_cast<Index>(blockIdx.x) * 256 + threadIdx.x;
  if (i < places.columns) places(0, i) = static_cast<Token>(i);
}

}  // namespace rondo::compiled_by_nvcc

namespace rondo::cuda {

RONDO_CUDA_ONCE void sort(Queue& queue, Tokens keys, View<Token> places) {
  const auto count = static_cast<std::int64_t>(keys.columns);
  if (count == 0) return;
  Token* const none = nullptr;
  std::size_t bytes = 0;
  check(cub::DeviceRadixSort::SortPairs(nullptr, bytes, keys.data, none, places.data, none, count, 0, 32, queue.stream), "a sort");
  // The library's scratch, sorted keys, places before.
  const std::size_t row = (static_cast<std::size_t>(count) * sizeof(Token) + 255) / 256 * 256;
  auto* const scratch = static_cast<std::byte*>(queue.scratch.of(2 * row + bytes));
  auto* const sorted = reinterpret_cast<Token*>(scratch);
  const View<Token> before{reinterpret_cast<Token*>(scratch + row), 1, keys.columns};
  compiled_by_nvcc::number_places<<<static_cast<unsigned>((count + 255) / 256), 256, 0, queue.stream>>>(before);
  check(cudaGetLastError(), "a sort");
  check(cub::DeviceRadixSort::SortPairs(scratch + 2 * row, bytes, keys.data, sorted, before.data, places.data, count, 0, 32, queue.stream),
        "a sort");
}

}  // namespace rondo::cuda

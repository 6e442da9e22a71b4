// What a Queue (runtime.hpp) is, for units that nvcc compiles; check(status, what) turns CUDA's errors into Error.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <rondo/backend/cuda/runtime.hpp>
#include <rondo/core/error.hpp>

namespace rondo::cuda {

// What to do about an error.
inline const char* advice(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation:
      return ": train on fewer rows or shorter ones at once, accumulate more batches, or recompute blocks; the last checkpoint stands";
    case cudaErrorNoKernelImageForDevice: return ": rondo::compiled_cuda holds no kernels for this device; see CMAKE_CUDA_ARCHITECTURES";
    case cudaErrorInsufficientDriver: return ": the driver is older than the CUDA that rondo was compiled with; update it";
    case cudaErrorCooperativeLaunchTooLarge: return ": the device has too few multiprocessors for the width of this cell";
    default: return "";
  }
}
inline void check(cudaError_t status, std::string_view what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // else the next call would report it again; a lost device stays lost
  throw error("cuda: ", what, ": ", cudaGetErrorString(status), advice(status));
}

// Device memory that grows, and is not freed before the queue: for scratch whose size its first uses settle.
class Growing {
 public:
  Growing() = default;
  Growing(const Growing&) = delete;
  Growing& operator=(const Growing&) = delete;
  ~Growing() { release(memory_); }
  // Good until the next call; what the device still does with the former memory is waited for.
  void* of(std::size_t bytes) {
    if (bytes > size_) {
      release(memory_);
      memory_ = nullptr;
      memory_ = allocate(bytes);
      size_ = bytes;
    }
    return memory_;
  }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

// Uploads go through two halves of pinned memory by turns; a half is written again when the copies from it are done.
class Staging {
 public:
  static constexpr std::size_t half = std::size_t{8} << 20;
  Staging() {
    check(cudaHostAlloc(reinterpret_cast<void**>(&memory_), 2 * half, cudaHostAllocDefault), "pinned memory for uploads");
    for (cudaEvent_t& event : left_) check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "an event");
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    for (cudaEvent_t event : left_) cudaEventDestroy(event);
    cudaFreeHost(memory_);
  }
  // Pinned memory of up to `half` bytes, to be filled and copied from on this stream.
  std::byte* take(cudaStream_t stream, std::size_t bytes) {
    bytes = (bytes + 255) / 256 * 256;
    if (used_ + bytes > half) {
      check(cudaEventRecord(left_[now_], stream), "an upload");
      now_ = 1 - now_;
      used_ = 0;
      check(cudaEventSynchronize(left_[now_]), "an upload");  // nothing was recorded before the first turn: done at once
    }
    std::byte* const result = memory_ + now_ * half + used_;
    used_ += bytes;
    return result;
  }

 private:
  std::byte* memory_ = nullptr;
  std::array<cudaEvent_t, 2> left_{};
  std::size_t now_ = 0, used_ = 0;
};

struct Queue {
  cudaStream_t stream = nullptr;
  cudaEvent_t started = nullptr, stopped = nullptr;
  Growing scratch;
  Growing workspace;  // of products
  Staging staging;
  void* products = nullptr;  // Products (product.cuh), from the first on
};

}  // namespace rondo::cuda

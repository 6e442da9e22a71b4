// The plain functions of runtime.hpp, by CUDA's runtime.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include <rondo/backend/cuda/queue.cuh>

namespace rondo::cuda {

void close_products(void* products) noexcept;  // product.cuh

RONDO_CUDA_ONCE const char* missing() {
  static const std::array<char, 400> line = [] {
    std::array<char, 400> text{};
    int devices = 0, driver = 0, major = 0, minor = 0;
    const cudaError_t status = cudaGetDeviceCount(&devices);
    cudaGetLastError();
    if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0)
      std::snprintf(text.data(), text.size(), "no NVIDIA driver is installed (libcuda.so.1 was not found)");
    else if (status == cudaErrorInsufficientDriver)
      std::snprintf(text.data(), text.size(), "the NVIDIA driver is for CUDA %d.%d and older; rondo was compiled with %d.%d: update it",
                    driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    else if (status != cudaSuccess)
      std::snprintf(text.data(), text.size(), "the NVIDIA driver finds no device: %s", cudaGetErrorString(status));
    else if (devices == 0)
      std::snprintf(text.data(), text.size(), "the NVIDIA driver finds no device");
    else if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) == cudaSuccess &&
             cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0) == cudaSuccess && major < 8)
      std::snprintf(text.data(), text.size(), "the device has compute capability %d.%d, and kernels are for 8.0 and later", major, minor);
    return text;
  }();
  return line.data();
}

RONDO_CUDA_ONCE Queue* open_queue() {
  require(*missing() == '\0', "cuda: ", missing());
  auto queue = std::make_unique<Queue>();
  check(cudaStreamCreateWithFlags(&queue->stream, cudaStreamNonBlocking), "a stream");
  check(cudaEventCreate(&queue->started), "an event");
  check(cudaEventCreate(&queue->stopped), "an event");
  return queue.release();
}
RONDO_CUDA_ONCE void close(Queue* queue) noexcept {
  if (!queue) return;
  cudaStreamSynchronize(queue->stream);
  close_products(queue->products);
  cudaEventDestroy(queue->started);
  cudaEventDestroy(queue->stopped);
  cudaStreamDestroy(queue->stream);
  delete queue;
}
RONDO_CUDA_ONCE void wait(Queue& queue) { check(cudaStreamSynchronize(queue.stream), "the device's work"); }

RONDO_CUDA_ONCE Facts facts() {
  require(*missing() == '\0', "cuda: ", missing());
  Facts result{};
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "the device's properties");
  std::snprintf(result.name, sizeof result.name, "%s", properties.name);
  result.multiprocessors = properties.multiProcessorCount;
  result.major = properties.major;
  result.minor = properties.minor;
  check(cudaMemGetInfo(&result.left, &result.memory), "the device's memory");
  return result;
}

RONDO_CUDA_ONCE void* allocate(std::size_t bytes) {
  require(*missing() == '\0', "cuda: ", missing());
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    const Facts now = facts();
    throw error("cuda: out of memory: ", bytes >> 20, " MiB are wanted, and ", now.left >> 20, " of ", now.memory >> 20, " MiB are left",
                advice(status));
  }
  check(status, "memory");
  check(cudaMemset(memory, 0xff, bytes), "memory");
  check(cudaStreamSynchronize(cudaStreamLegacy), "memory");  // queues do not wait for that stream
  return memory;
}
RONDO_CUDA_ONCE void release(void* memory) noexcept {
  if (!memory) return;
  cudaDeviceSynchronize();  // what was asked for may still use it; after main() there may be no device
  cudaFree(memory);
}

RONDO_CUDA_ONCE void write(Queue& queue, void* to, const void* from, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t now = std::min(bytes - done, Staging::half / 2);
    std::byte* const pinned = queue.staging.take(queue.stream, now);
    std::memcpy(pinned, static_cast<const std::byte*>(from) + done, now);
    check(cudaMemcpyAsync(static_cast<std::byte*>(to) + done, pinned, now, cudaMemcpyHostToDevice, queue.stream), "an upload");
    done += now;
  }
}
RONDO_CUDA_ONCE void read(Queue& queue, void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, queue.stream), "a download");
  wait(queue);
}

RONDO_CUDA_ONCE void start_watch(Queue& queue) { check(cudaEventRecord(queue.started, queue.stream), "a watch"); }
RONDO_CUDA_ONCE double stop_watch(Queue& queue) {
  float milliseconds = 0;
  check(cudaEventRecord(queue.stopped, queue.stream), "a watch");
  check(cudaEventSynchronize(queue.stopped), "a watch");
  check(cudaEventElapsedTime(&milliseconds, queue.started, queue.stopped), "a watch");
  return static_cast<double>(milliseconds);
}

}  // namespace rondo::cuda

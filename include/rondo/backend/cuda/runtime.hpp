// What the Cuda back-end asks of CUDA, as plain functions: this header names nothing of CUDA's, and g++ compiles what includes it. nvcc has
// to have compiled the definitions: in rondo::compiled_cuda, or in the unit itself where nvcc reads it (runtime.cuh, launches.cuh).
//
// A Queue is a device's work in the order in which it was asked for, with the memory that this order makes safe to use again: pinned pages
// that uploads go through, scratch of sums and sorts, the workspace of products. Nothing waits but read() and wait(). Two queues share
// nothing. Everything throws Error where CUDA fails, and says what to do next; release() and close() say nothing.
#pragma once

#include <cstddef>

#include <rondo/backend/kernel/product.hpp>
#include <rondo/core/sequence.hpp>

#if defined(RONDO_COMPILED_CUDA) || !defined(__CUDACC__)
#define RONDO_CUDA_ONCE
#else
#define RONDO_CUDA_ONCE inline
#endif

namespace rondo::cuda {

struct Queue;

// "" where a device can be used, else one line that says what is missing.
const char* missing();

Queue* open_queue();
void close(Queue* queue) noexcept;
void wait(Queue& queue);

// Memory of the device, on 256 bytes; every byte 0xff, which is NaN in every width, where RONDO_CUDA_POISON is in the environment.
void* allocate(std::size_t bytes);
void release(void* memory) noexcept;

// `from` may change as soon as write() returns.
void write(Queue& queue, void* to, const void* from, std::size_t bytes);
void read(Queue& queue, void* to, const void* from, std::size_t bytes);

// As products know their operands' numbers.
enum class Numbers { float32, bf16 };
struct Operands {
  const void *a, *b;
  void* c;
  Numbers of_a, of_b, of_c;
};
void multiply(Queue& queue, const kernel::Product& product, const Operands& operands);

// The places of keys in ascending order, stably.
void sort(Queue& queue, Tokens keys, View<Token> places);

// What there is and what is left of the device's memory, and its name.
struct Facts {
  char name[256];
  std::size_t memory, left;
  int multiprocessors, major, minor;
};
Facts facts();

// Milliseconds that a device takes for what is asked between the two calls.
void start_watch(Queue& queue);
double stop_watch(Queue& queue);

}  // namespace rondo::cuda

// A linker that names one of these misses a kernel in rondo::compiled_cuda: the unit that uses it - an activation, a gate, an optimiser's
// rule of your own - is to be compiled by nvcc.
namespace rondo::compiled_by_nvcc {

template <int threads, class Kernel>
void launch(cuda::Queue& queue, Index teams, const Kernel& kernel);
template <int threads, class Kernel>
void launch_together(cuda::Queue& queue, Index teams, const Kernel& kernel);
template <class F>
void each(cuda::Queue& queue, Index count, const F& f);
template <class F>
void sum(cuda::Queue& queue, Index count, const F& f, double* to);

}  // namespace rondo::compiled_by_nvcc

// CudaDevice: what KernelContext asks of a device (rondo/backend/kernel/context.hpp), of CUDA's first one; g++ compiles it.
#pragma once

#include <memory>

#include <rondo/backend/cuda/memory.hpp>
#include <rondo/backend/reference/exactly.hpp>
#include <rondo/core/half.hpp>

namespace rondo {

class CudaDevice {
 public:
  using Memory = BasicArena<CudaPages>;

  // All contexts that are made from nothing take turns on one queue. It lives as long as the program: what owns device memory may be
  // destroyed after main().
  static CudaDevice& standard() {
    static auto* const device = new CudaDevice;
    return *device;
  }
  [[nodiscard]] Memory memory() const { return {}; }
  void write(void* to, const void* from, std::size_t bytes) const { cuda::write(*queue_, to, from, bytes); }
  void read(void* to, const void* from, std::size_t bytes) const { cuda::read(*queue_, to, from, bytes); }
  [[nodiscard]] cuda::Queue& queue() const { return *queue_; }

  template <int threads, class Kernel>
  void launch(Index teams, const Kernel& kernel) const {
    if (teams > 0) compiled_by_nvcc::launch<threads>(*queue_, teams, kernel);
  }
  template <int threads, class Kernel>
  void launch_together(Index teams, const Kernel& kernel) const {
    if (teams > 0) compiled_by_nvcc::launch_together<threads>(*queue_, teams, kernel);
  }
  template <class F>
  void each(Index count, const F& f) const {
    if (count > 0) compiled_by_nvcc::each(*queue_, count, f);
  }
  template <class A, class B, class C>
  void product(const kernel::Product& product, const A* a, const B* b, C* c) const {
    cuda::multiply(*queue_, product, {a, b, c, numbers_of<A>, numbers_of<B>, numbers_of<C>});
  }
  template <class F>
  void sum(Index count, const F& f, double* to) const {
    compiled_by_nvcc::sum(*queue_, count, f, to);
  }
  void sort(Tokens keys, View<Token> places) const { cuda::sort(*queue_, keys, places); }

  // Recurrences without kernels go to the host and back: right, and slow.
  template <class C, class Tag, class In, class Out>
  void recurrence(C& c, const ForwardPass<Tag, In, Out>& pass) const {
    exactly_.begin(c);
    exactly_.forward(c, pass);
  }
  template <class C, class Tag, class In, class Out>
  void recurrence(C& c, const GradientPass<Tag, In, Out>& pass) const {
    exactly_.begin(c);
    exactly_.gradient(c, pass);
  }

 private:
  template <class T>
  static constexpr cuda::Numbers numbers_of = [] {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, bf16>, "rondo: products on a device are of float and bf16");
    return std::is_same_v<T, float> ? cuda::Numbers::float32 : cuda::Numbers::bf16;
  }();
  struct Close {
    void operator()(cuda::Queue* queue) const { cuda::close(queue); }
  };

  std::unique_ptr<cuda::Queue, Close> queue_{cuda::open_queue()};
  mutable Exactly exactly_;
};

}  // namespace rondo

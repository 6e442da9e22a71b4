// EmulatedDevice<checked>: what KernelContext asks of a device (rondo/backend/kernel/context.hpp), on the host: plain memory that begins
// as NaN and that its views call a device's, kernels by plain loops, products by plain sums. Checked, every team watches its shared
// memory. Teams and elements run forward, backward or shuffled (`order`): results must be the same bits.
#pragma once

#include <algorithm>
#include <cstring>
#include <numeric>

#include <rondo/backend/emulated/launch.hpp>
#include <rondo/backend/kernel/product.hpp>
#include <rondo/backend/reference/exactly.hpp>
#include <rondo/core/arena.hpp>

namespace rondo {

struct EmulatedPages {
  static constexpr Place place = Place::device;
  [[nodiscard]] auto allocate(std::size_t bytes) const {
    auto memory = HostPages{}.allocate(bytes);
    std::memset(memory.get(), 0xff, bytes);  // NaN of every width
    return memory;
  }
};

template <bool checked>
class EmulatedDevice {
 public:
  using Memory = BasicArena<EmulatedPages>;
  TeamOrder order = TeamOrder::forward;

  static EmulatedDevice& standard() {
    static EmulatedDevice device;
    return device;
  }
  [[nodiscard]] Memory memory() const { return {}; }
  void write(void* to, const void* from, std::size_t bytes) const {
    if (bytes) std::memcpy(to, from, bytes);
  }
  void read(void* to, const void* from, std::size_t bytes) const { write(to, from, bytes); }

  template <int threads, class Kernel>
  [[gnu::noinline]] void launch(Index teams, const Kernel& kernel) const {
    emulate<threads, checked>(teams, kernel, order);
  }
  template <int threads, class Kernel>
  [[gnu::noinline]] void launch_together(Index teams, const Kernel& kernel) const {
    emulate_together<threads, checked>(teams, kernel, order);
  }
  template <class F>
  [[gnu::noinline]] void each(Index count, const F& f) const {
    if (order == TeamOrder::forward)
      for (Index i = 0; i < count; ++i) f(i);
    else
      for (Index i = count; i-- > 0;) f(i);
  }
  template <class A, class B, class C>
  [[gnu::noinline]] void product(const kernel::Product& p, const A* a, const B* b, C* c) const {
    sums_.resize(static_cast<std::size_t>(p.m));
    for (Index column = 0; column < p.n; ++column) {
      std::fill(sums_.begin(), sums_.end(), 0.0F);
      for (Index k = 0; k < p.k; ++k) {
        const auto right = static_cast<float>(p.b_transposed ? b[k * p.b_stride + column] : b[column * p.b_stride + k]);
        if (p.a_transposed)
          for (Index row = 0; row < p.m; ++row) sums_[static_cast<std::size_t>(row)] += static_cast<float>(a[row * p.a_stride + k]) * right;
        else
          for (Index row = 0; row < p.m; ++row) sums_[static_cast<std::size_t>(row)] += static_cast<float>(a[k * p.a_stride + row]) * right;
      }
      C* const to = c + column * p.c_stride;
      for (Index row = 0; row < p.m; ++row)
        to[row] = kernel::narrow<C>(sums_[static_cast<std::size_t>(row)] + (p.beta == 0 ? 0.0F : p.beta * static_cast<float>(to[row])));
    }
  }
  template <class F>
  [[gnu::noinline]] void sum(Index count, const F& f, double* to) const {
    double total = 0;
    for (Index i = 0; i < count; ++i) total += f(i);
    *to = total;
  }
  [[gnu::noinline]] void sort(Tokens keys, View<Token> places) const {
    std::iota(places.data, places.data + places.columns, Token{0});
    std::stable_sort(places.data, places.data + places.columns, [&](Token a, Token b) { return keys(0, a) < keys(0, b); });
  }
  // Recurrences without kernels: by their tags' plain loops in double, on copies.
  template <class C, class Tag, class In, class Out>
  [[gnu::noinline]] void recurrence(C& c, const ForwardPass<Tag, In, Out>& pass) const {
    exactly_.begin(c);
    exactly_.forward(c, pass);
  }
  template <class C, class Tag, class In, class Out>
  [[gnu::noinline]] void recurrence(C& c, const GradientPass<Tag, In, Out>& pass) const {
    exactly_.begin(c);
    exactly_.gradient(c, pass);
  }

 private:
  mutable Exactly exactly_;
  mutable std::vector<float> sums_;
};

}  // namespace rondo

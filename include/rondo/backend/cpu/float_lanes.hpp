// FloatLanes: a register of floats as one scalar among others, for functions that are templates over it (rondo/core/math.hpp):
//
//   template <class T> T value(T p, T q) { return p * (logarithm(p) - logarithm(q)); }
//   value(FloatLanes::load(p), FloatLanes::load(q)).store(to);       lane_count values at once
//
// What compares it gives a mask, for select(); a branch on that does not compile. So a loop over lanes is vectorised whatever is called in
// it, while that over floats is if the compiler likes it. The functions are those of floats, lane by lane.
#pragma once

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/core/math.hpp>

namespace rondo {

class FloatLanes {
 public:
  using Mask = decltype(Lanes{} < Lanes{});

  FloatLanes() = default;
  FloatLanes(float x) : lanes_(all_lanes(x)) {}
  explicit FloatLanes(double x) : FloatLanes(static_cast<float>(x)) {}
  explicit FloatLanes(int x) : FloatLanes(static_cast<float>(x)) {}
  explicit FloatLanes(Lanes lanes) : lanes_(lanes) {}
  [[gnu::always_inline]] static FloatLanes load(const float* from) { return FloatLanes(load_lanes(from)); }
  [[gnu::always_inline]] void store(float* to) const { store_lanes(to, lanes_); }
  [[nodiscard]] Lanes lanes() const { return lanes_; }

#define RONDO_OF_LANES(result, operation) \
  [[gnu::always_inline]] friend result operator operation(FloatLanes a, FloatLanes b) { return result(a.lanes_ operation b.lanes_); }
  RONDO_OF_LANES(FloatLanes, +)
  RONDO_OF_LANES(FloatLanes, -)
  RONDO_OF_LANES(FloatLanes, *)
  RONDO_OF_LANES(FloatLanes, /)
  RONDO_OF_LANES(Mask, <)
  RONDO_OF_LANES(Mask, >)
#undef RONDO_OF_LANES
  [[gnu::always_inline]] friend FloatLanes operator-(FloatLanes a) { return FloatLanes(-a.lanes_); }
  [[gnu::always_inline]] FloatLanes& operator+=(FloatLanes b) { return *this = *this + b; }
  [[gnu::always_inline]] FloatLanes& operator-=(FloatLanes b) { return *this = *this - b; }
  [[gnu::always_inline]] FloatLanes& operator*=(FloatLanes b) { return *this = *this * b; }

 private:
  Lanes lanes_{};
};
template <>
struct RealOf<FloatLanes> {
  using type = float;
};
[[gnu::always_inline]] inline FloatLanes real_part(FloatLanes x) { return x; }
[[gnu::always_inline]] inline float sum_of(FloatLanes x) { return sum_of(x.lanes()); }

[[gnu::always_inline]] inline FloatLanes select(FloatLanes::Mask condition, FloatLanes yes, FloatLanes no) {
  return FloatLanes(condition ? yes.lanes() : no.lanes());
}
[[gnu::always_inline]] inline FloatLanes at_least(FloatLanes x, float low) { return select(x < low, low, x); }
[[gnu::always_inline]] inline FloatLanes at_most(FloatLanes x, float high) { return select(x > high, high, x); }
[[gnu::always_inline]] inline FloatLanes bounded(FloatLanes x, float low, float high) { return at_most(at_least(x, low), high); }

// function(float) of each lane: a loop that every compiler vectorises, for the functions have no branches.
[[gnu::always_inline]] inline FloatLanes of_each_lane(FloatLanes x, auto function) {
  alignas(Lanes) float values[lane_count];
  x.store(values);
#pragma omp simd
  for (Index i = 0; i < lane_count; ++i) values[i] = function(values[i]);
  return FloatLanes::load(values);
}
#define RONDO_OF_EACH_LANE(name) \
  [[gnu::always_inline]] inline FloatLanes name(FloatLanes x) { \
    return of_each_lane(x, [](float one) __attribute__((always_inline)) { return name(one); }); \
  }
RONDO_OF_EACH_LANE(exponential)
RONDO_OF_EACH_LANE(logarithm)
RONDO_OF_EACH_LANE(log_one_plus)
RONDO_OF_EACH_LANE(sigmoid)
RONDO_OF_EACH_LANE(hyperbolic_tangent)
RONDO_OF_EACH_LANE(square_root)
RONDO_OF_EACH_LANE(reciprocal_root)
#undef RONDO_OF_EACH_LANE
[[gnu::always_inline]] inline FloatLanes softplus(FloatLanes x) {
  return at_least(x, 0.0F) + log_one_plus(exponential(select(x > 0.0F, -x, x)));
}
[[gnu::always_inline]] inline FloatLanes log_sigmoid(FloatLanes x) { return -softplus(-x); }
[[gnu::always_inline]] inline FloatLanes log_of_sum(FloatLanes a, FloatLanes b) {
  const FloatLanes less = a - b;
  return select(less > 0.0F, a, b) + log_one_plus(exponential(select(less > 0.0F, -less, less)));
}

// A number at an address, or as many as N has lanes.
template <class N, class T>
[[gnu::always_inline]] inline N numbers_at(const T* from) {
  if constexpr (std::same_as<N, T>)
    return *from;
  else
    return N::load(from);
}
template <class N, class T>
[[gnu::always_inline]] inline void put_numbers(T* to, N numbers) {
  if constexpr (std::same_as<N, T>)
    *to = numbers;
  else
    numbers.store(to);
}

}  // namespace rondo

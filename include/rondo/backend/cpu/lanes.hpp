// One register full of floats, for whatever processor this is compiled for.
//
//   Lanes  lane_count floats: 16 with AVX-512, 8 with AVX, 4 otherwise; + - * / work element by element
//
// GCC's and clang's vector extensions, no instruction set named beyond the width.
#pragma once

#include <cstring>
#include <utility>

#include <rondo/core/view.hpp>

namespace rondo {

#if defined(__AVX512F__)
inline constexpr Index lane_count = 16;
#elif defined(__AVX__)
inline constexpr Index lane_count = 8;
#else
inline constexpr Index lane_count = 4;
#endif

typedef float Lanes __attribute__((vector_size(sizeof(float) * lane_count)));

// Any address; the compiler turns the copies into single moves.
[[gnu::always_inline]] inline Lanes load_lanes(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}
[[gnu::always_inline]] inline void store_lanes(float* to, Lanes lanes) {
  std::memcpy(to, &lanes, sizeof lanes);
}
[[gnu::always_inline]] inline Lanes all_lanes(float value) {
  return value - Lanes{};  // exact for every value, so that nothing but the broadcast is left
}

// The elements added up to four: those whose numbers leave the same remainder.
typedef float FourLanes __attribute__((vector_size(16)));
[[gnu::always_inline]] inline FourLanes fold_lanes(Lanes lanes) {
#if defined(__AVX512F__)
  typedef float EightLanes __attribute__((vector_size(32)));
  const EightLanes eight = __builtin_shufflevector(lanes, lanes, 0, 1, 2, 3, 4, 5, 6, 7) +
                           __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
#elif defined(__AVX__)
  return __builtin_shufflevector(lanes, lanes, 0, 1, 2, 3) + __builtin_shufflevector(lanes, lanes, 4, 5, 6, 7);
#else
  return lanes;
#endif
}

// The sum of the elements, pairwise.
[[gnu::always_inline]] inline float sum_of(Lanes lanes) {
  FourLanes four = fold_lanes(lanes);
  four += __builtin_shufflevector(four, four, 2, 3, 0, 1);
  return four[0] + four[1];
}
// The same of four at once, in the same order of additions.
[[gnu::always_inline]] inline FourLanes sums_of(Lanes a, Lanes b, Lanes c, Lanes d) {
  const FourLanes e = fold_lanes(a), f = fold_lanes(b), g = fold_lanes(c), h = fold_lanes(d);
  const FourLanes ef = __builtin_shufflevector(e, f, 0, 4, 1, 5) + __builtin_shufflevector(e, f, 2, 6, 3, 7);
  const FourLanes gh = __builtin_shufflevector(g, h, 0, 4, 1, 5) + __builtin_shufflevector(g, h, 2, 6, 3, 7);
  return __builtin_shufflevector(ef, gh, 0, 1, 4, 5) + __builtin_shufflevector(ef, gh, 2, 3, 6, 7);
}

// body(0), body(1), ... body(Count - 1), written out, each number a compile-time constant: arrays of Lanes that are
// only indexed with them stay in registers.
template <Index Count, class Body>
[[gnu::always_inline]] inline void unrolled(Body&& body) {
  [&]<Index... Number>(std::integer_sequence<Index, Number...>) __attribute__((always_inline)) {
    (body(std::integral_constant<Index, Number>{}), ...);
  }
  (std::make_integer_sequence<Index, Count>{});
}

}  // namespace rondo

// Product of a few rows with a stored matrix: decoding, which reads every weight once per token.
//
//   y [r, out] = beta y + x [r, in] w^T,   w [out, in] of float, bf16 or fp16,   r = 1 .. few_rows
//
// Bound by the memory that holds w; it is read once by all OpenMP threads, each of which follows a few distant streams through its
// share of the rows: the processor's own prefetching keeps up with streams that go on for many pages, not with rows that end after
// one (0.7 of the rate on a Zen 5). Sums are float32. beta = 0 writes (y may hold anything), beta = 1 adds. The result does not depend on
// the number of threads.
#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/backend/cpu/words.hpp>
#include <rondo/core/half.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline constexpr Index few_rows = 4;

// Bytes that a thread asks for ahead of what it multiplies, in each of its streams; 0: the processor's own looking ahead is faster.
template <class Element>
inline constexpr Index few_rows_ahead = sizeof(Element) == 2 ? 4096 : 0;

// Weights are read in steps of two registers. bf16 weights come as words of two, which give the even and the odd elements of a
// step; the tokens are put into the same order beforehand.
inline constexpr Index few_rows_step = 2 * lane_count;

template <int Half>
[[gnu::always_inline]] inline Lanes load_weights(const float* from) {
  return load_lanes(from + Half * lane_count);
}
template <int Half>
[[gnu::always_inline]] inline Lanes load_weights(const bf16* from) {
  Words words;
  std::memcpy(&words, from, sizeof words);
  const Words bits = Half == 0 ? words << 16 : words & 0xffff0000u;
  Lanes weights;
  std::memcpy(&weights, &bits, sizeof bits);
  return weights;
}
template <int Half>
[[gnu::always_inline]] inline Lanes load_weights(const fp16* from) {
  float values[lane_count];
#pragma omp simd
  for (Index i = 0; i < lane_count; ++i) values[i] = from[Half * lane_count + i];
  return load_lanes(values);
}

// The whole steps of x, each as its even and then its odd elements.
inline void order_tokens(View<const float> x, View<float> ordered) {
  for (Index r = 0; r < x.rows; ++r)
    for (Index step = 0; step + few_rows_step <= x.columns; step += few_rows_step)
      for (Index i = 0; i < lane_count; ++i) {
        ordered(r, step + i) = x(r, step + 2 * i);
        ordered(r, step + lane_count + i) = x(r, step + 2 * i + 1);
      }
}

// y [Rows, Outputs] for as many rows of x, whose whole steps are read from `ordered`, and rows 0, apart, 2 apart, ... of w; y has
// its columns where w has its rows.
template <Index Rows, Index Outputs, class Element>
void multiply_few_outputs(View<const float> x, View<const float> ordered, const Element* w, Index w_stride, float* y,
                          Index y_stride, Index apart, float beta) {
  const Index stride = w_stride * apart;
  Lanes sum[Outputs][Rows] = {};
  Index l = 0;
  for (; l + few_rows_step <= x.columns; l += few_rows_step) {
    if constexpr (constexpr Index ahead = few_rows_ahead<Element>; ahead > 0)
      unrolled<Outputs>([&](auto o) __attribute__((always_inline)) {
        __builtin_prefetch(reinterpret_cast<const char*>(w + o * stride + l) + ahead, 0, 3);
      });
    unrolled<2>([&](auto half) __attribute__((always_inline)) {
      Lanes token[Rows];
      unrolled<Rows>([&](auto r) { token[r] = load_lanes(ordered.row(r) + l + half * lane_count); });
      unrolled<Outputs>([&](auto o) __attribute__((always_inline)) {
        const Lanes weight = load_weights<half>(w + o * stride + l);
        unrolled<Rows>([&](auto r) { sum[o][r] += weight * token[r]; });
      });
    });
  }
  float totals[Rows][Outputs];
  unrolled<Rows>([&](auto r) {
    if constexpr (Outputs == 4) {
      const FourLanes four = sums_of(sum[0][r], sum[1][r], sum[2][r], sum[3][r]);
      std::memcpy(totals[r], &four, sizeof four);
    } else {
      unrolled<Outputs>([&](auto o) { totals[r][o] = sum_of(sum[o][r]); });
    }
  });
  for (Index r = 0; r < Rows; ++r) {
    for (Index o = 0; o < Outputs; ++o)
      for (Index i = l; i < x.columns; ++i) totals[r][o] += static_cast<float>(w[o * stride + i]) * x(r, i);
    float* to = y + r * y_stride;
    for (Index o = 0; o < Outputs; ++o) {
      float& sum_to = to[o * apart];
      sum_to = beta == 0 ? totals[r][o] : sum_to * beta + totals[r][o];
    }
  }
}

template <Index Rows, class Element>
void multiply_rows(View<const float> x, View<const Element> w, View<float> y, float beta) {
  constexpr Index Outputs = Rows < 4 || lane_count == 16 ? 4 : 2;  // streams of weights read side by side: as registers allow
  constexpr Index longest = 2048;                                  // columns whose tokens are ordered at a time
  if (x.columns > longest && std::is_same_v<Element, bf16>) {
    multiply_rows<Rows>(x.middle_columns(0, longest), w.middle_columns(0, longest), y, beta);
    return multiply_rows<Rows>(x.middle_columns(longest, x.columns - longest), w.middle_columns(longest, x.columns - longest), y,
                               1);
  }
  alignas(64) float memory[std::is_same_v<Element, bf16> ? Rows * longest : 1];
  View<const float> ordered = x;
  if constexpr (std::is_same_v<Element, bf16>) {
    const View<float> to{memory, Rows, longest};
    order_tokens(x, to);
    ordered = to;
  }
  const Index threads = w.size() < 16384 ? 1 : thread_count();
#pragma omp parallel for schedule(static) if (threads > 1)
  for (Index part = 0; part < threads; ++part) {
    const Range range = share_of(w.rows, threads, part, Outputs);
    const Index apart = (range.end - range.begin) / Outputs;
    Index o = range.begin;
    for (; o < range.begin + apart; ++o)
      multiply_few_outputs<Rows, Outputs>(x, ordered, w.row(o), w.stride, &y(0, o), y.stride, apart, beta);
    for (o += apart * (Outputs - 1); o < range.end; ++o)
      multiply_few_outputs<Rows, 1>(x, ordered, w.row(o), w.stride, &y(0, o), y.stride, 1, beta);
  }
}

template <class Element>
void multiply_few_rows(View<const float> x, View<const Element> w, View<float> y, float beta = 0) {
  assert(x.rows <= few_rows && x.rows == y.rows && x.columns == w.columns && w.rows == y.columns);
  switch (x.rows) {
    case 1:
      return multiply_rows<1>(x, w, y, beta);
    case 2:
      return multiply_rows<2>(x, w, y, beta);
    case 3:
      return multiply_rows<3>(x, w, y, beta);
    case 4:
      return multiply_rows<4>(x, w, y, beta);
    default:
      return;
  }
}

}  // namespace rondo

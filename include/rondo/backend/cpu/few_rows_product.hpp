// Product of a few rows with a stored matrix: decoding, which reads every weight once per token.
//
//   y [r, out] = beta y + x [r, in] w^T,   w [out, in] of float, bf16 or fp16,   r = 1 .. few_rows
//
// Bound by the memory that holds w; it is read once, in order, by all OpenMP threads. Sums are float32. beta = 0 writes
// (y may hold anything), beta = 1 adds. The result does not depend on the number of threads.
#pragma once

#include <cassert>
#include <cstdint>
#include <type_traits>

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/half.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline constexpr index few_rows = 4;

// lane_count stored elements as floats.
[[gnu::always_inline]] inline Lanes load_lanes(const bf16* from) {
  typedef std::uint16_t Half __attribute__((vector_size(sizeof(std::uint16_t) * lane_count)));
  typedef std::uint32_t Word __attribute__((vector_size(sizeof(std::uint32_t) * lane_count)));
  Half half;
  std::memcpy(&half, from, sizeof half);
  const Word word = __builtin_convertvector(half, Word) << 16;
  Lanes lanes;
  std::memcpy(&lanes, &word, sizeof lanes);
  return lanes;
}
[[gnu::always_inline]] inline Lanes load_lanes(const fp16* from) {
  float values[lane_count];
#pragma omp simd
  for (index i = 0; i < lane_count; ++i) values[i] = from[i];
  return load_lanes(values);
}

// y [Rows, Outputs] for as many rows of x and w.
template <index Rows, index Outputs, class Element>
void multiply_few_outputs(View<const float> x, const Element* w, index stride, float* y, index y_stride, float beta) {
  Lanes sum[Outputs][Rows] = {};
  index l = 0;
  for (; l + lane_count <= x.columns; l += lane_count) {
    Lanes row[Rows];
    unrolled<Rows>([&](auto r) { row[r] = load_lanes(x.row(r) + l); });
    unrolled<Outputs>([&](auto o) {
      const Lanes weight = load_lanes(w + o * stride + l);
      unrolled<Rows>([&](auto r) { sum[o][r] += weight * row[r]; });
    });
  }
  unrolled<Outputs>([&](auto o) {
    unrolled<Rows>([&](auto r) {
      float total = sum_of(sum[o][r]);
      for (index i = l; i < x.columns; ++i) total += static_cast<float>(w[o * stride + i]) * x(r, i);
      float& to = y[r * y_stride + o];
      to = beta == 0 ? total : to * beta + total;
    });
  });
}

template <index Rows, class Element>
void multiply_rows(View<const float> x, View<const Element> w, View<float> y, float beta) {
  constexpr index Outputs = 4;  // streams of weights read side by side
  const index threads = w.size() < 16384 ? 1 : thread_count();
#pragma omp parallel for schedule(static) if (threads > 1)
  for (index part = 0; part < threads; ++part) {
    const Range range = share_of(w.rows, threads, part, Outputs);
    index o = range.begin;
    for (; o + Outputs <= range.end; o += Outputs)
      multiply_few_outputs<Rows, Outputs>(x, w.row(o), w.stride, &y(0, o), y.stride, beta);
    for (; o < range.end; ++o) multiply_few_outputs<Rows, 1>(x, w.row(o), w.stride, &y(0, o), y.stride, beta);
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

// Log-softmax of a row of logits, whole or a part at a time.
//
//   u = z / T;   log p_j = (u_j - m) - log sum_i exp(u_i - m),  m the largest of all
//
//   LogSum<T> all;
//   all.add(count, ScaledLogits<T>{z, temperature});     for each part; a sum that grows is scaled by exp(old m - new m), at most 1
//   const LogProbability<T> log_p{all};                     log_p(u_j)
//
// For every scalar; loops are vectorised where numbers are plain.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>

#include <rondo/core/math.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// A constant as one of the scalars that are computed with.
template <class T>
constexpr T scalar_of(double x) {
  return T(static_cast<Real<T>>(x));
}

// Sums of term(j) for j in [0, count).
template <class T>
T sum_of_terms(Index count, auto term) {
  T total(0);
  if constexpr (std::floating_point<T>) {
#pragma omp simd reduction(+ : total)
    for (Index j = 0; j < count; ++j) total += term(j);
  } else {
    for (Index j = 0; j < count; ++j) total += term(j);
  }
  return total;
}
template <class T>
Real<T> largest_of_terms(Index count, auto term) {
  Real<T> largest = -std::numeric_limits<Real<T>>::infinity();
#pragma omp simd reduction(max : largest)
  for (Index j = 0; j < count; ++j) largest = real_part(term(j)) > largest ? real_part(term(j)) : largest;
  return largest;
}

template <class T>
struct ScaledLogits {
  const T* z;
  T share;  // 1 / T
  ScaledLogits(const T* z_, double temperature) : z(z_), share(scalar_of<T>(1 / temperature)) {}
  [[nodiscard]] T operator()(Index j) const { return z[j] * share; }
};

template <class T>
struct LogSum {
  Real<T> largest = -std::numeric_limits<Real<T>>::infinity();
  T sum{};

  [[gnu::flatten]] void add(Index count, auto u) {
    const Real<T> before = largest;
    largest = std::max(before, largest_of_terms<T>(count, u));
    const T m(largest);
    if (std::isfinite(before)) sum *= exponential(T(before) - m);
    sum += sum_of_terms<T>(count, [&](Index j) { return exponential(u(j) - m); });
  }
};

template <class T>
struct LogProbability {
  T largest, log_sum;
  explicit LogProbability(const LogSum<T>& all) : largest(all.largest), log_sum(logarithm(all.sum)) {}
  [[nodiscard]] T operator()(T u) const { return (u - largest) - log_sum; }
  // log of the sum of exponentials
  [[nodiscard]] T total() const { return largest + log_sum; }
};

}  // namespace rondo

// The scalar functions that layers are made of, for every scalar type by one name.
//
//   exponential  logarithm  sigmoid  log_sigmoid  softplus  hyperbolic_tangent  silu  gelu  gelu_tanh  square_root  reciprocal_root
//   log_of_complement(a, b)   log a, where b = 1 - a is known without cancellation; a = 0 counts as the smallest normal number
//   log_of_sum(a, b)          log(e^a + e^b)
//   select(c, a, b)  at_least(x, low)  at_most(x, high)  bounded(x, low, high)   c ? a : b, and numbers cut off (by their real parts)
//   real_part(x)              of a complex number; x itself otherwise (comparisons and maxima look at real parts)
//
// float: the branch-free versions of vector_math.hpp, for use in vectorised loops. double: the standard library.
// std::complex<double>: the analytic continuation, for complex-step derivatives (Squire and Trapp 1998): Im f(x + ih) / h.
#pragma once

#include <bit>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstdint>
#include <limits>
#include <numbers>

#include <rondo/core/device.hpp>
#include <rondo/core/vector_math.hpp>

namespace rondo {

template <class T>
struct RealOf {
  using type = T;
};
template <class T>
struct RealOf<std::complex<T>> {
  using type = T;
};
template <class T>
using Real = typename RealOf<T>::type;

template <std::floating_point T>
constexpr T real_part(T x) {
  return x;
}
template <class T>
constexpr T real_part(const std::complex<T>& x) {
  return x.real();
}

// Scalars for which the functions below are the standard library's: all but float.
template <class T>
concept PreciseScalar = std::same_as<T, double> || std::same_as<T, std::complex<double>>;

template <PreciseScalar T>
constexpr T select(bool condition, T yes, T no) {
  return condition ? yes : no;
}
template <PreciseScalar T>
constexpr T at_least(T x, Real<T> low) {
  return real_part(x) < low ? T(low) : x;
}
template <PreciseScalar T>
constexpr T at_most(T x, Real<T> high) {
  return real_part(x) > high ? T(high) : x;
}
template <PreciseScalar T>
constexpr T bounded(T x, Real<T> low, Real<T> high) {
  return at_most(at_least(x, low), high);
}
template <PreciseScalar T>
T exponential(T x) {
  return std::exp(x);
}
template <PreciseScalar T>
T logarithm(T x) {
  return std::log(x);
}
template <PreciseScalar T>
T softplus(T x) {
  if (real_part(x) > 0) return x + softplus(-x);
  if constexpr (std::same_as<T, double>) return std::log1p(std::exp(x));
  const T u = std::exp(x);  // log1p: log(1 + u) = 2 artanh(u / (2 + u))
  return 2.0 * std::atanh(u / (2.0 + u));
}
template <PreciseScalar T>
T log_sigmoid(T x) {
  return -softplus(-x);
}
template <PreciseScalar T>
T sigmoid(T x) {
  if (real_part(x) < 0) {
    const T u = std::exp(x);
    return u / (1.0 + u);
  }
  return 1.0 / (1.0 + std::exp(-x));
}
template <PreciseScalar T>
T hyperbolic_tangent(T x) {
  return std::tanh(x);
}
template <PreciseScalar T>
T square_root(T x) {
  return std::sqrt(x);
}
template <PreciseScalar T>
T reciprocal_root(T x) {
  return 1.0 / std::sqrt(x);
}
template <PreciseScalar T>
T log_of_complement(T a, T b) {
  const T positive = at_least(a, std::numeric_limits<double>::min());
  if constexpr (std::same_as<T, double>)
    return b < 0.5 ? std::log1p(-b) : std::log(positive);
  else
    return std::abs(b) < 0.5 ? -2.0 * std::atanh(b / (2.0 - b)) : std::log(positive);
}
template <PreciseScalar T>
T log_of_sum(T a, T b) {
  return real_part(a) > real_part(b) ? a + softplus(b - a) : b + softplus(a - b);
}
template <PreciseScalar T>
T silu(T x) {
  return x * sigmoid(x);
}
template <PreciseScalar T>
T silu_derivative(T x) {
  const T s = sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}
// Of a complex number: the first order in its imaginary part, which is all that a complex step looks at.
template <PreciseScalar T>
T error_function(T x) {
  if constexpr (std::same_as<T, double>)
    return std::erf(x);
  else
    return {std::erf(x.real()), x.imag() * 2 / std::sqrt(std::numbers::pi) * std::exp(-x.real() * x.real())};
}
template <PreciseScalar T>
T gelu(T x) {
  return 0.5 * x * (1.0 + error_function(x / std::numbers::sqrt2));
}
template <PreciseScalar T>
T gelu_derivative(T x) {
  return 0.5 * (1.0 + error_function(x / std::numbers::sqrt2)) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
}
template <PreciseScalar T>
T gelu_tanh(T x) {
  return x * sigmoid(2.0 * std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x));
}
template <PreciseScalar T>
T gelu_tanh_derivative(T x) {
  const double c = 2.0 * std::sqrt(2 / std::numbers::pi);
  const T s = sigmoid(c * (x + 0.044715 * x * x * x));
  return s + x * s * (1.0 - s) * c * (1.0 + 3 * 0.044715 * x * x);
}

// float: log x = e log 2 + 2 artanh((m - 1) / (m + 1)) with x = m 2^e, sqrt(1/2) <= m < sqrt(2); relative error 2e-7.
struct ReducedLogarithm {
  float mantissa;
  float exponent;
};
[[gnu::always_inline]] inline RONDO_ANYWHERE ReducedLogarithm reduce_logarithm(float x) {
  const std::int32_t bits = std::bit_cast<std::int32_t>(x);
  const std::int32_t exponent = (bits - 0x3f3504f3) >> 23;
  return {std::bit_cast<float>(bits - (exponent << 23)), static_cast<float>(exponent)};
}
[[gnu::always_inline]] inline RONDO_ANYWHERE float logarithm(float x) {
  const ReducedLogarithm reduced = reduce_logarithm(at_least(x, 1.17549435e-38F));
  return reduced.exponent * 0.693147181F + twice_artanh((reduced.mantissa - 1.0F) / (reduced.mantissa + 1.0F));
}
[[gnu::always_inline]] inline RONDO_ANYWHERE float log_of_complement(float a, float b) {
  const ReducedLogarithm reduced = reduce_logarithm(at_least(a, 1.17549435e-38F));
  const float distance = select(reduced.exponent == 0.0F, -b, reduced.mantissa - 1.0F);
  return reduced.exponent * 0.693147181F + twice_artanh(distance / (reduced.mantissa + 1.0F));
}
[[gnu::always_inline]] inline RONDO_ANYWHERE float square_root(float x) { return std::sqrt(x); }
[[gnu::always_inline]] inline RONDO_ANYWHERE float reciprocal_root(float x) { return 1.0F / std::sqrt(x); }

}  // namespace rondo

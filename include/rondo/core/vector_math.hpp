// Elementary functions without branches, in float32 unless they say otherwise, to be called inside `#pragma omp simd` loops.
//
//   exponential(x)         e^x; zero below -87, infinity above 88.7          relative error <= 1.5e-7
//   sigmoid(x)             s(x) = 1 / (1 + e^-x)                              2e-7
//   hyperbolic_tangent(x)  tanh x, in relative terms also near zero           3e-7
//   softplus(x)            log(1 + e^x) = max(x, 0) + log1p(e^-|x|)           3e-7
//   log_sigmoid(x)         log s(x) = -softplus(-x)                           3e-7
//   log_of_sum(a, b)       log(e^a + e^b)                                     3e-7 of the larger of 1 and the value
//   silu(x)                x s(x)                                             3e-7
//   gelu_tanh(x)           x s(2 u),  u = sqrt(2 / pi) (x + 0.044715 x^3): 0.5 x (1 + tanh u) without its cancellation
//   gelu(x)                x Phi(x),  Phi the normal distribution function
//   *_derivative(x)        d/dx, to 5e-7 of the larger of 1 and the value
//   decaying_exponential(x)   e^x in double for x <= 0, to 5e-16; no less than e^-708
//
// Every function takes infinities to their limits (silu(-inf) = -0, silu(inf) = inf) and NaN to NaN. Steps that are
// smaller than the smallest normal number are zero. Argument reduction follows Cody and Waite (1980); the polynomials are
// minimax fits made for this file.
#pragma once

#include <bit>
#include <cstdint>

#include <rondo/core/device.hpp>

namespace rondo {

// 1 + r + r^2 q(r) = e^r on |r| <= log(2) / 2, and the power of two beside it: x = n log 2 + r.
struct ReducedExponential {
  float minus_one;  // e^r - 1
  float n;          // rounded to an integer
  std::int32_t n_integer;
};

[[gnu::always_inline]] inline RONDO_ANYWHERE ReducedExponential reduce_exponential(float x) {
  const float shifter = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = x * 1.44269504F + shifter;
  const float n = shifted - shifter;
  float r = x - n * 0.693359375F;
  r = r - n * -2.12194440e-4F;
  float q = 1.3843799e-3F;
  q = q * r + 8.3688693e-3F;
  q = q * r + 4.1667555e-2F;
  q = q * r + 1.6666524e-1F;
  q = q * r + 4.99999955e-1F;
  return {r * r * q + r, n, std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(shifter)};
}

// condition ? yes : no on bits. Written so because a conditional expression of floats is turned into a branch, which keeps
// a loop from being vectorised.
[[gnu::always_inline]] inline RONDO_ANYWHERE float select(bool condition, float yes, float no) {
  const std::int32_t mask = -static_cast<std::int32_t>(condition);
  return std::bit_cast<float>((std::bit_cast<std::int32_t>(yes) & mask) | (std::bit_cast<std::int32_t>(no) & ~mask));
}
// The nearest number not below `low` (not above `high`); NaN stays.
[[gnu::always_inline]] inline RONDO_ANYWHERE float at_least(float x, float low) {
  return select(x < low, low, x);
}
[[gnu::always_inline]] inline RONDO_ANYWHERE float at_most(float x, float high) {
  return select(x > high, high, x);
}
[[gnu::always_inline]] inline RONDO_ANYWHERE float bounded(float x, float low, float high) {
  return at_most(at_least(x, low), high);
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float magnitude(float x) {
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(x) & 0x7fffffff);
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float exponential(float x) {
  const ReducedExponential reduced = reduce_exponential(bounded(x, -87.5F, 88.9F));
  const float half_power = std::bit_cast<float>((reduced.n_integer + 126) << 23);  // 2^(n-1), zero for n = -126
  return (reduced.minus_one * 2.0F + 2.0F) * half_power;
}

// Cody and Waite's reduction and Taylor's polynomial of degree 12, |r| <= log(2) / 2.
[[gnu::always_inline]] inline RONDO_ANYWHERE double decaying_exponential(double x) {
  const double shifter = 6755399441055744.0;  // 1.5 * 2^52
  const double inside = x < -708.0 ? -708.0 : x;
  const double shifted = inside * 1.4426950408889634 + shifter;
  const double n = shifted - shifter;
  double r = inside - n * 6.93147180369123816e-1;
  r = r - n * 1.90821492927058770e-10;
  double q = 1.0 / 479001600;
  q = q * r + 1.0 / 39916800;
  q = q * r + 1.0 / 3628800;
  q = q * r + 1.0 / 362880;
  q = q * r + 1.0 / 40320;
  q = q * r + 1.0 / 5040;
  q = q * r + 1.0 / 720;
  q = q * r + 1.0 / 120;
  q = q * r + 1.0 / 24;
  q = q * r + 1.0 / 6;
  q = q * r + 0.5;
  const double value = r * r * q + r + 1.0;
  const std::int64_t exponent = std::bit_cast<std::int64_t>(shifted) - std::bit_cast<std::int64_t>(shifter) + 1023;
  return value * std::bit_cast<double>(exponent << 52);
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float sigmoid(float x) {
  return 1.0F / (1.0F + exponential(-x));
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float hyperbolic_tangent(float x) {
  const ReducedExponential reduced = reduce_exponential(2.0F * bounded(x, -10.0F, 10.0F));
  const float power = std::bit_cast<float>((reduced.n_integer + 127) << 23);
  const float minus_one = power * reduced.minus_one + (power - 1.0F);  // e^2x - 1
  return minus_one / (minus_one + 2.0F);
}

// 2 artanh s = log((1 + s) / (1 - s)) for |s| <= 1/3: what all logarithms come down to.
[[gnu::always_inline]] inline RONDO_ANYWHERE float twice_artanh(float s) {
  const float z = s * s;
  float q = 1.40122429e-1F;
  q = q * z + 1.39995679e-1F;
  q = q * z + 2.00108498e-1F;
  q = q * z + 3.33332062e-1F;
  return 2.0F * (s + s * z * q);
}
// log(1 + u) for 0 <= u <= 1
[[gnu::always_inline]] inline RONDO_ANYWHERE float log_one_plus(float u) {
  return twice_artanh(u / (2.0F + u));
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float softplus(float x) {
  return at_least(x, 0.0F) + log_one_plus(exponential(-magnitude(x)));
}
[[gnu::always_inline]] inline RONDO_ANYWHERE float log_sigmoid(float x) {
  return at_most(x, 0.0F) - log_one_plus(exponential(-magnitude(x)));
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float log_of_sum(float a, float b) {
  return at_least(a, b) + log_one_plus(exponential(-magnitude(a - b)));
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float silu(float x) {
  x = at_least(x, -90.0F);
  return x * sigmoid(x);
}
// s + x s (1 - s), where 1 - s = e^-x s
[[gnu::always_inline]] inline RONDO_ANYWHERE float silu_derivative(float x) {
  x = bounded(x, -85.0F, 85.0F);
  const float e = exponential(-x);
  const float s = 1.0F / (1.0F + e);
  return s + x * s * (e * s);
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float gelu_tanh(float x) {
  x = at_least(x, -11.0F);
  return x * sigmoid(1.59576912F * x * (1.0F + 0.044715F * x * x));
}
// s + x s (1 - s) (2 u)'
[[gnu::always_inline]] inline RONDO_ANYWHERE float gelu_tanh_derivative(float x) {
  x = bounded(x, -9.5F, 9.5F);
  const float e = exponential(-1.59576912F * x * (1.0F + 0.044715F * x * x));
  const float s = 1.0F / (1.0F + e);
  return s + x * s * (e * s) * (1.59576912F * (1.0F + 0.134145F * x * x));
}

// Phi(x) = erfc(-x / sqrt 2) / 2, with erfc(a) = e^(-a^2) R(1 / (1 + 0.4 a)) for a >= 0; `density` is e^(-x^2 / 2).
[[gnu::always_inline]] inline RONDO_ANYWHERE float normal_distribution(float x, float density) {
  const float t = 1.0F / (1.0F + 0.282842712F * magnitude(x));
  float q = 4.12529670e-2F;
  q = q * t - 1.40318990e-1F;
  q = q * t + 8.39869680e-2F;
  q = q * t + 8.79645152e-2F;
  q = q * t + 7.97565430e-2F;
  q = q * t + 1.93393126e-1F;
  q = q * t + 2.01887622e-1F;
  q = q * t + 2.26443097e-1F;
  q = q * t + 2.25634232e-1F;
  const float tail = 0.5F * density * (q * t);
  return select(x < 0.0F, tail, 1.0F - tail);
}

[[gnu::always_inline]] inline RONDO_ANYWHERE float gelu(float x) {
  x = at_least(x, -14.0F);
  return x * normal_distribution(x, exponential(-0.5F * x * x));
}
// Phi + x phi
[[gnu::always_inline]] inline RONDO_ANYWHERE float gelu_derivative(float x) {
  x = bounded(x, -14.0F, 14.0F);
  const float density = exponential(-0.5F * x * x);
  return normal_distribution(x, density) + 0.398942280F * x * density;
}

}  // namespace rondo

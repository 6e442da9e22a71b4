// How likely a difference at least as large is where there is none: two-sided tails, and Holm's correction for many tests at once.
//
//   two_sided_student(t, n)     P(|T| >= |t|), Student's t with n degrees of freedom
//   student_quantile(p, n)      the t > 0 with two_sided_student(t, n) = p: estimate +- t error is an interval of confidence 1 - p
//   two_sided_sign(k, n)        P(n fair coins fall at least as unevenly as k : n - k), exact
//   holm_adjusted(p)            p-values that may each be held against one level, however many they are
//
// Student: closed forms for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4), to about 1e-15. Signs:
// min(1, 2 sum_{i <= min(k, n - k)} C(n, i) / 2^n). Holm 1979: the i-th smallest of m is multiplied by m - i + 1 and never below one
// before.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

[[nodiscard]] inline double two_sided_student(double t, Index degrees) {
  require(degrees > 0, "Student's t: expected at least 1 degree of freedom, found ", degrees);
  const double angle = std::atan(std::abs(t) / std::sqrt(static_cast<double>(degrees)));
  const double cosine = std::cos(angle), sine = std::sin(angle);
  // Every term of the series has cos^2 and (k - 1) / k more than the one before it.
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1, sum = 0;
  for (Index k = odd ? 3 : 2; k <= degrees; k += 2) {
    sum += term;
    term *= cosine * cosine * static_cast<double>(k - 1) / static_cast<double>(k);
  }
  const double inside = odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;
  return std::clamp(1 - inside, 0.0, 1.0);
}

[[nodiscard]] inline double student_quantile(double p, Index degrees) {
  require(p > 0 && p < 1, "Student's t: a probability between 0 and 1 is expected, found ", p);
  double low = 0, high = 1;
  while (two_sided_student(high, degrees) > p) low = high, high *= 2;
  for (double middle = 0; middle = low + (high - low) / 2, low < middle && middle < high;)
    (two_sided_student(middle, degrees) > p ? low : high) = middle;
  return high;
}

[[nodiscard]] inline double two_sided_sign(Index k, Index n) {
  require(k >= 0 && k <= n, "signs: ", k, " of ", n);
  const auto all = static_cast<double>(n);
  auto fewer = static_cast<double>(std::min(k, n - k));
  double term = std::exp(std::lgamma(all + 1) - std::lgamma(fewer + 1) - std::lgamma(all - fewer + 1) - all * std::numbers::ln2);
  double sum = 0;
  for (; fewer >= 0 && sum + term != sum; --fewer) {
    sum += term;
    term *= fewer / (all - fewer + 1);
  }
  return std::min(1.0, 2 * sum);
}

[[nodiscard]] inline std::vector<double> holm_adjusted(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return p[a] < p[b]; });
  std::vector<double> result(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, p[order[i]] * static_cast<double>(p.size() - i)));
    result[order[i]] = largest;
  }
  return result;
}

}  // namespace rondo

// Spearman's rank correlation: Pearson's of the ranks, equal numbers having the mean of their ranks.
//
//   r = sum (a_i - mean a) (b_i - mean b) / sqrt(sum (a_i - mean a)^2 sum (b_i - mean b)^2),   a = ranks of x, b = ranks of y
//
// 0 where all of x or all of y are equal: no order to agree with. Throws Error for lists of different lengths.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include <rondo/core/error.hpp>

namespace rondo {

[[nodiscard]] inline std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    for (std::size_t i = first; i < last; ++i) ranks[order[i]] = static_cast<double>(first + last + 1) / 2;
    first = last;
  }
  return ranks;
}

[[nodiscard]] inline double rank_correlation(std::span<const double> x, std::span<const double> y) {
  require(x.size() == y.size(), "rank correlation: ", x.size(), " numbers beside ", y.size());
  const std::vector<double> a = ranks_of(x), b = ranks_of(y);
  const double middle = static_cast<double>(x.size() + 1) / 2;
  double product = 0, squares_a = 0, squares_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += (a[i] - middle) * (b[i] - middle);
    squares_a += (a[i] - middle) * (a[i] - middle);
    squares_b += (b[i] - middle) * (b[i] - middle);
  }
  return squares_a > 0 && squares_b > 0 ? product / std::sqrt(squares_a * squares_b) : 0;
}

}  // namespace rondo

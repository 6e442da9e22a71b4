// A ratio of two sums, and its standard error from the spread of the independent units that the sums are over: nats per token
// over documents, say.
//
//   r = sum y / sum x,   error = sqrt(n / (n - 1) sum (y_i - r x_i)^2) / sum x
//
//   RatioEstimate loss = ratio_estimate(units);       loss.ratio, loss.error, loss.units
//
// n / (n - 1) is the small-sample form (Cochran, Sampling Techniques, 3rd edition 1977, section 6.4). One unit has no error: 0.
#pragma once

#include <cmath>
#include <span>

#include <rondo/core/view.hpp>

namespace rondo {

struct RatioUnit {
  double y = 0, x = 0;
};

struct RatioEstimate {
  double ratio = 0;
  double error = 0;
  Index units = 0;
};

inline RatioEstimate ratio_estimate(std::span<const RatioUnit> units) {
  const auto count = static_cast<double>(units.size());
  double y = 0, x = 0, squares = 0;
  for (const RatioUnit& unit : units) y += unit.y, x += unit.x;
  RatioEstimate result{y / x, 0, std::ssize(units)};
  if (units.size() < 2) return result;
  for (const RatioUnit& unit : units) {
    const double difference = unit.y - result.ratio * unit.x;
    squares += difference * difference;
  }
  result.error = std::sqrt(squares * count / (count - 1)) / x;
  return result;
}

}  // namespace rondo

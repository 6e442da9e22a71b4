// Axes of charts: from values to pixels, and where the ticks are.
//
// Ticks of a linear axis are multiples of 1, 2 or 5 times a power of ten; of a logarithmic one powers of ten, with 2 and 5
// times them where it spans less than three decades.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/number_text.hpp>

namespace rondo {

// What the user says about an axis; ends that are not given follow the data.
struct Axis {
  std::string label = {};
  bool logarithmic = false;
  std::optional<double> low = {};
  std::optional<double> high = {};
};

struct Tick {
  double value = 0;
  std::string label = {};
};

inline std::vector<Tick> linear_ticks(double low, double high, int wanted) {
  const double raw = (high - low) / std::max(wanted, 1);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double factor = raw / power;
  const double step = power * (factor <= 1.0001 ? 1 : factor <= 2.0001 ? 2 : factor <= 5.0001 ? 5 : 10);
  const CountUnit unit = count_unit(std::max(std::abs(low), std::abs(high)));
  const int digits = static_cast<int>(std::max(0.0, -std::floor(std::log10(step / unit.size) + 1e-9)));
  std::vector<Tick> ticks;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i) {
    const double value = i * step, counted = value / unit.size;
    const bool plain = digits <= 4 && std::abs(counted) < 1e4;
    ticks.push_back({value, i == 0 ? "0" : (plain ? fixed_text(counted, digits) : short_text(counted)) + std::string(unit.name)});
  }
  return ticks;
}

inline std::vector<Tick> logarithmic_ticks(double low, double high) {
  const double decades = std::log10(high / low);
  if (decades < 0.7) return linear_ticks(low, high, 5);
  const double first = std::floor(std::log10(low)), last = std::ceil(std::log10(high));
  const double stride = std::ceil((last - first) / 8);
  std::vector<Tick> ticks;
  for (double exponent = first; exponent <= last; exponent += stride) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && decades >= 3) continue;
      const double value = factor * std::pow(10.0, exponent);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push_back({value, count_text(value)});
    }
  }
  return ticks;
}

// An axis with its ends, laid out from pixel `from` to pixel `to`.
class Scale {
 public:
  // The ends of the data, moved out to ticks if `to_ticks`, or a little where all values are one.
  Scale(const Axis& axis, double low, double high, bool to_ticks, int wanted_ticks) : logarithmic_(axis.logarithmic) {
    const bool positive = axis.low.value_or(low) > 0 && axis.high.value_or(high) > 0;
    require(!logarithmic_ || positive, "chart: the logarithmic axis '", axis.label, "' needs positive values, found ",
            std::min(axis.low.value_or(low), axis.high.value_or(high)));
    low_ = axis.low.value_or(low);
    high_ = axis.high.value_or(high);
    require(low_ <= high_, "chart: the axis '", axis.label, "' would go from ", low_, " to ", high_);
    if (high_ - low_ <= 1e-12 * std::max(std::abs(low_), std::abs(high_))) {
      const double room = low_ == 0 ? 1 : 0.1 * std::abs(low_);
      low_ -= room;
      high_ += room;
    }
    if (to_ticks && !logarithmic_) {
      const std::vector<Tick> inner = linear_ticks(low_, high_, wanted_ticks);
      const double step = inner.size() > 1 ? inner[1].value - inner[0].value : high_ - low_;
      if (!axis.low) low_ = step * std::floor(low_ / step + 1e-9);
      if (!axis.high) high_ = step * std::ceil(high_ / step - 1e-9);
    } else if (to_ticks) {
      const double room = std::pow(high_ / low_, 0.04);
      if (!axis.low) low_ /= room;
      if (!axis.high) high_ *= room;
    }
    ticks = logarithmic_ ? logarithmic_ticks(low_, high_) : linear_ticks(low_, high_, wanted_ticks);
  }

  void lay_out(double from, double to) {
    from_ = from;
    to_ = to;
  }
  [[nodiscard]] double operator()(double value) const {
    const double share =
        logarithmic_ ? std::log(std::max(value, 1e-300) / low_) / std::log(high_ / low_) : (value - low_) / (high_ - low_);
    return from_ + std::clamp(share, -10.0, 10.0) * (to_ - from_);
  }
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }

  std::vector<Tick> ticks;

 private:
  bool logarithmic_;
  double low_ = 0, high_ = 1, from_ = 0, to_ = 1;
};

}  // namespace rondo

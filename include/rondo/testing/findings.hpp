// Findings: where a law does not hold. A law that holds finds nothing. Streamed: the first dozen, a line each.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <rondo/core/precision.hpp>
#include <rondo/testing/trial.hpp>

namespace rondo::testing {

struct Finding {
  std::string law;
  std::string place;  // leaf and entry
  double expected = 0;
  double found = 0;
  double error = 0;  // relative to the scale of the comparison
};

class Findings {
 public:
  void add(Finding finding) { list_.push_back(std::move(finding)); }
  void add(const Findings& others) {
    list_.insert(list_.end(), others.list_.begin(), others.list_.end());
    met(others.worst_);
  }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }
  // The largest error that any comparison met, found wanting or not.
  [[nodiscard]] double worst() const { return worst_; }
  void met(double error) { worst_ = std::max(worst_, error); }

  friend std::ostream& operator<<(std::ostream& out, const Findings& findings) {
    char numbers[96];
    int shown = 0;
    for (const Finding& finding : findings) {
      if (shown++ == 12) return out << "\n  and " << findings.size() - 12 << " more";
      std::snprintf(numbers, sizeof numbers, ": expected %.10g, found %.10g (error %.2g)", finding.expected, finding.found,
                    finding.error);
      out << "\n  " << finding.law << ": " << finding.place << numbers;
    }
    return out;
  }

 private:
  std::vector<Finding> list_;
  double worst_ = 0;
};

// The largest magnitude in a tensor; NaN (not written) left out.
template <class T>
double largest(const Tensor<T>& tensor) {
  double result = 0;
  for (const T& value : tensor.values)
    if (!std::isnan(std::abs(value))) result = std::max(result, std::abs(value));
  return result;
}
template <class T>
double largest(const Tensors<T>& tensors) {
  double result = 0;
  for (const Tensor<T>& tensor : tensors) result = std::max(result, largest(tensor));
  return result;
}

// Differences larger than `tolerance` times the scale, which is the largest expected entry but at least `floor`.
// NaN equals NaN alone: neither was written. One finding a tensor, for its worst entry.
inline void compare(Findings& findings, const std::string& law, const Tensor<double>& expected, const Tensor<double>& found,
                    double tolerance, double floor = 0) {
  if (expected.rows != found.rows || expected.columns != found.columns) {
    findings.add({law, found.name + ": number of entries", static_cast<double>(expected.values.size()),
                  static_cast<double>(found.values.size()), 1});
    return;
  }
  const double scale = std::max({largest(expected), floor, std::numeric_limits<double>::min()});
  double worst = 0;
  std::size_t place = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const bool both_nan = std::isnan(expected.values[i]) && std::isnan(found.values[i]);
    double error = both_nan ? 0 : std::abs(expected.values[i] - found.values[i]) / scale;
    if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
    if (error > worst) {
      worst = error;
      place = i;
    }
  }
  findings.met(worst);
  if (worst <= tolerance) return;
  const auto columns = static_cast<std::size_t>(expected.columns);
  findings.add({law, found.name + " [" + std::to_string(place / columns) + ", " + std::to_string(place % columns) + "]",
                expected.values[place], found.values[place], worst});
}
inline void compare(Findings& findings, const std::string& law, const Tensors<double>& expected, const Tensors<double>& found,
                    double tolerance, double floor = 0) {
  if (expected.size() != found.size())
    findings.add({law, "number of tensors", static_cast<double>(expected.size()), static_cast<double>(found.size()), 1});
  for (std::size_t i = 0; i < std::min(expected.size(), found.size()); ++i)
    compare(findings, law, expected[i], found[i], tolerance, floor);
}

// What entries of a gradient are compared with that are all but zero: a hundredth of the largest entry of any gradient.
template <class T>
double gradient_floor(const Outputs<T>& outputs) {
  return 0.01 * std::max({largest(outputs.d_weights), largest(outputs.dx), largest(outputs.d_initial)});
}

struct Tolerance {
  double values = 0;
  double gradients = 0;
};
inline constexpr Tolerance same_bits{0, 0};

inline void compare(Findings& findings, const std::string& law, const Outputs<double>& expected, const Outputs<double>& found,
                    const Tolerance& tolerance) {
  const double floor = gradient_floor(expected);
  compare(findings, law, expected.y, found.y, tolerance.values);
  compare(findings, law, expected.final, found.final, tolerance.values);
  compare(findings, law, expected.d_weights, found.d_weights, tolerance.gradients, floor);
  compare(findings, law, expected.dx, found.dx, tolerance.gradients, floor);
  compare(findings, law, expected.d_initial, found.d_initial, tolerance.gradients, floor);
}

// What rounding may do in a back-end, relative to the largest entry of a tensor.
template <class Backend>
constexpr Tolerance rounding() {
  if constexpr (sizeof(Real<typename Backend::Scalar>) == sizeof(double)) return {1e-12, 1e-11};
  if constexpr (requires { requires Backend::precision == Precision::bf16; }) return {3e-2, 5e-2};
  return {2e-5, 1e-4};
}

}  // namespace rondo::testing

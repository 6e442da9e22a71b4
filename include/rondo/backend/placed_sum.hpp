// PlacedSum: what c.sum(x) is where the host cannot look: a number that lies in the back-end's memory until the next batch begins.
//
//   losses.sum += 0.5 * c.sum(x);          sums of such numbers, times what the host knows
//
// value() is for operations, which may read that memory; the host asks c.read(sum), which waits.
#pragma once

#include <array>
#include <cstddef>

#include <rondo/core/error.hpp>

namespace rondo {

class PlacedSum {
 public:
  struct Term {
    const double* at;
    double factor;
  };

  constexpr PlacedSum() = default;
  constexpr explicit PlacedSum(const double* at) : terms_{{{at, 1}}}, count_(1) {}

  [[nodiscard]] constexpr const Term* begin() const { return terms_.data(); }
  [[nodiscard]] constexpr const Term* end() const { return terms_.data() + count_; }
  [[nodiscard]] constexpr double value() const {
    double result = 0;
    for (const Term& term : *this) result += term.factor * *term.at;
    return result;
  }

  PlacedSum& operator+=(const PlacedSum& more) {
    require(count_ + more.count_ <= terms_.size(), "sum: of more than ", terms_.size(), " numbers that lie apart");
    for (const Term& term : more) terms_[count_++] = term;
    return *this;
  }
  constexpr PlacedSum& operator*=(double factor) {
    for (std::size_t i = 0; i < count_; ++i) terms_[i].factor *= factor;
    return *this;
  }
  constexpr PlacedSum& operator/=(double divisor) { return *this *= 1 / divisor; }
  friend PlacedSum operator+(PlacedSum a, const PlacedSum& b) { return a += b; }
  friend constexpr PlacedSum operator*(PlacedSum sum, double factor) { return sum *= factor; }
  friend constexpr PlacedSum operator*(double factor, PlacedSum sum) { return sum *= factor; }
  friend constexpr PlacedSum operator/(PlacedSum sum, double divisor) { return sum /= divisor; }

 private:
  std::array<Term, 8> terms_{};
  std::size_t count_ = 0;
};

}  // namespace rondo

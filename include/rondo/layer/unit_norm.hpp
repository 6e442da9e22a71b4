// UnitNorm: every head at unit length, as keys of the delta rule are (Yang et al. 2024, DeltaNet, section 3.3).
//
//   y = x (sum over the head's channels of x^2 + 1e-6)^-1/2       x, y [tokens, heads K]
//
// It is K^-1/2 of an RMS norm with epsilon 1e-6 / K. Saved: the reciprocals of that norm [tokens, heads].
#pragma once

#include <cmath>

#include <rondo/layer/norm.hpp>

namespace rondo {

class UnitNorm : public RecordsOf<UnweightedRmsNorm> {
 public:
  constexpr UnitNorm(Index width, Index heads)
      : RecordsOf(UnweightedRmsNorm(width, 1e-6 * static_cast<double>(heads) / static_cast<double>(width), heads)),
        channels_(width / heads) {}

  template <class C>
  void forward(C& c, In<C> x, Out<C> y, const auto& saved) const {
    this->inner_.forward(c, NoWeights::Weights<In<C>>{}, x, y, saved);
    c.scale(y, factor());
  }
  // dy is scaled; dx may be its memory.
  template <class C>
  void backward(C& c, In<C> x, Out<C> dy, Out<C> dx, const auto& saved) const {
    c.scale(dy, factor());
    this->inner_.backward(c, NoWeights::Weights<In<C>>{}, x, dy, dx, saved, NoWeights::Weights<WideOut<C>>{});
  }

 private:
  [[nodiscard]] double factor() const { return 1 / std::sqrt(static_cast<double>(channels_)); }

  Index channels_;
};

}  // namespace rondo

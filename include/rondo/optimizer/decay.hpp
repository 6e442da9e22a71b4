// Weight decay that is no gradient (Loshchilov and Hutter 2019), the last part of most updates:
//
//   w <- w - rate (u + decay w)
//
// u is the update in units of the rate. Cautious (Chen et al. 2025): decay only where it goes the way of the update, u w >= 0, with the
// weight before the step. Rules here and in the other headers of this folder are values with an operator for one element of any scalar.
#pragma once

#include <rondo/core/device.hpp>

namespace rondo {

// w <- w - scale u - shrink w
template <class T>
constexpr T decayed_step(T w, T step, T shrink, bool cautious) {
  const T decay = !cautious || step * w >= T(0) ? shrink : T(0);
  return w - step - decay * w;
}

// The whole step on given updates: step = rate times what u is scaled by, shrink = rate decay.
struct DecoupledStep {
  double step = 0;
  double shrink = 0;
  bool cautious = false;
  template <class T>
  RONDO_ANYWHERE void operator()(T& w, const T& u) const {
    w = decayed_step(w, static_cast<T>(step) * u, static_cast<T>(shrink), cautious);
  }
};

// The same with the shares of a step: rate and decay are the full ones.
struct DecoupledRule {
  double rate = 0;
  double scale = 1;
  double decay = 0;
  bool cautious = false;
  [[nodiscard]] RONDO_ANYWHERE DecoupledStep at(const auto& now) const {
    const double full = rate * now.rate_share;
    return {full * scale, full * decay * now.decay_share, cautious};
  }
};

}  // namespace rondo

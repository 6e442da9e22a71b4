// Adam (Kingma and Ba 2015), with decay as an L2 penalty: part of the gradient.
//
//   g <- g + decay w
//   m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2
//   w <- w - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)           t = 1, 2, ...
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/optimizer/moments.hpp>

namespace rondo {

struct Adam {
  static constexpr std::string_view name = "adam";
  static constexpr std::array<std::string_view, 2> slots{"first", "second"};
  static constexpr bool elementwise = true;
  double rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double decay = 0;

  static void each_setting(auto& settings, auto&& visit) { each_adam_setting(settings, visit); }

  [[nodiscard]] RONDO_ANYWHERE AdamStep<DecayForm::penalty> at(const Update& now) const {
    return {{beta1, beta2, epsilon, now}, rate * now.rate_share, decay * now.decay_share};
  }
  template <class C>
  void update(C& c, const PieceUpdate<C>& now, const Leaf&, const auto& w, WideIn<C> g, const Slots<C, Adam>& moments) const {
    now.each_element(c, *this, w, g, moments[0], moments[1]);
  }
};

}  // namespace rondo

// AdamW (Kingma and Ba 2015; decoupled decay of Loshchilov and Hutter 2019):
//
//   m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2
//   w <- w - rate (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon) + decay w)           t = 1, 2, ...
//
//   AdamW optimizer{.rate = 1e-3};
//
// cautious: optimizer/decay.hpp.
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/optimizer/moments.hpp>

namespace rondo {

struct AdamW {
  static constexpr std::string_view name = "adamw";
  static constexpr std::array<std::string_view, 2> slots{"first", "second"};
  static constexpr bool elementwise = true;
  double rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double decay = 0.1;
  bool cautious = false;

  static void each_setting(auto& settings, auto&& visit) {
    each_adam_setting(settings, visit);
    visit("cautious", settings.cautious);
  }

  template <DecayForm form>
  struct Rule {
    double rate, beta1, beta2, epsilon, decay;
    [[nodiscard]] RONDO_ANYWHERE AdamStep<form> at(const Update& now) const {
      return {{beta1, beta2, epsilon, now}, rate * now.rate_share, decay * now.decay_share};
    }
  };
  template <class C>
  void update(C& c, const PieceUpdate<C>& now, const Leaf&, const auto& w, WideIn<C> g, const Slots<C, AdamW>& moments) const {
    if (cautious)
      now.each_element(c, Rule<DecayForm::cautious>{rate, beta1, beta2, epsilon, decay}, w, g, moments[0], moments[1]);
    else
      now.each_element(c, Rule<DecayForm::decoupled>{rate, beta1, beta2, epsilon, decay}, w, g, moments[0], moments[1]);
  }
};

}  // namespace rondo

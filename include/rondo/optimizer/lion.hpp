// Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2):
//
//   u = sign(b1 m + (1 - b1) g),  m <- b2 m + (1 - b2) g                          sign(0) = 0
//   w <- w - rate (u + decay w)                                                  cautious: optimizer/decay.hpp
//
// One slot. Its rate is three to ten times smaller than AdamW's, its decay as much larger.
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/optimizer/decay.hpp>
#include <rondo/optimizer/optimizer.hpp>

namespace rondo {

struct Lion {
  static constexpr std::string_view name = "lion";
  static constexpr std::array<std::string_view, 1> slots{"momentum"};
  static constexpr bool elementwise = true;
  double rate = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double decay = 1;
  bool cautious = false;

  static void each_setting(auto& settings, auto&& visit) {
    visit("rate", settings.rate, at_least_zero);
    visit("beta1", settings.beta1, below_one);
    visit("beta2", settings.beta2, below_one);
    visit("decay", settings.decay, at_least_zero);
    visit("cautious", settings.cautious);
  }

  struct Step {
    double rate, beta1, beta2, shrink, gradient_scale;
    bool cautious;
    template <class T>
    RONDO_ANYWHERE void operator()(T& w, const T& g, T& m) const {
      const T b1 = static_cast<T>(beta1), b2 = static_cast<T>(beta2);
      const T d = g * static_cast<T>(gradient_scale), mixed = b1 * m + static_cast<T>(1 - beta1) * d;
      const T sign = static_cast<T>(mixed > T(0)) - static_cast<T>(mixed < T(0));
      m = b2 * m + static_cast<T>(1 - beta2) * d;
      w = decayed_step(w, static_cast<T>(rate) * sign, static_cast<T>(shrink), cautious);
    }
  };
  [[nodiscard]] RONDO_ANYWHERE Step at(const Update& now) const {
    const double full = rate * now.rate_share;
    return {full, beta1, beta2, full * decay * now.decay_share, now.gradient_scale, cautious};
  }
  template <class C>
  void update(C& c, const PieceUpdate<C>& now, const Leaf&, const auto& w, WideIn<C> g, const Slots<C, Lion>& slot) const {
    now.each_element(c, *this, w, g, slot[0]);
  }
};

}  // namespace rondo

// Stochastic gradient descent with momentum (Polyak 1964; Nesterov 1983, in the form of Sutskever et al. 2013); decay as an L2 penalty.
//
//   g <- g + decay w,  m <- momentum m + g
//   w <- w - rate m                          nesterov: w - rate (g + momentum m)
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/optimizer/optimizer.hpp>

namespace rondo {

struct Sgd {
  static constexpr std::string_view name = "sgd";
  static constexpr std::array<std::string_view, 1> slots{"momentum"};
  static constexpr bool elementwise = true;
  double rate = 0.1;
  double momentum = 0.9;
  bool nesterov = false;
  double decay = 0;

  static void each_setting(auto& settings, auto&& visit) {
    visit("rate", settings.rate, at_least_zero);
    visit("momentum", settings.momentum, below_one);
    visit("nesterov", settings.nesterov);
    visit("decay", settings.decay, at_least_zero);
  }

  struct Step {
    double rate, momentum, decay, gradient_scale;
    bool nesterov;
    template <class T>
    RONDO_ANYWHERE void operator()(T& w, const T& g, T& m) const {
      const T d = g * static_cast<T>(gradient_scale) + static_cast<T>(decay) * w;
      m = static_cast<T>(momentum) * m + d;
      w -= static_cast<T>(rate) * (nesterov ? d + static_cast<T>(momentum) * m : m);
    }
  };
  [[nodiscard]] RONDO_ANYWHERE Step at(const Update& now) const {
    return {rate * now.rate_share, momentum, decay * now.decay_share, now.gradient_scale, nesterov};
  }
  template <class C>
  void update(C& c, const PieceUpdate<C>& now, const Leaf&, const auto& w, WideIn<C> g, const Slots<C, Sgd>& slot) const {
    now.each_element(c, *this, w, g, slot[0]);
  }
};

}  // namespace rondo

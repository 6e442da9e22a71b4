// LAMB (You et al. 2020, algorithm 2), as GPT-BERT trains with it: Adam's update, as long as the weight where the parameter decays.
//
//   u = (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)                        m, v: optimizer/moments.hpp
//   with decay:     u <- u + decay w,  w <- w - rate (|w| / |u|) u                 norms of the whole tensor; 1 where one of them is zero
//   without decay:  w <- w - rate u
//
// The ratio is not clamped.
#pragma once

#include <rondo/optimizer/moments.hpp>

namespace rondo {

struct Lamb {
  static constexpr std::string_view name = "lamb";
  static constexpr std::array<std::string_view, 2> slots{"first", "second"};
  static constexpr bool elementwise = false;
  double rate = 1e-2;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-6;
  double decay = 0.1;

  static void each_setting(auto& settings, auto&& visit) {
    visit("rate", settings.rate, at_least_zero);
    visit("beta1", settings.beta1, below_one);
    visit("beta2", settings.beta2, below_one);
    visit("epsilon", settings.epsilon, above_zero);
    visit("decay", settings.decay, at_least_zero);
  }

  struct Direction {
    Moments moments;
    double decay;
    template <class T>
    void operator()(T& u, const T& w, const T& g, T& m, T& v) const {
      moments.follow(g * static_cast<T>(moments.gradient_scale), m, v);
      u = static_cast<T>(1 / moments.correction1) * m / moments.deviation(v) + static_cast<T>(decay) * w;
    }
  };
  template <class C>
  void update(C& c, const Update& now, const Leaf&, const auto& w, In<C> g, const Slots<C, Lamb>& moments) const {
    auto mark = c.mark();
    const Out<C> u = c.matrix(w.rows, w.columns);
    const double decays = decay * now.decay_share;
    c.each_element(Direction{{beta1, beta2, epsilon, now}, decays}, u, In<C>(w), g, moments[0], moments[1]);
    double ratio = 1;
    if (decays > 0) {
      const double weight = c.sum_of_squares(In<C>(w)), update = c.sum_of_squares(In<C>(u));
      if (weight > 0 && update > 0) ratio = std::sqrt(weight / update);
    }
    c.each_element(DecoupledStep{.step = rate * now.rate_share * ratio}, w, In<C>(u));
  }
};

}  // namespace rondo

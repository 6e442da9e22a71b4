// LAMB (You et al. 2020, algorithm 2), as GPT-BERT trains with it: Adam's update, as long as the weight where the parameter decays.
//
//   u = (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)                        m, v: optimizer/moments.hpp
//   with decay:     u <- u + decay w,  w <- w - rate (|w| / |u|) u                 norms of the whole tensor; 1 where one of them is zero
//   without decay:  w <- w - rate u
//
// The ratio is not clamped.
#pragma once

#include <rondo/core/device.hpp>
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

  static void each_setting(auto& settings, auto&& visit) { each_adam_setting(settings, visit); }

  struct Direction {
    Moments moments;
    double decay;
    template <class T>
    RONDO_ANYWHERE void operator()(T& u, const T& w, const T& g, T& m, T& v) const {
      moments.follow(g * static_cast<T>(moments.gradient_scale), m, v);
      u = static_cast<T>(1 / moments.correction1) * m / moments.deviation(v) + static_cast<T>(decay) * w;
    }
  };
  [[nodiscard]] RONDO_ANYWHERE Direction at(const Update& now) const { return {{beta1, beta2, epsilon, now}, decay * now.decay_share}; }
  struct Length {
    double rate, decay;
    const double *weight, *update;  // squares, in the back-end's memory
    [[nodiscard]] RONDO_ANYWHERE DecoupledStep at(const Update& now) const {
      const bool as_weight = decay * now.decay_share > 0 && *weight > 0 && *update > 0;
      return {.step = rate * now.rate_share * (as_weight ? std::sqrt(*weight / *update) : 1.0)};
    }
  };
  template <class C>
  void update(C& c, const PieceUpdate<C>& now, const Leaf&, const auto& w, WideIn<C> g, const Slots<C, Lamb>& moments) const {
    auto mark = c.mark();
    const WideOut<C> u = c.wide(w.rows, w.columns);
    const View<double, C::place> squares{c.scratch.template take<double>(2), 1, 2};
    const auto weight = squares.middle_columns(0, 1), update = squares.middle_columns(1, 1);
    now.each_element(c, *this, u, WideIn<C>(w), g, moments[0], moments[1]);
    if (decay * now.decay_share > 0) {
      c.sum_of_squares(WideIn<C>(w), weight);
      c.sum_of_squares(WideIn<C>(u), update);
    }
    now.each_element(c, Length{rate, decay * now.decay_share > 0 ? decay : 0, weight.data, update.data}, w, WideIn<C>(u));
  }
};

}  // namespace rondo

// Schedule-free AdamW (Defazio et al. 2024, "The road less scheduled", algorithm 1): no schedule but a warm-up, the average instead.
//
//   z <- z - r (g / (sqrt(v / (1 - b2^t)) + epsilon) + decay y)                     v <- b2 v + (1 - b2) g^2,  g taken at y
//   x <- (1 - c) x + c z,   y <- b1 x + (1 - b1) z                                  c = max(r)^2 / sum over the steps of max(r)^2
//
// r is the rate of the step, max(r) the largest so far. The weights that are trained are y; x are those to evaluate and to save. Kept
// are y and z; x follows from them. Use it with a constant schedule.
#pragma once

#include <algorithm>

#include <rondo/core/device.hpp>
#include <rondo/optimizer/moments.hpp>

namespace rondo {

struct ScheduleFreeAdamW {
  static constexpr std::string_view name = "schedule_free";
  static constexpr std::array<std::string_view, 2> slots{"base", "second"};
  static constexpr std::array<std::string_view, 2> numbers{"largest_rate", "sum_of_weights"};
  static constexpr bool elementwise = true;
  double rate = 2.5e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double decay = 0;

  static void each_setting(auto& settings, auto&& visit) { each_adam_setting(settings, visit, between_zero_and_one); }

  RONDO_ANYWHERE void advance(const Update& now, std::span<double> kept) const {
    kept[0] = std::max(kept[0], rate * now.rate_share);
    kept[1] += kept[0] * kept[0];
  }

  template <class C>
  void start(C& c, WideIn<C> w, const Slots<C, ScheduleFreeAdamW>& slot) const {
    c.copy(w, slot[0]);
  }

  struct Step {
    double rate, beta1, beta2, epsilon, decay, correction, share, gradient_scale;
    template <class T>
    RONDO_ANYWHERE void operator()(T& y, const T& g, T& z, T& v) const {
      const T b2 = static_cast<T>(beta2), c = static_cast<T>(share), r = static_cast<T>(rate);
      const T d = g * static_cast<T>(gradient_scale);
      v = b2 * v + static_cast<T>(1 - beta2) * d * d;
      const T u = d / (square_root(v * static_cast<T>(1 / correction)) + static_cast<T>(epsilon)) + static_cast<T>(decay) * y;
      y = static_cast<T>(1 - share) * y + c * z - static_cast<T>(1 - beta1 * (1 - share)) * r * u;  // the three lines above without x
      z -= r * u;
    }
  };
  [[nodiscard]] RONDO_ANYWHERE Step at(const Update& now) const {
    const double weight = now.numbers[0] * now.numbers[0], sum = now.numbers[1];
    return {rate * now.rate_share,
            beta1,
            beta2,
            epsilon,
            decay * now.decay_share,
            1 - std::pow(beta2, static_cast<double>(now.step)),
            sum > 0 ? weight / sum : 0,
            now.gradient_scale};
  }
  template <class C>
  void update(C& c, const PieceUpdate<C>& now, const Leaf&, const auto& w, WideIn<C> g, const Slots<C, ScheduleFreeAdamW>& slot) const {
    now.each_element(c, *this, w, g, slot[0], slot[1]);
  }

  struct Evaluation {
    double beta1;
    template <class T>
    RONDO_ANYWHERE void operator()(T& x, const T& y, const T& z) const {
      x = z + (y - z) * static_cast<T>(1 / beta1);
    }
  };
  template <class C>
  void evaluation(C& c, WideIn<C> w, const Slots<C, ScheduleFreeAdamW>& slot, WideOut<C> x) const {
    c.each_element(Evaluation{beta1}, x, w, WideIn<C>(slot[0]));
  }
};

}  // namespace rondo

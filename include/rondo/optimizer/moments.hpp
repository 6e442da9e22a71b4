// The moments of Adam (Kingma and Ba 2015), which AdamW and LAMB go by as well:
//
//   m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2
//   u = (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)           t = 1, 2, ...
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/core/math.hpp>
#include <rondo/optimizer/decay.hpp>
#include <rondo/optimizer/optimizer.hpp>

namespace rondo {

struct Moments {
  double beta1, beta2, epsilon;
  double correction1, correction2;  // 1 - beta^t
  double gradient_scale;
  RONDO_ANYWHERE Moments(double beta1_, double beta2_, double epsilon_, const Update& now)
      : beta1(beta1_),
        beta2(beta2_),
        epsilon(epsilon_),
        correction1(1 - std::pow(beta1_, static_cast<double>(now.step))),
        correction2(1 - std::pow(beta2_, static_cast<double>(now.step))),
        gradient_scale(now.gradient_scale) {}

  template <class T>
  RONDO_ANYWHERE void follow(const T& d, T& m, T& v) const {
    follow(d, m, v, static_cast<T>(1 - beta1), static_cast<T>(1 - beta2));
  }
  template <class T>
  RONDO_ANYWHERE void follow(const T& d, T& m, T& v, const T& one1, const T& one2) const {
    m = static_cast<T>(beta1) * m + one1 * d;
    v = static_cast<T>(beta2) * v + one2 * d * d;
  }
  // sqrt(v / (1 - b2^t)) + epsilon
  template <class T>
  [[nodiscard]] RONDO_ANYWHERE T deviation(const T& v) const {
    return square_root(v * static_cast<T>(1 / correction2)) + static_cast<T>(epsilon);
  }
};

// The settings of Adam and of whatever goes by its moments.
void each_adam_setting(auto& settings, auto&& visit, Limits beta1 = below_one) {
  visit("rate", settings.rate, at_least_zero);
  visit("beta1", settings.beta1, beta1);
  visit("beta2", settings.beta2, below_one);
  visit("epsilon", settings.epsilon, above_zero);
  visit("decay", settings.decay, at_least_zero);
}

enum class DecayForm { penalty, decoupled, cautious };

// The whole step; `decay` as its form says: part of the gradient, or times the rate.
template <DecayForm form>
struct AdamStep {
  Moments moments;
  double rate;
  double decay;
  template <class T>
  RONDO_ANYWHERE void operator()(T& w, const T& g, T& m, T& v) const {
    const T step = static_cast<T>(rate / moments.correction1);
    T d = g * static_cast<T>(moments.gradient_scale);
    if constexpr (form == DecayForm::penalty) d += static_cast<T>(decay) * w;
    if constexpr (form == DecayForm::decoupled)  // 1 - beta of the rounded beta: the bits that AdamW's runs have always had
      moments.follow(d, m, v, T(1) - static_cast<T>(moments.beta1), T(1) - static_cast<T>(moments.beta2));
    else
      moments.follow(d, m, v);
    if constexpr (form == DecayForm::penalty)
      w -= step * m / moments.deviation(v);
    else if constexpr (form == DecayForm::decoupled)
      w = static_cast<T>(1 - rate * decay) * w - step * m / moments.deviation(v);
    else
      w = decayed_step(w, step * m / moments.deviation(v), static_cast<T>(rate * decay), true);
  }
};

}  // namespace rondo

// The delta rule by itself for the laws, with inputs as a mixer makes them.
#pragma once

#include <cmath>

#include <rondo/recurrence/delta_rule.hpp>
#include <rondo/testing/recurrence_subject.hpp>

namespace rondo::testing {

// usual: between, some of them 0 and some so low that nothing is left of the state. Forgetful: all e^-20. Vanishing: all exactly zero.
enum class Decays { usual, none, forgetful, vanishing };

// Keys no longer than one, 0 <= beta <= 2, log decays <= 0.
struct DeltaRuleSubject : Subject<RecurrenceLayer<DeltaRule>> {
  explicit DeltaRuleSubject(const DeltaRule& given, Decays decays_ = Decays::usual)
      : Subject(recurrence_subject(given)), rule(given), decays(decays_) {}
  [[nodiscard]] double draw(RandomKey key, std::uint64_t number, Index column) const {
    const double uniform = uniform_number(key, number);
    if (column < g()) return (2 * uniform - 1) / std::sqrt(static_cast<double>(rule.key_width));
    if (column < beta()) return log_decay(uniform);
    if (column < v()) return 2 * uniform;
    return normal_number(key, number);
  }

  // The columns of x: q, k, g, beta and v as the recurrence lists them.
  [[nodiscard]] Index k() const { return rule.groups * rule.key_width; }
  [[nodiscard]] Index g() const { return 2 * k(); }
  [[nodiscard]] Index beta() const { return g() + rule.heads * rule.decays; }
  [[nodiscard]] Index v() const { return beta() + rule.heads; }

  DeltaRule rule;
  Decays decays;

 private:
  [[nodiscard]] double log_decay(double uniform) const {
    if (decays == Decays::none) return 0;
    if (decays == Decays::forgetful) return -20;
    if (decays == Decays::vanishing) return -1e30;
    return uniform < 0.1 ? 0 : uniform < 0.15 ? -40 : -uniform;
  }
};

}  // namespace rondo::testing

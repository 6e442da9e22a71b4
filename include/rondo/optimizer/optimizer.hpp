// What an optimiser is: a small value with settings that updates one tensor at a time and owns no memory.
//
//   struct Sgd {
//     static constexpr std::string_view name = "sgd";
//     static constexpr std::array<std::string_view, 1> slots{"momentum"};           // what it keeps for each weight, zero at first
//     static constexpr bool elementwise = true;                                     // neighbours may be updated as one piece
//     double rate = 0.1; ...
//     static void each_setting(auto& settings, auto&& visit) { visit("rate", settings.rate, at_least_zero); ... }
//     Step at(const Update& now) const;                                             // the rule of a step (optimizer/sgd.hpp)
//     template <class C>
//     void update(C& c, const PieceUpdate<C>& now, const Leaf& leaf, const auto& w, WideIn<C> g, const Slots<C, Sgd>& slots) const {
//       now.each_element(c, *this, w, g, slots[0]);
//     }
//   };
//
// What changes from step to step, an Update, lies in the back-end's memory: at() is called by the operation, and what it holds and is
// given may be read there alone.
//
// w (a WideOut<C>, or masters with a stored copy: backend/options.hpp) and the slots are updated; g is the sum of gradients, which
// gradient_scale turns into what the update goes by. OptimizerState owns the slots and walks a model (optimizer/optimizer_state.hpp).
// Where an optimiser wants it, it has also
//
//   AdamW rest;  bool takes(const Leaf&) const                           leaves what it does not take to another (Muon)
//   void start(c, w, slots) const                                        slots that are not zero at first
//   struct Evaluation;  void evaluation(c, w, slots, x) const            weights to evaluate that are not those trained (x is written)
//   static constexpr ... numbers;  void advance(now, numbers) const      numbers that it keeps from one step to the next
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <rondo/backend/options.hpp>
#include <rondo/core/device.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/leaf.hpp>

namespace rondo {

// What changes from one update to the next, and from one group of parameters to another. It lies in the back-end's memory.
struct Update {
  Index step = 1;                     // number of this update, from 1
  double rate_share = 1;              // of the full rate
  double gradient_scale = 1;          // the gradients are multiplied by it first
  double decay_share = 1;             // of the full weight decay; none where a parameter does not decay
  std::array<double, 4> numbers{};    // the optimiser's own
  bool takes_place = true;            // else weights and slots stay as they are
};

// A rule with the shares that a piece of the parameters has of its own.
template <class Rule>
struct OfPiece {
  Rule rule;
  double rate_share, decay_share;
  [[nodiscard]] RONDO_ANYWHERE auto at(Update now) const {
    now.rate_share *= rate_share;
    now.decay_share *= decay_share;
    return rule.at(now);
  }
};

// The update of a piece.
template <class C>
struct PieceUpdate {
  View<const Update, C::place> numbers;
  double rate_share = 1, decay_share = 1;
  // What rule.at(update) does to each element.
  template <class Rule>
  void each_element(C& c, const Rule& rule, const auto&... views) const {
    c.each_element(numbers, OfPiece<Rule>{rule, rate_share, decay_share}, views...);
  }
};

template <class C, class Optimizer>
using Slots = std::array<WideOut<C>, std::size(Optimizer::slots)>;

// The values that a setting may have.
struct Limits {
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();
  bool low_belongs = true, high_belongs = true;
  [[nodiscard]] constexpr bool hold(double value) const {
    return (low_belongs ? value >= low : value > low) && (high_belongs ? value <= high : value < high);
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream text;
    if (high == std::numeric_limits<double>::max())
      text << (low_belongs ? "at least " : "above ") << low;
    else
      text << "in " << (low_belongs ? '[' : '(') << low << ", " << high << (high_belongs ? ']' : ')');
    return text.str();
  }
};
inline constexpr Limits at_least_zero{0.0};
inline constexpr Limits above_zero{.low = 0, .low_belongs = false};
inline constexpr Limits below_one{.low = 0, .high = 1, .high_belongs = false};
inline constexpr Limits between_zero_and_one{.low = 0, .high = 1, .low_belongs = false, .high_belongs = false};

// Throws Error for a setting that is outside its limits. Settings are numbers with limits, truth values, words (an enumeration and the
// names of its values) and the optimiser for the rest.
template <class Optimizer>
void check_settings(const Optimizer& optimizer) {
  Optimizer::each_setting(optimizer, [&]<class Setting>(std::string_view setting, const Setting& value, const auto&... limits) {
    if constexpr (std::same_as<Setting, double>)
      require((limits.hold(value) && ...), Optimizer::name, ": ", setting, " must be ", (limits.text() + ...), ", found ", value);
    else if constexpr (requires { Setting::name; })
      check_settings(value);
  });
}

// act(o) with the optimiser that updates a leaf: this one, the one that is chosen, or the one that it leaves the rest to.
template <class Optimizer, class Act>
decltype(auto) with_updater(const Optimizer& optimizer, const Leaf& leaf, Act&& act) {
  if constexpr (requires { optimizer.chosen; })
    return std::visit([&](const auto& one) -> decltype(auto) { return with_updater(one, leaf, act); }, optimizer.chosen);
  else if constexpr (requires { optimizer.takes(leaf); })
    return optimizer.takes(leaf) ? act(optimizer) : with_updater(optimizer.rest, leaf, act);
  else
    return act(optimizer);
}
// act(o) with the optimiser itself, where it is one of several.
template <class Optimizer, class Act>
decltype(auto) with_optimizer(const Optimizer& optimizer, Act&& act) {
  if constexpr (requires { optimizer.chosen; })
    return std::visit(act, optimizer.chosen);
  else
    return act(optimizer);
}

template <class Optimizer>
const Optimizer& checked(const Optimizer& optimizer) {
  with_optimizer(optimizer, [](const auto& one) { check_settings(one); });
  return optimizer;
}

// Whether the weights to evaluate are others than those that are trained.
template <class Optimizer>
bool evaluates_elsewhere(const Optimizer& optimizer) {
  return with_optimizer(optimizer, []<class One>(const One&) { return requires { typename One::Evaluation; }; });
}

// What OptimizerState asks of an optimiser beside update().
struct AnySetting {
  void operator()(std::string_view, const auto&, const auto&...) const {}
};
template <class O>
concept OneOptimizer = requires(const O& o) {
  { O::name } -> std::convertible_to<std::string_view>;
  { std::size(O::slots) } -> std::convertible_to<std::size_t>;
  { O::elementwise } -> std::convertible_to<bool>;
  { o.rate } -> std::convertible_to<double>;
  O::each_setting(o, AnySetting{});
};
template <class O>
concept Optimizer = OneOptimizer<O> || requires(const O& o) { std::visit([](const OneOptimizer auto&) {}, o.chosen); };

}  // namespace rondo

// Operations that take work along, composed from the plain ones: what a back-end gets that does not do better.
//
//   linear(x, W, b, y, plus)               y = x W^T + b + plus; b and plus may be absent
//   linear_map<F>(x, W, b, before, y)      before = x W^T + b,  y = F(before)
//   linear(x, {W1, W2, ...}, y)            y = [x W1^T, x W2^T, ...] side by side; and its gradients:
//   linear_input_gradient(dy, {W1, W2, ...}, dx, onto)      dx (+)= dy [W1; W2; ...]
//   linear_weight_gradient(dy, x, {dW1, dW2, ...})          dWi += (dy's columns of it)^T x
//   each_element(rule, masters, x, ...)    the rule on the masters, and their stored copy in the same pass
//   each_element(now, rule, masters, ...)  the same with what now makes of the rule
//
// Every context inherits this (backend/context.hpp), lets these through beside its plain operations (`using Composed::linear;`) and
// declares with the same arguments what it fuses; the composed form stays what that is compared with.
#pragma once

#include <array>
#include <cstddef>

#include <rondo/backend/options.hpp>
#include <rondo/core/device.hpp>

namespace rondo {

// A rule on masters, and the rounding of what it made of them.
template <class Rule>
struct Storing {
  Rule rule;
  template <class Stored, class T, class... Others>
  RONDO_ANYWHERE void operator()(Stored& stored, T& master, Others&... others) const {
    rule(master, others...);
    stored = static_cast<Stored>(static_cast<float>(master));
  }
  [[nodiscard]] RONDO_ANYWHERE auto at(const auto& now) const { return Storing<decltype(rule.at(now))>{rule.at(now)}; }
};

template <class Backend, class Input, class Output>
class ComposedOperations {
 public:
  using Composed = ComposedOperations;

  template <class W>
  void linear(Input x, W weight, W bias, Output y, Input plus) {
    self().linear(x, weight, y);
    if (bias) self().add_bias(bias, y);
    if (plus) self().add(plus, y);
  }
  template <class F, class W>
  void linear_map(Input x, W weight, W bias, Output before, Output y) {
    self().linear(x, weight, bias, before, Input{});
    self().template map<F>(before, y);
  }
  template <class W, std::size_t n>
  void linear(Input x, const std::array<W, n>& weights, Output y) {
    each_weight(weights, y, [&](const W& weight, Output part) { self().linear(x, weight, part); });
  }
  template <class W, std::size_t n>
  void linear_input_gradient(Input dy, const std::array<W, n>& weights, Output dx, Onto onto) {
    each_weight(weights, dy, [&](const W& weight, Input part) {
      self().linear_input_gradient(part, weight, dx, onto);
      onto = Onto::add;
    });
  }
  template <class D, std::size_t n>
  void linear_weight_gradient(Input dy, Input x, const std::array<D, n>& d_weights) {
    each_weight(d_weights, dy, [&](const D& d_weight, Input part) { self().linear_weight_gradient(part, x, d_weight); });
  }

  template <class Rule, class T, class Stored, Place place, class... Others>
  void each_element(const Rule& rule, const MasterView<T, Stored, place>& masters, const Others&... others) {
    self().each_element(Storing<Rule>{rule}, masters.stored, View<T, place>(masters), others...);
  }
  template <class Now, class Rule, class T, class Stored, Place place, class... Others>
  void each_element(const View<const Now, place>& now, const Rule& rule, const MasterView<T, Stored, place>& masters,
                    const Others&... others) {
    self().each_element(now, Storing<Rule>{rule}, masters.stored, View<T, place>(masters), others...);
  }

 private:
  // act(weight, its columns of y)
  static void each_weight(const auto& weights, const auto& y, auto act) {
    Index begin = 0;
    for (const auto& weight : weights) {
      act(weight, y.middle_columns(begin, weight.rows));
      begin += weight.rows;
    }
  }
  Backend& self() { return static_cast<Backend&>(*this); }
};

}  // namespace rondo

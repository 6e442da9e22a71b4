// Wide<S>: beside S, what must not be rounded as activations are. Where numbers are stored in 16 bits these are float:
//
//   statistics of norms, log sums of attention, log decays and write strengths, lower bounds, recurrent states, losses, and gradients
//   of weights
//
// In a record, `struct Saved { S output; Wide<S> log_sum; };`. float, double and complex numbers are wide themselves: there Wide<S> is S.
// A type of number of your own says by WideOf<T> what is wide beside it.
#pragma once

#include <rondo/core/half.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

template <class S>
struct WideOf {
  using type = S;
};
template <class S>
using Wide = typename WideOf<S>::type;

template <>
struct WideOf<bf16> {
  using type = float;
};
template <>
struct WideOf<fp16> {
  using type = float;
};
template <class T>
struct WideOf<const T> {
  using type = const Wide<T>;
};
template <class T, Place place>
struct WideOf<View<T, place>> {
  using type = View<Wide<T>, place>;
};

}  // namespace rondo

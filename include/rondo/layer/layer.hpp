// What a layer is: a small value that describes a computation and owns no tensor.
//
//   static void check(const Shape&)                          constexpr; throws Error for a shape the layer cannot have
//   Weights<S>, Saved<S>, State<S>                           its records (rondo/core/record.hpp), each with its list
//   forward (c, w, x, y, saved, carried)                     y is written
//   backward(c, w, x, dy, dx, saved, dw, carried)            dx is written, dw is added to; x is forward's x
//
// c is the context of a back-end (rondo/backend/backend.hpp): a layer calls operations on it and never looks at memory
// itself. x, dx [tokens, in]; y, dy [tokens, out]. `carried` names the states: where a sequence starts from
// and where its state after the last token goes; both may be absent. A layer's backward finds in `saved` all it needs beside x.
// Layers that treat every token alone have no state and take no `carried`.
#pragma once

#include <rondo/backend/options.hpp>
#include <rondo/core/record.hpp>
#include <rondo/core/shape.hpp>

namespace rondo {

template <class Layer, class C>
using CarriedFor = Carried<typename Layer::template State<Out<C>>>;
template <class Layer, class C>
using CarriedGradientFor = CarriedGradient<typename Layer::template State<Out<C>>>;

// Parameters that all blocks of a stack share: none.
struct NothingShared : NoWeights, NothingSaved {
  constexpr NothingShared(const Shape&, Index) {}
  template <class C>
  void forward(C&, const auto&, const auto&) const {}
  template <class C>
  void backward(C&, const auto&, const auto&, const auto&) const {}
  template <class C>
  void enter(C&, const auto&, Index) const {}
};

// What most layers are: nothing shared, nothing to check.
struct PlainLayer {
  using Shared = NothingShared;
  static constexpr void check(const Shape&) {}
};

}  // namespace rondo

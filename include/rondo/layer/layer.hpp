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
// Layers that treat every token alone have no state and take no `carried`. A block finds in `carried` also its share of what all blocks of
// its stack have in common (`Shared`).
#pragma once

#include <rondo/backend/options.hpp>
#include <rondo/core/record.hpp>
#include <rondo/core/shape.hpp>

namespace rondo {

template <class Layer, class C>
using CarriedFor = Carried<typename Layer::template State<Out<C>>>;
template <class Layer, class C>
using CarriedGradientFor = CarriedGradient<typename Layer::template State<Out<C>>>;

// What a block is handed of the parameters that its stack shares: a row of values and where its gradient is added; no views where nothing
// is shared.
template <class S>
struct Share {
  S value, gradient;
};

// `carried` of a block, and of what is in it: where its states are, and its share.
template <class States, class S>
struct Handed : States {
  Share<S> share;
};
template <class Layer, class C>
using HandedFor = Handed<CarriedFor<Layer, C>, Out<C>>;
template <class Layer, class C>
using HandedGradientFor = Handed<CarriedGradientFor<Layer, C>, Out<C>>;

// Parameters that all blocks of a stack share: none.
struct NothingShared : NoWeights, NothingSaved {
  constexpr NothingShared(const Shape&, Index) {}
  template <class C>
  void forward(C&, const auto&, const auto&) const {}
  template <class C>
  void backward(C&, const auto&, const auto&, const auto&) const {}
  template <class S>
  static constexpr Share<S> share(const auto&, Index) {
    return {};
  }
};

// What most layers are: nothing shared, nothing to check.
struct PlainLayer {
  using Shared = NothingShared;
  static constexpr void check(const Shape&) {}
};

}  // namespace rondo

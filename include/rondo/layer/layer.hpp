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
  Wide<S> value, gradient;
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

// What of a batch a layer may be given alone, where that pays: any of its tokens, or whole sequences; none, where it is the faster the more
// sequences there are.
enum class Apart : unsigned char { none, sequences, tokens };
template <class Layer>
constexpr Apart apart_of() {
  if constexpr (requires { Layer::apart; }) return Layer::apart;
  return Apart::sequences;
}

// What most layers are: nothing shared, nothing to check.
struct PlainLayer {
  using Shared = NothingShared;
  static constexpr void check(const Shape&) {}
};

// What a layer around another one passes on, unless it has its own: records, what blocks share, the check of a shape.
template <class Inner>
class RecordsOf {
 public:
  using Shared = typename Inner::Shared;
  static constexpr Apart apart = apart_of<Inner>();
  static constexpr void check(const Shape& shape) { Inner::check(shape); }

  template <class S>
  using Weights = typename Inner::template Weights<S>;
  constexpr auto weight_leaves(auto&... w) const { return inner_.weight_leaves(w...); }
  template <class S>
  using Saved = typename Inner::template Saved<S>;
  constexpr auto saved_leaves(Extent extent, auto&... s) const { return inner_.saved_leaves(extent, s...); }
  template <class S>
  using State = typename Inner::template State<S>;
  constexpr auto state_leaves(Extent extent, auto&... s) const { return inner_.state_leaves(extent, s...); }

 protected:
  constexpr explicit RecordsOf(Inner inner) : inner_(std::move(inner)) {}
  Inner inner_;
};

// A weight and, unless Bias::no, a bias: the record of maps, convolutions and norms, and its list. A bias is one number a channel.
// Bias::chosen is there where the layer is told so when it is made; elsewhere its view has no data.
enum class Bias : unsigned char { no, yes, chosen };

template <class S, Bias = Bias::no>
struct WeightAndBias {
  S weight, bias;
};
template <class S>
struct WeightAndBias<S, Bias::no> {
  S weight;
};
// `channels` of the bias; 0: it is absent.
template <Bias with_bias>
constexpr auto weight_and_bias(const Leaf& weight, Index channels, Initial bias_initial, auto&... w) {
  if constexpr (with_bias != Bias::no)
    return leaves(parameter(weight, w.weight...),
                  parameter("bias", {channels}, bias_initial, Decay::no, w.bias...).only_if(channels > 0));
  else
    return leaves(parameter(weight, w.weight...));
}

}  // namespace rondo

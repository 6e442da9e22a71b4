// Recurrence: how the state of a sequence takes its tokens in. A tag - a small value of sizes - lists the tensors as a layer does
// (rondo/core/record.hpp) and computes them in plain loops, for any scalar:
//
//   Inputs<V>    what a token brings                                  [tokens, n]      input_leaves(extent, in...)
//   Outputs<V>   what is written for it, and kept for the gradient    [tokens, n]      output_leaves(extent, out...)
//   State<V>     what a sequence carries from token to token          [sequences, n]   state_leaves(extent, s...)
//   Weights<V>   what all tokens share; may be left out                                weight_leaves(w...)
//   check(pass)  throws Error for sizes that cannot be; may be left out
//   operations(length)    of one token of a sequence that long; gradient_cost: those of the gradient for one of the forward pass
//   forward (c, pass)     writes out and carried.final
//   gradient(c, pass)     writes d_in and carried.d_initial, adds to d_weights
//
// A layer runs it as c.recurrence(tag, weights, {.q = q, ...}, {o}, carried), by the plain loops or by a form that the back-end has of
// its own (rondo/backend/context.hpp). What holds for all of them: rows of no sequence are never read, and are zero in outputs and
// d_in. An empty sequence passes its state on. States may be absent (zero, or not wanted); the initial and the final one may be the
// same memory. A gradient of an output that nobody reads, and what a tag says its gradient does not look at, may be without data.
#pragma once

#include <bit>

#include <rondo/core/error.hpp>
#include <rondo/core/math.hpp>
#include <rondo/core/precision.hpp>
#include <rondo/core/record.hpp>

namespace rondo {

struct InputRecords {
  template <class Tag, class V>
  using Record = typename Tag::template Inputs<V>;
  Extent extent;
  constexpr auto list(const auto& tag, auto&... records) const { return tag.input_leaves(extent, records...); }
};
struct OutputRecords {
  template <class Tag, class V>
  using Record = typename Tag::template Outputs<V>;
  Extent extent;
  constexpr auto list(const auto& tag, auto&... records) const { return tag.output_leaves(extent, records...); }
};

template <class Tag>
concept HasWeights = requires { typename Tag::template Weights<AnyStorage>; };
template <class Tag, class V>
struct WeightsOf {
  using Record = NoWeights::Weights<V>;
};
template <HasWeights Tag, class V>
struct WeightsOf<Tag, V> {
  using Record = typename Tag::template Weights<V>;
};

// Everything that a pass is given; In, Out: views to read and to write.
template <class Tag, class In, class Out>
struct ForwardPass {
  const Tag& tag;
  Sequences sequences;
  typename WeightsOf<Tag, In>::Record weights;
  typename Tag::template Inputs<In> in;
  typename Tag::template Outputs<Out> out;
  Carried<typename Tag::template State<Out>> carried;
  Precision precision{};  // of products, where the back-end has a choice
};
template <class Tag, class In, class Out>
struct GradientPass {
  const Tag& tag;
  Sequences sequences;
  typename WeightsOf<Tag, In>::Record weights;
  typename Tag::template Inputs<In> in;
  typename Tag::template Outputs<In> out, d_out;
  typename WeightsOf<Tag, Wide<Out>>::Record d_weights;
  typename Tag::template Inputs<Out> d_in;
  CarriedGradient<typename Tag::template State<Out>> carried;
  Precision precision{};
};

// visit(path, leaf, view) for every view of a pass, absent ones included. Only sizes are looked at, so that views of all types are of one
// here: the walk is compiled once a tag.
using AnyView = View<const char>;
template <class Kind, class Tag, class Record>
void each_view(const Kind& kind, const Tag& tag, const Record& record, const LeafVisitor<AnyView>& visit) {
  auto views = std::bit_cast<typename Kind::template Record<Tag, AnyView>>(record);
  each_leaf<AnyView>(kind, tag, views, visit);
}
template <class Tag, class In, class Out>
void each_view(const ForwardPass<Tag, In, Out>& pass, Extent extent, const LeafVisitor<AnyView>& visit) {
  if constexpr (HasWeights<Tag>) each_view(WeightRecords{}, pass.tag, pass.weights, visit);
  each_view(InputRecords{extent}, pass.tag, pass.in, visit);
  each_view(OutputRecords{extent}, pass.tag, pass.out, visit);
  const auto each_of = [&](auto*... states) { (each_view(StateRecords{extent}, pass.tag, or_none(states), visit), ...); };
  each_of(pass.carried.initial, pass.carried.final);
}
template <class Tag, class In, class Out>
void each_view(const GradientPass<Tag, In, Out>& pass, Extent extent, const LeafVisitor<AnyView>& visit) {
  if constexpr (HasWeights<Tag>) {
    each_view(WeightRecords{}, pass.tag, pass.weights, visit);
    each_view(WeightRecords{}, pass.tag, pass.d_weights, visit);
  }
  each_view(InputRecords{extent}, pass.tag, pass.in, visit);
  each_view(InputRecords{extent}, pass.tag, pass.d_in, visit);
  each_view(OutputRecords{extent}, pass.tag, pass.out, visit);
  each_view(OutputRecords{extent}, pass.tag, pass.d_out, visit);
  const auto each_of = [&](auto*... states) { (each_view(StateRecords{extent}, pass.tag, or_none(states), visit), ...); };
  each_of(pass.carried.initial, pass.carried.d_final, pass.carried.d_initial);
}

// Throws Error where sizes disagree.
[[gnu::noinline]] inline void check_sequences(Sequences sequences, Index tokens) {
  for (const Sequence& sequence : sequences)
    require(sequence.begin >= 0 && sequence.begin + sequence.length <= tokens, "recurrence: a sequence ends at row ",
            sequence.begin + sequence.length, " of ", tokens);
}
[[gnu::noinline]] inline void check_size(const Leaf& leaf, const AnyView& view) {
  require(!view || view.size() == leaf.dimensions.size(), "recurrence: ", leaf.name, " is [", view.rows, ", ", view.columns,
          "], expected ", leaf.dimensions.text());
}
template <class Pass>
void check_pass(const Pass& pass, Extent extent) {
  if constexpr (requires { pass.tag.check(pass); }) pass.tag.check(pass);
  check_sequences(pass.sequences, extent.tokens);
  each_view(pass, extent, [](const Path&, const Leaf& leaf, const AnyView& view) { check_size(leaf, view); });
}

// For plain loops: act(number, sequence); act(row) for its rows, from the first on or from the last back.
template <class Act>
void each_sequence(Sequences sequences, Act act) {
  for (Index s = 0; s < std::ssize(sequences); ++s) act(s, sequences[static_cast<std::size_t>(s)]);
}
template <class Act>
void each_sequence(Sequences sequences, Index parts, Act act) {  // act(number, sequence, part): heads, channels
  each_sequence(sequences, [&](Index s, const Sequence& sequence) {
    for (Index part = 0; part < parts; ++part) act(s, sequence, part);
  });
}
template <class Act>
void each_row_of(const Sequence& sequence, Act act) {
  for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t) act(t);
}
template <class Act>
void each_row_back(const Sequence& sequence, Act act) {
  for (Index t = sequence.begin + sequence.length; t-- > sequence.begin;) act(t);
}
// `to` = the elements of row s of `states` from `first` on, zero where there are none; and back, where they are wanted.
template <class In, class Out>
void load_state(In states, Index s, Index first, Out to) {
  using T = std::remove_cvref_t<decltype(*to.data)>;
  for (Index i = 0; i < to.size(); ++i) to.data[i] = states ? states(s, first + i) : T(0);
}
template <class In, class Out>
void store_state(In from, Out states, Index s, Index first) {
  for (Index i = 0; states && i < from.size(); ++i) states(s, first + i) = from.data[i];
}
template <class T>
[[nodiscard]] T as_scalar(double value) {
  return T(static_cast<Real<T>>(value));
}

}  // namespace rondo

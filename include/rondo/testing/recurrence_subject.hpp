// A recurrence by itself as a subject of the laws: a tag is all it takes to prove it on every back-end.
//
//   const Findings findings = prove(recurrence_subject(Halving{9}));
//
//   x [tokens, n]   the inputs side by side, in the order of their list       y [tokens, m]   the first output
//
// The other outputs are what the tag keeps for its gradient: they have none of their own. Weights are the tag's.
#pragma once

#include <rondo/recurrence/recurrence.hpp>
#include <rondo/testing/subject.hpp>

namespace rondo::testing {

template <class Tag>
class RecurrenceLayer {
 public:
  explicit RecurrenceLayer(Tag tag) : tag_(std::move(tag)) {}

  template <class S>
  using Weights = typename WeightsOf<Tag, S>::Record;
  auto weight_leaves(auto&... w) const {
    if constexpr (HasWeights<Tag>)
      return tag_.weight_leaves(w...);
    else
      return leaves();
  }
  template <class S>
  using Saved = typename Tag::template Outputs<S>;
  auto saved_leaves(Extent extent, auto&... s) const { return tag_.output_leaves(extent, s...); }
  template <class S>
  using State = typename Tag::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return tag_.state_leaves(extent, s...); }

  [[nodiscard]] Index in() const { return columns(InputRecords{{1, 1}}, false); }
  [[nodiscard]] Index out() const { return columns(OutputRecords{{1, 1}}, true); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const CarriedFor<RecurrenceLayer, C>& carried) const {
    c.recurrence(tag_, w, inputs(x), saved, carried);
    bool is_first = true;
    walk(OutputRecords{c.extent()}, tag_, Path{}, [&](const Path&, const Leaf&, const Out<C>& output) {
      if (std::exchange(is_first, false)) c.copy(output, y);
    }, saved);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                const CarriedGradientFor<RecurrenceLayer, C>& carried) const {
    const OutputRecords kind{{x.rows, 0}};
    bool is_first = true;
    const auto d_out =
        make_record<In<C>>(kind, tag_, [&](const Path&, const Leaf&) { return std::exchange(is_first, false) ? dy : In<C>{}; });
    c.recurrence_gradient(tag_, w, inputs(x), convert_record<In<C>>(kind, tag_, saved), d_out, dw, inputs(dx), carried);
  }

 private:
  // Consecutive columns of x, as wide as each input is.
  template <class V>
  [[nodiscard]] typename Tag::template Inputs<V> inputs(V x) const {
    Index begin = 0;
    return make_record<V>(InputRecords{{x.rows, 0}}, tag_, [&](const Path&, const Leaf& leaf) {
      return x.middle_columns(std::exchange(begin, begin + leaf.dimensions.columns()), leaf.dimensions.columns());
    });
  }
  [[nodiscard]] Index columns(const auto& kind, bool only_first) const {
    Index sum = 0;
    each_leaf_of(kind, tag_, [&](const Path&, const Leaf& leaf) {
      if (!only_first || sum == 0) sum += leaf.dimensions.columns();
    });
    return sum;
  }

  Tag tag_;
};

template <class Tag>
[[nodiscard]] auto recurrence_subject(Tag tag) {
  RecurrenceLayer<Tag> layer(std::move(tag));
  const Index in = layer.in(), out = layer.out();
  return Subject<RecurrenceLayer<Tag>>(std::move(layer), in, out);
}

}  // namespace rondo::testing

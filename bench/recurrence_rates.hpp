// A recurrence by itself: made-up inputs of a batch, and the tokens a second that a back-end's context takes through it.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include <rondo/recurrence/recurrence.hpp>

#include "matrix_peak.hpp"

namespace rondo::bench {

struct Between {
  float low = -1, high = 1;
};

template <class Tag>
class RecurrenceData {
 public:
  // `range` says between which numbers the inputs and weights of that name lie.
  RecurrenceData(Index batch, Index length, Tag tag_, const std::function<Between(std::string_view)>& range)
      : tag(std::move(tag_)), tokens(batch * length) {
    for (Index s = 0; s < batch; ++s) sequences_.push_back({s * length, length, 0});
    const Extent extent{tokens, batch};
    const auto drawn = [&](const Path&, const Leaf& leaf) { return take(leaf, range(leaf.name)); };
    const auto zero = [&](const Path&, const Leaf& leaf) { return take(leaf, {0, 0}); };
    in_ = make_record<View<float>>(InputRecords{extent}, tag, drawn);
    d_in_ = make_record<View<float>>(InputRecords{extent}, tag, zero);
    out_ = make_record<View<float>>(OutputRecords{extent}, tag, zero);
    d_out_ = make_record<View<float>>(OutputRecords{extent}, tag, drawn);
    if constexpr (HasWeights<Tag>) {
      weights_ = make_record<View<float>>(WeightRecords{}, tag, drawn);
      d_weights_ = make_record<View<float>>(WeightRecords{}, tag, zero);
    }
  }

  // Tokens a second, of the shortest of that many passes.
  template <class C>
  double forward(C& c, int repetitions) {
    return rate(c, repetitions, [&] { c.recurrence(tag, given(WeightRecords{}, weights_), given(InputRecords{}, in_), out_); });
  }
  template <class C>
  double gradient(C& c, int repetitions) {
    return rate(c, repetitions, [&] {
      c.recurrence_gradient(tag, given(WeightRecords{}, weights_), given(InputRecords{}, in_), given(OutputRecords{}, out_),
                            given(OutputRecords{}, d_out_), d_weights_, d_in_);
    });
  }
  // The inputs, to be changed.
  [[nodiscard]] const typename Tag::template Inputs<View<float>>& in() const { return in_; }

  Tag tag;
  Index tokens;

 private:
  View<float> take(const Leaf& leaf, Between range) {
    const Index rows = leaf.dimensions.rows(), columns = leaf.dimensions.columns();
    const View<float> view{memory_.take<float>(rows * columns), rows, columns};
    for (Index i = 0; i < view.size(); ++i)
      view.data[i] = range.low + (range.high - range.low) * static_cast<float>(i * 7919 % 1000) / 1000;
    return view;
  }
  template <class Kind, class Record>
  [[nodiscard]] auto given(const Kind& kind, Record& record) const {
    if constexpr (std::is_same_v<Kind, WeightRecords> && !HasWeights<Tag>)
      return typename WeightsOf<Tag, View<const float>>::Record{};
    else
      return convert_record<View<const float>>(kind, tag, record);
  }
  template <class C>
  double rate(C& c, int repetitions, const std::function<void()>& pass) {
    c.begin(sequences_, tokens);
    return static_cast<double>(tokens) / shortest_seconds(repetitions, pass);
  }

  Arena memory_;
  std::vector<Sequence> sequences_;
  typename Tag::template Inputs<View<float>> in_, d_in_;
  typename Tag::template Outputs<View<float>> out_, d_out_;
  typename WeightsOf<Tag, View<float>>::Record weights_, d_weights_;
};

}  // namespace rondo::bench

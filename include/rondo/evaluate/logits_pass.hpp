// LogitsPass: a model's logits, loss and gradients for given tokens, as they are compared with other implementations.
//
//   LogitsPass pass{weights, grid};                                  // grid: B sequences of T tokens
//   pass.each_logits([](View<const float> rows) { ... });            // all logits in order, some rows at a time
//   double loss = pass.gradients(gradients);                         // mean next-token cross-entropy over B (T - 1) predictions
#pragma once

#include <algorithm>
#include <vector>

#include <rondo/model/parameters.hpp>
#include <rondo/objective/cross_entropy.hpp>

namespace rondo {

// B sequences of T tokens each, one after the other.
struct TokenGrid {
  std::vector<Token> ids;
  Index sequences = 0, length = 0;

  [[nodiscard]] Index tokens() const { return sequences * length; }
  // Label of each token: the next one of its sequence.
  [[nodiscard]] std::vector<Token> labels(int ignore_index) const {
    std::vector<Token> result(ids.size(), ignore_index);
    for (std::size_t i = 0; i + 1 < ids.size(); ++i)
      if ((static_cast<Index>(i) + 1) % length != 0) result[i] = ids[i + 1];
    return result;
  }
};

template <class Model, class Backend>
class LogitsPass {
 public:
  using Scalar = typename Backend::Scalar;

  // Both must outlive the pass.
  LogitsPass(const Parameters<Model, Backend>& weights, const TokenGrid& grid) : weights_(weights), grid_(grid) {}

  // act(rows): all logits in order, some rows [n, vocabulary] at a time. Memory for no more than about 4096 tokens.
  template <class Act>
  void each_logits(Act act) {
    const Index group = std::max<Index>(1, 4096 / grid_.length);
    for (Index first = 0; first < grid_.sequences; first += group) {
      auto mark = c_.mark();
      const Tokens ids = begin(first, std::min(group, grid_.sequences - first));
      const Out<Context> hidden = c_.matrix(ids.columns, model().shape().width);
      model().evaluate(c_, weights_.record(), ids, hidden, {});
      const Out<Context> logits = c_.matrix(std::min(rows_at_once, ids.columns), model().shape().vocabulary);
      for (Index row = 0; row < ids.columns; row += rows_at_once) {
        const Out<Context> rows = logits.middle_rows(0, std::min(rows_at_once, ids.columns - row));
        model().logits(c_, weights_.record(), hidden.middle_rows(row, rows.rows), rows);
        act(View<const Scalar>(rows));
      }
    }
  }

  // Returns the mean loss; adds its gradients. The length must be at least 2.
  double gradients(Parameters<Model, Backend>& gradients) {
    require(grid_.length > 1, "sequences of one token have no next token and so no loss");
    auto mark = c_.mark();
    const CrossEntropy objective{};
    const Tokens ids = begin(0, grid_.sequences);
    const std::vector<Token> labels = grid_.labels(objective.options.ignore_index);
    const Index width = model().shape().width;
    RecordBuffer<SavedRecords, Model, Scalar, typename Backend::Memory> saved{SavedRecords{c_.extent()}, model()};
    const Out<Context> hidden = c_.matrix(ids.columns, width), d_hidden = c_.matrix(ids.columns, width);
    model().forward(c_, weights_.record(), ids, hidden, saved.record(), {});
    const auto count = static_cast<double>(grid_.sequences * (grid_.length - 1));
    const auto loss = objective.gradient(c_, model(), weights_.record(), hidden, Tokens{labels.data(), 1, ids.columns}, 1 / count,
                                         d_hidden, gradients.record());
    model().backward(c_, weights_.record(), ids, d_hidden, saved.record(), gradients.record(), {});
    return static_cast<double>(loss.sum) / count;
  }

 private:
  using Context = typename Backend::Context;
  static constexpr Index rows_at_once = 512;

  [[nodiscard]] const Model& model() const { return weights_.model(); }
  Tokens begin(Index first, Index count) {
    sequences_.clear();
    for (Index s = 0; s < count; ++s) sequences_.push_back({s * grid_.length, grid_.length, 0});
    c_.begin(sequences_, count * grid_.length);
    return {grid_.ids.data() + first * grid_.length, 1, count * grid_.length};
  }

  const Parameters<Model, Backend>& weights_;
  const TokenGrid& grid_;
  std::vector<Sequence> sequences_;
  Context c_;
};

}  // namespace rondo

// LogitsPass: a model's logits, loss and gradients for given tokens, as they are compared with other implementations.
//
//   LogitsPass pass{weights, grid};                                  // grid: B sequences of T tokens
//   pass.each_logits([](View<const float> rows) { ... });            // all logits in order, some rows at a time
//   double loss = pass.gradients(gradients);                         // mean next-token cross-entropy over B (T - 1) predictions
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include <rondo/backend/host_copy.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/model/saved_buffer.hpp>
#include <rondo/objective/cross_entropy.hpp>

namespace rondo {

// B sequences of T tokens each, one after the other.
struct TokenGrid {
  std::vector<Token> ids;
  Index sequences = 0, length = 0;

  [[nodiscard]] Index tokens() const { return sequences * length; }
  // Label of each token: the next one of its sequence.
  [[nodiscard]] std::vector<Token> labels() const {
    std::vector<Token> result(ids.size(), no_label);
    for (std::size_t i = 0; i + 1 < ids.size(); ++i)
      if ((static_cast<Index>(i) + 1) % length != 0) result[i] = ids[i + 1];
    return result;
  }
};

// The pass of any model on a back-end, without gradients.
template <class Backend>
class LogitsPassOn {
 public:
  using Scalar = typename Backend::Scalar;
  using Act = std::function<void(View<const Scalar> rows)>;

  using Context = typename Backend::Context;

  LogitsPassOn(std::unique_ptr<const Evaluation<Backend>> model, const TokenGrid& grid, std::shared_ptr<Context> context);
  LogitsPassOn(const LogitsPassOn&) = delete;
  LogitsPassOn& operator=(const LogitsPassOn&) = delete;
  ~LogitsPassOn();

  // act(rows): all logits in order, some rows [n, outputs] at a time. Memory for no more than about 4096 tokens.
  void each_logits(const Act& act);

 protected:
  [[nodiscard]] const TokenGrid& grid() const { return grid_; }
  [[nodiscard]] Context& context() { return *context_; }
  // Begins the context with sequences [first, first + count) of the grid; the number of their tokens.
  Index begin(Index first, Index count, Tokens labels = {});

 private:
  static constexpr Index rows_at_once = 512;

  std::unique_ptr<const Evaluation<Backend>> model_;
  const TokenGrid& grid_;
  std::vector<Sequence> sequences_;
  std::shared_ptr<Context> context_;
  HostCopy<Context> host_copy_;
};

template <class Backend>
LogitsPassOn<Backend>::LogitsPassOn(std::unique_ptr<const Evaluation<Backend>> model, const TokenGrid& grid,
                                    std::shared_ptr<Context> context)
    : model_(std::move(model)), grid_(grid), context_(std::move(context)) {
  require(grid.sequences >= 0 && grid.length > 0 && grid.tokens() == std::ssize(grid.ids), "logits: ", grid.ids.size(),
          " ids are not ", grid.sequences, " sequences of ", grid.length, " tokens");
  for (const Token id : grid.ids)
    require(id >= 0 && id < model_->shape().vocabulary, "logits: token id ", id, " is outside the vocabulary of ",
            model_->shape().vocabulary);
}

template <class Backend>
LogitsPassOn<Backend>::~LogitsPassOn() = default;

template <class Backend>
void LogitsPassOn<Backend>::each_logits(const Act& act) {
  const Index group = std::max<Index>(1, 4096 / grid_.length);
  auto& c = *context_;
  for (Index first = 0; first < grid_.sequences; first += group) {
    auto mark = c.mark();
    const Index tokens = begin(first, std::min(group, grid_.sequences - first));
    const Out<Context> hidden = c.matrix(tokens, model_->shape().width);
    model_->hidden(c, hidden);
    each_block(c, tokens, rows_at_once, model_->outputs(), [&](Index row, Out<Context> logits) {
      model_->logits(c, hidden.middle_rows(row, logits.rows), logits);
      act(host_copy_(c, logits));
    });
  }
}

template <class Backend>
Index LogitsPassOn<Backend>::begin(Index first, Index count, Tokens labels) {
  sequences_.clear();
  for (Index s = 0; s < count; ++s) sequences_.push_back({s * grid_.length, grid_.length, 0});
  const Index tokens = count * grid_.length;
  context_->begin(sequences_, Tokens{grid_.ids.data() + first * grid_.length, 1, tokens}, labels);
  return tokens;
}

template <class Model, class Backend>
class LogitsPass : public LogitsPassOn<Backend> {
 public:
  using typename LogitsPassOn<Backend>::Scalar;

  // Weights and grid must outlive the pass; a context may be shared.
  LogitsPass(const Parameters<Model, Backend>& weights, const TokenGrid& grid,
             std::shared_ptr<typename Backend::Context> context = std::make_shared<typename Backend::Context>())
      : LogitsPassOn<Backend>(std::make_unique<EvaluationOf<Model, Backend>>(weights.model(), weights), grid, std::move(context)),
        weights_(weights) {}

  // Returns the mean loss; adds its gradients. The length must be at least 2.
  double gradients(Parameters<Model, Backend>& gradients) {
    const TokenGrid& grid = this->grid();
    require(grid.length > 1, "sequences of one token have no next token and so no loss");
    auto& c = this->context();
    auto mark = c.mark();
    const Model& model = weights_.model();
    const std::vector<Token> labels = grid.labels();
    const Index tokens = this->begin(0, grid.sequences, {labels.data(), 1, grid.tokens()});
    const auto count = static_cast<double>(grid.sequences * (grid.length - 1));
    SavedBuffer<Model, typename Backend::Context> buffer;
    const auto losses = add_gradient(c, model, weights_.record(), CrossEntropy{}, 1 / count, c.matrix(tokens, model.shape().width),
                                     c.matrix(tokens, model.shape().width), buffer.place(c, model), gradients.record());
    return static_cast<double>(c.read(losses.sum)) / count;
  }

 private:
  const Parameters<Model, Backend>& weights_;
};

}  // namespace rondo

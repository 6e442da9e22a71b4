// LogitsPass: a model's logits for given tokens, as they are compared with other implementations.
//
//   LogitsPass pass{weights, grid};                                  // grid: B sequences of T tokens
//   pass.each_logits([](View<const float> rows) { ... });            // all logits in order, some rows at a time
//
// Loss and gradients: rondo/train/grid_gradient.hpp.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include <rondo/backend/host_copy.hpp>
#include <rondo/data/token_grid.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/objective/logit_blocks.hpp>

namespace rondo {

// The pass of any model on a back-end.
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

 private:
  // Begins the context with sequences [first, first + count) of the grid; the number of their tokens.
  Index begin(Index first, Index count);
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
Index LogitsPassOn<Backend>::begin(Index first, Index count) {
  sequences_ = grid_.cut(count);
  const Index tokens = count * grid_.length;
  context_->begin(sequences_, Tokens{grid_.ids.data() + first * grid_.length, 1, tokens});
  return tokens;
}

template <class Model, class Backend>
class LogitsPass : public LogitsPassOn<Backend> {
 public:
  // Weights and grid must outlive the pass; a context may be shared.
  LogitsPass(const Parameters<Model, Backend>& weights, const TokenGrid& grid,
             std::shared_ptr<typename Backend::Context> context = std::make_shared<typename Backend::Context>())
      : LogitsPassOn<Backend>(std::make_unique<EvaluationOf<Model, Backend>>(weights.model(), weights), grid, std::move(context)) {}
};

}  // namespace rondo

// Workspace<Model, Backend>: what a training step needs beside the weights: gradients, what the backward needs, the stream after
// the last norm and its gradient. The context, with its scratch, may be shared with others.
//
//   Workspace<Hgrn2, Cpu> workspace{model, 8 * 256};                     // tokens of a batch, padding included
//   workspace.zero_gradients();
//   auto [sum, labels] = workspace.add_gradient(weights, batch, CrossEntropy{});
//
// add_gradient adds the gradient of (scale times) the sum of the batch's losses to gradients(). Its first call sizes the
// scratch; later ones allocate nothing as long as batches have no more tokens and sequences.
#pragma once

#include <memory>
#include <optional>

#include <rondo/data/batches.hpp>
#include <rondo/model/parameters.hpp>
#include <rondo/model/saved_buffer.hpp>
#include <rondo/objective/cross_entropy.hpp>

namespace rondo {

// The activations of one pass, as a layer with a record of its own.
template <class Model>
class Pass {
 public:
  explicit Pass(const Model& model) : model_(model) {}

  [[nodiscard]] const Model& model() const { return model_; }

  template <class S>
  struct Saved {
    typename Model::template Saved<S> model;
    S hidden, d_hidden;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("", model_, s.model...), buffer("hidden", {extent.tokens, model_.shape().width}, s.hidden...),
                  buffer("d_hidden", {extent.tokens, model_.shape().width}, s.d_hidden...));
  }

 private:
  Model model_;
};

// Throws Error where a token or a label of the batch is outside the vocabulary, or a sequence is outside the batch or begins
// within another. They lie in the order of their rows.
inline void check_batch(const Batch& batch, Index vocabulary) {
  require(batch.ids.columns > 0 && batch.labels.columns == batch.ids.columns, "batch: ", batch.ids.columns, " tokens and ",
          batch.labels.columns, " labels");
  const auto outside = [&](Token token) { return token < 0 || token >= vocabulary; };
  for (Index t = 0; t < batch.ids.columns; ++t) {
    const Token label = batch.labels(0, t);
    if (outside(batch.ids(0, t)) || (has_label(label) && outside(label)))
      throw error("batch: token ", outside(batch.ids(0, t)) ? batch.ids(0, t) : label, " at row ", t,
                  " is outside the model's vocabulary of ", vocabulary);
  }
  Index end = 0;
  for (std::size_t s = 0; s < batch.sequences.size(); ++s) {
    const auto& [begin, length, position] = batch.sequences[s];
    require(length >= 0 && position >= 0, "batch: sequence ", s, " has ", length, " tokens at position ", position);
    require(begin >= end, "batch: sequence ", s, " begins at row ", begin, ", before the end of the one before it, ", end);
    require(length <= batch.ids.columns - begin, "batch: sequence ", s, " of ", length, " tokens at row ", begin,
            " is outside the batch of ", batch.ids.columns);
    end = begin + length;
  }
}

template <class Model, class Backend>
class Workspace {
 public:
  using Scalar = typename Backend::Scalar;
  using Context = typename Backend::Context;
  using Weights = Parameters<Model, Backend>;

  Workspace(const Model& model, Index tokens, std::shared_ptr<Context> context = std::make_shared<Context>())
      : context_(std::move(context)), pass_(model), gradients_(model, *context_) {
    place({tokens, 1});
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  [[nodiscard]] Context& context() { return *context_; }
  [[nodiscard]] const Weights& gradients() const { return gradients_; }
  [[nodiscard]] Index tokens() const { return activations_.record().hidden.rows; }
  // Activations, without scratch.
  [[nodiscard]] std::size_t activation_bytes() const { return activations_.bytes(); }

  void zero_gradients() { context_->zero(gradients_.flat()); }

  // Forward, loss and backward, with dropout where it has a key.
  template <class Objective>
  auto add_gradient(const Weights& weights, const Batch& batch, const Objective& objective, double scale = 1,
                    std::optional<RandomKey> dropout = {}) {
    forward(weights, batch, dropout);
    const auto& pass = activations_.record();
    const auto loss = objective.gradient(*context_, model(), weights.record(), In<Context>(pass.hidden), batch.labels, scale,
                                         pass.d_hidden, gradients_.record());
    model().backward(*context_, weights.record(), pass.d_hidden, pass.model, gradients_.record(), {});
    return loss;
  }

  // The forward pass of add_gradient.
  void forward(const Weights& weights, const Batch& batch, std::optional<RandomKey> dropout = {}) {
    check_batch(batch, model().shape().vocabulary);
    context_->begin(batch.sequences, batch.ids, batch.labels, dropout);
    place(context_->extent());
    model().forward(*context_, weights.record(), activations_.record().hidden, activations_.record().model, {});
  }

 private:
  [[nodiscard]] const Model& model() const { return pass_.model(); }
  void place(Extent extent) {
    require(extent.tokens > 0, "workspace: a batch has at least 1 token, found ", extent.tokens);
    activations_.place(*context_, pass_, extent);
  }

  std::shared_ptr<Context> context_;
  Pass<Model> pass_;
  Weights gradients_;
  SavedBuffer<Pass<Model>, Context> activations_;
};

}  // namespace rondo

// Workspace<Model, Backend>: what a training step needs beside the weights: gradients, what the backward needs, the stream after
// the last norm and its gradient. The context, with its scratch, may be shared with others.
//
//   Workspace<Hgrn2, Cpu> workspace{model, 8 * 256};                     // tokens of a batch, padding included
//   workspace.zero_gradients();
//   auto losses = workspace.add_gradient(weights, batch, CrossEntropy{});     // .sum, .count, .parts
//
// add_gradient adds the gradient of (scale times) the sum of the batch's losses to gradients(). Its first call sizes the
// scratch; later ones allocate nothing as long as batches have no more tokens and sequences.
#pragma once

#include <memory>
#include <optional>

#include <rondo/model/parameters.hpp>
#include <rondo/model/saved_buffer.hpp>
#include <rondo/objective/objective.hpp>

namespace rondo {

// The activations of one pass, as a layer with a record of its own.
template <class Model>
class PassRecord {
 public:
  explicit PassRecord(const Model& model) : model_(model) {}

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

// Throws Error where a token of the batch is outside the vocabulary, a label outside the model's outputs, or a sequence outside the
// batch or within another. They lie in the order of their rows.
inline void check_batch(const Batch& batch, Index vocabulary, Index outputs) {
  require(batch.ids.columns > 0 && batch.labels.columns == batch.ids.columns, "batch: ", batch.ids.columns, " tokens and ",
          batch.labels.columns, " labels");
  for (Index t = 0; t < batch.ids.columns; ++t) {
    const Token id = batch.ids(0, t);
    require(id >= 0 && id < vocabulary, "batch: token ", id, " at row ", t, " is outside the model's vocabulary of ", vocabulary);
  }
  for (Index t = 0; t < batch.labels.columns; ++t) {
    const Token label = batch.labels(0, t);
    require(label < outputs, "batch: label ", label, " at row ", t, " is outside the model's ", outputs, " outputs");
  }
  Index end = 0;
  for (std::size_t s = 0; s < batch.sequences.size(); ++s) {
    const auto& [begin, length, position, source] = batch.sequences[s];
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
  using Gradients = Parameters<Model, Backend, Wide<Scalar>>;

  Workspace(const Model& model, Index tokens, std::shared_ptr<Context> context = std::make_shared<Context>())
      : context_(std::move(context)), pass_(model), gradients_(model, *context_) {
    place(context_->extent_of(tokens, 1));
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  [[nodiscard]] Context& context() { return *context_; }
  [[nodiscard]] const Gradients& gradients() const { return gradients_; }
  [[nodiscard]] Index tokens() const { return activations_.record().hidden.rows; }
  // Activations, without scratch.
  [[nodiscard]] std::size_t activation_bytes() const { return activations_.bytes(); }

  void zero_gradients() { context_->zero(gradients_.flat()); }

  // Forward, loss and backward, with dropout where it has a key.
  template <Objective ObjectiveType>
  auto add_gradient(const Weights& weights, const Batch& batch, const ObjectiveType& objective, double scale = 1,
                    std::optional<RandomKey> dropout = {}) {
    const auto& pass = begin(batch, dropout);
    return rondo::add_gradient(*context_, model(), weights.record(), objective, scale, pass.hidden, pass.d_hidden, pass.model,
                               gradients_.record());
  }

  // The forward pass of add_gradient.
  void forward(const Weights& weights, const Batch& batch, std::optional<RandomKey> dropout = {}) {
    const auto& pass = begin(batch, dropout);
    model().forward(*context_, weights.record(), pass.hidden, pass.model, {});
  }

 private:
  [[nodiscard]] const Model& model() const { return pass_.model(); }
  const auto& begin(const Batch& batch, std::optional<RandomKey> dropout) {
    check_batch(batch, model().shape().vocabulary, model().outputs());
    context_->begin(batch.sequences, batch.ids, batch.labels, dropout);
    return place(context_->extent());
  }
  const auto& place(Extent extent) {
    require(extent.tokens > 0, "workspace: a batch has at least 1 token, found ", extent.tokens);
    return activations_.place(*context_, pass_, extent);
  }

  std::shared_ptr<Context> context_;
  PassRecord<Model> pass_;
  Gradients gradients_;
  SavedBuffer<PassRecord<Model>, Context> activations_;
};

}  // namespace rondo

// Session: a model in the middle of a text. Owner of the decoding state: O(1) for recurrences, a cache for attention.
//
//   Session<Hgrn2, Cpu> session{model, weights};
//   View<const float> logits = session.feed(prompt);      // [1, vocabulary] after the last token; prompt in chunks
//   logits = session.feed(next_token);                    // one more; allocates nothing once warm
//
// `reset` forgets everything. Throws Error for an empty feed, an id outside the vocabulary, a text longer than an attention's
// cache (Shape::context).
#pragma once

#include <span>

#include <rondo/layer/embedding.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

template <class Model, class Backend, class Storage = typename Backend::Scalar>
class Session {
 public:
  using Scalar = typename Backend::Scalar;

  // `chunk` tokens of a prompt are computed at a time. model and weights must outlive the session.
  Session(const Model& model, const Parameters<Model, Backend, Storage>& weights, Index chunk = 256)
      : model_(&model),
        weights_(&weights),
        chunk_(chunk),
        state_(StateRecords{Extent{chunk, 1}}, model),
        limit_(record_size(StateRecords{Extent{1, 1}}, model) > 0 && has_cache() ? model.shape().context : 0) {
    hidden_.reserve(static_cast<std::size_t>(model.shape().width + model.shape().vocabulary) * sizeof(Scalar) + 128);
    last_ = {hidden_.template take<Scalar>(model.shape().width), 1, model.shape().width};
    logits_ = {hidden_.template take<Scalar>(model.shape().vocabulary), 1, model.shape().vocabulary};
  }

  View<const Scalar> feed(std::span<const Token> tokens) {
    require(!tokens.empty(), "session: no tokens to feed");
    for (const Token token : tokens)
      require(token >= 0 && token < model_->shape().vocabulary, "session: token id ", token, " is outside the vocabulary of ",
              model_->shape().vocabulary);
    require(limit_ == 0 || position_ + std::ssize(tokens) <= limit_, "session: the cache holds ", limit_, " tokens, ",
            position_ + std::ssize(tokens), " are needed; give the model a larger context");
    while (!tokens.empty()) {
      const auto count = std::min(tokens.size(), static_cast<std::size_t>(chunk_));
      advance(tokens.first(count), count == tokens.size());
      tokens = tokens.subspan(count);
    }
    return logits_;
  }
  View<const Scalar> feed(Token token) { return feed(std::span<const Token>{&token, 1}); }

  void reset() {
    position_ = 0;
    context_.zero(state_.flat());
  }
  [[nodiscard]] Index position() const { return position_; }
  [[nodiscard]] const auto& state() const { return state_; }

 private:
  // A state that grows with the context is a cache.
  [[nodiscard]] bool has_cache() const {
    Shape longer = model_->shape();
    longer.context += 1;
    return record_size(StateRecords{Extent{1, 1}}, Model{longer}) != record_size(StateRecords{Extent{1, 1}}, *model_);
  }
  void advance(std::span<const Token> tokens, bool wants_logits) {
    const auto count = std::ssize(tokens);
    const Sequence sequence{0, count, position_};
    context_.begin({&sequence, 1}, count);
    auto mark = context_.mark();
    const View<Scalar> hidden = context_.matrix(count, model_->shape().width);
    model_->evaluate(context_, weights_->record(), Tokens{tokens.data(), 1, count}, hidden, {&state_.record(), &state_.record()});
    position_ += count;
    if (!wants_logits) return;
    context_.copy(hidden.middle_rows(count - 1, 1), last_);
    model_->logits(context_, weights_->record(), last_, logits_);
  }

  const Model* model_;
  const Parameters<Model, Backend, Storage>* weights_;
  Index chunk_;
  RecordBuffer<StateRecords, Model, Scalar> state_;
  typename Backend::Context context_;
  Arena hidden_;
  View<Scalar> last_, logits_;
  Index limit_;
  Index position_ = 0;
};

}  // namespace rondo

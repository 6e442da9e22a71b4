// Session: a model in the middle of a text. Owner of the decoding state: O(1) for recurrences, a cache for attention.
//
//   Session<Hgrn2, Cpu> session{model, weights};
//   View<const float> logits = session.feed(prompt);      // [1, vocabulary] after the last token; prompt in chunks
//   logits = session.feed(next_token);                    // one more; allocates nothing once warm
//
// `reset` forgets everything. Throws Error for an empty feed, an id outside the vocabulary, a text longer than an attention's
// cache (Shape::context).
#pragma once

#include <memory>
#include <span>

#include <rondo/backend/host_copy.hpp>
#include <rondo/model/evaluation.hpp>

namespace rondo {

// The session of any model on a back-end.
template <class Backend>
class SessionOn {
 public:
  using Scalar = typename Backend::Scalar;

  SessionOn(const SessionOn&) = delete;
  SessionOn& operator=(const SessionOn&) = delete;
  ~SessionOn();

  View<const Scalar> feed(std::span<const Token> tokens);
  View<const Scalar> feed(Token token) { return feed(std::span<const Token>{&token, 1}); }

  void reset() {
    position_ = 0;
    context_->zero(state_);
  }
  [[nodiscard]] Index position() const { return position_; }

 protected:
  using Context = typename Backend::Context;

  // `state` is what the evaluation reads and writes; `limit`: tokens that it can hold (0: any number).
  SessionOn(Index chunk, Index limit, std::shared_ptr<Context> context);
  void start(std::unique_ptr<const Evaluation<Backend>> model, std::size_t weight_bytes, Out<Context> state);

 private:
  void advance(std::span<const Token> tokens, bool wants_logits);

  std::unique_ptr<const Evaluation<Backend>> model_;
  std::size_t weight_bytes_ = 0;
  Out<Context> state_;
  Index chunk_, limit_, position_ = 0;
  std::shared_ptr<Context> context_;
  typename Backend::Memory memory_;
  Out<Context> last_, logits_;
  HostCopy<Context> host_logits_;
};

template <class Backend>
SessionOn<Backend>::SessionOn(Index chunk, Index limit, std::shared_ptr<Context> context)
    : chunk_(chunk), limit_(limit), context_(std::move(context)) {
  require(chunk > 0, "session: a chunk must have at least 1 token, found ", chunk);
}

template <class Backend>
SessionOn<Backend>::~SessionOn() = default;

template <class Backend>
void SessionOn<Backend>::start(std::unique_ptr<const Evaluation<Backend>> model, std::size_t weight_bytes, Out<Context> state) {
  const Index width = model->shape().width, outputs = model->outputs();
  model_ = std::move(model);
  weight_bytes_ = weight_bytes;
  state_ = state;
  memory_ = context_->memory();
  memory_.reserve(static_cast<std::size_t>(width + outputs) * sizeof(Scalar) + 2 * arena_alignment);
  last_ = {memory_.template take<Scalar>(width), 1, width};
  logits_ = {memory_.template take<Scalar>(outputs), 1, outputs};
}

template <class Backend>
auto SessionOn<Backend>::feed(std::span<const Token> tokens) -> View<const Scalar> {
  require(!tokens.empty(), "session: no tokens to feed");
  const Index vocabulary = model_->shape().vocabulary;
  for (const Token token : tokens)
    require(token >= 0 && token < vocabulary, "session: token id ", token, " is outside the vocabulary of ", vocabulary);
  require(limit_ == 0 || position_ + std::ssize(tokens) <= limit_, "session: the cache holds ", limit_, " tokens, ",
          position_ + std::ssize(tokens), " are needed; give the model a larger context");
  while (!tokens.empty()) {
    const auto count = std::min(tokens.size(), static_cast<std::size_t>(chunk_));
    advance(tokens.first(count), count == tokens.size());
    tokens = tokens.subspan(count);
  }
  return host_logits_(*context_, logits_);
}

template <class Backend>
void SessionOn<Backend>::advance(std::span<const Token> tokens, bool wants_logits) {
  const auto count = std::ssize(tokens);
  const Sequence sequence{0, count, position_};
  auto& c = *context_;
  [[maybe_unused]] const auto threads = c.threads_for(count, weight_bytes_);
  c.begin({&sequence, 1}, Tokens{tokens.data(), 1, count});
  auto mark = c.mark();
  const Out<Context> hidden = c.matrix(count, last_.columns);
  model_->hidden(c, hidden);
  position_ += count;
  if (!wants_logits) return;
  c.copy(hidden.middle_rows(count - 1, 1), last_);
  model_->logits(c, last_, logits_);
}

template <class Model, class Backend, class Storage = typename Backend::Scalar>
class Session : public SessionOn<Backend> {
 public:
  using typename SessionOn<Backend>::Context;
  using typename SessionOn<Backend>::Scalar;

  // `chunk` tokens of a prompt are computed at a time. The weights must outlive the session; a context may be shared.
  Session(const Model& model, const Parameters<Model, Backend, Storage>& weights, Index chunk = 256,
          std::shared_ptr<Context> context = std::make_shared<Context>())
      : SessionOn<Backend>(chunk, has_cache(model) ? model.shape().context : 0, context),
        state_(*context, StateRecords{Extent{chunk, 1}}, model) {
    this->start(std::make_unique<EvaluationOf<Model, Backend, Storage>>(model, weights, &state_.record()), weights.bytes(), state_.flat());
  }
  [[nodiscard]] const auto& state() const { return state_; }

 private:
  // A state that grows with the context is a cache.
  static bool has_cache(const Model& model) {
    Shape longer = model.shape();
    longer.context += 1;
    return record_size(StateRecords{Extent{1, 1}}, Model{longer}) != record_size(StateRecords{Extent{1, 1}}, model);
  }

  RecordBuffer<StateRecords, Model, Scalar, typename Backend::Memory> state_;
};

}  // namespace rondo

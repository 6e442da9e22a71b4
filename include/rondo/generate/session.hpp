// Session: a model in the middle of a text. Owner of the decoding state: O(1) for recurrences, a cache for attention.
//
//   Session<Hgrn2, Cpu> session{model, weights};
//   View<const float> logits = session.feed(prompt);      // [1, vocabulary] after the last token; prompt in chunks
//   logits = session.feed(next_token);                    // one more; allocates nothing once warm
//
// A cache grows with the text, twice as long each time, up to Shape::context: a model that could look back at ten million tokens takes
// memory for those that it has read. `reset` forgets everything. Throws Error for an empty feed, an id outside the vocabulary, and a text
// longer than the context.
#pragma once

#include <algorithm>
#include <limits>
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
  virtual ~SessionOn();

  View<const Scalar> feed(std::span<const Token> tokens);
  View<const Scalar> feed(Token token) { return feed(std::span<const Token>{&token, 1}); }

  void reset() {
    position_ = 0;
    context_->zero(state_);
  }
  [[nodiscard]] Index position() const { return position_; }
  // Tokens that may still be fed.
  [[nodiscard]] Index room() const { return limit_ - position_; }
  // A cache that holds no more; nothing where there is none.
  void limit_to(Index tokens) {
    require(tokens >= position_, "session: ", position_, " tokens are known, more than the limit of ", tokens);
    if (limit_ != unlimited) limit_ = std::min(limit_, tokens);
  }

  static constexpr Index first_cache = 256;  // tokens
  static constexpr Index unlimited = std::numeric_limits<Index>::max();

 protected:
  using Context = typename Backend::Context;

  // `limit`: the longest text.
  SessionOn(Index chunk, Index limit, std::shared_ptr<Context> context);
  // `state` is what the evaluation reads and writes; it holds `capacity` tokens.
  void hold(std::unique_ptr<const Evaluation<Backend>> model, std::size_t weight_bytes, Out<Context> state, Index capacity);

  std::shared_ptr<Context> context_;

 private:
  // Takes a state of `capacity` tokens in place of the one there is, with what that one knows.
  virtual void grow(Index capacity) = 0;
  void advance(std::span<const Token> tokens, bool wants_logits);

  std::unique_ptr<const Evaluation<Backend>> model_;
  std::size_t weight_bytes_ = 0;
  Out<Context> state_;
  Index chunk_, limit_, capacity_ = 0, position_ = 0;
  typename Backend::Memory memory_;
  Out<Context> last_, logits_;
  HostCopy<Context> host_logits_;
};

template <class Backend>
SessionOn<Backend>::SessionOn(Index chunk, Index limit, std::shared_ptr<Context> context)
    : context_(std::move(context)), chunk_(chunk), limit_(limit) {
  require(chunk > 0, "session: a chunk must have at least 1 token, found ", chunk);
}

template <class Backend>
SessionOn<Backend>::~SessionOn() = default;

template <class Backend>
void SessionOn<Backend>::hold(std::unique_ptr<const Evaluation<Backend>> model, std::size_t weight_bytes, Out<Context> state,
                              Index capacity) {
  const Index width = model->shape().width, outputs = model->outputs();
  model_ = std::move(model);
  weight_bytes_ = weight_bytes;
  state_ = state;
  capacity_ = capacity;
  if (last_) return;
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
  require(std::ssize(tokens) <= room(), "session: the cache holds ", limit_, " tokens, ", position_ + std::ssize(tokens),
          " are needed; give the model a larger context");
  if (const Index needed = position_ + std::ssize(tokens); needed > capacity_) grow(std::min(limit_, std::max(needed, 2 * capacity_)));
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
class Session final : public SessionOn<Backend> {
 public:
  using typename SessionOn<Backend>::Context;
  using typename SessionOn<Backend>::Scalar;

  // `chunk` tokens of a prompt are computed at a time. The weights must outlive the session; a context may be shared.
  Session(const Model& model, const Parameters<Model, Backend, Storage>& weights, Index chunk = 256,
          std::shared_ptr<Context> context = std::make_shared<Context>())
      : SessionOn<Backend>(chunk, has_cache(model) ? model.shape().context : Session::unlimited, std::move(context)),
        model_(model),
        weights_(&weights) {
    take_state(has_cache(model) ? std::min(model.shape().context, Session::first_cache) : Session::unlimited);
  }
  [[nodiscard]] const auto& state() const { return *state_; }

 private:
  using State = RecordBuffer<StateRecords, Model, Scalar, typename Backend::Memory>;

  // The model with a cache of so many tokens, which its weights know nothing of.
  static Model with_cache(const Model& model, Index tokens) {
    return tokens < model.shape().context ? rondo::with_shape(model, model.shape().with_context(tokens)) : model;
  }
  // A state that grows with the context is a cache.
  static bool has_cache(const Model& model) {
    const auto size = [&](Index context) {
      Shape shape = model.shape();
      shape.context = context;
      return record_size(StateRecords{Extent{1, 1}}, rondo::with_shape(model, shape));
    };
    return size(1) != size(2);
  }

  void take_state(Index capacity) {
    const Model model = with_cache(model_, capacity);
    state_ = std::make_unique<State>(*this->context_, StateRecords{Extent{1, 1}}, model);
    this->hold(std::make_unique<EvaluationOf<Model, Backend, Storage>>(model, *weights_, &state_->record()), weights_->bytes(),
               state_->flat(), capacity);
  }
  void grow(Index capacity) override {
    const std::unique_ptr<State> before = std::move(state_);
    take_state(capacity);
    for (std::size_t i = 0; i < before->tensors().size(); ++i) {
      const auto from = before->tensors()[i].tensor;
      this->context_->copy(from, state_->tensors()[i].tensor.middle_columns(0, from.columns));
    }
  }

  Model model_;
  const Parameters<Model, Backend, Storage>* weights_;
  std::unique_ptr<State> state_;
};

}  // namespace rondo

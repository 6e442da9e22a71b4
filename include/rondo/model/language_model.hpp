// LanguageModel<Block, FinalNorm, Head, Start, Embedding>: token embedding, a stack of blocks, a final norm, a head.
//
//   x = dropout(Embedding(ids));  x = Stack<Block>(x);  hidden = FinalNorm(x);  logits = Head(hidden)
//
// The ids are those of the context's batch; hidden [tokens, width], logits [tokens, vocabulary]. The type says what the model is made of, its Shape how
// large it is; the weights are kept by Parameters<Model, Backend>. `Start` gives the initial embedding and head:
//   SmallNormal    N(0, 0.02^2) for both (HGRN2, Llama, GPT-2)
//   WidthNormal    N(0, 2 / (5 width)) for both (xLSTM)
//   TorchDefault   N(0, 1) and U(+-width^-1/2), as torch.nn.Embedding and torch.nn.Linear start (LSTM)
#pragma once

#include <cmath>

#include <rondo/combinator/block.hpp>
#include <rondo/combinator/stack.hpp>
#include <rondo/layer/embedding.hpp>
#include <rondo/layer/head.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/layer/small_initial.hpp>

namespace rondo {

struct SmallNormal {
  static constexpr Initial embedding(const Shape&) { return normal(0.02); }
  static constexpr Initial head(const Shape&) { return normal(0.02); }
};
struct WidthNormal {
  static Initial embedding(const Shape& shape) { return small_initial(shape.width); }
  static Initial head(const Shape& shape) { return small_initial(shape.width); }
};
struct TorchDefault {
  static constexpr Initial embedding(const Shape&) { return normal(1.0); }
  static Initial head(const Shape& shape) { return uniform(1.0 / std::sqrt(static_cast<double>(shape.width))); }
};

template <class BlockType, class FinalNorm = RmsNorm, class HeadType = Head<>, class Start = SmallNormal,
          class EmbeddingType = Embedding>
class LanguageModel {
 public:
  using Block = BlockType;

  static constexpr void check(const Shape& shape) {
    EmbeddingType::check(shape);
    Block::check(shape);
    HeadType::check(shape);
  }
  explicit LanguageModel(const Shape& shape)
      : shape_(checked<LanguageModel>(shape)),
        embedding_(shape, Start::embedding(shape)),
        dropout_(shape.dropout, static_cast<std::uint64_t>(shape.depth * 8)),
        stack_(shape),
        norm_(shape.width, shape.norm_epsilon),
        head_(shape, Start::head(shape)) {
    if (stack_.blocks().front().in() != shape.embedding())
      throw error("shape: the first block reads ", stack_.blocks().front().in(), " channels, the embedding has ",
                  shape.embedding());
    record_size(WeightRecords{}, *this), record_size(StateRecords{Extent{1, 1}}, *this);  // what no memory holds is refused here
  }

  [[nodiscard]] const Shape& shape() const { return shape_; }

  template <class S>
  struct Weights {
    typename EmbeddingType::template Weights<S> embedding;
    typename Stack<Block>::template Weights<S> stack;
    typename FinalNorm::template Weights<S> norm;
    typename HeadType::template Weights<S> head;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("embedding", embedding_, w.embedding...), inside("", stack_, w.stack...),
                  inside("norm", norm_, w.norm...), inside("head", head_, w.head...));
  }
  template <class S>
  struct Saved {
    S embedded;
    typename Stack<Block>::template Saved<S> stack;
    S stream;
    typename FinalNorm::template Saved<S> norm;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("embedded", {extent.tokens, shape_.embedding()}, s.embedded...), inside("", stack_, s.stack...),
                  buffer("stream", {extent.tokens, shape_.width}, s.stream...), inside("norm", norm_, s.norm...));
  }
  template <class S>
  using State = typename Stack<Block>::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return stack_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, Out<C> hidden, const auto& saved, CarriedFor<LanguageModel, C> carried) const {
    embedding_.forward(c, w.embedding, saved.embedded);
    dropout_.apply(c, saved.embedded);
    stack_.forward(c, w.stack, saved.embedded, saved.stream, saved.stack, carried);
    norm_.forward(c, w.norm, saved.stream, hidden, saved.norm);
  }

  // forward without a backward to come.
  template <class C>
  void evaluate(C& c, const auto& w, Out<C> hidden, CarriedFor<LanguageModel, C> carried) const {
    auto mark = c.mark();
    const Out<C> embedded = c.matrix(hidden.rows, shape_.embedding());
    const Out<C> stream = c.matrix(hidden.rows, shape_.width);
    embedding_.forward(c, w.embedding, embedded);
    stack_.evaluate(c, w.stack, embedded, stream, carried);
    norm_.forward(c, w.norm, stream, hidden, c.record(SavedRecords{c.extent()}, norm_));
  }

  // Adds to every gradient but the head's; d_hidden comes from the objective.
  template <class C>
  void backward(C& c, const auto& w, In<C> d_hidden, const auto& saved, const auto& dw,
                CarriedGradientFor<LanguageModel, C> carried) const {
    auto mark = c.mark();
    const Out<C> d_stream = c.matrix(d_hidden.rows, shape_.width);
    const Out<C> d_embedded = c.matrix(d_hidden.rows, shape_.embedding());
    norm_.backward(c, w.norm, saved.stream, d_hidden, d_stream, saved.norm, dw.norm);
    stack_.backward(c, w.stack, saved.embedded, d_stream, d_embedded, saved.stack, dw.stack, carried);
    dropout_.apply(c, d_embedded);
    embedding_.backward(c, d_embedded, dw.embedding);
  }

  // logits of some rows of hidden, capped where Shape::logit_soft_cap says so.
  template <class C>
  void logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    uncapped_logits(c, w, hidden, logits);
    if (shape_.logit_soft_cap > 0) c.soft_cap(shape_.logit_soft_cap, logits, logits);
  }
  template <class C>
  void logits_backward(C& c, const auto& w, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw) const {
    if (shape_.logit_soft_cap == 0) return uncapped_logits_backward(c, w, hidden, d_logits, d_hidden, dw);
    auto mark = c.mark();
    const Out<C> d_uncapped = c.matrix(d_logits.rows, d_logits.columns);
    logits(c, w, hidden, d_uncapped);
    c.soft_cap_gradient(shape_.logit_soft_cap, d_uncapped, d_logits, d_uncapped);
    uncapped_logits_backward(c, w, hidden, d_uncapped, d_hidden, dw);
  }

  // The same before the cap, for operations that cap logits themselves (cross_entropy, log_probability).
  template <class C>
  void uncapped_logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    head_.forward(c, w.head, w.embedding, hidden, logits);
  }
  template <class C>
  void uncapped_logits_backward(C& c, const auto& w, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw) const {
    head_.backward(c, w.head, w.embedding, hidden, d_logits, d_hidden, dw.head, dw.embedding);
  }

 private:
  Shape shape_;
  EmbeddingType embedding_;
  Dropout dropout_;
  Stack<Block> stack_;
  FinalNorm norm_;
  HeadType head_;
};

}  // namespace rondo

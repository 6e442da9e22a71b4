// Trunk<Block, FinalNorm, Start, Embedding>: a model without its head: token embedding, a stack of blocks, a final norm.
//
//   x = dropout(Embedding(ids));  x = Stack<Block>(x);  hidden = FinalNorm(x)
//
// The ids are the context's, hidden [tokens, width]. Its tensors have the names they have in a LanguageModel, whose weights may be read
// into those of a trunk alone. `Start` gives the initial embedding and the initial head (rondo/model/language_model.hpp):
//   SmallNormal    N(0, 0.02^2) for both (HGRN2, Llama, GPT-2)
//   WidthNormal    N(0, 2 / (5 width)) for both (xLSTM)
//   TorchDefault   N(0, 1) and U(+-width^-1/2), as torch.nn.Embedding and torch.nn.Linear start (LSTM)
#pragma once

#include <cmath>

#include <rondo/combinator/block.hpp>
#include <rondo/combinator/stack.hpp>
#include <rondo/layer/embedding.hpp>
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

template <class BlockType, class FinalNorm = RmsNorm, class Start = SmallNormal, class EmbeddingType = Embedding>
class Trunk {
 public:
  using Block = BlockType;

  static constexpr void check(const Shape& shape) {
    EmbeddingType::check(shape);
    Block::check(shape);
  }
  explicit Trunk(const Shape& shape)
      : shape_(checked<Trunk>(shape)),
        embedding_(shape, Start::embedding(shape)),
        dropout_(shape.dropout, static_cast<std::uint64_t>(shape.depth * 8)),
        stack_(shape),
        norm_(shape.width, shape.norm_epsilon) {
    if (stack_.blocks().front().in() != shape.embedding())
      throw error("shape: the first block reads ", stack_.blocks().front().in(), " channels, the embedding has ",
                  shape.embedding());
  }

  [[nodiscard]] const Shape& shape() const { return shape_; }

  template <class S>
  struct Weights {
    typename EmbeddingType::template Weights<S> embedding;
    typename Stack<Block>::template Weights<S> stack;
    typename FinalNorm::template Weights<S> norm;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("embedding", embedding_, w.embedding...), inside("", stack_, w.stack...),
                  inside("norm", norm_, w.norm...));
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
  void forward(C& c, const auto& w, Out<C> hidden, const auto& saved, CarriedFor<Trunk, C> carried) const {
    embedding_.forward(c, w.embedding, saved.embedded);
    dropout_.apply(c, saved.embedded);
    stack_.forward(c, w.stack, saved.embedded, saved.stream, saved.stack, carried);
    norm_.forward(c, w.norm, saved.stream, hidden, saved.norm);
  }

  // forward without a backward to come.
  template <class C>
  void evaluate(C& c, const auto& w, Out<C> hidden, CarriedFor<Trunk, C> carried) const {
    auto mark = c.mark();
    const Out<C> embedded = c.matrix(hidden.rows, shape_.embedding());
    const Out<C> stream = c.matrix(hidden.rows, shape_.width);
    embedding_.forward(c, w.embedding, embedded);
    stack_.evaluate(c, w.stack, embedded, stream, carried);
    norm_.forward(c, w.norm, stream, hidden, c.record(SavedRecords{c.extent()}, norm_));
  }

  // Adds to every gradient. `taps` are gradients by the streams of some blocks that come beside d_hidden.
  template <class C>
  void backward(C& c, const auto& w, In<C> d_hidden, const auto& saved, const auto& dw,
                CarriedGradientFor<Trunk, C> carried, const Taps<C>& taps = {}) const {
    auto mark = c.mark();
    const Out<C> d_stream = c.matrix(d_hidden.rows, shape_.width);
    const Out<C> d_embedded = c.matrix(d_hidden.rows, shape_.embedding());
    norm_.backward(c, w.norm, saved.stream, d_hidden, d_stream, saved.norm, dw.norm);
    stack_.backward(c, w.stack, saved.embedded, d_stream, d_embedded, saved.stack, dw.stack, carried, taps);
    dropout_.apply(c, d_embedded);
    embedding_.backward(c, d_embedded, dw.embedding);
  }

  // The stream that a block has written, of what forward saved: [tokens, width].
  [[nodiscard]] auto stream(const auto& saved, Index block) const {
    return block + 1 < shape_.depth ? saved.stack.streams[static_cast<std::size_t>(block)] : saved.stream;
  }

 private:
  Shape shape_;
  EmbeddingType embedding_;
  Dropout dropout_;
  Stack<Block> stack_;
  FinalNorm norm_;
};

}  // namespace rondo

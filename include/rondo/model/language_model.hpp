// LanguageModel<Block, FinalNorm, Head, Start, Embedding>: a trunk and a head on its hidden vectors.
//
//   hidden = Trunk(ids);  logits = Head(hidden)
//
// The ids are the context's, hidden [tokens, width], logits [tokens, outputs()]: as many as the vocabulary, or whatever a head gives out
// that is not of a vocabulary. The type says what the model is made of, its Shape how large it is; the weights are kept by
// Parameters<Model, Backend>.
#pragma once

#include <rondo/layer/head.hpp>
#include <rondo/model/over_trunk.hpp>
#include <rondo/model/trunk.hpp>

namespace rondo {

template <class BlockType, class FinalNorm = RmsNorm, class HeadType = Head<>, class Start = SmallNormal,
          class EmbeddingType = Embedding>
class LanguageModel : public OverTrunk<Trunk<BlockType, FinalNorm, Start, EmbeddingType>> {
 public:
  using Block = BlockType;
  using TrunkType = Trunk<BlockType, FinalNorm, Start, EmbeddingType>;

  static constexpr void check(const Shape& shape) {
    TrunkType::check(shape);
    HeadType::check(shape);
  }
  explicit LanguageModel(const Shape& shape)
      : OverTrunk<TrunkType>(TrunkType(checked<LanguageModel>(shape))), head_(shape, Start::head(shape)) {
    record_size(WeightRecords{}, *this), record_size(StateRecords{Extent{1, 1}}, *this);  // what no memory holds is refused here
  }

  [[nodiscard]] const TrunkType& trunk() const { return this->inner_; }
  // Numbers that the head makes of a hidden vector.
  [[nodiscard]] Index outputs() const { return head_.outputs(); }

  template <class S>
  struct Weights {
    typename TrunkType::template Weights<S> trunk;
    typename HeadType::template Weights<S> head;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("", trunk(), w.trunk...), inside("head", head_, w.head...)); }

  // logits of some rows of hidden, capped where Shape::logit_soft_cap says so.
  template <class C>
  void logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    uncapped_logits(c, w, hidden, logits);
    if (soft_cap() > 0) c.soft_cap(soft_cap(), logits, logits);
  }
  template <class C>
  void logits_backward(C& c, const auto& w, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw) const {
    if (soft_cap() == 0) return uncapped_logits_backward(c, w, hidden, d_logits, d_hidden, dw);
    auto mark = c.mark();
    const Out<C> d_uncapped = c.matrix(d_logits.rows, d_logits.columns);
    logits(c, w, hidden, d_uncapped);
    c.soft_cap_gradient(soft_cap(), d_uncapped, d_logits, d_uncapped);
    uncapped_logits_backward(c, w, hidden, d_uncapped, d_hidden, dw);
  }

  // The same before the cap, for operations that cap logits themselves (cross_entropy, log_probability).
  template <class C>
  void uncapped_logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    head_.forward(c, w.head, w.trunk.embedding, hidden, logits);
  }
  template <class C>
  void uncapped_logits_backward(C& c, const auto& w, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw) const {
    head_.backward(c, w.head, w.trunk.embedding, hidden, d_logits, d_hidden, dw.head, dw.trunk.embedding);
  }
  // Of outputs [first, first + logits.columns) alone, where the head has such parts; d_hidden is written or added to.
  static constexpr bool in_parts = InParts<HeadType>;
  template <class C>
  void uncapped_logits_part(C& c, const auto& w, In<C> hidden, Index first, Out<C> logits) const {
    head_.forward_part(c, w.head, w.trunk.embedding, hidden, first, logits);
  }
  template <class C>
  void uncapped_logits_part_backward(C& c, const auto& w, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden, Onto onto,
                                     const auto& dw) const {
    head_.backward_part(c, w.head, w.trunk.embedding, hidden, first, d_logits, d_hidden, onto, dw.head, dw.trunk.embedding);
  }

 private:
  [[nodiscard]] double soft_cap() const { return this->shape().logit_soft_cap; }

  HeadType head_;
};

}  // namespace rondo

// Stack<Block>: blocks one after the other, and what all of them share.
//
//   x_{l+1} = block_l(x_l),  l = 0 .. depth - 1
//
// Saved: what the blocks save and the stream between them, [tokens, width] each. While nothing is to be
// differentiated (`evaluate`), one block's Saved in scratch serves all blocks in turn. The backward adds the taps of a block's stream
// to the gradient that comes from above; what a tap holds is not kept.
#pragma once

#include <vector>

#include <rondo/combinator/taps.hpp>
#include <rondo/layer/layer.hpp>

namespace rondo {

template <class Block>
class Stack {
 public:
  using Shared = typename Block::Shared;

  static constexpr void check(const Shape& shape) { Block::check(shape); }
  explicit Stack(const Shape& shape) : shared_(shape, shape.depth), width_(shape.width) {
    blocks_.reserve(static_cast<std::size_t>(shape.depth));
    for (Index l = 0; l < shape.depth; ++l) blocks_.emplace_back(shape, l);
  }

  template <class S>
  struct Weights {
    typename Shared::template Weights<S> shared;
    std::vector<typename Block::template Weights<S>> blocks;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("", shared_, w.shared...), repeated("blocks", blocks_, w.blocks...));
  }
  template <class S>
  struct Saved {
    typename Shared::template Saved<S> shared;
    std::vector<typename Block::template Saved<S>> blocks;
    std::vector<S> streams;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("shared", shared_, s.shared...), repeated("blocks", blocks_, s.blocks...),
                  buffers("streams", blocks_.size() - 1, {extent.tokens, width_}, s.streams...));
  }
  template <class S>
  struct State {
    std::vector<typename Block::template State<S>> blocks;
  };
  auto state_leaves(Extent, auto&... s) const { return leaves(repeated("blocks", blocks_, s.blocks...)); }

  [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<Stack, C> carried) const {
    shared_.forward(c, w.shared, saved.shared);
    for (std::size_t l = 0; l < blocks_.size(); ++l) {
      const Out<C> out = l + 1 < blocks_.size() ? saved.streams[l] : y;
      c.enter_block(l);
      blocks_[l].forward(c, w.blocks[l], l ? In<C>(saved.streams[l - 1]) : x, out, saved.blocks[l],
                         handed<C>(carried, saved.shared, l));
      c.leave_block(l, out);
    }
  }

  // The same without a backward to come: two streams and one block's Saved in scratch.
  template <class C>
  void evaluate(C& c, const auto& w, In<C> x, Out<C> y, CarriedFor<Stack, C> carried) const {
    auto mark = c.mark();
    const auto shared = c.record(SavedRecords{c.extent().exact()}, shared_);
    shared_.forward(c, w.shared, shared);
    const Out<C> streams[2] = {c.matrix(x.rows, width_), c.matrix(x.rows, width_)};
    for (std::size_t l = 0; l < blocks_.size(); ++l) {
      auto inner = c.mark();
      const auto saved = c.record(SavedRecords{c.extent().exact()}, blocks_[l]);
      const Out<C> out = l + 1 < blocks_.size() ? streams[l % 2] : y;
      c.enter_block(l);
      blocks_[l].forward(c, w.blocks[l], l ? In<C>(streams[(l - 1) % 2]) : x, out, saved, handed<C>(carried, shared, l));
      c.leave_block(l, out);
    }
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<Stack, C> carried, const Taps<C>& taps = {}) const {
    auto mark = c.mark();
    const Out<C> d_streams[2] = {dx.columns == width_ ? dx : c.matrix(x.rows, width_), c.matrix(x.rows, width_)};
    for (std::size_t l = blocks_.size(); l-- > 0;) {
      In<C> d_out = l + 1 < blocks_.size() ? In<C>(d_streams[(l + 1) % 2]) : dy;
      if (const Out<C> tap = taps.at(static_cast<Index>(l))) {
        c.add(d_out, tap);
        d_out = tap;
      }
      c.enter_block(l);
      blocks_[l].backward(c, w.blocks[l], l ? In<C>(saved.streams[l - 1]) : x, d_out, l ? d_streams[l % 2] : dx,
                          saved.blocks[l], dw.blocks[l], handed_gradient<C>(carried, saved.shared, l));
      c.leave_gradient(l);
    }
    shared_.backward(c, w.shared, saved.shared, dw.shared);
  }

 private:
  template <class C>
  HandedFor<Block, C> handed(const CarriedFor<Stack, C>& carried, const auto& shared, std::size_t l) const {
    return {{carried.initial ? &carried.initial->blocks[l] : nullptr, carried.final ? &carried.final->blocks[l] : nullptr},
            shared_.template share<Out<C>>(shared, static_cast<Index>(l))};
  }
  template <class C>
  HandedGradientFor<Block, C> handed_gradient(const CarriedGradientFor<Stack, C>& carried, const auto& shared, std::size_t l) const {
    return {{carried.initial ? &carried.initial->blocks[l] : nullptr, carried.d_final ? &carried.d_final->blocks[l] : nullptr,
             carried.d_initial ? &carried.d_initial->blocks[l] : nullptr},
            shared_.template share<Out<C>>(shared, static_cast<Index>(l))};
  }

  Shared shared_;
  std::vector<Block> blocks_;
  Index width_;
};

}  // namespace rondo

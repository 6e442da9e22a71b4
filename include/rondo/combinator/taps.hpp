// Taps: gradients by the streams of some blocks of a stack, which its backward adds to those that come from above.
//
//   Taps<C> taps{c, BlockSet{3, 7}, tokens, width};      zero, in the context's scratch
//   taps.at(3)                                           [tokens, width]; no view for a block without a tap
//
// The stream of a block is what it writes, and the next one reads.
#pragma once

#include <rondo/core/block_set.hpp>
#include <rondo/layer/layer.hpp>

namespace rondo {

template <class C>
class Taps {
 public:
  Taps() = default;
  Taps(C& c, const BlockSet& blocks, Index tokens, Index width) : blocks_(blocks), tokens_(tokens) {
    if (blocks.empty()) return;
    all_ = c.matrix(place_of(blocks.end()) * tokens, width);
    c.zero(all_);
  }

  [[nodiscard]] Out<C> at(Index block) const {
    return blocks_.contains(block) ? all_.middle_rows(place_of(block) * tokens_, tokens_) : Out<C>{};
  }

 private:
  // Taps before a block.
  [[nodiscard]] Index place_of(Index block) const {
    Index count = 0;
    for (Index before = 0; before < block; ++before) count += blocks_.contains(before) ? 1 : 0;
    return count;
  }

  BlockSet blocks_;
  Index tokens_ = 0;
  Out<C> all_;
};

}  // namespace rondo

// Pattern<A, A, B>: blocks of several types in one stack, repeating: block l is of type number l mod 3.
//
//   using Hybrid = LanguageModel<Pattern<Hgrn2Block, Hgrn2Block, AttentionBlock>>;
#pragma once

#include <rondo/combinator/block_choice.hpp>

namespace rondo {

struct InTurn {
  static constexpr void check(const Shape& shape, Index count) {
    if (count > shape.depth) throw error("shape: a pattern of ", count, " blocks does not fit into depth ", shape.depth);
  }
  static constexpr bool uses(const Shape&, Index) { return true; }
  static constexpr const Shape& seen(const Shape& shape, Index) { return shape; }
  static constexpr Index number(const Shape&, Index block, Index count) { return block % count; }
};

template <class... Blocks>
class Pattern : public BlockChoice<InTurn, Blocks...> {
 public:
  using BlockChoice<InTurn, Blocks...>::BlockChoice;
};

}  // namespace rondo

// Either<A, B>: blocks of two types in one stack, placed at run time: block l is a B where Shape::second_blocks has l, else an A.
// Blocks of type B may have heads and taps of their own: Shape::second_heads, second_convolution.
//
//   using Xlstm = LanguageModel<Either<MlstmBlock, SlstmBlock>>;
//   Xlstm model{Shape{.width = 1024, .depth = 48, .second_blocks = {3, 5, 7, 40, 42, 44}}};
#pragma once

#include <rondo/combinator/block_choice.hpp>

namespace rondo {

struct WhereListed {
  static constexpr void check(const Shape& shape, Index) {
    if (shape.second_blocks.end() > shape.depth)
      throw error("shape: second_blocks has block ", shape.second_blocks.end() - 1, " of a depth of ", shape.depth);
  }
  static constexpr bool uses(const Shape& shape, Index number) {
    for (Index block = 0; block < shape.depth; ++block)
      if (shape.second_blocks.contains(block) == (number == 1)) return true;
    return false;
  }
  static constexpr Index number(const Shape& shape, Index block, Index) { return shape.second_blocks.contains(block) ? 1 : 0; }
  static constexpr Shape seen(const Shape& shape, Index number) { return number == 1 ? shape.second() : shape; }
};

template <class First, class Second>
class Either : public BlockChoice<WhereListed, First, Second> {
 public:
  using BlockChoice<WhereListed, First, Second>::BlockChoice;
};

}  // namespace rondo

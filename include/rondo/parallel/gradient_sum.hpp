// GradientSum: the gradients of all ranks added up, block by block, while the backward pass of the blocks below still runs.
//
//   GradientSum<Context> sum{gradients};                      a TensorBuffer
//   c.gradient_left = [&](Index block) { sum.leave(ranks, block); };
//   ... the step's last backward pass ...
//   sum.finish(ranks);                                        what belongs to no block, and blocks that have not left
//
// What blocks share, embedding, final norm and head are complete only at the end of the pass. A rank without gradients of its own calls
// finish() alone: it sums the same pieces in the same order, the blocks from the last to the first.
#pragma once

#include <charconv>
#include <string_view>
#include <vector>

#include <rondo/model/parameters.hpp>
#include <rondo/parallel/communicator.hpp>

namespace rondo {

template <class C>
class GradientSum {
 public:
  // Tensors of a block lie together, under blocks.NUMBER.
  explicit GradientSum(const auto& gradients) : flat_(gradients.flat()) {
    Index begin = 0;
    const auto& tensors = gradients.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Index end = i + 1 < tensors.size() ? tensors[i + 1].tensor.data - flat_.data : flat_.columns;
      const Index block = block_of(tensors[i].name);
      if (pieces_.empty() || pieces_.back().block != block) pieces_.push_back({block, begin, begin});
      pieces_.back().end = begin = end;
    }
  }

  void leave(auto& ranks, Index block) {
    for (Piece& piece : pieces_)
      if (piece.block == block) sum(ranks, piece);
  }
  void finish(auto& ranks) {
    for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece)
      if (piece->block >= 0 && !piece->summed) sum(ranks, *piece);
    for (Piece& piece : pieces_) {
      if (piece.block < 0) sum(ranks, piece);
      piece.summed = false;
    }
  }

 private:
  struct Piece {
    Index block, begin, end;
    bool summed = false;
  };

  // -1 for what belongs to none.
  static Index block_of(std::string_view name) {
    constexpr std::string_view blocks = "blocks.";
    Index block = -1;
    if (name.starts_with(blocks)) std::from_chars(name.data() + blocks.size(), name.data() + name.size(), block);
    return block;
  }
  void sum(auto& ranks, Piece& piece) const {
    ranks.sum(flat_.middle_columns(piece.begin, piece.end - piece.begin));
    piece.summed = true;
  }

  WideOut<C> flat_;
  std::vector<Piece> pieces_;
};

}  // namespace rondo

// Shares: how the numbers of a model are divided among the ranks that train it.
//
//   const Shares shares{weights, ranks.size(), whole};        whole(leaf): a tensor that only one rank can update
//   shares.pieces()                                           a block's tensors, those of the head, others: what is summed at once
//   shares.of(rank)                                           what is one rank's: a part of each piece
//   shares.gather(ranks, row)                                 the parts of all ranks, of a row that is laid out as the weights
//
// Every rank has a part of every piece, so that all are at work whichever piece is summed. Parts are equal, but for borders within a
// tensor that is to stay whole: those move to its nearer end. One rank has one piece, which is all.
#pragma once

#include <algorithm>
#include <charconv>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/model/parameters.hpp>
#include <rondo/parallel/any_ranks.hpp>

namespace rondo {

class Shares {
 public:
  static constexpr Index head = -1, others = -2;
  struct Piece {
    Index block;  // its number, or head, or others
    Index begin, end;
    std::vector<Index> borders;  // from `begin` on
  };

  // Tensors of a block lie together, under blocks.NUMBER.
  template <class S, class Memory>
  Shares(const TensorBuffer<S, Memory>& weights, Index size, const std::function<bool(const Leaf&)>& whole) {
    const auto& tensors = weights.tensors();
    const Index all = weights.flat().columns;
    std::vector<std::pair<Index, Index>> kept_whole;
    Index begin = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Index end = i + 1 < tensors.size() ? tensors[i + 1].tensor.data - weights.flat().data : all;
      const Index block = size == 1 ? others : block_of(tensors[i].name, tensors[i].leaf);
      if (pieces_.empty() || pieces_.back().block != block) pieces_.push_back({block, begin, begin, {}});
      if (whole(tensors[i].leaf)) kept_whole.push_back({begin, end});
      pieces_.back().end = begin = end;
    }
    for (Piece& piece : pieces_) {
      piece.borders = equal_borders(piece.end - piece.begin, size, sizeof(S));
      for (Index& border : piece.borders)
        for (const auto& [first, last] : kept_whole)
          if (const Index at = piece.begin + border; first < at && at < last)
            border = (at - first < last - at ? first : last) - piece.begin;
    }
  }

  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] std::vector<std::pair<Index, Index>> of(Index rank) const {
    std::vector<std::pair<Index, Index>> result;
    const auto r = static_cast<std::size_t>(rank);
    for (const Piece& piece : pieces_)
      if (const auto& borders = piece.borders; borders[r] < borders[r + 1])
        result.push_back({piece.begin + borders[r], piece.begin + borders[r + 1]});
    return result;
  }
  template <class Row>
  void gather(const AnyRanks<Row>& ranks, Row row) const {
    for (const Piece& piece : pieces_) ranks.gather(row.middle_columns(piece.begin, piece.end - piece.begin), piece.borders);
  }
  // Where the parts of [begin, end), which lies within a piece, begin and end, from `begin` on.
  [[nodiscard]] std::vector<Index> borders_within(Index begin, Index end) const {
    for (const Piece& piece : pieces_) {
      if (begin < piece.begin || end > piece.end) continue;
      std::vector<Index> borders = piece.borders;
      for (Index& border : borders) border = std::clamp<Index>(piece.begin + border - begin, 0, end - begin);
      return borders;
    }
    throw error("shares: no piece has [", begin, ", ", end, ")");
  }

 private:
  static Index block_of(std::string_view name, const Leaf& leaf) {
    constexpr std::string_view blocks = "blocks.";
    if (leaf.role == Role::head) return head;
    Index block = others;
    if (name.starts_with(blocks)) std::from_chars(name.data() + blocks.size(), name.data() + name.size(), block);
    return block;
  }

  std::vector<Piece> pieces_;
};

}  // namespace rondo

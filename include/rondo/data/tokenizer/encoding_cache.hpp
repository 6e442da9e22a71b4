// EncodingCache: what pieces of text have been encoded to; one for each thread.
//
//   cache.append(step, piece, out, compute)    appends the ids of `piece`; compute(piece, out) is asked for those of one not
//   known
//
// Each step of a pipeline has pieces of its own. Those of up to 64 bytes are remembered, half a million of a step, then it starts
// anew.
#pragma once

#include <cstddef>
#include <deque>
#include <string_view>
#include <vector>

#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/word_table.hpp>

namespace rondo {

class EncodingCache {
 public:
  template <class Compute>
  void append(std::size_t step, std::string_view piece, std::vector<TokenId>& out, Compute&& compute) {
    if (piece.size() > longest_piece) return compute(piece, out);
    while (steps_.size() <= step) steps_.emplace_back();
    Known& known = steps_[step];
    if (known.pieces.size() >= most_pieces) known = {};
    const auto [number, fresh] = known.pieces.insert(piece);
    if (fresh) {
      try {
        compute(piece, known.ids);
      } catch (...) {
        known = {};  // what cannot be encoded has a number, but no end
        throw;
      }
      known.ends.push_back(known.ids.size());
    }
    const std::size_t begin = number == 0 ? 0 : known.ends[number - 1];
    out.insert(out.end(), known.ids.begin() + static_cast<std::ptrdiff_t>(begin),
               known.ids.begin() + static_cast<std::ptrdiff_t>(known.ends[number]));
  }

 private:
  static constexpr std::size_t longest_piece = 64;
  static constexpr std::size_t most_pieces = std::size_t{1} << 19;
  struct Known {
    WordTable pieces;
    std::vector<TokenId> ids;
    std::vector<std::size_t> ends;  // in `ids`, by the number of the piece
  };
  std::deque<Known> steps_;
};

}  // namespace rondo

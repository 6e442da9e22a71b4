// EncodingCache: what pieces of text have been encoded to; one for each thread. Pieces of up to 128 bytes are remembered, a
// million of them, then it starts anew.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/word_table.hpp>

namespace rondo {

class EncodingCache {
 public:
  // Appends the ids of `piece`; compute(piece, out) is asked for those of a piece that is not known.
  template <class Compute>
  void append(std::string_view piece, std::vector<TokenId>& out, Compute&& compute) {
    if (piece.size() > longest_piece) return compute(piece, out);
    if (pieces_.size() >= most_pieces) *this = EncodingCache{};
    const auto [number, fresh] = pieces_.insert(piece);
    if (fresh) {
      compute(piece, ids_);
      ends_.push_back(ids_.size());
    }
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    out.insert(out.end(), ids_.begin() + static_cast<std::ptrdiff_t>(begin),
               ids_.begin() + static_cast<std::ptrdiff_t>(ends_[number]));
  }

 private:
  static constexpr std::size_t longest_piece = 128;
  static constexpr std::size_t most_pieces = std::size_t{1} << 20;
  WordTable pieces_;
  std::vector<TokenId> ids_;
  std::vector<std::size_t> ends_;
};

}  // namespace rondo

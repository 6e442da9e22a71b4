// TokenGrid: B sequences of T tokens each, one after the other.
#pragma once

#include <vector>

#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

struct TokenGrid {
  std::vector<Token> ids;
  Index sequences = 0, length = 0;

  [[nodiscard]] Index tokens() const { return sequences * length; }
  // `count` of the sequences, from row 0 on.
  [[nodiscard]] std::vector<Sequence> cut(Index count) const {
    std::vector<Sequence> result;
    for (Index s = 0; s < count; ++s) result.push_back({s * length, length, 0});
    return result;
  }
  // Label of each token: the next one of its sequence.
  [[nodiscard]] std::vector<Token> labels() const {
    std::vector<Token> result(ids.size(), no_label);
    for (std::size_t i = 0; i + 1 < ids.size(); ++i)
      if ((static_cast<Index>(i) + 1) % length != 0) result[i] = ids[i + 1];
    return result;
  }
};

}  // namespace rondo

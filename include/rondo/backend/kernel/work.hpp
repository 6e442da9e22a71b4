// Lists that the host makes of a batch's sequences, for kernels to find their rows by. Pure functions; rows of no sequence are padding.
#pragma once

#include <vector>

#include <rondo/core/sequence.hpp>

namespace rondo::kernel {

inline constexpr Token of_no_sequence = -1;

// The number of the sequence of each row, or of_no_sequence.
inline void owners_of(Sequences sequences, Index tokens, std::vector<Token>& owners) {
  owners.assign(static_cast<std::size_t>(tokens), of_no_sequence);
  for (std::size_t s = 0; s < sequences.size(); ++s)
    for (Index t = 0; t < sequences[s].length; ++t) owners[static_cast<std::size_t>(sequences[s].begin + t)] = static_cast<Token>(s);
}

// What kernels see of it.
struct Owners {
  View<const Sequence> sequences;  // [1, count]
  Tokens owners;                   // [1, tokens]
  [[nodiscard]] constexpr const Sequence* of(Index row) const {
    const Token owner = owners(0, row);
    return owner == of_no_sequence ? nullptr : &sequences(0, owner);
  }
};

}  // namespace rondo::kernel

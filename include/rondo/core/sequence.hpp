// Which rows of a [tokens, width] matrix belong together.
//
// A batch is one matrix whose rows are tokens. A `Sequence` is a run of rows with its own recurrent state: a document of a
// packed batch, a line of a rectangular one. Rows that no sequence covers are padding: token-wise layers compute them,
// nothing that has a state ever sees them, and their gradient is zero. Sequence number s owns row s of every state.
#pragma once

#include <cstdint>
#include <span>

#include <rondo/core/leaf.hpp>
#include <rondo/core/precision.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

using Token = std::int32_t;
using Tokens = View<const Token>;  // [1, tokens]

// What a token without a label has for one; any other negative number says the same.
inline constexpr Token no_label = -100;
constexpr bool has_label(Token label) { return label >= 0; }

struct Sequence {
  Index begin = 0;     // first row
  Index length = 0;    // rows
  Index position = 0;  // tokens this sequence has seen before its first row (0 for a fresh one)
  Index source = -1;   // number, in the data that the batch was drawn from, of the token that is its first row's label; -1: of none
};

using Sequences = std::span<const Sequence>;

[[nodiscard]] constexpr Index longest_sequence(Sequences sequences) {
  Index longest = 0;
  for (const Sequence& sequence : sequences) longest = sequence.length > longest ? sequence.length : longest;
  return longest;
}

// Tokens as a model is given them, [1, rows] each; whoever made the batch has the memory.
struct Batch {
  Tokens ids;
  Tokens labels;        // negative (no_label) where there is none
  Sequences sequences;  // the rows that belong together, in the order of their rows; none covers padding
  Index tokens = 0;     // without padding
  Index words = 0;      // that the tokens stand for; exact for whole documents
};

// What the buffers of a pass are sized by.
struct Extent {
  Index tokens = 0;      // rows of the batch, padding included
  Index sequences = 0;   // number of states
  bool rounds = false;   // whether a Kept keeps what its layer saves in bf16 (rondo/combinator/kept.hpp)
  bool rounded = false;  // whether this is of such a layer

  // Of what lies in a Kept, and of what nobody rounds.
  [[nodiscard]] constexpr Extent of_kept() const { return {tokens, sequences, rounds, rounds}; }
  [[nodiscard]] constexpr Extent exact() const { return {tokens, sequences}; }
  // Rows and columns of a matrix [tokens, columns] that a layer saves and that may be rounded.
  [[nodiscard]] constexpr Dimensions kept(Index columns) const { return {tokens, rounded ? words_of(columns) : columns}; }
  friend constexpr bool operator==(const Extent&, const Extent&) = default;
};

}  // namespace rondo

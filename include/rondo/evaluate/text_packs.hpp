// Texts packed into passes of a model, longest first: each a sequence of its own, no padding.
//
//   each_pack(texts, 4096, [&](std::span<const std::size_t> chosen, Index done) { ... });      numbers of texts, of about so many tokens
//   TextPack pack;
//   pack.fill(texts, chosen, vocabulary);                                                     ids and sequences of those
#pragma once

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/sequence.hpp>

namespace rondo {

// act(numbers of texts, tokens of all texts up to here); a text that is longer than `tokens` has a pass of its own.
template <class Act>
void each_pack(std::span<const std::vector<Token>> texts, Index tokens, Act act) {
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return texts[a].size() > texts[b].size(); });
  Index done = 0;
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    Index taken = 0;
    while (last < order.size() && (last == first || taken + std::ssize(texts[order[last]]) <= tokens))
      taken += std::ssize(texts[order[last++]]);
    done += taken;
    act(std::span<const std::size_t>(order).subspan(first, last - first), done);
    first = last;
  }
}

struct TextPack {
  std::span<const std::size_t> texts;
  std::vector<Token> ids;
  std::vector<Sequence> sequences;  // of texts[i]

  [[nodiscard]] Tokens tokens() const { return {ids.data(), 1, std::ssize(ids)}; }
  // Throws Error for an id outside the vocabulary.
  void fill(std::span<const std::vector<Token>> all, std::span<const std::size_t> chosen, Index vocabulary) {
    texts = chosen;
    ids.clear();
    sequences.clear();
    for (const std::size_t number : chosen) {
      const std::vector<Token>& text = all[number];
      for (const Token id : text)
        require(id >= 0 && id < vocabulary, "text ", number, ": token id ", id, " is outside the vocabulary of ", vocabulary);
      sequences.push_back({std::ssize(ids), std::ssize(text), 0});
      ids.insert(ids.end(), text.begin(), text.end());
    }
  }
};

}  // namespace rondo

// TokenTrie: a set of texts with a number each, asked which of them a text begins with.
//
//   TokenTrie trie{{{"ab", 7}, {"abc", 9}}};
//   trie.for_each_prefix("abcd", [](std::size_t bytes, TokenId number) { ... });     // (2, 7), (3, 9): shortest first
//   auto [bytes, number] = trie.longest_prefix("abcd");                              // (3, 9); (0, -1) where there is none
//
// Of equal texts the first counts, empty ones are none. A node's children lie one after the other, sorted by their byte.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/encoding.hpp>

namespace rondo {

class TokenTrie {
 public:
  using Word = std::pair<std::string_view, TokenId>;

  TokenTrie() : TokenTrie(std::vector<Word>{}) {}
  explicit TokenTrie(std::vector<Word> words) {
    std::erase_if(words, [](const Word& word) { return word.first.empty(); });
    std::stable_sort(words.begin(), words.end(), [](const Word& a, const Word& b) { return a.first < b.first; });
    words.erase(std::unique(words.begin(), words.end(), [](const Word& a, const Word& b) { return a.first == b.first; }),
                words.end());
    // Breadth first; the words of node n are those from begin to end, which agree in their first `depth` bytes.
    struct Branch {
      std::size_t begin, end, depth;
    };
    std::vector<Branch> branches{{0, words.size(), 0}};
    nodes_.push_back({});
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      auto [begin, end, depth] = branches[n];
      if (begin < end && words[begin].first.size() == depth) nodes_[n].number = words[begin++].second;
      nodes_[n].children = static_cast<std::uint32_t>(nodes_.size());
      while (begin < end) {
        const char byte = words[begin].first[depth];
        std::size_t next = begin;
        while (next < end && words[next].first[depth] == byte) ++next;
        ++nodes_[n].child_count;
        nodes_.push_back({.byte = static_cast<unsigned char>(byte)});
        branches.push_back({begin, next, depth + 1});
        begin = next;
      }
      require(nodes_.size() < UINT32_MAX, "a vocabulary of more than 4 GB");
    }
    for (std::uint32_t child = 1; child <= nodes_[0].child_count; ++child) first_[nodes_[child].byte] = child;
  }

  // Whether any text begins with this byte.
  [[nodiscard]] bool begins_with(char byte) const { return first_[static_cast<unsigned char>(byte)] != 0; }

  template <class Use>
  void for_each_prefix(std::string_view text, Use&& use) const {
    if (text.empty()) return;
    std::uint32_t node = first_[static_cast<unsigned char>(text[0])];
    for (std::size_t bytes = 1; node != 0; ++bytes) {
      if (nodes_[node].number >= 0) use(bytes, nodes_[node].number);
      if (bytes == text.size()) return;
      node = child(nodes_[node], static_cast<unsigned char>(text[bytes]));
    }
  }
  [[nodiscard]] std::pair<std::size_t, TokenId> longest_prefix(std::string_view text) const {
    std::pair<std::size_t, TokenId> longest{0, -1};
    for_each_prefix(text, [&](std::size_t bytes, TokenId number) { longest = {bytes, number}; });
    return longest;
  }

 private:
  struct Node {
    std::uint32_t children = 0;  // the first of them
    TokenId number = -1;
    std::uint16_t child_count = 0;
    unsigned char byte = 0;
  };
  [[nodiscard]] std::uint32_t child(const Node& node, unsigned char byte) const {
    const auto begin = nodes_.begin() + node.children;
    const auto end = begin + node.child_count;
    const auto found = std::lower_bound(begin, end, byte, [](const Node& one, unsigned char b) { return one.byte < b; });
    return found != end && found->byte == byte ? static_cast<std::uint32_t>(found - nodes_.begin()) : 0;
  }

  std::vector<Node> nodes_;
  std::array<std::uint32_t, 256> first_{};  // the root's children by their byte; 0: none
};

}  // namespace rondo

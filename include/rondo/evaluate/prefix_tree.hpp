// PrefixTree: texts that begin alike, as a tree of the pieces they share, so that every shared piece is computed once.
//
//   a b c d           [a b] +- [c] +- [d]                 a node holds tokens begin .. end of the texts first .. last of `order`,
//   a b c e    ->           |      +- [e]                 which all have them; its branches go on from the state behind it
//   a b f                   +- [f]
//
// A branch costs a copy of a state, counted as `branch_cost` tokens: a piece of L tokens that k branches share becomes a node where
// L (k - 1) > branch_cost k; elsewhere each branch computes it anew. A node's last row predicts the first token of each of its branches, so
// that one row may have several labels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <rondo/core/sequence.hpp>

namespace rondo {

// Tokens, and of which the log-probability is wanted: scored[i] of token i, given those before it. Of the first there is none.
struct ScoredText {
  std::vector<Token> ids;
  std::vector<std::uint8_t> scored;  // as many
};

class PrefixTree {
 public:
  struct Node {
    std::size_t first = 0, last = 0;  // of `order`
    std::size_t begin = 0, end = 0;   // tokens
    std::vector<Node> branches;
    [[nodiscard]] Index length() const { return static_cast<Index>(end - begin); }
  };
  // Token `at` of texts first .. last of `order`, which is `label`, is predicted by token at - 1.
  struct Label {
    std::size_t first, last, at;
    Token label;
  };

  explicit PrefixTree(std::span<const ScoredText> texts, double branch_cost = 2) : texts_(texts), branch_cost_(branch_cost) {
    order_.resize(texts.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](auto a, auto b) { return texts_[a].ids < texts_[b].ids; });
    grow(0, order_.size(), 0, 0, roots_);
  }

  [[nodiscard]] const std::vector<Node>& roots() const { return roots_; }
  [[nodiscard]] const std::vector<std::size_t>& order() const { return order_; }
  [[nodiscard]] std::span<const Token> tokens(const Node& node) const {
    return std::span{text(node.first).ids}.subspan(node.begin, node.end - node.begin);
  }
  // That are computed; the texts have sum of ids.size().
  [[nodiscard]] Index computed() const { return computed_of(roots_); }

  // Of the rows of a node those whose next token somebody wants to know the probability of: use(row, label).
  template <class Use>
  void each_label(const Node& node, Use&& use) const {
    for (std::size_t at = node.begin + 1; at < node.end; ++at)
      if (wanted(node.first, node.last, at))
        use(static_cast<Index>(at - 1 - node.begin), Label{node.first, node.last, at, id(node.first, at)});
    each_group(node.first, node.last, node.end, [&](std::size_t first, std::size_t last) {
      if (wanted(first, last, node.end)) use(node.length() - 1, Label{first, last, node.end, id(first, node.end)});
    });
  }

 private:
  [[nodiscard]] const ScoredText& text(std::size_t place) const { return texts_[order_[place]]; }
  [[nodiscard]] Token id(std::size_t place, std::size_t at) const { return text(place).ids[at]; }
  [[nodiscard]] bool wanted(std::size_t first, std::size_t last, std::size_t at) const {
    return std::any_of(order_.begin() + static_cast<std::ptrdiff_t>(first), order_.begin() + static_cast<std::ptrdiff_t>(last),
                       [&](std::size_t number) { return texts_[number].scored[at] != 0; });
  }
  // use(first, last) for each run of texts with the same token at `at`; those that end there are none.
  template <class Use>
  void each_group(std::size_t first, std::size_t last, std::size_t at, Use&& use) const {
    while (first < last && text(first).ids.size() <= at) ++first;
    while (first < last) {
      std::size_t next = first + 1;
      while (next < last && id(next, at) == id(first, at)) ++next;
      use(first, next);
      first = next;
    }
  }
  // Adds nodes for the texts first .. last: they agree in `common` tokens at least, and the state after `begin` of these is known.
  void grow(std::size_t first, std::size_t last, std::size_t begin, std::size_t common, std::vector<Node>& nodes) {
    while (first < last && text(first).ids.empty()) ++first;
    if (first == last) return;
    // Sorted: what the first and the last text share, all share.
    const auto &low = text(first).ids, &high = text(last - 1).ids;
    while (common < low.size() && common < high.size() && low[common] == high[common]) ++common;
    std::size_t ended = first, groups = 0;
    while (ended < last && text(ended).ids.size() == common) ++ended;
    each_group(ended, last, common, [&](std::size_t, std::size_t) { ++groups; });
    const auto branches = static_cast<double>(groups), shared = static_cast<double>(common - begin);
    if (groups == 0 || shared * (branches + (ended > first ? 1 : 0) - 1) > branch_cost_ * branches) {
      Node node{first, last, begin, common, {}};
      each_group(ended, last, common, [&](std::size_t from, std::size_t to) { grow(from, to, common, common + 1, node.branches); });
      nodes.push_back(std::move(node));
    } else {
      if (ended > first) nodes.push_back({first, ended, begin, common, {}});
      each_group(ended, last, common, [&](std::size_t from, std::size_t to) { grow(from, to, begin, common + 1, nodes); });
    }
  }
  static Index computed_of(const std::vector<Node>& nodes) {
    Index sum = 0;
    for (const Node& node : nodes) sum += node.length() + computed_of(node.branches);
    return sum;
  }

  std::span<const ScoredText> texts_;
  double branch_cost_;
  std::vector<std::size_t> order_;
  std::vector<Node> roots_;
};

}  // namespace rondo

// BytePairModel: a piece of text becomes tokens by joining neighbours, the merge of the lowest rank first, of equal ones
// the leftmost (Sennrich et al. 2016, Algorithm 1).
//
//   model.encode(piece, out)     appends {id, bytes}: each token and how many bytes of the piece it stands for
//
// A character that is not in the vocabulary becomes its bytes (<0x0A>, with byte_fallback and all of them known), else the
// unknown token (one for a run of such characters with fuse_unknown), else nothing.
//
// The constructor checks: ids unique and not negative, both parts and the result of every merge in the vocabulary, the
// unknown token in the vocabulary; it throws Error, its message starting with `name`.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/pair_table.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

// The description of a model, as files give it.
struct BytePairs {
  std::vector<std::pair<std::string, TokenId>> vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  // lowest rank first
  std::string unknown_token;                                // empty: none
  std::string continuing_prefix;                            // before every character but the first of a piece
  std::string end_suffix;                                   // after the last character of a piece
  bool fuse_unknown = false;
  bool byte_fallback = false;
  bool ignore_merges = false;  // a piece that is in the vocabulary is one token, whatever the merges say
};

// A map from text that is asked with a string_view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using TokenMap = std::unordered_map<std::string, TokenId, TextHash, std::equal_to<>>;

class BytePairModel {
 public:
  struct Token {
    TokenId id;
    std::uint32_t bytes;
  };
  static constexpr TokenId largest_id = (1 << 28) - 1;

  BytePairModel(BytePairs pairs, const std::string& name) : pairs_(std::move(pairs)) {
    read_vocabulary(name);
    read_merges(name);
    if (!pairs_.unknown_token.empty()) {
      unknown_ = find(pairs_.unknown_token).value_or(-1);
      require(unknown_ >= 0, name, ": the unknown token '", pairs_.unknown_token, "' is not in the vocabulary");
    }
    constexpr char digits[] = "0123456789ABCDEF";
    for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte)
      byte_ids_[byte] = find(std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + '>').value_or(-1);
  }

  // One more than the largest id.
  [[nodiscard]] TokenId size() const { return static_cast<TokenId>(tokens_.size()); }
  [[nodiscard]] std::optional<TokenId> find(std::string_view token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? std::nullopt : std::optional<TokenId>(found->second);
  }
  // The token's text; nullptr for an id that has none.
  [[nodiscard]] const std::string* token(TokenId id) const {
    return id >= 0 && id < size() ? tokens_[static_cast<std::size_t>(id)] : nullptr;
  }
  [[nodiscard]] TokenId unknown() const { return unknown_; }
  [[nodiscard]] const BytePairs& pairs() const { return pairs_; }

  void encode(std::string_view piece, std::vector<Token>& out) const {
    if (pairs_.ignore_merges) {
      if (const auto whole = find(piece)) return out.push_back({*whole, static_cast<std::uint32_t>(piece.size())});
    }
    const std::size_t first = out.size();
    add_characters(piece, out);
    // Each step over all pairs is the quickest way for words; for endless ones the queue is.
    constexpr std::size_t long_piece = 64;
    if (out.size() - first < long_piece) {
      merge_by_scanning(out, first);
    } else {
      merge_by_queue(out, first);
    }
  }

 private:
  struct Merge {
    std::uint32_t rank = 0;
    TokenId id = -1;
  };
  static constexpr std::uint32_t no_rank = static_cast<std::uint32_t>(-1);

  void read_vocabulary(const std::string& name) {
    require(!pairs_.vocabulary.empty(), name, ": the vocabulary is empty");
    TokenId largest = -1;
    for (const auto& [token, id] : pairs_.vocabulary) {
      require(id >= 0 && id <= largest_id, name, ": token '", token, "': expected an id from 0 to ", largest_id, ", found ", id);
      largest = std::max(largest, id);
    }
    // A table by id must not be larger than a file may make it.
    require(static_cast<std::size_t>(largest) < 16 * pairs_.vocabulary.size() + 1024, name, ": the largest id is ", largest,
            " in a vocabulary of ", pairs_.vocabulary.size(), " tokens");
    tokens_.resize(static_cast<std::size_t>(largest) + 1);
    ids_.reserve(pairs_.vocabulary.size());
    for (const auto& [token, id] : pairs_.vocabulary) {
      const auto [place, fresh] = ids_.emplace(token, id);
      require(fresh, name, ": token '", token, "' is in the vocabulary twice");
      const std::string*& by_id = tokens_[static_cast<std::size_t>(id)];
      require(by_id == nullptr, name, ": tokens '", by_id == nullptr ? token : *by_id, "' and '", token, "' have the same id ",
              id);
      by_id = &place->first;
    }
  }
  void read_merges(const std::string& name) {
    const std::string& prefix = pairs_.continuing_prefix;
    std::uint32_t rank = 0;
    for (const auto& merge : pairs_.merges) {
      const auto &left = merge.first, &right = merge.second;
      const auto id_of = [&](const std::string& token) {
        const auto id = find(token);
        require(id.has_value(), name, ": merge ", rank + 1, " ('", left, "' '", right, "'): '", token,
                "' is not in the vocabulary");
        return *id;
      };
      const bool prefixed = !prefix.empty() && right.starts_with(prefix);
      const TokenId joined = id_of(left + (prefixed ? right.substr(prefix.size()) : right));
      merges_[{id_of(left), id_of(right)}] = {rank++, joined};
    }
  }

  void add_characters(std::string_view piece, std::vector<Token>& out) const {
    std::uint32_t unknown_bytes = 0;
    const auto add_unknown = [&] {
      if (unknown_bytes > 0) out.push_back({unknown_, unknown_bytes});
      unknown_bytes = 0;
    };
    std::string affixed;
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t length = utf8_length(piece[at]);
      std::string_view character = piece.substr(at, length);
      const bool prefixed = at > 0 && !pairs_.continuing_prefix.empty();
      at += length;
      const bool suffixed = at == piece.size() && !pairs_.end_suffix.empty();
      if (prefixed || suffixed) {
        affixed.assign(prefixed ? pairs_.continuing_prefix : "").append(character).append(suffixed ? pairs_.end_suffix : "");
        character = affixed;
      }
      if (const auto id = find(character)) {
        add_unknown();
        out.push_back({*id, static_cast<std::uint32_t>(length)});
      } else if (pairs_.byte_fallback && add_bytes(character, out)) {
        continue;
      } else if (unknown_ >= 0) {
        if (!pairs_.fuse_unknown) add_unknown();
        unknown_bytes += static_cast<std::uint32_t>(length);
      }
    }
    add_unknown();
  }
  bool add_bytes(std::string_view character, std::vector<Token>& out) const {
    for (const char byte : character)
      if (byte_ids_[static_cast<unsigned char>(byte)] < 0) return false;
    for (const char byte : character) out.push_back({byte_ids_[static_cast<unsigned char>(byte)], 1});
    return true;
  }

  [[nodiscard]] Merge merge_of(TokenId left, TokenId right) const {
    const Merge* merge = merges_.find({left, right});
    return merge == nullptr ? Merge{no_rank, -1} : *merge;
  }

  void merge_by_scanning(std::vector<Token>& out, std::size_t first) const {
    Merge merges[64];  // merges[i]: of tokens i and i + 1
    std::size_t count = out.size() - first;
    Token* tokens = out.data() + first;
    for (std::size_t i = 0; i + 1 < count; ++i) merges[i] = merge_of(tokens[i].id, tokens[i + 1].id);
    while (count > 1) {
      std::size_t best = 0;
      for (std::size_t i = 1; i + 1 < count; ++i)
        if (merges[i].rank < merges[best].rank) best = i;
      if (merges[best].rank == no_rank) break;
      tokens[best] = {merges[best].id, tokens[best].bytes + tokens[best + 1].bytes};
      --count;
      for (std::size_t i = best + 1; i < count; ++i) {
        tokens[i] = tokens[i + 1];
        merges[i - 1] = merges[i];
      }
      if (best + 1 < count) merges[best] = merge_of(tokens[best].id, tokens[best + 1].id);
      if (best > 0) merges[best - 1] = merge_of(tokens[best - 1].id, tokens[best].id);
    }
    out.resize(first + count);
  }

  void merge_by_queue(std::vector<Token>& out, std::size_t first) const {
    struct Link {
      std::size_t previous, next;
    };
    struct Candidate {
      std::uint32_t rank;
      std::size_t left;
      TokenId left_id, right_id, id;
      bool operator<(const Candidate& other) const { return std::pair(rank, left) > std::pair(other.rank, other.left); }
    };
    const std::size_t count = out.size() - first;
    const std::size_t none = count;
    Token* tokens = out.data() + first;
    std::vector<Link> links(count);
    for (std::size_t i = 0; i < count; ++i) links[i] = {i == 0 ? none : i - 1, i + 1};
    std::priority_queue<Candidate> queue;
    const auto propose = [&](std::size_t left) {
      if (left == none || links[left].next == none) return;
      const TokenId right_id = tokens[links[left].next].id;
      const Merge merge = merge_of(tokens[left].id, right_id);
      if (merge.rank != no_rank) queue.push({merge.rank, left, tokens[left].id, right_id, merge.id});
    };
    for (std::size_t i = 0; i < count; ++i) propose(i);
    while (!queue.empty()) {
      const Candidate best = queue.top();
      queue.pop();
      const std::size_t right = links[best.left].next;
      if (tokens[best.left].bytes == 0 || tokens[best.left].id != best.left_id || right == none ||
          tokens[right].id != best.right_id)
        continue;
      tokens[best.left] = {best.id, tokens[best.left].bytes + tokens[right].bytes};
      tokens[right].bytes = 0;
      links[best.left].next = links[right].next;
      if (links[right].next != none) links[links[right].next].previous = best.left;
      propose(best.left);
      propose(links[best.left].previous);
    }
    std::erase_if(out, [&, at = std::size_t{0}](const Token& token) mutable { return at++ >= first && token.bytes == 0; });
  }

  BytePairs pairs_;
  TokenMap ids_;
  std::vector<const std::string*> tokens_;  // by id; the texts are the keys of ids_
  PairTable<Merge> merges_;
  TokenId unknown_ = -1;
  std::array<TokenId, 256> byte_ids_{};
};

}  // namespace rondo

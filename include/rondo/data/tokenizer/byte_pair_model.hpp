// BytePairModel: a piece of text becomes tokens by joining neighbours, the merge of the lowest rank first, of equal ones
// the leftmost (Sennrich et al. 2016, Algorithm 1).
//
//   model.encode(piece, out)     appends the tokens, with the bytes of the piece that they stand for
//
// A character that is not in the vocabulary becomes its bytes (<0x0A>, with byte_fallback and all of them known), else the
// unknown token (one for a run of such characters with fuse_unknown; Error where that is not in the vocabulary), else nothing.
//
// The constructor throws what Vocabulary does, and Error for a merge whose parts or result are not in the vocabulary.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/pair_table.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/data/tokenizer/vocabulary.hpp>

namespace rondo {

// The description of a model, as files give it.
struct BytePairs {
  TokensWithIds vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  // lowest rank first
  std::string unknown_token;                                // empty: none
  std::string continuing_prefix;                            // before every character but the first of a piece
  std::string end_suffix;                                   // after the last character of a piece
  bool fuse_unknown = false;
  bool byte_fallback = false;
  bool ignore_merges = false;  // a piece that is in the vocabulary is one token, whatever the merges say
};

// The ids of <0x00> to <0xFF>; -1 for those that find(token) does not know.
using ByteTokenIds = std::array<TokenId, 256>;
[[nodiscard]] inline ByteTokenIds byte_token_ids(const auto& find) {
  constexpr char digits[] = "0123456789ABCDEF";
  ByteTokenIds ids{};
  for (std::size_t byte = 0; byte < ids.size(); ++byte)
    ids[byte] = find(std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + '>').value_or(-1);
  return ids;
}

class BytePairModel : public Vocabulary {
 public:
  BytePairModel(BytePairs pairs, const std::string& name)
      : Vocabulary(pairs.vocabulary, name), pairs_(std::move(pairs)), unknown_(pairs_.unknown_token, *this) {
    read_merges(name);
    byte_ids_ = byte_token_ids([this](std::string_view token) { return find(token); });
  }

  [[nodiscard]] TokenId unknown() const { return unknown_.known_id(); }
  [[nodiscard]] const BytePairs& pairs() const { return pairs_; }

  void encode(std::string_view piece, std::vector<PieceToken>& out) const {
    if (pairs_.ignore_merges) {
      if (const auto whole = find(piece)) return out.push_back({*whole, 0, static_cast<std::uint32_t>(piece.size())});
    }
    thread_local std::vector<Token> tokens;
    tokens.clear();
    add_characters(piece, tokens);
    // Each step over all pairs is the quickest way for words; for endless ones the queue is.
    constexpr std::size_t long_piece = 64;
    if (tokens.size() < long_piece) {
      merge_by_scanning(tokens);
    } else if (tokens.size() <= 2 * window) {
      merge_by_queue(tokens);
    } else {
      merge_in_windows(tokens);
    }
    std::uint32_t at = 0;
    for (const auto& [id, bytes] : tokens) {
      out.push_back({id, at, at + bytes});
      at += bytes;
    }
    if (tokens.capacity() > 2 * window) tokens = {};
  }

 private:
  struct Token {
    TokenId id;
    std::uint32_t bytes;
    friend bool operator==(const Token&, const Token&) = default;
  };
  static constexpr std::size_t window = std::size_t{1} << 16;  // characters
  struct Merge {
    std::uint32_t rank = 0;
    TokenId id = -1;
  };
  static constexpr std::uint32_t no_rank = static_cast<std::uint32_t>(-1);

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
      if (unknown_bytes > 0) out.push_back({unknown_.known_id(), unknown_bytes});
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
      } else if (unknown_.named()) {
        (void)unknown_.id(piece.substr(at - length, length));
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

  void merge_by_scanning(std::vector<Token>& tokens) const {
    Merge merges[64];  // merges[i]: of tokens i and i + 1
    std::size_t count = tokens.size();
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
    tokens.resize(count);
  }

  void merge_by_queue(std::vector<Token>& tokens) const {
    struct Link {
      std::size_t previous, next;
    };
    struct Candidate {
      std::uint32_t rank;
      std::size_t left;
      TokenId left_id, right_id, id;
      bool operator<(const Candidate& other) const { return std::pair(rank, left) > std::pair(other.rank, other.left); }
    };
    const std::size_t count = tokens.size();
    const std::size_t none = count;
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
    std::erase_if(tokens, [](const Token& token) { return token.bytes == 0; });
  }

  // A text of any length in pieces that overlap. Tokens are those of a text exactly where every two neighbours are those of the two
  // together: a merge across a border would have come about there, too. So the next window begins where a token of this one does, with
  // some way to this one's end, and goes on from there if its first token is that one. Else another border is tried, else no window.
  void merge_in_windows(std::vector<Token>& tokens) const {
    constexpr std::size_t margin = window / 16, tries = 8;
    std::vector<Token> done, current, next;
    const auto merged = [&](std::size_t begin, std::size_t count, std::vector<Token>& into) {
      const auto first = tokens.begin() + static_cast<std::ptrdiff_t>(begin);
      into.assign(first, first + static_cast<std::ptrdiff_t>(std::min(count, tokens.size() - begin)));
      merge_by_queue(into);
    };
    std::size_t begin = 0;
    merged(begin, window, current);
    while (begin + window < tokens.size()) {
      std::vector<std::size_t> ends;  // of the tokens of this window, in characters from its begin
      for (std::size_t token = 0, at = begin; token < current.size() && at < begin + window - margin; ++token) {
        for (std::uint32_t bytes = 0; bytes < current[token].bytes;) bytes += tokens[at++].bytes;
        ends.push_back(at - begin);
      }
      bool agreed = false;
      for (std::size_t tried = 0; tried < tries && !agreed && ends.size() > 1; ++tried) {
        ends.pop_back();
        merged(begin + ends.back(), window, next);
        agreed = next.front() == current[ends.size()];
      }
      if (!agreed) {
        merged(begin, tokens.size(), current);
        break;
      }
      done.insert(done.end(), current.begin(), current.begin() + static_cast<std::ptrdiff_t>(ends.size()));
      begin += ends.back();
      current.swap(next);
    }
    done.insert(done.end(), current.begin(), current.end());
    tokens.swap(done);
  }

  BytePairs pairs_;
  UnknownToken unknown_;
  PairTable<Merge> merges_;
  ByteTokenIds byte_ids_{};
};

}  // namespace rondo

// UnigramModel: a piece of text becomes the sequence of tokens whose scores (logarithms of probabilities) have the largest
// sum (Kudo 2018, section 3.1), found by Viterbi's algorithm; of equal sums the one whose last token begins first.
//
//   model.encode(piece, out)     appends the tokens, with the bytes of the piece that they stand for
//
// A character that is no token by itself counts as the unknown token with the lowest score less 10. Unknown characters side by
// side are one token; with byte_fallback they become their bytes (<0x0A>), each standing for all of them, where all of those
// are in the vocabulary. encode throws Error for such a character where the model has no unknown token.
//
// Ids are places in the list; of a token that is there twice the last place counts. The constructor throws Error, its message
// starting with `name`, for an empty list, an unknown token outside of it and scores that are no finite numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/byte_pair_model.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/token_trie.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/data/tokenizer/vocabulary.hpp>

namespace rondo {

// The description of a model, as files give it.
struct UnigramPieces {
  std::vector<std::pair<std::string, double>> tokens;  // with their scores, by id
  std::optional<TokenId> unknown;
  bool byte_fallback = false;
};

class UnigramModel {
 public:
  UnigramModel(UnigramPieces pieces, const std::string& name) : pieces_(std::move(pieces)) {
    require(!pieces_.tokens.empty() && pieces_.tokens.size() <= static_cast<std::size_t>(Vocabulary::largest_id), name,
            ": expected 1 to ", Vocabulary::largest_id, " tokens, found ", pieces_.tokens.size());
    require(!pieces_.unknown || (*pieces_.unknown >= 0 && *pieces_.unknown < size()), name, ": the unknown token's id is ",
            pieces_.unknown.value_or(0), " in a vocabulary of ", pieces_.tokens.size(), " tokens");
    std::vector<TokenTrie::Word> words;
    double lowest = std::numeric_limits<double>::infinity();
    for (TokenId id = size() - 1; id >= 0; --id) {
      const auto& [token, score] = pieces_.tokens[static_cast<std::size_t>(id)];
      require(std::isfinite(score), name, ": token '", token, "': expected a finite score, found ", score);
      lowest = std::min(lowest, score);
      words.emplace_back(token, id);
      ids_.emplace(token, id);
    }
    trie_ = TokenTrie{std::move(words)};
    unknown_score_ = lowest - 10.0;
    bytes_ = byte_token_ids([this](std::string_view token) { return find(token); });
  }

  [[nodiscard]] TokenId size() const { return static_cast<TokenId>(pieces_.tokens.size()); }
  [[nodiscard]] TokenId token_count() const { return size(); }
  [[nodiscard]] std::optional<TokenId> find(std::string_view token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? std::nullopt : std::optional<TokenId>(found->second);
  }
  [[nodiscard]] const std::string* token(TokenId id) const {
    return id >= 0 && id < size() ? &pieces_.tokens[static_cast<std::size_t>(id)].first : nullptr;
  }
  [[nodiscard]] TokenId unknown() const { return pieces_.unknown.value_or(-1); }
  [[nodiscard]] const UnigramPieces& pieces() const { return pieces_; }

  void encode(std::string_view piece, std::vector<PieceToken>& out) const {
    struct Step {
      double score = 0;
      std::size_t begin = none;  // of the token that ends here
      TokenId id = -1;
    };
    std::vector<Step> best(piece.size() + 1);
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t character = utf8_length(piece[at]);
      const double here = best[at].score;
      const auto offer = [&](std::size_t bytes, TokenId id, double score) {
        Step& step = best[at + bytes];
        if (step.begin == none || here + score > step.score) step = {here + score, at, id};
      };
      bool alone = false;
      trie_.for_each_prefix(piece.substr(at), [&](std::size_t bytes, TokenId id) {
        offer(bytes, id, pieces_.tokens[static_cast<std::size_t>(id)].second);
        alone |= bytes == character;
      });
      if (!alone) {
        require(pieces_.unknown.has_value(), "'", piece.substr(at, character),
                "' is not in the vocabulary, and there is no unknown token");
        offer(character, *pieces_.unknown, unknown_score_);
      }
      at += character;
    }
    const std::size_t first = out.size();
    for (std::size_t end = piece.size(); end > 0;) {
      std::size_t begin = best[end].begin;
      const TokenId id = best[end].id;
      if (id == pieces_.unknown) {
        while (begin > 0 && best[begin].id == id) begin = best[begin].begin;
        add_unknown(piece, begin, end, out);
      } else {
        out.push_back({id, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
      }
      end = begin;
    }
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  // In the order of the end, the last first.
  void add_unknown(std::string_view piece, std::size_t begin, std::size_t end, std::vector<PieceToken>& out) const {
    const std::string_view text = piece.substr(begin, end - begin);
    const auto from = static_cast<std::uint32_t>(begin);
    const auto to = static_cast<std::uint32_t>(end);
    if (const auto known = find(text)) return out.push_back({*known, from, to});
    const auto id_of = [&](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
    if (pieces_.byte_fallback && std::all_of(text.begin(), text.end(), [&](char byte) { return id_of(byte) >= 0; })) {
      for (std::size_t i = text.size(); i > 0; --i) out.push_back({id_of(text[i - 1]), from, to});
      return;
    }
    out.push_back({*pieces_.unknown, from, to});
  }

  UnigramPieces pieces_;
  TokenMap ids_;
  TokenTrie trie_;
  double unknown_score_ = 0;
  ByteTokenIds bytes_{};
};

}  // namespace rondo

// Vocabulary: the tokens of a model and their ids, both ways.
//
//   vocabulary.find("the")   its id, or nothing
//   vocabulary.token(7)      its text; nullptr for an id that has none
//   vocabulary.size()        one more than the largest id; token_count(): without those that have no token
//
// The constructor throws Error, its message starting with `name`, for ids that are negative, too large for the number of
// tokens or given twice, and for a token that is there twice.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/encoding.hpp>

namespace rondo {

// A map from text that is asked with a string_view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using TokenMap = std::unordered_map<std::string, TokenId, TextHash, std::equal_to<>>;
using TokensWithIds = std::vector<std::pair<std::string, TokenId>>;

class Vocabulary {
 public:
  static constexpr TokenId largest_id = (1 << 28) - 1;

  Vocabulary(const TokensWithIds& tokens, const std::string& name) {
    require(!tokens.empty(), name, ": the vocabulary is empty");
    TokenId largest = -1;
    for (const auto& [token, id] : tokens) {
      require(id >= 0 && id <= largest_id, name, ": token '", token, "': expected an id from 0 to ", largest_id, ", found ", id);
      largest = std::max(largest, id);
    }
    require(may_hold(largest, tokens.size()), name, ": the largest id is ", largest,
            " in a vocabulary of ", tokens.size(), " tokens");
    tokens_.resize(static_cast<std::size_t>(largest) + 1);
    ids_.reserve(tokens.size());
    for (const auto& [token, id] : tokens) {
      const auto [place, fresh] = ids_.emplace(token, id);
      require(fresh, name, ": token '", token, "' is in the vocabulary twice");
      const std::string*& by_id = tokens_[static_cast<std::size_t>(id)];
      require(by_id == nullptr, name, ": tokens '", by_id == nullptr ? token : *by_id, "' and '", token, "' have the same id ",
              id);
      by_id = &place->first;
    }
  }
  // A table by id must not be larger than a file may make it.
  [[nodiscard]] static bool may_hold(TokenId id, std::size_t tokens) { return static_cast<std::size_t>(id) < 16 * tokens + 1024; }
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary(Vocabulary&&) = default;

  [[nodiscard]] TokenId size() const { return static_cast<TokenId>(tokens_.size()); }
  [[nodiscard]] TokenId token_count() const { return static_cast<TokenId>(ids_.size()); }
  [[nodiscard]] std::optional<TokenId> find(std::string_view token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? std::nullopt : std::optional<TokenId>(found->second);
  }
  [[nodiscard]] const std::string* token(TokenId id) const {
    return id >= 0 && id < size() ? tokens_[static_cast<std::size_t>(id)] : nullptr;
  }

 private:
  TokenMap ids_;
  std::vector<const std::string*> tokens_;  // by id; the texts are the keys of ids_
};

// The token for what has none, as a model's file names it; empty: there is none. A name that is in no vocabulary is a problem
// only where the token is needed: then id() throws Error.
class UnknownToken {
 public:
  UnknownToken(std::string token, const Vocabulary& vocabulary)
      : token_(std::move(token)), id_(token_.empty() ? -1 : vocabulary.find(token_).value_or(-1)) {}

  [[nodiscard]] bool named() const { return !token_.empty(); }
  [[nodiscard]] TokenId known_id() const { return id_; }  // -1: none
  [[nodiscard]] TokenId id(std::string_view text) const {
    require(id_ >= 0, "'", text.substr(0, 100), "' is not in the vocabulary, and ", named() ? "neither" : "there",
            named() ? " is the unknown token '" + token_ + "'" : " is no unknown token");
    return id_;
  }

 private:
  std::string token_;
  TokenId id_;
};

}  // namespace rondo

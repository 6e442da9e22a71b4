// AddedTokens: tokens that are found in the text itself, before any model sees it (<s>, <mask>, <|endoftext|>).
//
//   cut(text, use)   use(begin, end, token): the text from its beginning to its end; token is nullptr for what lies between
//
// At each place the longest token wins, of equal ones the first; the next is looked for behind it. A token may take the white
// space on its left or right with it, and may demand to stand alone as a word: then it is none beside a word character. White
// space that a token has taken on its right may hold the next one; text behind that is then taken a second time (the rules of
// Hugging Face tokenizers). Tokens with `normalized` are looked for in normalised text, the others before: one AddedTokens each.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/token_trie.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

struct AddedToken {
  std::string content;
  TokenId id = -1;
  bool special = false;  // left out by decode(..., SpecialTokens::left_out)
  bool normalized = false;
  bool single_word = false;
  bool takes_left_space = false;
  bool takes_right_space = false;
};

class AddedTokens {
 public:
  // A token and how it is spelled in the text.
  struct Entry {
    AddedToken token;
    std::string spelling;
  };

  AddedTokens() = default;
  explicit AddedTokens(std::vector<Entry> entries) : entries_(std::move(entries)) {
    std::vector<TokenTrie::Word> words;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const std::string_view spelling = entries_[i].spelling;
      words.emplace_back(spelling, static_cast<TokenId>(i));
      if (spelling.empty()) continue;
      last_bytes_.set(static_cast<unsigned char>(spelling.back()));
      holds_line_end_ |= spelling.find('\n') != spelling.npos;
      any_ = true;
    }
    trie_ = TokenTrie{std::move(words)};
  }
  [[nodiscard]] bool empty() const { return !any_; }

  template <class Use>
  void cut(std::string_view text, Use&& use) const {
    constexpr const AddedToken* none = nullptr;
    std::size_t done = 0;
    std::size_t end_of_space = 0;  // where the white space ends that was taken last
    for (std::size_t at = 0; any_ && at < text.size();) {
      const auto [bytes, number] =
          trie_.begins_with(text[at]) ? trie_.longest_prefix(text.substr(at)) : std::pair<std::size_t, TokenId>{0, -1};
      if (bytes == 0) {
        ++at;
        continue;
      }
      std::size_t begin = at;
      std::size_t end = at += bytes;
      const AddedToken& token = entries_[static_cast<std::size_t>(number)].token;
      if (token.single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) continue;
      if (token.takes_left_space) begin = std::max(done, left_of_space(text, begin, done));
      if (token.takes_right_space) {
        if (end < end_of_space) end = end_of_space;
        while (end < text.size() && is_white_space(decode_utf8(text.data() + end))) end += utf8_length(text[end]);
        end_of_space = end;
      }
      if (done < begin) use(done, begin, none);
      use(begin, std::max(begin, end), &token);
      done = std::max(begin, end);
    }
    if (done < text.size()) use(done, text.size(), none);
  }

  // Whether cutting `text` in front of `at` could tear or reveal a token.
  [[nodiscard]] bool may_stand_at(std::string_view text, std::size_t at) const {
    return any_ && (holds_line_end_ || trie_.begins_with(text[at]) || last_bytes_[static_cast<unsigned char>(text[at - 1])]);
  }

 private:
  // Where the white space before `at` begins, no farther than `least`.
  [[nodiscard]] static std::size_t left_of_space(std::string_view text, std::size_t at, std::size_t least) {
    while (at > least) {
      std::size_t before = at - 1;
      while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xC0) == 0x80) --before;
      if (!is_white_space(decode_utf8(text.data() + before))) break;
      at = before;
    }
    return at;
  }
  [[nodiscard]] static bool ends_with_word(std::string_view text) {
    std::size_t at = text.size();
    while (at > 0 && (static_cast<unsigned char>(text[at - 1]) & 0xC0) == 0x80) --at;
    return at > 0 && is_word_character(decode_utf8(text.data() + at - 1));
  }
  [[nodiscard]] static bool starts_with_word(std::string_view text) {
    return !text.empty() && is_word_character(decode_utf8(text.data()));
  }

  std::vector<Entry> entries_;
  TokenTrie trie_;
  std::bitset<256> last_bytes_;
  bool holds_line_end_ = false;
  bool any_ = false;
};

}  // namespace rondo

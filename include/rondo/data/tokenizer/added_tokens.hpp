// AddedTokens: tokens that are found in the text itself, before any model sees it (<s>, <mask>, <|endoftext|>).
//
//   cut(text, use)   use(begin, end, token): the text from its beginning to its end; token is nullptr for what lies between
//
// At each place the longest token wins. A token may take the white space on its left or right with it, and may demand to
// stand alone as a word. Tokens with `normalized` are looked for in normalised text, the others before: one AddedTokens each.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/data/tokenizer/encoding.hpp>
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
  // `token` is found where `spelling` stands.
  void add(const AddedToken& token, std::string spelling) {
    if (spelling.empty()) return;
    auto& entries = by_first_byte_[static_cast<unsigned char>(spelling[0])];
    entries.push_back({token, std::move(spelling)});
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.spelling.size() > b.spelling.size(); });
    any_ = true;
  }
  [[nodiscard]] bool empty() const { return !any_; }

  template <class Use>
  void cut(std::string_view text, Use&& use) const {
    std::size_t done = 0;
    for (std::size_t at = 0; any_ && at < text.size();) {
      const Entry* entry = entry_at(text, at);
      if (entry == nullptr) {
        ++at;
        continue;
      }
      std::size_t begin = at;
      std::size_t end = at + entry->spelling.size();
      at = end;
      const AddedToken& token = entry->token;
      if (token.single_word && (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) continue;
      if (token.takes_left_space) begin = std::max(done, left_of_space(text, begin));
      while (token.takes_right_space && end < text.size() && is_white_space(decode_utf8(text.data() + end)))
        end += utf8_length(text[end]);
      // White space that the token before has taken cannot hold another token.
      if (begin < done) continue;
      if (done < begin) use(done, begin, static_cast<const AddedToken*>(nullptr));
      use(begin, end, &token);
      done = end;
      at = std::max(at, end);
    }
    if (done < text.size()) use(done, text.size(), static_cast<const AddedToken*>(nullptr));
  }

  // Whether cutting `text` in front of `at` could tear or reveal a token.
  [[nodiscard]] bool may_stand_at(std::string_view text, std::size_t at) const {
    if (!any_) return false;
    for (const auto& entries : by_first_byte_)
      for (const Entry& entry : entries) {
        if (static_cast<unsigned char>(entry.spelling.front()) == static_cast<unsigned char>(text[at])) return true;
        if (entry.spelling.back() == text[at - 1] || entry.spelling.find('\n') != std::string::npos) return true;
      }
    return false;
  }

 private:
  struct Entry {
    AddedToken token;
    std::string spelling;
  };

  [[nodiscard]] const Entry* entry_at(std::string_view text, std::size_t at) const {
    for (const Entry& entry : by_first_byte_[static_cast<unsigned char>(text[at])])
      if (text.compare(at, entry.spelling.size(), entry.spelling) == 0) return &entry;
    return nullptr;
  }
  [[nodiscard]] static std::size_t left_of_space(std::string_view text, std::size_t at) {
    while (at > 0) {
      std::size_t before = at - 1;
      while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xC0) == 0x80) --before;
      if (!is_white_space(decode_utf8(text.data() + before))) break;
      at = before;
    }
    return at;
  }
  [[nodiscard]] static bool is_word_character(char32_t c) {
    const CharacterKind kind = look_up_character_kind(c);
    return kind == CharacterKind::letter || kind == CharacterKind::number || c == '_';
  }
  [[nodiscard]] static bool ends_with_word(std::string_view text) {
    std::size_t at = text.size();
    while (at > 0 && (static_cast<unsigned char>(text[at - 1]) & 0xC0) == 0x80) --at;
    return at > 0 && is_word_character(decode_utf8(text.data() + at - 1));
  }
  [[nodiscard]] static bool starts_with_word(std::string_view text) {
    return !text.empty() && is_word_character(decode_utf8(text.data()));
  }

  std::array<std::vector<Entry>, 256> by_first_byte_;
  bool any_ = false;
};

}  // namespace rondo

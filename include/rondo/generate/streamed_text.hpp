// StreamedText: the text that tokens add to a prompt, while they are made, in whole characters.
//
//   StreamedText text{[&](std::span<const Token> ids) { return tokenizer.decode(ids); }, prompt};
//   std::string piece = text.add(token);   // what is known for certain; may be empty
//   piece = text.rest();                   // at the end: what has been held back
//
// decode(prompt), all pieces and the rest are together decode(prompt and tokens). A tokenizer decodes the beginning of a
// character as one or more U+FFFD: these are held back until what follows shows what they were to be. Tokens whose text is out
// are decoded no more but for a few, which say whether a space stands between; these begin with a whole character.
// Where decoding changes text that is already out (a tokenizer with byte fallback gives up a whole run of bytes when one is
// wrong) the pieces are still UTF-8, but no longer that text.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/sequence.hpp>

namespace rondo {

class StreamedText {
 public:
  using Decode = std::function<std::string(std::span<const Token> tokens)>;

  explicit StreamedText(Decode decode, std::vector<Token> prompt = {}) : decode_(std::move(decode)), tokens_(std::move(prompt)) {
    const std::string text = decode_(tokens_);
    out_ = text.size();
    forget(text);
  }

  [[nodiscard]] std::string add(Token token) {
    tokens_.push_back(token);
    const std::string text = decode_(tokens_);
    std::string_view certain = text;
    while (certain.ends_with(replacement)) certain.remove_suffix(replacement.size());
    const std::string piece = after(certain);
    if (out_ == text.size() && tokens_.size() > most) forget(text);
    return piece;
  }
  [[nodiscard]] std::string rest() { return after(decode_(tokens_)); }

 private:
  static constexpr std::string_view replacement = "\xEF\xBF\xBD";
  static constexpr std::size_t most = 64, kept = 16;

  // What `text` has beyond what is out.
  std::string after(std::string_view text) {
    std::size_t begin = out_;
    while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) ++begin;
    out_ = std::max(out_, text.size());
    return begin < text.size() ? std::string(text.substr(begin)) : std::string{};
  }
  // Keeps the last tokens, as few beyond `kept` as are decoded alone to the end of `text`.
  void forget(const std::string& text) {
    for (std::size_t count = kept; count < std::min(tokens_.size(), 2 * kept); ++count) {
      const std::string end = decode_(std::span(tokens_).last(count));
      if (end.empty() || end.starts_with(replacement) || !text.ends_with(end)) continue;
      tokens_.erase(tokens_.begin(), tokens_.end() - static_cast<Index>(count));
      out_ = end.size();
      return;
    }
  }

  Decode decode_;
  std::vector<Token> tokens_;
  std::size_t out_ = 0;  // bytes of their text
};

}  // namespace rondo

// Decoders: from the texts of tokens back to text, each one step of a list; what is left in the end is joined.
//
//   DecodeBytes            byte-level characters become bytes again; bytes that are not UTF-8 become U+FFFD
//   DecodeFallbackBytes    runs of <0x0A> become the text they spell, or a U+FFFD each
//   Fuse                   all texts become one
//   StripEnds{character, left, right}   up to so many of the character off either end of each text
//   ReplaceText            as among the normalisers, in each text
//   DecodeMetaspace{...}   the character of spaces becomes one, but for those of the first text where one was put in front
//   DecodeWordPieces{...}  a space before each text but the first, instead of the prefix where it has one; `tidy`: none before
//                          punctuation and in English contractions
//   DecodeSuffix{suffix}   the suffix becomes a space, at the end nothing
//   DecodeCtc{...}         of equal texts side by side one stays, the padding vanishes, the delimiter becomes a space
//
// Without any decoder tokens are joined with spaces (Hugging Face). Throws Error where steps together make the texts many times as long.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/normalizer.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

using Texts = std::vector<std::string>;

[[nodiscard]] inline std::string join(const Texts& texts, std::string_view between) {
  std::string joined;
  for (std::size_t i = 0; i < texts.size(); ++i) joined.append(i == 0 ? "" : between).append(texts[i]);
  return joined;
}

struct DecodeBytes {
  void decode(Texts& texts) const {
    std::string bytes;
    for (const std::string& text : texts) {
      const std::size_t before = bytes.size();
      for (std::size_t at = 0; at < text.size(); at += utf8_length(text[at])) {
        const int byte = byte_of(decode_utf8(text.data() + at));
        if (byte < 0) {
          // Not a byte-level token (an added one): as it stands.
          bytes.replace(before, std::string::npos, text);
          break;
        }
        bytes.push_back(static_cast<char>(byte));
      }
    }
    texts = {replace_invalid_utf8(bytes)};
  }
};

struct DecodeFallbackBytes {
  void decode(Texts& texts) const {
    Texts result;
    std::string bytes;
    const auto flush = [&] {
      if (first_invalid_utf8(bytes) == std::string::npos) {
        if (!bytes.empty()) result.push_back(bytes);
      } else {
        result.insert(result.end(), bytes.size(), "\xEF\xBF\xBD");
      }
      bytes.clear();
    };
    for (std::string& text : texts) {
      if (const auto byte = byte_named(text)) {
        bytes.push_back(static_cast<char>(*byte));
      } else {
        flush();
        result.push_back(std::move(text));
      }
    }
    flush();
    texts = std::move(result);
  }

 private:
  [[nodiscard]] static std::optional<int> byte_named(std::string_view text) {
    if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
    const auto digit = [](char c) {
      return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    if (digit(text[3]) < 0 || digit(text[4]) < 0) return std::nullopt;
    return 16 * digit(text[3]) + digit(text[4]);
  }
};

struct Fuse {
  void decode(Texts& texts) const { texts = {join(texts, "")}; }
};

struct StripEnds {
  std::string character;
  std::size_t left;
  std::size_t right;

  void decode(Texts& texts) const {
    for (std::string& text : texts) {
      std::string_view rest = text;
      for (std::size_t i = 0; i < left && rest.starts_with(character); ++i) rest.remove_prefix(character.size());
      for (std::size_t i = 0; i < right && rest.ends_with(character); ++i) rest.remove_suffix(character.size());
      text = std::string(rest);
    }
  }
};

struct DecodeReplace {
  ReplaceText replace;
  void decode(Texts& texts) const {
    for (std::string& text : texts) {
      AlignedText changed{text, false};
      replace.normalize(changed);
      text = changed.text();
    }
  }
};

[[nodiscard]] inline std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  if (from.empty()) return std::string(text);
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, done)) {
    result.append(text, done, at - done).append(to);
    done = at + from.size();
  }
  return result.append(text, done);
}

struct DecodeMetaspace {
  std::string replacement;
  bool drops_first;

  void decode(Texts& texts) const {
    for (std::size_t i = 0; i < texts.size(); ++i)
      texts[i] = replace_all(texts[i], replacement, i == 0 && drops_first ? "" : " ");
  }
};

// As BERT's detokenisation does it.
[[nodiscard]] inline std::string tidied(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> changes[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : changes) text = replace_all(text, from, to);
  return text;
}

struct DecodeWordPieces {
  std::string prefix;
  bool tidy;

  void decode(Texts& texts) const {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i > 0) texts[i] = texts[i].starts_with(prefix) ? texts[i].substr(prefix.size()) : " " + texts[i];
      if (tidy) texts[i] = tidied(std::move(texts[i]));
    }
  }
};

struct DecodeSuffix {
  std::string suffix;

  void decode(Texts& texts) const {
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = replace_all(texts[i], suffix, i + 1 < texts.size() ? " " : "");
  }
};

struct DecodeCtc {
  std::string padding;
  std::string delimiter;
  bool tidy;

  void decode(Texts& texts) const {
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    for (std::string& text : texts) {
      text = replace_all(text, padding, "");
      if (tidy) text = replace_all(tidied(std::move(text)), delimiter, " ");
    }
    std::erase(texts, std::string{});
  }
};

using Decoder = std::variant<DecodeBytes, DecodeFallbackBytes, Fuse, StripEnds, DecodeReplace, DecodeMetaspace, DecodeWordPieces,
                             DecodeSuffix, DecodeCtc>;
using Decoders = std::vector<Decoder>;

[[nodiscard]] inline std::string decode(const Decoders& steps, Texts texts) {
  if (steps.empty()) return join(texts, " ");
  const auto bytes_of = [](const Texts& all) {
    std::size_t bytes = 0;
    for (const std::string& text : all) bytes += text.size();
    return bytes;
  };
  constexpr std::size_t most_growth = 256;
  const std::size_t given = bytes_of(texts);
  for (const Decoder& step : steps) {
    std::visit([&texts](const auto& one) { one.decode(texts); }, step);
    require(bytes_of(texts) <= most_growth * (given + 256), "decoders: texts of ", given, " bytes become more than ", most_growth,
            " times as long");
  }
  return join(texts, "");
}

}  // namespace rondo

// PrecompiledMap: SentencePiece's table of character replacements (mostly NFKC), as model files carry it
// ("precompiled_charsmap").
//
//   uint32 bytes of the trie; the trie, uint32 each (a double array: Aoe 1989, as Darts-clone stores it); UTF-8 texts that end in
//   NUL
//
// Of every grapheme cluster (UAX 29) of less than 6 bytes, else of every character, the replacement of the shortest text in the
// table that it begins with stands for all of it (Hugging Face tokenizers does so).
// The constructor throws Error for a table that is cut off, not in base64 or whose texts are not UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

// The bytes of a text in base64 (RFC 4648); nothing for what is not.
[[nodiscard]] inline std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '+'             ? 62
                      : c == '/'             ? 63
                                             : -1;
    if (value < 0) return std::nullopt;
    buffer = (buffer << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(buffer >> bits)));
  }
  return bytes;
}

class PrecompiledMap {
 public:
  // `base64` is the table's text in a tokenizer.json; messages begin with `name`.
  PrecompiledMap(std::string_view base64, const std::string& name) {
    const std::optional<std::string> table = decode_base64(base64);
    require(table.has_value(), name, ": expected base64");
    if (table->empty()) return;
    require(table->size() >= 4, name, ": ", table->size(), " bytes hold no table");
    const auto number_at = [&](std::size_t at) {
      std::uint32_t number = 0;
      for (std::size_t i = 4; i > 0; --i) number = number << 8 | static_cast<unsigned char>((*table)[at + i - 1]);
      return number;
    };
    const std::size_t trie_bytes = number_at(0);
    require(trie_bytes % 4 == 0 && trie_bytes <= table->size() - 4, name, ": a trie of ", trie_bytes, " bytes in a table of ",
            table->size());
    for (std::size_t at = 4; at < 4 + trie_bytes; at += 4) trie_.push_back(number_at(at));
    texts_ = table->substr(4 + trie_bytes);
    require_utf8(texts_, name);
  }

  void normalize(AlignedText& text) const {
    const std::string& all = text.text();
    std::vector<Replacement> replacements;
    bool changed = false;
    const auto replace = [&](std::string_view part) {
      const std::optional<std::string_view> other = find(part);
      if (!other) return false;
      changed = true;
      const auto added =
          static_cast<std::ptrdiff_t>(count_characters(*other)) - static_cast<std::ptrdiff_t>(count_characters(part));
      for (std::size_t at = 0; at < other->size(); at += utf8_length((*other)[at]))
        replacements.push_back({decode_utf8(other->data() + at), 0});
      for (std::ptrdiff_t i = 0; i < added; ++i) replacements[replacements.size() - 1 - static_cast<std::size_t>(i)].change = 1;
      if (added < 0 && !replacements.empty()) replacements.back().change += static_cast<int>(added);
      return true;
    };
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = grapheme_end(all, at);
      const std::string_view cluster = std::string_view(all).substr(at, end - at);
      const bool whole = cluster.size() < 6 && replace(cluster);
      for (std::size_t length = 0; !whole && at < end; at += length) {
        length = utf8_length(all[at]);
        if (!replace(std::string_view(all).substr(at, length))) replacements.push_back({decode_utf8(all.data() + at), 0});
      }
      at = end;
    }
    if (changed) text.replace(replacements);
  }

 private:
  // What the shortest text of the table that `part` begins with is replaced by.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view part) const {
    std::size_t node = 0;
    const auto child_base = [&](std::size_t at) { return (trie_[at] >> 10) << ((trie_[at] & 0x200U) >> 6); };
    if (trie_.empty()) return std::nullopt;
    node = child_base(0);
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0) break;
      node ^= byte;
      if (node >= trie_.size() || (trie_[node] & 0x800000FFU) != byte) return std::nullopt;
      const bool ends_here = (trie_[node] >> 8 & 1) != 0;
      node ^= child_base(node);
      if (!ends_here) continue;
      if (node >= trie_.size()) return std::nullopt;
      const std::size_t begin = trie_[node] & 0x7FFFFFFFU;
      if (begin >= texts_.size() || (static_cast<unsigned char>(texts_[begin]) & 0xC0) == 0x80) return std::nullopt;
      return std::string_view(texts_).substr(begin, texts_.find('\0', begin) - begin);
    }
    return std::nullopt;
  }

  std::vector<std::uint32_t> trie_;
  std::string texts_;
};

}  // namespace rondo

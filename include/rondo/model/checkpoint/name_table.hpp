// NameTable: the names that another program's files give to a model's weights, as a short list of pairs of patterns.
//
//   constexpr NamePair pairs[] = {
//       {"embedding.weight", "model.embed_tokens.weight"},
//       {"blocks.{i}.mixer.query.{leaf}", "model.layers.{i}.self_attn.q_proj.{leaf}"},
//       {"blocks.{i}.channel.gate.weight", "model.layers.{i}.mlp.gate_proj.weight", Rows{0, 2}},   // first half of its rows
//       {"blocks.{i}.channel.up.weight", "model.layers.{i}.mlp.gate_proj.weight", Rows{1, 2}},     // second half
//   };
//
// {i} stands for a number, {leaf} for a word without a dot, {path} for any text; each occurs on both sides. A table is a
// bijection between paths of weights and (name, part) (law L13, rondo/testing/name_table_law.hpp).
//
// A tensor of a file holds `parts` weights of equal size below each other; a transposed tensor lies in the file as [in, out], its
// parts beside each other (GPT-2's Conv1D).
#pragma once

#include <array>
#include <cctype>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>

namespace rondo {

// Which of `parts` equal groups of rows a weight is.
struct Rows {
  int part = 0;
  int parts = 1;
  friend constexpr bool operator==(const Rows&, const Rows&) = default;
};
// How a weight of so many rows lies in a file:
//   as_is         row after row, parts below each other
//   transposed    [in, out], parts beside each other
//   flat          as_is, in one dimension
//   interleaved   in one dimension: row 0 of every part, then row 1 of every part ...
//   turned_rows   a weight [n, a, b] as [n, b, a]
enum class Stored { as_is, transposed, flat, interleaved, turned_rows };

struct NamePair {
  std::string_view path;  // in rondo
  std::string_view name;  // in the files
  Rows rows{};
  Stored stored = Stored::as_is;
};

// A table for files whose names lack a prefix.
template <std::size_t N>
constexpr std::array<NamePair, N> without_prefix(std::array<NamePair, N> pairs, std::string_view prefix) {
  for (NamePair& pair : pairs)
    if (pair.name.starts_with(prefix)) pair.name.remove_prefix(prefix.size());
  return pairs;
}
template <std::size_t N>
constexpr std::array<std::string_view, N> without_prefix(std::array<std::string_view, N> names, std::string_view prefix) {
  for (std::string_view& name : names)
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return names;
}

// What the placeholders of a pattern stand for.
using Captures = std::vector<std::pair<std::string_view, std::string>>;

inline bool placeholder_takes(std::string_view placeholder, char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  if (placeholder == "{i}") return std::isdigit(byte) != 0;
  if (placeholder == "{leaf}") return letter != '.';
  return true;
}

// Matches all of `text`, every placeholder taking as many letters as it can.
inline std::optional<Captures> match_pattern(std::string_view pattern, std::string_view text) {
  Captures captures;
  while (!pattern.empty()) {
    if (pattern.front() == '{') {
      const std::string_view placeholder = pattern.substr(0, pattern.find('}') + 1);
      std::size_t length = 0;
      while (length < text.size() && placeholder_takes(placeholder, text[length])) ++length;
      if (length == 0) return std::nullopt;
      captures.emplace_back(placeholder, text.substr(0, length));
      pattern.remove_prefix(placeholder.size());
      text.remove_prefix(length);
    } else {
      if (text.empty() || text.front() != pattern.front()) return std::nullopt;
      pattern.remove_prefix(1);
      text.remove_prefix(1);
    }
  }
  if (!text.empty()) return std::nullopt;
  return captures;
}

inline std::string fill_pattern(std::string_view pattern, const Captures& captures) {
  std::string text(pattern);
  for (const auto& [placeholder, value] : captures)
    if (const auto place = text.find(placeholder); place != text.npos) text.replace(place, placeholder.size(), value);
  return text;
}

// Where a weight lies.
struct StoredName {
  std::string name;
  Rows rows{};
  Stored stored = Stored::as_is;
  friend bool operator==(const StoredName&, const StoredName&) = default;
};

class NameTable {
 public:
  // `ignored`: patterns of tensors that such files may hold beside the weights. Both must outlive the table.
  constexpr NameTable(std::span<const NamePair> pairs, std::span<const std::string_view> ignored = {})
      : pairs_(pairs), ignored_(ignored) {}

  [[nodiscard]] std::optional<StoredName> name_of(std::string_view path) const {
    for (const NamePair& pair : pairs_)
      if (const auto captures = match_pattern(pair.path, path))
        return StoredName{fill_pattern(pair.name, *captures), pair.rows, pair.stored};
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> path_of(std::string_view name, int part = 0) const {
    for (const NamePair& pair : pairs_)
      if (pair.rows.part == part)
        if (const auto captures = match_pattern(pair.name, name)) return fill_pattern(pair.path, *captures);
    return std::nullopt;
  }
  // Whether that part of the tensor may be this weight. (Blocks of different types may have weights of different paths in it.)
  [[nodiscard]] bool leads_to(std::string_view name, int part, std::string_view path) const {
    for (const NamePair& pair : pairs_)
      if (pair.rows.part == part)
        if (const auto captures = match_pattern(pair.name, name); captures && fill_pattern(pair.path, *captures) == path) return true;
    return false;
  }
  [[nodiscard]] bool ignores(std::string_view name) const {
    for (const std::string_view pattern : ignored_)
      if (match_pattern(pattern, name)) return true;
    return false;
  }
  [[nodiscard]] std::span<const NamePair> pairs() const { return pairs_; }

 private:
  std::span<const NamePair> pairs_;
  std::span<const std::string_view> ignored_;
};

// The table of rondo's own files: names are paths.
inline constexpr NamePair own_name_pairs[] = {{"{path}", "{path}"}};
inline constexpr NameTable own_names{own_name_pairs};

}  // namespace rondo

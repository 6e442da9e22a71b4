// How JSON is read and written (rondo/io/json.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <rondo/core/compiled.hpp>
#include <rondo/core/error.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/json_value.hpp>
#include <rondo/io/mapped_file.hpp>

namespace rondo {

// Takes the parser's events and builds the document.
class JsonBuilder {
 public:
  static constexpr std::size_t depth_limit = 200;
  // How NaN, Infinity and -Infinity are spelled for the parser; empty: not at all.
  using Spellings = std::array<std::string, 3>;

  JsonBuilder(std::string_view text, const std::string& name, Spellings spellings)
      : text_(text), name_(name), spellings_(std::move(spellings)) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(Json::number_integer_t value) { return put(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return put(value); }
  bool number_float(double value, const std::string& spelling) {
    if (!spellings_[0].empty()) {
      constexpr double infinity = std::numeric_limits<double>::infinity();
      if (spelling == spellings_[0]) value = std::numeric_limits<double>::quiet_NaN();
      if (spelling == spellings_[1]) value = infinity;
      if (spelling == spellings_[2]) value = -infinity;
    }
    return put(value);
  }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }
  bool key(std::string& value) {
    if (!keys_.back().insert(value).second) throw error(name_, ": the key '", value, "' is given twice in one object");
    key_ = std::move(value);
    return true;
  }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& problem) {
    std::string_view reason = problem.what();
    if (const auto colon = reason.find(": "); colon != reason.npos) reason.remove_prefix(colon + 2);
    throw not_json(position, reason);
  }
  // `position` counts bytes from 1.
  [[nodiscard]] Error not_json(std::size_t position, std::string_view reason) const {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i + 1 < position && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n';
    }
    return error(name_, ":", line, ":", column, ": not JSON: ", reason);
  }

  Json document;

 private:
  template <class Value>
  bool put(Value&& value) {
    insert(std::forward<Value>(value));
    return true;
  }
  template <class Value>
  Json& insert(Value&& value) {
    if (open_.empty()) return document = std::forward<Value>(value);
    if (auto* object = open_.back()->get_ptr<Json::object_t*>())
      return object->Json::object_t::Container::emplace_back(std::move(key_), std::forward<Value>(value)).second;
    auto& array = open_.back()->get_ref<Json::array_t&>();
    return array.emplace_back(std::forward<Value>(value));
  }
  bool open(Json&& container) {
    require(open_.size() < depth_limit, name_, ": nested deeper than ", depth_limit, " levels");
    open_.push_back(&insert(std::move(container)));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string& name_;
  Spellings spellings_;
  std::string key_;
  std::vector<Json*> open_;
  std::vector<std::unordered_set<std::string>> keys_;
};

// Puts a number that occurs nowhere else in `text` in the place of each bare NaN, Infinity and -Infinity; every other
// byte keeps its place.
inline JsonBuilder::Spellings replace_bare_numbers(std::string& text, const std::string& name) {
  const std::array<std::string_view, 3> words{"NaN", "Infinity", "-Infinity"};
  JsonBuilder::Spellings spellings;
  // Part of a number or word, at either end of the bare word: not a bare word then.
  const auto joins = [&](std::size_t i) {
    if (i >= text.size()) return false;
    return std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '+' || text[i] == '-' || text[i] == '.';
  };
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (quoted || (text[i] != 'N' && text[i] != 'I' && text[i] != '-')) continue;
    for (std::size_t word = 0; word < words.size(); ++word) {
      if (text.compare(i, words[word].size(), words[word]) != 0 || joins(i - 1) || joins(i + words[word].size())) continue;
      if (spellings[0].empty()) {
        for (char digit = '0'; digit <= '9'; ++digit)
          if (const std::string start = digit + std::string("E"); text.find(start) == text.npos)
            spellings = {start + "1", start + "2", start + "3"};
        require(!spellings[0].empty(), name, ": too many numbers of the form 0E1 beside a bare ", words[word]);
      }
      text.replace(i, words[word].size(), spellings[word] + std::string(words[word].size() - spellings[word].size(), ' '));
    }
  }
  return spellings;
}

RONDO_DEFINED_ONCE Json parse_json(std::string_view text, const std::string& name, BareNumbers bare) {
  std::string replaced;
  JsonBuilder::Spellings spellings;
  if (bare == BareNumbers::allowed) {
    replaced = text;
    spellings = replace_bare_numbers(replaced, name);
    if (!spellings[0].empty()) text = replaced;
  }
  JsonBuilder builder{text, name, std::move(spellings)};
  // The parser takes a zero byte for the end of the text.
  if (const auto zero = text.find('\0'); zero != text.npos) throw builder.not_json(zero + 1, "a zero byte");
  Json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder.document);
}

RONDO_DEFINED_ONCE Json read_json(const std::filesystem::path& path, BareNumbers bare) {
  return parse_json(MappedFile{path}.text(), path.string(), bare);
}

// Appends `value` to `text`, indented by two spaces a level; arrays of numbers, words and the like stay on one line.
inline void append_json(std::string& text, const Json& value, const std::string& name, BareNumbers bare, std::size_t level = 0) {
  const auto new_line = [&](std::size_t indent) { text.append("\n").append(2 * indent, ' '); };
  if (value.is_object() && !value.empty()) {
    char separator = '{';
    for (const auto& [key, member] : value.items()) {
      text += separator;
      new_line(level + 1);
      text += Json(key).dump() + ": ";
      append_json(text, member, name, bare, level + 1);
      separator = ',';
    }
    new_line(level);
    text += '}';
  } else if (value.is_array() && !value.empty()) {
    bool flat = true;
    for (const Json& element : value) flat = flat && !element.is_structured();
    std::string_view separator = "[";
    for (const Json& element : value) {
      text += separator;
      if (!flat) new_line(level + 1);
      append_json(text, element, name, bare, level + 1);
      separator = flat ? ", " : ",";
    }
    if (!flat) new_line(level);
    text += ']';
  } else if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    const double number = value.get<double>();
    require(bare == BareNumbers::allowed, name, ": cannot be written: JSON has no number that is not finite, found ", number);
    text += std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
  } else {
    text += value.dump();
  }
}

RONDO_DEFINED_ONCE std::string json_text(const Json& document, const std::string& name, BareNumbers bare) {
  std::string text;
  try {
    append_json(text, document, name, bare);
  } catch (const Json::exception& problem) {
    throw error(name, ": cannot be written as JSON: ", problem.what());
  }
  return text += '\n';
}

RONDO_DEFINED_ONCE void write_json(const std::filesystem::path& path, const Json& document, BareNumbers bare) {
  write_file(path, json_text(document, path.string(), bare));
}

RONDO_DEFINED_ONCE void set_at(Json& document, std::string_view path, std::string_view value) {
  Json* place = &document;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    require(end > begin, "'", path, "': a name is empty; expected a path such as train.steps");
    if (place->is_null()) *place = Json::object();
    require(place->is_object(), "'", path, "': '", path.substr(0, begin == 0 ? 0 : begin - 1), "' is ", place->type_name(),
            ", not an object");
    place = &(*place)[std::string(path.substr(begin, end - begin))];
    begin = end + 1;
  }
  const bool is_json = Json::accept(value.begin(), value.end());
  *place = is_json ? parse_json(value, std::string(path), BareNumbers::refused) : Json(std::string(value));
}

}  // namespace rondo

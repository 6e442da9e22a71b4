// JsonPlace: a value of a JSON document that knows where it stands, for messages.
//
//   JsonPlace model = JsonPlace{document, "tokenizer.json"}["model"];
//   std::string unknown = model["unk_token"].text();
//   // "tokenizer.json: model.unk_token: expected a text, found a number"
//
// Every function throws Error where the value is not what it asks for. `find` gives nothing for a member that is absent or
// null.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

class JsonPlace {
 public:
  JsonPlace(const Json& value, std::string document, std::string path = "")
      : value_(&value), document_(std::move(document)), path_(std::move(path)) {}

  [[nodiscard]] const Json& value() const { return *value_; }
  // "tokenizer.json: model.unk_token"
  [[nodiscard]] std::string name() const { return path_.empty() ? document_ : document_ + ": " + path_; }
  [[nodiscard]] Error problem(const std::string& what) const { return error(name(), ": ", what); }
  [[nodiscard]] Error expected(std::string_view what) const {
    const std::string_view type = value_->is_string() ? "text" : value_->type_name();
    return problem("expected " + std::string(what) + ", found " +
                   (type == "null"                               ? ""
                    : type.front() == 'a' || type.front() == 'o' ? "an "
                                                                 : "a ") +
                   std::string(type));
  }

  [[nodiscard]] std::optional<JsonPlace> find(const std::string& key) const {
    if (!value_->is_object()) throw expected("an object");
    const auto member = value_->find(key);
    if (member == value_->end() || member->is_null()) return std::nullopt;
    return JsonPlace{*member, document_, path_.empty() ? key : path_ + "." + key};
  }
  [[nodiscard]] JsonPlace operator[](const std::string& key) const {
    const auto member = find(key);
    if (!member) throw problem("expected a member '" + key + "', found none");
    return *member;
  }
  [[nodiscard]] std::vector<JsonPlace> elements() const {
    if (!value_->is_array()) throw expected("a list");
    std::vector<JsonPlace> places;
    for (std::size_t i = 0; i < value_->size(); ++i)
      places.emplace_back((*value_)[i], document_, path_ + "[" + std::to_string(i) + "]");
    return places;
  }

  [[nodiscard]] const std::string& text() const& {
    if (!value_->is_string()) throw expected("a text");
    return value_->get_ref<const std::string&>();
  }
  [[nodiscard]] std::string text() && { return text(); }  // of a place that is about to go: a copy
  [[nodiscard]] bool flag() const {
    if (!value_->is_boolean()) throw expected("true or false");
    return value_->get<bool>();
  }
  // From 0 to the largest 32-bit number.
  [[nodiscard]] std::int32_t count() const {
    if (!value_->is_number_integer()) throw expected("a whole number");
    const auto number = value_->get<std::int64_t>();
    const bool too_large =
        value_->is_number_unsigned() && value_->get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max();
    if (number < 0 || too_large) throw problem("expected a number from 0 to 2147483647, found " + value_->dump());
    return static_cast<std::int32_t>(number);
  }

  // Members that may be absent or null.
  [[nodiscard]] std::string text(const std::string& key, const std::string& otherwise) const {
    const auto member = find(key);
    return member ? member->text() : otherwise;
  }
  [[nodiscard]] bool flag(const std::string& key, bool otherwise) const {
    const auto member = find(key);
    return member ? member->flag() : otherwise;
  }

 private:
  const Json* value_;
  std::string document_;
  std::string path_;
};

}  // namespace rondo

// ObjectReader: takes the members of a JSON object into C++ values and misses nothing that is wrong with them.
//
//   read_object(document, "run.json", [&](ObjectReader& run) {
//     run.take("seed", options.seed);                                  // absent: the value stays as it is
//     run.take("rate", options.rate, Range{0.0, 1.0});                 // outside: Error
//     run.take("schedule", options.schedule, {"constant", "cosine"});  // one of these words
//     options.width = run.get<int>("width", at_least(1));              // absent: Error
//     run.object("train", [&](ObjectReader& train) { train.take("steps", options.steps); });
//   });                                                                // members nobody took: Error
//
//   run.json: train.stepz: unknown key; did you mean 'steps'?
//   run.json: train.steps: expected an integer of at least 1, found "many"
//
// Policy::own is for files of rondo's own programs. Policy::foreign is for configurations other programs wrote: keys
// nobody took are ignored and null counts as absent.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

// Both ends belong to it.
template <class T>
struct Range {
  T low = std::numeric_limits<T>::lowest();
  T high = std::numeric_limits<T>::max();
};
template <class T>
Range(T, T) -> Range<T>;
template <class T>
constexpr Range<T> at_least(T low) {
  return {low, std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max()};
}

// Letters to insert, remove or change to turn one word into the other (Levenshtein).
inline std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (from[i] != to[j])});
      diagonal = above;
    }
  }
  return row.back();
}

// The candidate most like `word`; empty where none shares more than half of the letters.
inline std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest;
  std::size_t best = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const std::string& candidate : candidates)
    if (const std::size_t distance = edit_distance(word, candidate); distance < best && distance < candidate.size())
      best = distance, nearest = candidate;
  return nearest;
}

enum class Policy { own, foreign };

class ObjectReader {
 public:
  // `name`: what messages call the document; `path`: where in it the object is ("train.data"), empty for the whole.
  ObjectReader(const Json& object, std::string name, std::string path = "", Policy policy = Policy::own)
      : object_(object), name_(std::move(name)), path_(std::move(path)), policy_(policy) {
    if (!object.is_object()) throw mismatch("", "an object", object);
  }

  // The member as it is, null pointer where it is absent. Counts as taken.
  const Json* find(std::string_view key) {
    known_.emplace_back(key);
    const auto member = object_.find(known_.back());
    if (member == object_.end() || (policy_ == Policy::foreign && member->is_null())) return nullptr;
    return &*member;
  }

  // Where the member is there: writes it to `target`, true.
  template <class T>
  bool take(std::string_view key, T& target) {
    const Json* member = find(key);
    if (member != nullptr) target = convert<T>(key, *member);
    return member != nullptr;
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  bool take(std::string_view key, T& target, Range<std::type_identity_t<T>> range) {
    const Json* member = find(key);
    if (member != nullptr) target = convert<T>(key, *member, range);
    return member != nullptr;
  }
  bool take(std::string_view key, std::string& target, const std::vector<std::string>& words) {
    const Json* member = find(key);
    if (member == nullptr) return false;
    std::string word = convert<std::string>(key, *member);
    if (std::find(words.begin(), words.end(), word) == words.end()) {
      std::string expected = "one of";
      for (const std::string& each : words) expected += (each == words.front() ? " '" : ", '") + each + "'";
      throw mismatch(key, expected, *member);
    }
    target = std::move(word);
    return true;
  }

  // The member, which must be there.
  template <class T, class... Limits>
  T get(std::string_view key, const Limits&... limits) {
    T value{};
    require(take(key, value, limits...), place(key), ": missing; expected ", kind<T>());
    return value;
  }

  // Reads the member object with read(ObjectReader&) where it is there, true.
  template <std::invocable<ObjectReader&> Read>
  bool object(std::string_view key, Read&& read) {
    const Json* member = find(key);
    if (member == nullptr) return false;
    ObjectReader inner{*member, name_, inside(key), policy_};
    read(inner);
    inner.finish();
    return true;
  }

  // Every member must have been taken (Policy::own).
  void finish() const {
    if (policy_ == Policy::foreign) return;
    std::string problems;
    for (const auto& [key, member] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      const std::string nearest = nearest_word(key, known_);
      problems += (problems.empty() ? "" : "; ") + inside(key) + ": unknown key";
      if (!nearest.empty()) problems += "; did you mean '" + nearest + "'?";
    }
    require(problems.empty(), name_, ": ", problems);
  }

  // An error about a member: "run.json: train.steps: expected ..., found ...".
  [[nodiscard]] Error mismatch(std::string_view key, std::string_view expected, const Json& found) const {
    std::string text = found.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return error(place(key), ": expected ", expected, ", found ", text);
  }
  // "run.json: train.steps"
  [[nodiscard]] std::string place(std::string_view key) const {
    const std::string path = key.empty() ? path_ : inside(key);
    return path.empty() ? name_ : name_ + ": " + path;
  }

 private:
  [[nodiscard]] std::string inside(std::string_view key) const { return (path_.empty() ? "" : path_ + ".") + std::string(key); }

  template <class T>
  static std::string kind() {
    if constexpr (std::is_same_v<T, bool>)
      return "true or false";
    else if constexpr (std::is_integral_v<T>)
      return "an integer";
    else if constexpr (std::is_floating_point_v<T>)
      return "a number";
    else if constexpr (std::is_constructible_v<T, std::string>)
      return "a text";
    else
      return "an array";
  }
  template <class T>
  static std::string kind(const Range<T>& range) {
    std::ostringstream text;
    const bool limited = range.high < std::numeric_limits<T>::max();
    text << kind<T>();
    if (limited)
      text << " from " << +range.low << " to " << +range.high;
    else if (range.low > std::numeric_limits<T>::lowest())
      text << " of at least " << +range.low;
    return text.str();
  }

  template <class T>
  requires std::is_arithmetic_v<T> T convert(std::string_view key, const Json& value, Range<T> range = {})
  const {
    if constexpr (std::is_same_v<T, bool>) {
      if (!value.is_boolean()) throw mismatch(key, kind<T>(), value);
      return value.get<bool>();
    } else if constexpr (std::is_integral_v<T>) {
      std::optional<T> number;
      if (value.is_number_unsigned()) {
        if (const auto given = value.get<std::uint64_t>(); std::in_range<T>(given)) number = static_cast<T>(given);
      } else if (value.is_number_integer()) {
        if (const auto given = value.get<std::int64_t>(); std::in_range<T>(given)) number = static_cast<T>(given);
      } else if (value.is_number_float()) {  // 1e6 is a whole number too
        const double given = value.get<double>();
        if (std::abs(given) <= 9007199254740992.0 && given == std::trunc(given)) {
          if (const auto whole = static_cast<std::int64_t>(given); std::in_range<T>(whole)) number = static_cast<T>(whole);
        }
      }
      if (!number || *number < range.low || *number > range.high) throw mismatch(key, kind(range), value);
      return *number;
    } else {
      if (!value.is_number()) throw mismatch(key, kind(range), value);
      const auto number = value.get<T>();
      const bool unlimited = range.low == std::numeric_limits<T>::lowest() && range.high == std::numeric_limits<T>::max();
      if (!unlimited && !(range.low <= number && number <= range.high)) throw mismatch(key, kind(range), value);
      return number;
    }
  }
  template <class T>
  requires(!std::is_arithmetic_v<T>) T convert(std::string_view key, const Json& value)
  const {
    if constexpr (std::is_constructible_v<T, std::string>) {
      if (!value.is_string()) throw mismatch(key, kind<T>(), value);
      return T(value.get<std::string>());
    } else if constexpr (std::is_same_v<T, Json>) {
      return value;
    } else {  // a vector
      if (!value.is_array()) throw mismatch(key, kind<T>(), value);
      T elements;
      for (const Json& element : value)
        elements.push_back(
            convert<typename T::value_type>(std::string(key) + "[" + std::to_string(elements.size()) + "]", element));
      return elements;
    }
  }

  const Json& object_;
  std::string name_;
  std::string path_;
  Policy policy_;
  std::vector<std::string> known_;
};

// Reads a whole document (an object) with read(ObjectReader&), which takes its members.
template <std::invocable<ObjectReader&> Read>
void read_object(const Json& document, const std::string& name, Read&& read, Policy policy = Policy::own) {
  ObjectReader reader{document, name, "", policy};
  read(reader);
  reader.finish();
}

}  // namespace rondo

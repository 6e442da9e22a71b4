// ObjectReader: takes the members of a JSON object into C++ values and misses nothing that is wrong with them.
//
//   read_object(document, "run.json", [&](ObjectReader& run) {
//     run.take("seed", options.seed);                                  // absent: the value stays as it is
//     run.take("rate", options.rate, Between{0.0, 1.0});                 // outside: Error
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
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/nearest_word.hpp>

namespace rondo {

template <class T>
concept Number = std::is_arithmetic_v<T>;

// Both ends belong to it.
template <Number T>
struct Between {
  T low = std::numeric_limits<T>::lowest();
  T high = std::numeric_limits<T>::max();
};
template <Number T>
Between(T, T) -> Between<T>;
template <Number T>
constexpr Between<T> at_least(T low) {
  return {low, std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max()};
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
  template <Number T>
  bool take(std::string_view key, T& target, Between<std::type_identity_t<T>> range) {
    const Json* member = find(key);
    if (member != nullptr) target = convert_number<T>(key, *member, range);
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
      problems += (problems.empty() ? "" : "; ") + inside(key) + ": unknown key" + did_you_mean(key, known_);
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
  static std::string kind(const Between<T>& range, bool both_ends = false) {
    std::ostringstream text;
    text << kind<T>();
    if (both_ends || range.high < std::numeric_limits<T>::max()) {
      text << " from " << +range.low << " to " << +range.high;
    } else if (range.low > std::numeric_limits<T>::lowest() || std::is_unsigned_v<T>) {
      text << " of at least " << +range.low;
    }
    return text.str();
  }

  // A number that is whole, whatever its spelling (1000000, 1e6), and fits into T.
  template <std::integral T>
  static std::optional<T> whole_number(const Json& value) {
    const auto narrowed = [](auto given) {
      return std::in_range<T>(given) ? std::optional<T>(static_cast<T>(given)) : std::nullopt;
    };
    if (value.is_number_unsigned()) return narrowed(value.get<std::uint64_t>());
    if (value.is_number_integer()) return narrowed(value.get<std::int64_t>());
    if (!value.is_number_float()) return std::nullopt;
    const double given = value.get<double>();
    constexpr double exact_limit = 9007199254740992.0;  // 2^53
    if (!(std::abs(given) <= exact_limit) || given != std::trunc(given)) return std::nullopt;
    return narrowed(static_cast<std::int64_t>(given));
  }

  template <Number T>
  T convert_number(std::string_view key, const Json& value, Between<T> range) const {
    if constexpr (std::is_same_v<T, bool>) {
      if (!value.is_boolean()) throw mismatch(key, kind<T>(), value);
      return value.get<bool>();
    } else if constexpr (std::is_integral_v<T>) {
      const std::optional<T> number = whole_number<T>(value);
      if (!number || *number < range.low || *number > range.high) {
        const bool out_of_type = !number && whole_number<std::int64_t>(value);
        throw mismatch(key, kind(range, out_of_type), value);
      }
      return *number;
    } else {
      if (!value.is_number()) throw mismatch(key, kind(range), value);
      const auto number = value.get<double>();
      const bool unlimited = range.low == std::numeric_limits<T>::lowest() && range.high == std::numeric_limits<T>::max();
      const double low = range.low, high = range.high;
      const bool fits = std::isnan(number) || std::isinf(number) || std::abs(number) <= double{std::numeric_limits<T>::max()};
      if (!fits || (!unlimited && !(low <= number && number <= high))) throw mismatch(key, kind(range), value);
      return static_cast<T>(number);
    }
  }
  template <class T>
  T convert(std::string_view key, const Json& value) const {
    if constexpr (Number<T>) {
      return convert_number<T>(key, value, {});
    } else if constexpr (std::is_constructible_v<T, std::string>) {
      if (!value.is_string()) throw mismatch(key, kind<T>(), value);
      return T(value.get<std::string>());
    } else {  // a vector
      if (!value.is_array()) throw mismatch(key, kind<T>(), value);
      T elements;
      for (const Json& element : value) {
        const std::string place_in_array = std::string(key) + "[" + std::to_string(elements.size()) + "]";
        elements.push_back(convert<typename T::value_type>(place_in_array, element));
      }
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

// RunPattern: regular expressions that are a few runs of characters one after the other, matched without an engine.
//
//   if (const auto runs = RunPattern::find(R"(\s?[A-Za-z]+)")) runs->for_each_match(text, use);      // use(begin, end)
//
// Each run is a character, a class in brackets, \s, \d, \r, \n, \t or \p{...}, with {n}, {n,}, {n,m}, ?, * or + behind it or nothing.
// find() gives nothing for other expressions, and for those where a run may have to give characters back to a later one: where each takes
// all it can get, the matches are those of RegularExpression, whose tables these are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/data/tokenizer/regular_expression.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

class CharacterSet {
 public:
  using Range = std::pair<char32_t, char32_t>;  // first, last
  static constexpr char32_t largest = 0x10FFFF;

  CharacterSet() = default;
  explicit CharacterSet(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end());
    for (const auto& [first, last] : ranges) {
      if (!ranges_.empty() && first <= ranges_.back().second)
        ranges_.back().second = std::max(ranges_.back().second, last);
      else
        ranges_.emplace_back(first, last);
    }
    for (const auto& [first, last] : ranges_)
      for (char32_t c = first; c <= last && c < ascii_.size(); ++c) ascii_[c] = true;
  }
  [[nodiscard]] bool contains(char32_t c) const {
    if (c < ascii_.size()) return ascii_[c];
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), Range{c, largest});
    return after != ranges_.begin() && std::prev(after)->second >= c;
  }
  [[nodiscard]] CharacterSet complement() const {
    std::vector<Range> others;
    char32_t next = 0;
    for (const auto& [first, last] : ranges_) {
      if (first > next) others.emplace_back(next, first - 1);
      next = last + 1;
    }
    if (next <= largest) others.emplace_back(next, largest);
    return CharacterSet{std::move(others)};
  }
  [[nodiscard]] bool meets(const CharacterSet& other) const {
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& mine) {
      return std::any_of(other.ranges_.begin(), other.ranges_.end(),
                         [&](const Range& theirs) { return mine.first <= theirs.second && theirs.first <= mine.second; });
    });
  }
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  // Where it has but one.
  [[nodiscard]] std::optional<char32_t> single() const {
    return ranges_.size() == 1 && ranges_[0].first == ranges_[0].second ? std::optional(ranges_[0].first) : std::nullopt;
  }

 private:
  std::vector<Range> ranges_;
  std::array<bool, 128> ascii_{};
};

class RunPattern {
 public:
  [[nodiscard]] static std::optional<RunPattern> find(std::string_view regular_expression);

  // `text` must be UTF-8.
  template <class Use>
  void for_each_match(std::string_view text, Use&& use) const {
    for (std::size_t begin = 0; begin < text.size();) {
      if (!first_.empty()) {  // every match begins so
        begin = text.find(first_, begin);
        if (begin == text.npos) return;
      }
      std::size_t first_end = begin;
      if (const std::size_t end = end_of_match(text, begin, first_end); end > begin) {
        use(begin, end);
        begin = end;
      } else {  // nor does one begin inside of a run of the first that is as long as can be
        begin = std::max(begin + utf8_length(text[begin]), runs_.front().most == any ? first_end : 0);
      }
    }
  }

 private:
  static constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
  struct Run {
    CharacterSet set;
    std::size_t least = 1, most = 1;
  };
  class Reader;

  // `begin` where there is no match; `first_end`: of the first run.
  [[nodiscard]] std::size_t end_of_match(std::string_view text, std::size_t begin, std::size_t& first_end) const {
    std::size_t at = begin;
    for (const Run& run : runs_) {
      std::size_t count = 0;
      while (count < run.most && at < text.size() && run.set.contains(decode_utf8(text.data() + at))) at += utf8_length(text[at]), ++count;
      if (&run == &runs_.front()) first_end = at;
      if (count < run.least) return begin;
    }
    return at;
  }
  // That no run but takes what a later one needs.
  [[nodiscard]] bool gives_nothing_back() const {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (runs_[i].least == runs_[i].most) continue;
      for (std::size_t later = i + 1; later < runs_.size(); ++later) {
        if (runs_[i].set.meets(runs_[later].set)) return false;
        if (runs_[later].least > 0) break;
      }
    }
    return true;
  }

  std::vector<Run> runs_;
  std::string first_;
};

// What is left of an expression to be read. Every function gives nothing for what it does not know.
class RunPattern::Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }

  std::optional<Run> run() {
    auto set = rest_.starts_with('[') ? bracketed() : one(R"(^$.|?*+()[]{})");
    if (!set) return std::nullopt;
    Run result{std::move(*set)};
    if (take("?")) result.least = 0;
    else if (take("*")) result.least = 0, result.most = any;
    else if (take("+")) result.most = any;
    else if (take("{") && !interval(result)) return std::nullopt;
    if (!rest_.empty() && std::string_view("?*+{").find(rest_[0]) != rest_.npos) return std::nullopt;  // lazy, possessive, nested
    return result;
  }

 private:
  bool take(std::string_view text) {
    const bool found = rest_.starts_with(text);
    if (found) rest_.remove_prefix(text.size());
    return found;
  }
  std::optional<std::size_t> number() {
    std::size_t value = 0, digits = 0;
    for (; digits < 4 && digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits)
      value = 10 * value + static_cast<std::size_t>(rest_[digits] - '0');
    rest_.remove_prefix(digits);
    return digits > 0 ? std::optional(value) : std::nullopt;
  }
  bool interval(Run& run) {
    const auto least = number();
    if (!least) return false;
    run.least = run.most = *least;
    if (take(",")) run.most = rest_.starts_with('}') ? any : number().value_or(0);
    return take("}") && run.most >= run.least && run.most > 0;
  }
  static CharacterSet of(char32_t c) { return CharacterSet{{{c, c}}}; }
  static std::optional<CharacterSet> property(std::string name) {
    std::vector<CharacterSet::Range> ranges;
    each_range_of(std::move(name),
                  [&](char32_t first, char32_t last) { ranges.emplace_back(first, std::min(last, CharacterSet::largest)); });
    return ranges.empty() ? std::nullopt : std::optional(CharacterSet{std::move(ranges)});
  }
  // A character that is none of `special`, or what a backslash makes.
  std::optional<CharacterSet> one(std::string_view special) {
    if (rest_.empty() || special.find(rest_[0]) != special.npos) return std::nullopt;
    if (!take("\\")) {
      const char32_t c = decode_utf8(rest_.data());
      rest_.remove_prefix(utf8_length(rest_[0]));
      return of(c);
    }
    if (take("s")) return property("Space");
    if (take("d")) return property("Digit");
    if (take("r")) return of('\r');
    if (take("n")) return of('\n');
    if (take("t")) return of('\t');
    if (take("p{")) {
      const std::size_t end = rest_.find('}');
      if (end == rest_.npos || rest_.starts_with('^')) return std::nullopt;
      const std::string name(rest_.substr(0, end));
      rest_.remove_prefix(end + 1);
      return property(name);
    }
    constexpr std::string_view signs = R"(^$.|?*+()[]{}\/-)";
    if (rest_.empty() || signs.find(rest_[0]) == signs.npos) return std::nullopt;
    const auto sign = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    return of(sign);
  }
  // [...]: ranges of single characters; a hyphen stands for itself at the end.
  std::optional<CharacterSet> bracketed() {
    take("[");
    const bool others = take("^");
    std::vector<CharacterSet::Range> ranges;
    while (!take("]")) {
      if (rest_.starts_with("-") && !rest_.starts_with("-]")) return std::nullopt;
      const auto set = one("[]&");
      if (!set) return std::nullopt;
      if (rest_.starts_with("-") && !rest_.starts_with("-]")) {
        take("-");
        const auto last = one("[]&-");
        if (!last || !set->single() || !last->single() || *last->single() < *set->single()) return std::nullopt;
        ranges.emplace_back(*set->single(), *last->single());
      } else {
        ranges.insert(ranges.end(), set->ranges().begin(), set->ranges().end());
      }
    }
    if (ranges.empty()) return std::nullopt;
    const CharacterSet set{std::move(ranges)};
    return others ? set.complement() : set;
  }

  std::string_view rest_;
};

inline std::optional<RunPattern> RunPattern::find(std::string_view regular_expression) {
  RunPattern pattern;
  std::size_t least = 0;
  for (Reader reader{regular_expression}; !reader.done();) {
    auto run = reader.run();
    if (!run) return std::nullopt;
    least += run->least;
    pattern.runs_.push_back(std::move(*run));
  }
  if (least == 0 || !pattern.gives_nothing_back()) return std::nullopt;
  if (const auto first = pattern.runs_.front().set.single(); first && pattern.runs_.front().least > 0) pattern.first_ = utf8(*first);
  return pattern;
}

}  // namespace rondo

// Regular expressions over UTF-8 text, as tokenizer files use them. The only header that includes Oniguruma, the library that
// Hugging Face tokenizers runs and whose dialect (its own syntax, ONIG_SYNTAX_ONIGURUMA) such patterns are written in; in a
// build without it the constructor throws Error.
//
//   RegularExpression words{R"(\s?\p{L}+)"};
//   words.for_each_match(text, [](std::size_t begin, std::size_t end) { ... });     // leftmost first, not overlapping
//
//   each_range_of("Greek", [](char32_t first, char32_t last) { ... });        // of characters with a property; none for an unknown one
//
// Which characters \p{L}, \w and \s hold is for Oniguruma's tables to say (6.9.8: Unicode 14, 6.9.10: Unicode 16).
//
// Throws Error for a pattern that does not compile, and for a search that goes back more often than `most_retries` at one
// place, more than that and 64 times for each byte of the text in all, or remembers more than `most_states` ways on.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

#if __has_include(<oniguruma.h>)
#include <oniguruma.h>
#define RONDO_ONIGURUMA 1
#endif

namespace rondo {

class RegularExpression {
 public:
  static constexpr unsigned long most_retries = 10'000'000;
  static constexpr unsigned most_states = 1U << 22;

  explicit RegularExpression(std::string pattern);

  [[nodiscard]] const std::string& pattern() const { return pattern_; }

  // `text` must be UTF-8.
  template <class Use>
  void for_each_match(std::string_view text, Use&& use) const {
    std::size_t from = 0;
    std::size_t last_end = std::string_view::npos;
    std::size_t begin = 0;
    std::size_t end = 0;
    while (from <= text.size() && next_match(text, from, begin, end)) {
      // An empty match right after the one before is none.
      if (begin != end || begin != last_end) use(begin, end);
      last_end = end;
      from = begin != end ? end : end < text.size() ? end + utf8_length(text[end]) : end + 1;
    }
  }

 private:
  bool next_match(std::string_view text, std::size_t from, std::size_t& begin, std::size_t& end) const;
  [[nodiscard]] Error problem(std::string_view what) const {
    return error("regular expression '", pattern_.substr(0, 200), pattern_.size() > 200 ? "..." : "", "': ", what);
  }

  std::string pattern_;
  std::shared_ptr<void> code_;
};

#ifdef RONDO_ONIGURUMA

inline void require_oniguruma() {
  static const int ready = [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    return onig_initialize(encodings, 1);
  }();
  require(ready == ONIG_NORMAL, "Oniguruma cannot be initialised");
}

template <class Use>
void each_range_of(std::string property, Use&& use) {
  require_oniguruma();
  auto* const first = reinterpret_cast<OnigUChar*>(property.data());
  const int type = ONIG_ENCODING_UTF8->property_name_to_ctype(ONIG_ENCODING_UTF8, first, first + property.size());
  OnigCodePoint border = 0;
  const OnigCodePoint* ranges = nullptr;  // their number, then the first and the last character of each
  if (type < 0 || ONIG_ENCODING_UTF8->get_ctype_code_range(static_cast<OnigCtype>(type), &border, &ranges) != ONIG_NORMAL) return;
  for (OnigCodePoint range = 0; range < ranges[0]; ++range)
    use(static_cast<char32_t>(ranges[1 + 2 * range]), static_cast<char32_t>(ranges[2 + 2 * range]));
}

inline RegularExpression::RegularExpression(std::string pattern) : pattern_(std::move(pattern)) {
  require_oniguruma();
  const auto* const first = reinterpret_cast<const OnigUChar*>(pattern_.data());
  OnigRegex code = nullptr;
  OnigErrorInfo where{};
  const int result =
      onig_new(&code, first, first + pattern_.size(), ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, ONIG_SYNTAX_ONIGURUMA, &where);
  if (result != ONIG_NORMAL) {
    OnigUChar message[ONIG_MAX_ERROR_MESSAGE_LEN] = {};
    onig_error_code_to_str(message, result, &where);
    throw problem(reinterpret_cast<const char*>(message));
  }
  code_ = std::shared_ptr<void>(code, [](void* old) { onig_free(static_cast<OnigRegex>(old)); });
}

// Where a match is written to, and the limits; one for each thread, because making them costs more than a short match.
class MatchMemory {
 public:
  [[nodiscard]] static MatchMemory& of_this_thread() {
    thread_local MatchMemory memory;
    return memory;
  }
  [[nodiscard]] OnigRegion* region() const { return region_.get(); }
  [[nodiscard]] OnigMatchParam* limits(std::size_t text_bytes) const {
    onig_set_retry_limit_in_search_of_match_param(limits_.get(), RegularExpression::most_retries + 64 * text_bytes);
    return limits_.get();
  }

 private:
  struct Free {
    void operator()(OnigRegion* old) const { onig_region_free(old, 1); }
    void operator()(OnigMatchParam* old) const { onig_free_match_param(old); }
  };
  MatchMemory() : region_(onig_region_new()), limits_(onig_new_match_param()) {
    require(region_ != nullptr && limits_ != nullptr, "regular expressions: out of memory");
    onig_set_retry_limit_in_match_of_match_param(limits_.get(), RegularExpression::most_retries);
    onig_set_match_stack_limit_size_of_match_param(limits_.get(), RegularExpression::most_states);
  }
  std::unique_ptr<OnigRegion, Free> region_;
  std::unique_ptr<OnigMatchParam, Free> limits_;
};

inline bool RegularExpression::next_match(std::string_view text, std::size_t from, std::size_t& begin, std::size_t& end) const {
  MatchMemory& memory = MatchMemory::of_this_thread();
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) throw problem("a text of more than 2 GiB");
  const auto* const first = reinterpret_cast<const OnigUChar*>(text.data());
  const auto* const last = first + text.size();
  const int found = onig_search_with_param(static_cast<OnigRegex>(code_.get()), first, last, first + from, last, memory.region(),
                                           ONIG_OPTION_NONE, memory.limits(text.size()));
  if (found == ONIG_MISMATCH) return false;
  if (found < 0) {
    OnigUChar message[ONIG_MAX_ERROR_MESSAGE_LEN] = {};
    onig_error_code_to_str(message, found);
    throw problem(reinterpret_cast<const char*>(message));
  }
  const int match_begin = memory.region()->beg[0];
  const int match_end = memory.region()->end[0];
  if (match_begin > match_end || match_begin < static_cast<int>(from))
    throw problem("a match that ends before it begins, or begins in the one before (\\K in a look-around)");
  begin = static_cast<std::size_t>(match_begin);
  end = static_cast<std::size_t>(match_end);
  return true;
}

#else

inline RegularExpression::RegularExpression(std::string pattern) : pattern_(std::move(pattern)) {
  throw problem("this build has no Oniguruma (Debian: libonig-dev)");
}
inline bool RegularExpression::next_match(std::string_view, std::size_t, std::size_t&, std::size_t&) const {
  return false;
}
template <class Use>
void each_range_of(std::string property, Use&&) {
  throw error("property '", property, "': this build has no Oniguruma (Debian: libonig-dev)");
}

#endif

}  // namespace rondo

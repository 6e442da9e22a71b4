// Regular expressions over UTF-8 text, as tokenizer files use them. The only header that includes PCRE2; in a build
// without it the constructor throws Error.
//
//   RegularExpression words{R"(\s?\p{L}+)"};
//   words.for_each_match(text, [](std::size_t begin, std::size_t end) { ... });     // leftmost first, not overlapping
//
// Hugging Face tokenizers runs Oniguruma. What it and PCRE2 read differently in such patterns is translated: \s is
// exactly Unicode's White_Space (PCRE2's contains U+180E), \h is a hexadecimal digit, ^ and $ match at every line.
// Throws Error for a pattern that does not compile and for a match that exceeds PCRE2's limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

#if __has_include(<pcre2.h>)
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#define RONDO_PCRE2 1
#endif

namespace rondo {

// The pattern in PCRE2's spelling.
[[nodiscard]] inline std::string translate_oniguruma(std::string_view pattern) {
  constexpr std::string_view space =
      "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
  constexpr std::string_view no_space =
      "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"
      "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}";
  constexpr std::string_view hexadecimal = "0-9a-fA-F";
  std::string result;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      if (pattern[i] == '[') in_class = true;
      if (pattern[i] == ']') in_class = false;
      result += pattern[i];
      continue;
    }
    const char letter = pattern[++i];
    const std::string_view set = letter == 's' ? space : letter == 'S' ? no_space : letter == 'h' ? hexadecimal : "";
    if (set.empty()) {
      result.append(1, '\\').append(1, letter);
    } else {
      result.append(in_class ? "" : "[").append(set).append(in_class ? "" : "]");
    }
  }
  return result;
}

class RegularExpression {
 public:
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

  std::string pattern_;
  std::shared_ptr<void> code_;
};

#ifdef RONDO_PCRE2

[[nodiscard]] inline std::string pcre2_message(int code) {
  unsigned char text[256] = {};
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

inline RegularExpression::RegularExpression(std::string pattern) : pattern_(std::move(pattern)) {
  const std::string translated = translate_oniguruma(pattern_);
  int problem = 0;
  PCRE2_SIZE place = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &problem, &place, nullptr);
  require(code != nullptr, "regular expression '", pattern_, "': ", pcre2_message(problem), " (at byte ", place, " of '",
          translated, "')");
  code_ = std::shared_ptr<void>(code, [](void* old) { pcre2_code_free(static_cast<pcre2_code*>(old)); });
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without it matching is slower, nothing else
}

// Where a match is written to; one for each thread, because making one costs more than a short match.
[[nodiscard]] inline pcre2_match_data* match_memory() {
  struct Free {
    void operator()(pcre2_match_data* old) const { pcre2_match_data_free(old); }
  };
  thread_local const std::unique_ptr<pcre2_match_data, Free> memory{pcre2_match_data_create(1, nullptr)};
  require(memory != nullptr, "regular expressions: out of memory");
  return memory.get();
}

inline bool RegularExpression::next_match(std::string_view text, std::size_t from, std::size_t& begin, std::size_t& end) const {
  pcre2_match_data* const data = match_memory();
  const auto match = [&](std::uint32_t options) {
    return pcre2_match(static_cast<const pcre2_code*>(code_.get()), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                       PCRE2_NO_UTF_CHECK | options, data, nullptr);
  };
  int found = match(0);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = match(PCRE2_NO_JIT);
  if (found == PCRE2_ERROR_NOMATCH) return false;
  if (found < 0) throw error("regular expression '", pattern_, "': ", pcre2_message(found));
  begin = pcre2_get_ovector_pointer(data)[0];
  end = pcre2_get_ovector_pointer(data)[1];
  require(begin <= end, "regular expression '", pattern_, "': a match that ends before it begins (\\K in a look-around)");
  return true;
}

#else

inline RegularExpression::RegularExpression(std::string pattern) : pattern_(std::move(pattern)) {
  throw error("regular expression '", pattern_, "': this build has no PCRE2 (Debian: libpcre2-dev)");
}
inline bool RegularExpression::next_match(std::string_view, std::size_t, std::size_t&, std::size_t&) const {
  return false;
}

#endif

}  // namespace rondo

// StopStrings: where streamed text ends because it has come to one of some texts.
//
//   StopStrings stop{{"\nUser:", "###"}};
//   std::string shown = stop.add(piece);     // what can no more be part of one of them; may be empty
//   if (stop.met()) ...                      // `shown` and what came before is the text in front of it
//   shown = stop.rest();                     // at the end: what has been held back
//
// The text ends with the first of its characters that completes one of the texts; of several completed there it is the longest. How
// the text is cut into pieces makes no difference. Pieces of whole UTF-8 characters give pieces of whole characters. Throws Error for an
// empty text and for one that is not UTF-8.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (const std::string& text : texts_) {
      require(!text.empty(), "stop string: expected text, found none");
      require_utf8(text, "stop string");
    }
  }

  [[nodiscard]] bool met() const { return met_; }

  [[nodiscard]] std::string add(std::string_view piece) {
    if (met_) return {};
    held_ += piece;
    std::size_t begin = held_.npos, end = held_.npos;
    for (const std::string& text : texts_) {
      const std::size_t at = held_.find(text);
      if (at == held_.npos || at + text.size() > end || (at + text.size() == end && at > begin)) continue;
      begin = at, end = at + text.size();
    }
    met_ = end != held_.npos;
    const std::string shown = held_.substr(0, met_ ? begin : held_.size() - possible_beginning());
    held_.erase(0, met_ ? held_.size() : shown.size());
    return shown;
  }
  [[nodiscard]] std::string rest() { return std::exchange(held_, {}); }

 private:
  // Bytes at the end of what is held that may be the beginning of a text.
  [[nodiscard]] std::size_t possible_beginning() const {
    std::size_t longest = 0;
    for (const std::string& text : texts_)
      for (std::size_t size = std::min(text.size() - 1, held_.size()); size > longest; --size)
        if (held_.ends_with(std::string_view(text).substr(0, size))) longest = size;
    return longest;
  }

  std::vector<std::string> texts_;
  std::string held_;
  bool met_ = false;
};

}  // namespace rondo

// Text files as documents.
//
//   TextFile file{"corpus.txt"};                                    // mapped, checked to be UTF-8; "-": the standard input
//   for_each_document(file.text(), DocumentBorder::blank_line, [](std::string_view document) { ... });
//
//   border      a document is                                                       line ends
//   blank_line  a run of lines with something on them                               all but the last
//   line        a line with something on it                                         none
//   file        all of the file                                                     all but those at the end
//
// A byte order mark at the beginning is not text and left out. Throws Error for a file that cannot be read, has no text,
// or is not UTF-8 (path, byte, line; InvalidUtf8::replaced puts U+FFFD there instead).
#pragma once

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/io/mapped_file.hpp>

namespace rondo {

enum class DocumentBorder { blank_line, line, file };
enum class InvalidUtf8 { refused, replaced };

class TextFile {
 public:
  explicit TextFile(const std::filesystem::path& path, InvalidUtf8 invalid = InvalidUtf8::refused) {
    const std::string name = path == "-" ? "standard input" : path.string();
    if (path == "-") {
      replaced_ = std::make_unique<std::string>(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
      text_ = *replaced_;
      require(!text_.empty(), name, ": expected text, found none");
    } else {
      std::error_code unknown;
      require(std::filesystem::file_size(path, unknown) > 0 || unknown, name, ": expected text, found an empty file");
      file_.emplace(path);
      text_ = file_->text();
    }
    if (invalid == InvalidUtf8::refused) {
      require_utf8(text_, name);
    } else if (first_invalid_utf8(text_) != std::string_view::npos) {
      replaced_ = std::make_unique<std::string>(replace_invalid_utf8(text_));
      text_ = *replaced_;
    }
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    require(text_.find_first_not_of(" \t\r\n") != std::string_view::npos, name, ": expected text, found only white space");
  }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::optional<MappedFile> file_;
  std::unique_ptr<std::string> replaced_;  // or read from the standard input
  std::string_view text_;
};

template <class Use>
void for_each_document(std::string_view text, DocumentBorder border, Use&& use) {
  if (border == DocumentBorder::file) {
    const std::size_t last = text.find_last_not_of("\r\n");
    if (last != text.npos) use(text.substr(0, last + 1));
    return;
  }
  constexpr std::size_t none = std::string_view::npos;
  std::size_t document = none;  // where the present document begins
  std::size_t document_end = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t line_end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, line_end - begin);
    const std::size_t end = line.ends_with('\r') ? line_end - 1 : line_end;
    const bool blank = line.find_first_not_of(" \t\r") == none;
    if (!blank) {
      if (document == none) document = begin;
      document_end = end;
    }
    if (document != none && (blank || border == DocumentBorder::line)) {
      use(text.substr(document, document_end - document));
      document = none;
    }
    begin = line_end + 1;
  }
  if (document != none) use(text.substr(document, document_end - document));
}

// Words as `wc -w` counts them: runs of anything but white space.
[[nodiscard]] inline std::size_t count_text_words(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); at += utf8_length(text[at])) {
    const bool space = is_white_space(decode_utf8(text.data() + at));
    words += !space && !inside;
    inside = !space;
  }
  return words;
}

// A part of a document that can be encoded by itself.
struct TextChunk {
  std::string_view text;
  bool ends_document;
};

// Cuts a document into chunks of about `size` bytes, only where may_cut(document, at) allows it.
template <class MayCut>
void append_chunks(std::string_view document, std::size_t size, MayCut&& may_cut, std::vector<TextChunk>& out) {
  std::size_t begin = 0;
  for (std::size_t at = size; at < document.size();) {
    const std::size_t line_end = document.find('\n', at);
    if (line_end == document.npos) break;
    at = line_end + 1;
    if (at < document.size() && may_cut(document, at)) {
      out.push_back({document.substr(begin, at - begin), false});
      begin = at;
      at += size;
    }
  }
  out.push_back({document.substr(begin), true});
}

}  // namespace rondo

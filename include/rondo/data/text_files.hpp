// Text files as documents.
//
//   TextFile file{"corpus.txt"};                                    // mapped, checked to be UTF-8; "-": the standard input
//   file.for_each_document(DocumentBorder::blank_line, [](std::string_view document) { ... });
//   TextFile lines{"corpus.jsonl", InvalidUtf8::refused, "text"};   // JSON lines: each line's member of that name is a document
//
//   border      a document is                                                       line ends
//   blank_line  a run of lines with something on them                               all but the last
//   line        a line with something on it                                         none
//   file        all of the file                                                     all but those at the end
//
// A byte order mark at the beginning is not text and left out. Throws Error for a file that cannot be read, has no text,
// or is not UTF-8 (path, byte, line; InvalidUtf8::replaced puts U+FFFD there instead), and for a line without the member.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/json_place.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/io/input_text.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

enum class DocumentBorder { blank_line, line, file };
enum class InvalidUtf8 { refused, replaced };

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

class TextFile {
 public:
  // `field`: of JSON lines; empty: the text is as it stands.
  explicit TextFile(const std::filesystem::path& path, InvalidUtf8 invalid = InvalidUtf8::refused, const std::string& field = "")
      : input_(std::make_unique<InputText>(path)), text_(input_->text()) {
    const std::string& name = input_->name();
    require(!text_.empty(), name, ": expected text, found ", InputText::is_standard(path) ? "none" : "an empty file");
    if (invalid == InvalidUtf8::refused) {
      require_utf8(text_, name, "; iconv converts other encodings, --replace-invalid puts U+FFFD there");
    } else if (first_invalid_utf8(text_) != std::string_view::npos) {
      take(replace_invalid_utf8(text_));
    }
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    if (!field.empty()) read_lines(name, field);
    require(text_.find_first_not_of(" \t\r\n") != std::string_view::npos, name, ": expected text, found only white space");
  }
  [[nodiscard]] std::string_view text() const { return text_; }

  // use(document); those of JSON lines whatever the border.
  template <class Use>
  void for_each_document(DocumentBorder border, Use&& use) const {
    if (documents_.empty()) return rondo::for_each_document(text_, border, use);
    for (const auto& [begin, end] : documents_) use(text_.substr(begin, end - begin));
  }

 private:
  void take(std::string text) {
    changed_ = std::make_unique<std::string>(std::move(text));
    text_ = *changed_;
  }
  void read_lines(const std::string& name, const std::string& field) {
    std::string text;
    for_each_line(text_, [&](std::string_view line, std::size_t number) {
      const std::string place = name + ": line " + std::to_string(number);
      const Json document = parse_json(line, place);
      const std::string& value = JsonPlace{document, place}[field].text();
      if (value.empty()) return;
      documents_.emplace_back(text.size(), text.size() + value.size());
      text += value;
    });
    require(!documents_.empty(), name, ": expected text under '", field, "', found none");
    take(std::move(text));
  }

  std::unique_ptr<InputText> input_;
  std::unique_ptr<std::string> changed_;
  std::string_view text_;
  std::vector<std::pair<std::size_t, std::size_t>> documents_;  // of JSON lines, in the text
};

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

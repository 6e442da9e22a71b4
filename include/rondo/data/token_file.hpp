// Token files: the tokens of a corpus, document after document, read by mapping the file into memory.
//
//   TokenFileWriter writer{"train.tokens", {.vocabulary = 16000, .end_of_text = 0, .tokenizer = fingerprint}};
//   writer.append(ids);  writer.end_document(words, bytes);
//   writer.commit();                                              // complete under its name, or not there at all
//
//   TokenFile file{"train.tokens"};
//   for (Index d = 0; d < file.documents(); ++d) use(file.tokens(d));     // TokenView: size(), [i], copy(...)
//
// Layout, little-endian:
//   header   64 bytes  "rondotok", u32 version 1, u32 bytes of a token (2 where the vocabulary allows it, else 4),
//                      u64 vocabulary, u64 fingerprint of the tokenizer, u64 end-of-text id, 24 bytes zero
//   tokens             u16 or u32 each, filled up with zeros to a multiple of 8 bytes
//   borders            documents + 1 times {u64 tokens, u64 words, u64 bytes} before that document; the last are the totals
//   trailer  32 bytes  u64 tokens, u64 documents, u64 checksum of all before it, "kotodnor"
//
// `words` (white space between them) and `bytes` are those of the text a document was made from: the denominators of
// bits per byte and of word counters. The reader checks sizes, borders, every id and the checksum before it gives anything
// out, and throws Error with what it expected and found.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/word_table.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/hash_bytes.hpp>
#include <rondo/io/mapped_file.hpp>

namespace rondo {

static_assert(std::endian::native == std::endian::little, "token files are little-endian");

struct TokenFileInfo {
  TokenId vocabulary = 0;
  TokenId end_of_text = -1;     // the last token of every document; -1: none
  std::uint64_t tokenizer = 0;  // Tokenizer::fingerprint()
};

// What lies before a document.
struct DocumentBegin {
  std::uint64_t tokens = 0;
  std::uint64_t words = 0;
  std::uint64_t bytes = 0;
};

struct TokenFileHeader {
  static constexpr std::string_view right_magic = "rondotok";
  char magic[8];
  std::uint32_t version;
  std::uint32_t token_bytes;
  std::uint64_t vocabulary;
  std::uint64_t tokenizer;
  std::int64_t end_of_text;
  std::uint64_t unused[3];
};
inline bool is_token_file(std::string_view bytes) { return bytes.starts_with(TokenFileHeader::right_magic); }
struct TokenFileTrailer {
  static constexpr std::string_view right_magic = "kotodnor";
  std::uint64_t tokens;
  std::uint64_t documents;
  std::uint64_t checksum;
  char magic[8];
};
static_assert(sizeof(TokenFileHeader) == 64 && sizeof(TokenFileTrailer) == 32 && sizeof(DocumentBegin) == 24);

class TokenFileWriter {
 public:
  TokenFileWriter(const std::filesystem::path& path, const TokenFileInfo& info) : file_(path), info_(info) {
    require(info.vocabulary > 0, path.string(), ": vocabulary: expected at least 1, found ", info.vocabulary);
    require(info.end_of_text < info.vocabulary, path.string(), ": end-of-text id ", info.end_of_text,
            " is not below the vocabulary of ", info.vocabulary);
    token_bytes_ = info.vocabulary <= 1 << 16 ? 2 : 4;
    TokenFileHeader header{};
    std::memcpy(header.magic, TokenFileHeader::right_magic.data(), sizeof header.magic);
    header.version = 1;
    header.token_bytes = token_bytes_;
    header.vocabulary = static_cast<std::uint64_t>(info.vocabulary);
    header.tokenizer = info.tokenizer;
    header.end_of_text = info.end_of_text;
    write(&header, sizeof header);
  }

  // More tokens of the present document.
  void append(std::span<const TokenId> tokens) {
    narrow_.clear();
    for (const TokenId id : tokens) {
      require(id >= 0 && id < info_.vocabulary, file_.path().string(), ": token id ", id, ": expected 0 to ",
              info_.vocabulary - 1);
      narrow_.push_back(static_cast<std::uint16_t>(id));
    }
    if (token_bytes_ == 2) {
      write(narrow_.data(), tokens.size() * 2);
    } else {
      write(tokens.data(), tokens.size() * 4);
    }
    next_.tokens += tokens.size();
  }
  void end_document(std::uint64_t words, std::uint64_t bytes) {
    require(next_.tokens > borders_.back().tokens, file_.path().string(), ": document ", borders_.size(), " has no tokens");
    next_.words += words;
    next_.bytes += bytes;
    borders_.push_back(next_);
  }
  void commit() {
    require(borders_.size() > 1, file_.path().string(), ": no documents to write");
    require(borders_.back().tokens == next_.tokens, file_.path().string(), ": the last document was not ended");
    constexpr char zeros[8] = {};
    write(zeros, (8 - next_.tokens * token_bytes_ % 8) % 8);
    write(borders_.data(), borders_.size() * sizeof(DocumentBegin));
    TokenFileTrailer trailer{next_.tokens, borders_.size() - 1, 0, {}};
    write(&trailer, 16);
    trailer.checksum = checksum_.value();
    std::memcpy(trailer.magic, TokenFileTrailer::right_magic.data(), sizeof trailer.magic);
    file_.write(reinterpret_cast<const char*>(&trailer) + 16, 16);
    file_.commit();
  }

  // Documents ended so far, and what they hold.
  [[nodiscard]] Index documents() const { return static_cast<Index>(borders_.size()) - 1; }
  [[nodiscard]] const DocumentBegin& totals() const { return borders_.back(); }

 private:
  void write(const void* data, std::size_t bytes) {
    if (bytes == 0) return;
    checksum_.add(data, bytes);
    file_.write(data, bytes);
  }

  AtomicFile file_;
  TokenFileInfo info_;
  std::uint32_t token_bytes_ = 4;
  RunningChecksum checksum_;
  std::vector<std::uint16_t> narrow_;
  std::vector<DocumentBegin> borders_{DocumentBegin{}};
  DocumentBegin next_;
};

// Some tokens that lie in a token file; valid as long as the file is open.
class TokenView {
 public:
  TokenView(const std::byte* data, Index size, std::uint32_t token_bytes) : data_(data), size_(size), token_bytes_(token_bytes) {}

  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] TokenId operator[](Index i) const {
    return token_bytes_ == 2 ? static_cast<TokenId>(reinterpret_cast<const std::uint16_t*>(data_)[i])
                             : reinterpret_cast<const TokenId*>(data_)[i];
  }
  [[nodiscard]] TokenView middle(Index begin, Index count) const {
    require(0 <= begin && 0 <= count && begin + count <= size_, "tokens ", begin, " to ", begin + count, " of ", size_);
    return {data_ + begin * static_cast<Index>(token_bytes_), count, token_bytes_};
  }
  // Writes all of them to `target`, which has room for them.
  template <class Id>
  void copy(Id* target) const {
    for (Index i = 0; i < size_; ++i) target[i] = static_cast<Id>((*this)[i]);
  }

 private:
  const std::byte* data_;
  Index size_;
  std::uint32_t token_bytes_;
};

class TokenFile {
 public:
  explicit TokenFile(const std::filesystem::path& path) : file_(path) {
    const std::string name = path.string();
    const std::size_t size = file_.size();
    require(size >= sizeof(TokenFileHeader) + sizeof(TokenFileTrailer) && begins_with(TokenFileHeader::right_magic), name,
            ": not a token file (expected it to begin with '", TokenFileHeader::right_magic, "')");
    std::memcpy(&header_, file_.bytes().data(), sizeof header_);
    require(header_.version == 1, name, ": expected a token file of version 1, found version ", header_.version);
    require(header_.token_bytes == 2 || header_.token_bytes == 4, name, ": expected tokens of 2 or 4 bytes, found ",
            header_.token_bytes);
    require(header_.vocabulary >= 1 &&
                header_.vocabulary <= (header_.token_bytes == 2 ? std::uint64_t{1} << 16 : std::uint64_t{1} << 31),
            name, ": a vocabulary of ", header_.vocabulary, " does not go with tokens of ", header_.token_bytes, " bytes");
    require(header_.end_of_text >= -1 && header_.end_of_text < static_cast<std::int64_t>(header_.vocabulary), name,
            ": end-of-text id ", header_.end_of_text, " is not below the vocabulary of ", header_.vocabulary);
    const std::byte* trailer_at = file_.bytes().data() + size - sizeof trailer_;
    std::memcpy(&trailer_, trailer_at, sizeof trailer_);
    require(std::string_view(trailer_.magic, sizeof trailer_.magic) == TokenFileTrailer::right_magic, name,
            ": cut short or overwritten: expected it to end with '", TokenFileTrailer::right_magic, "'");
    require(trailer_.tokens <= size && trailer_.documents <= size, name, ": ", trailer_.tokens, " tokens and ",
            trailer_.documents, " documents do not fit into ", size, " bytes");
    const std::uint64_t token_area = (trailer_.tokens * header_.token_bytes + 7) / 8 * 8;
    const std::uint64_t expected =
        sizeof header_ + token_area + (trailer_.documents + 1) * sizeof(DocumentBegin) + sizeof trailer_;
    require(size == expected, name, ": expected ", expected, " bytes for ", trailer_.tokens, " tokens in ", trailer_.documents,
            " documents, found ", size);
    borders_ = reinterpret_cast<const DocumentBegin*>(file_.bytes().data() + sizeof header_ + token_area);
    check_borders(name);
    check_ids(name);
    RunningChecksum checksum;
    checksum.add(file_.bytes().data(), size - 16);
    require(checksum.value() == trailer_.checksum, name, ": the checksum is wrong: the file was damaged after it was written");
  }

  [[nodiscard]] TokenId vocabulary() const { return static_cast<TokenId>(header_.vocabulary); }
  [[nodiscard]] TokenId end_of_text() const { return static_cast<TokenId>(header_.end_of_text); }
  [[nodiscard]] std::uint64_t tokenizer() const { return header_.tokenizer; }
  // Of all that is in it.
  [[nodiscard]] std::uint64_t checksum() const { return trailer_.checksum; }
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }

  [[nodiscard]] Index tokens() const { return static_cast<Index>(trailer_.tokens); }
  [[nodiscard]] Index documents() const { return static_cast<Index>(trailer_.documents); }
  [[nodiscard]] Index words() const { return static_cast<Index>(begin_of(documents()).words); }
  [[nodiscard]] Index bytes() const { return static_cast<Index>(begin_of(documents()).bytes); }

  // What lies before document d, 0 <= d <= documents().
  [[nodiscard]] const DocumentBegin& begin_of(Index d) const {
    require(0 <= d && d <= documents(), file_.path().string(), ": document ", d, ": expected 0 to ", documents());
    return borders_[d];
  }
  [[nodiscard]] TokenView tokens(Index d) const {
    require(0 <= d && d < documents(), file_.path().string(), ": document ", d, ": expected 0 to ", documents() - 1);
    return all().middle(static_cast<Index>(borders_[d].tokens), static_cast<Index>(borders_[d + 1].tokens - borders_[d].tokens));
  }
  // All documents, one after the other.
  [[nodiscard]] TokenView all() const { return {file_.bytes().data() + sizeof header_, tokens(), header_.token_bytes}; }

 private:
  [[nodiscard]] bool begins_with(std::string_view magic) const { return file_.text().substr(0, magic.size()) == magic; }

  void check_borders(const std::string& name) const {
    require(trailer_.documents > 0, name, ": no documents");
    const DocumentBegin& first = borders_[0];
    require(first.tokens == 0 && first.words == 0 && first.bytes == 0, name, ": the first document does not begin at token 0");
    for (std::uint64_t d = 0; d < trailer_.documents; ++d) {
      const DocumentBegin& begin = borders_[d];
      const DocumentBegin& end = borders_[d + 1];
      require(begin.tokens < end.tokens && begin.words <= end.words && begin.bytes <= end.bytes && end.tokens <= trailer_.tokens,
              name, ": document ", d, ": its border is wrong (tokens ", begin.tokens, " to ", end.tokens, ")");
    }
    require(borders_[trailer_.documents].tokens == trailer_.tokens, name, ": the documents end at token ",
            borders_[trailer_.documents].tokens, ", expected ", trailer_.tokens);
  }
  void check_ids(const std::string& name) const {
    const auto largest_of = [this](const auto* ids) {
      std::uint32_t largest = 0;
      for (Index i = 0; i < tokens(); ++i) largest = std::max<std::uint32_t>(largest, ids[i]);
      return largest;
    };
    const std::byte* ids = file_.bytes().data() + sizeof header_;
    const std::uint32_t largest = header_.token_bytes == 2 ? largest_of(reinterpret_cast<const std::uint16_t*>(ids))
                                                           : largest_of(reinterpret_cast<const std::uint32_t*>(ids));
    require(largest < header_.vocabulary, name, ": token id ", largest, " is not below the vocabulary of ", header_.vocabulary);
  }

  MappedFile file_;
  TokenFileHeader header_{};
  TokenFileTrailer trailer_{};
  const DocumentBegin* borders_ = nullptr;
};

}  // namespace rondo

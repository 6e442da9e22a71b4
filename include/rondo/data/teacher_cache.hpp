// A teacher's cache: for every token of a token file, which k tokens a teacher held most probable there, their log-probabilities, and that
// of all the others together (the rest).
//
//   TeacherCacheWriter writer{"train.cache", info};           goes on after writer.written() tokens where it was stopped
//   writer.append(ids, log_probabilities);                    of the next token: k ids, k + 1 natural logarithms, the last the rest's
//   writer.append_absent();                                   a token that nothing predicts (the first of a document)
//   writer.commit();                                          complete under its name, or not there at all
//
//   TeacherCache cache{"train.cache"};                        mapped: nothing is read before it is asked for
//   cache.require_of(data);                                   Error where it is of another tokenizer or corpus
//   cache.read(token, ids, log_probabilities);                what was held of token number `token` of the data
//
// Layout, little-endian:
//   header  88 bytes  "rondotop", u32 version 1, u32 bytes of an id (2 where the vocabulary allows it, else 4), u64 vocabulary, u64 k,
//                     u64 tokens, u64 tokens of a chunk, f64 temperature, u64 fingerprints: of the teacher's weights, of the tokenizer,
//                     of the corpus (the token file's checksum), u64 hash of the header before it
//   records           a token each: k + 1 log-probabilities of 16 bits, k ids
//   end     8 bytes   "potodnor"
//
// A log-probability l is kept as the whole number c = 65535 (-l / 24), rounded: fixed point over [-24, 0], off by 1.9e-4 at most; what is
// below -24 (4e-11) is kept as that. Read log-probabilities do not add up to one exactly: who needs that normalises them. A record of a
// token that nothing predicts has nothing but 65535. So 4 k + 2 bytes a token, or 6 k + 2: with k = 64 and 14M tokens 3.6 GB.
//
// What the temperature, the chunk and the fingerprints are good for: a teacher saw each chunk of a document (Packing::documents) from a
// fresh state, at that temperature; another one needs another cache. All of that is told by name where it differs; so is a file that was
// cut short. While it is written it is NAME.unfinished, which a writer of the same header goes on with and one of another refuses. POSIX.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/mapped_file.hpp>

namespace rondo {

// 16-bit fixed point over [-24, 0].
struct FixedLogProbability {
  static constexpr double lowest = -24;
  static constexpr std::uint16_t last = 65535;
  [[nodiscard]] static std::uint16_t encoded(double log_probability) {
    return static_cast<std::uint16_t>(std::lround(std::clamp(log_probability / lowest, 0.0, 1.0) * last));
  }
  [[nodiscard]] static float decoded(std::uint16_t code) { return static_cast<float>(lowest / last * code); }
};

struct TeacherCacheInfo {
  std::uint64_t vocabulary = 0, top = 0, tokens = 0, chunk = 0;
  double temperature = 1;
  std::uint64_t teacher = 0, tokenizer = 0, corpus = 0;

  // What is different, by name; empty: nothing.
  [[nodiscard]] std::string difference(const TeacherCacheInfo& other) const {
    const auto differ = [](const char* name, const auto& here, const auto& there) {
      std::ostringstream text;
      if (here != there) text << name << " " << here << ", not " << there;
      return text.str();
    };
    const auto kept = [](std::uint64_t fingerprint) {
      std::ostringstream text;
      text << std::hex << fingerprint;
      return text.str();
    };
    std::string result;
    for (const std::string& one :
         {differ("teacher", kept(teacher), kept(other.teacher)), differ("tokenizer", kept(tokenizer), kept(other.tokenizer)),
          differ("corpus", kept(corpus), kept(other.corpus)), differ("vocabulary", vocabulary, other.vocabulary),
          differ("k", top, other.top), differ("tokens", tokens, other.tokens), differ("chunks of", chunk, other.chunk),
          differ("temperature", temperature, other.temperature)})
      if (!one.empty()) result += (result.empty() ? "" : "; ") + one;
    return result;
  }
};

struct TeacherCacheHeader {
  static constexpr std::string_view right_magic = "rondotop", end = "potodnor";
  char magic[8];
  std::uint32_t version, id_bytes;
  TeacherCacheInfo info;
  std::uint64_t hash;

  [[nodiscard]] std::uint64_t right_hash() const {
    return hash_bytes({reinterpret_cast<const char*>(this), sizeof *this - sizeof hash}, 0);
  }
  [[nodiscard]] std::uint64_t record_bytes() const { return 2 * (info.top + 1) + id_bytes * info.top; }
  [[nodiscard]] static TeacherCacheHeader of(const TeacherCacheInfo& info) {
    TeacherCacheHeader header{{}, 1, info.vocabulary <= 1 << 16 ? 2U : 4U, info, 0};
    std::memcpy(header.magic, right_magic.data(), sizeof header.magic);
    header.hash = header.right_hash();
    return header;
  }
};
static_assert(sizeof(TeacherCacheHeader) == 88);
inline bool is_teacher_cache(std::string_view bytes) { return bytes.starts_with(TeacherCacheHeader::right_magic); }

class TeacherCacheWriter {
 public:
  TeacherCacheWriter(std::filesystem::path path, const TeacherCacheInfo& info)
      : path_(std::move(path)), unfinished_(path_.string() + ".unfinished"), header_(TeacherCacheHeader::of(info)) {
    require(info.top > 0 && info.top <= info.vocabulary, path_.string(), ": k: expected 1 to ", info.vocabulary, ", found ", info.top);
    require(info.temperature > 0 && std::isfinite(info.temperature), path_.string(), ": the temperature must be more than 0, found ",
            info.temperature);
    require(!std::filesystem::is_directory(path_), path_.string(), ": expected a file to write, found a folder");
    file_ = ::open(unfinished_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) throw file_error(path_, "be written");
    try {
      begin();
    } catch (...) {
      ::close(file_);
      throw;
    }
  }
  TeacherCacheWriter(const TeacherCacheWriter&) = delete;
  TeacherCacheWriter& operator=(const TeacherCacheWriter&) = delete;
  // What was written stays for another writer.
  ~TeacherCacheWriter() {
    if (file_ < 0) return;
    try {
      flush();
    } catch (const Error&) {
    }
    ::close(file_);
  }

  [[nodiscard]] const TeacherCacheInfo& info() const { return header_.info; }
  [[nodiscard]] Index written() const { return written_; }
  // Forgets what is after the first so many tokens.
  void cut_to(Index tokens) {
    require(tokens <= written_, path_.string(), ": ", written_, " tokens are written, fewer than ", tokens);
    flush();
    written_ = tokens;
    const auto size = static_cast<off_t>(sizeof header_ + static_cast<std::uint64_t>(tokens) * header_.record_bytes());
    if (::ftruncate(file_, size) != 0 || ::lseek(file_, size, SEEK_SET) < 0) throw file_error(path_, "be written");
  }
  void append(std::span<const Token> ids, std::span<const float> log_probabilities) {
    const auto top = static_cast<std::size_t>(header_.info.top);
    require(ids.size() == top && log_probabilities.size() == top + 1, path_.string(), ": expected ", top, " ids and ", top + 1,
            " log-probabilities, found ", ids.size(), " and ", log_probabilities.size());
    for (const float one : log_probabilities) {
      require(!std::isnan(one), path_.string(), ": token ", written_, ": a log-probability is not a number");
      put(FixedLogProbability::encoded(double{one}));
    }
    for (const Token id : ids) {
      require(id >= 0 && static_cast<std::uint64_t>(id) < header_.info.vocabulary, path_.string(), ": token ", written_, ": id ", id,
              ": expected 0 to ", header_.info.vocabulary - 1);
      put_id(static_cast<std::uint32_t>(id));
    }
    end_record();
  }
  void append_absent() {
    for (std::uint64_t i = 0; i <= header_.info.top; ++i) put(FixedLogProbability::last);
    for (std::uint64_t i = 0; i < header_.info.top; ++i) put_id(0);
    end_record();
  }
  void commit() {
    require(static_cast<std::uint64_t>(written_) == header_.info.tokens, path_.string(), ": ", written_, " tokens are written, expected ",
            header_.info.tokens);
    buffer_.insert(buffer_.end(), TeacherCacheHeader::end.begin(), TeacherCacheHeader::end.end());
    flush();
    if (::fsync(file_) != 0) throw file_error(path_, "be flushed to the disk");
    if (::rename(unfinished_.c_str(), path_.c_str()) != 0) throw file_error(path_, "be put in place");
    ::close(file_);
    file_ = -1;
    flush_folder(path_.has_parent_path() ? path_.parent_path() : ".");
  }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

  void begin() {
    require(::flock(file_, LOCK_EX | LOCK_NB) == 0, unfinished_.string(), ": another program is writing it");
    struct stat status {};
    if (::fstat(file_, &status) != 0) throw file_error(unfinished_, "be examined");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    TeacherCacheHeader before{};
    if (size >= sizeof before && ::pread(file_, &before, sizeof before, 0) == static_cast<ssize_t>(sizeof before)) {
      require(before.hash == before.right_hash() && std::string_view(before.magic, sizeof before.magic) == TeacherCacheHeader::right_magic,
              unfinished_.string(), ": not the beginning of a teacher's cache; it stays as it is");
      const std::string difference = before.info.difference(header_.info);
      require(difference.empty(), unfinished_.string(), ": was begun with ", difference, "; remove it to begin anew");
      written_ = static_cast<Index>(std::min((size - sizeof before) / header_.record_bytes(), header_.info.tokens));
      return cut_to(written_);
    }
    require(size < sizeof before, unfinished_.string(), ": cannot be read");
    cut_to(0);
    if (::lseek(file_, 0, SEEK_SET) < 0) throw file_error(path_, "be written");
    const char* bytes = reinterpret_cast<const char*>(&header_);
    buffer_.assign(bytes, bytes + sizeof header_);
    flush();
  }
  void put(std::uint16_t value) {
    const auto bytes = std::bit_cast<std::array<char, 2>>(value);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  void put_id(std::uint32_t id) {
    put(static_cast<std::uint16_t>(id));
    if (header_.id_bytes == 4) put(static_cast<std::uint16_t>(id >> 16));
  }
  void end_record() {
    ++written_;
    if (buffer_.size() >= buffer_bytes) flush();
  }
  void flush() {
    for (std::size_t begin = 0; begin < buffer_.size();) {
      const ssize_t count = ::write(file_, buffer_.data() + begin, buffer_.size() - begin);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw file_error(path_, "be written", count < 0 ? errno : ENOSPC);
      begin += static_cast<std::size_t>(count);
    }
    buffer_.clear();
  }

  std::filesystem::path path_, unfinished_;
  TeacherCacheHeader header_;
  int file_ = -1;
  Index written_ = 0;
  std::vector<char> buffer_;
};

class TeacherCache {
 public:
  explicit TeacherCache(const std::filesystem::path& path) : file_(path) {
    const std::string name = path.string();
    require(is_teacher_cache(file_.text()), name, ": not a teacher's cache (expected it to begin with '",
            TeacherCacheHeader::right_magic, "')");
    require(file_.size() > sizeof header_, name, ": cut short: expected more than ", sizeof header_, " bytes, found ", file_.size());
    std::memcpy(&header_, file_.bytes().data(), sizeof header_);
    require(header_.version == 1, name, ": expected a teacher's cache of version 1, found version ", header_.version);
    require(header_.hash == header_.right_hash(), name, ": the header was damaged after it was written");
    const std::uint64_t expected = sizeof header_ + header_.info.tokens * header_.record_bytes() + TeacherCacheHeader::end.size();
    require(file_.size() == expected, name, ": cut short or overwritten: expected ", expected, " bytes for ", header_.info.tokens,
            " tokens of ", header_.record_bytes(), " bytes, found ", file_.size());
    require(file_.text().ends_with(TeacherCacheHeader::end), name, ": overwritten: expected it to end with '", TeacherCacheHeader::end,
            "'");
  }

  [[nodiscard]] const TeacherCacheInfo& info() const { return header_.info; }
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] Index vocabulary() const { return static_cast<Index>(header_.info.vocabulary); }
  [[nodiscard]] Index top() const { return static_cast<Index>(header_.info.top); }
  [[nodiscard]] Index tokens() const { return static_cast<Index>(header_.info.tokens); }
  [[nodiscard]] double temperature() const { return header_.info.temperature; }
  // Of what it is of.
  [[nodiscard]] std::uint64_t fingerprint() const { return header_.hash; }

  // That it was made of this data.
  void require_of(const TokenFile& data) const {
    TeacherCacheInfo expected = header_.info;
    expected.tokenizer = data.tokenizer();
    expected.corpus = data.checksum();
    expected.tokens = static_cast<std::uint64_t>(data.tokens());
    const std::string difference = header_.info.difference(expected);
    require(difference.empty(), path().string(), ": not made of ", data.path().string(), ": it has ", difference);
  }
  // Writes `top` ids and one more log-probability.
  template <class Number>
  void read(Index token, Token* ids, Number* log_probabilities) const {
    require(token >= 0 && token < tokens(), path().string(), ": token ", token, ": expected 0 to ", tokens() - 1);
    const auto top = static_cast<std::size_t>(header_.info.top);
    const std::byte* at = file_.bytes().data() + sizeof header_ + static_cast<std::uint64_t>(token) * header_.record_bytes();
    std::uint16_t lowest = FixedLogProbability::last;
    for (std::size_t i = 0; i <= top; ++i, at += 2) {
      std::uint16_t code;
      std::memcpy(&code, at, 2);
      lowest = std::min(lowest, code);
      log_probabilities[i] = static_cast<Number>(FixedLogProbability::decoded(code));
    }
    require(lowest < FixedLogProbability::last, path().string(), ": token ", token,
            " begins a document: the teacher predicts nothing there");
    for (std::size_t i = 0; i < top; ++i, at += header_.id_bytes) {
      std::uint32_t id = 0;
      std::memcpy(&id, at, header_.id_bytes);
      require(id < header_.info.vocabulary, path().string(), ": token ", token, ": id ", id, " is not below the vocabulary of ",
              header_.info.vocabulary, ": the file was damaged after it was written");
      ids[i] = static_cast<Token>(id);
    }
  }

 private:
  MappedFile file_;
  TeacherCacheHeader header_{};
};

}  // namespace rondo

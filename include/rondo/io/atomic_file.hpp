// AtomicFile: a file appears under its name complete, or not at all.
//
//   AtomicFile file{"run/config.json"};
//   file.write(text);
//   file.commit();        // on the disk under its name; without it the old file stays and nothing else is left
//
// What is written goes to a temporary name in the same folder ("config.json.PID-N.partial"); commit() flushes it to the
// disk (fsync), renames it over the old file and flushes the folder; temporaries of the same file that killed programs have left
// go then. The destructor of a file that was not committed removes the temporary. Every failure (folder missing or read-only,
// disk full) throws Error with the path and the system's reason, and leaves a file of that name as it was. POSIX.
#pragma once

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rondo/core/error.hpp>

namespace rondo {

// "PATH: cannot WHAT: REASON", the reason being the system's last error.
[[nodiscard]] inline Error file_error(const std::filesystem::path& path, std::string_view what, int reason = errno) {
  return error(path.string(), ": cannot ", what, ": ", std::strerror(reason));
}

// Names in a folder must survive a power failure too. Some file systems cannot flush a folder: nothing to be done there.
inline void flush_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

inline constexpr std::string_view partial_ending = ".partial";

// The process that made a temporary name, "ANYTHING.PID.partial" or "ANYTHING.PID-N.partial"; 0 where it names none.
[[nodiscard]] inline int maker_of(std::string_view temporary) {
  if (!temporary.ends_with(partial_ending)) return 0;
  temporary.remove_suffix(partial_ending.size());
  const std::size_t dot = temporary.rfind('.');
  int process = 0;
  if (dot != temporary.npos) std::from_chars(temporary.data() + dot + 1, temporary.data() + temporary.size(), process);
  return process;
}
[[nodiscard]] inline bool is_running(int process) {
  return process > 0 && (::kill(process, 0) == 0 || errno != ESRCH);
}

class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
    require(path_.has_filename(), "'", path_.string(), "': not the name of a file");
    require(!std::filesystem::is_directory(path_), path_.string(), ": expected a file to write, found a folder");
    static std::atomic<unsigned> counter{0};
    do {
      temporary_ = path_;
      temporary_ += "." + std::to_string(::getpid()) + "-" + std::to_string(counter++) + std::string(partial_ending);
      descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ < 0) throw file_error(path_, "be written");
    buffer_.reserve(buffer_bytes);
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() { discard(); }

  // Appends.
  void write(const void* data, std::size_t bytes) {
    require(descriptor_ >= 0, path_.string(), ": written to after commit()");
    size_ += bytes;
    const char* begin = static_cast<const char*>(data);
    if (buffer_.size() + bytes > buffer_bytes) {
      flush();
      if (bytes >= buffer_bytes) return write_through(begin, bytes);
    }
    buffer_.insert(buffer_.end(), begin, begin + bytes);
  }
  void write(std::string_view text) { write(text.data(), text.size()); }

  // Bytes written so far.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  void commit() {
    require(descriptor_ >= 0, path_.string(), ": commit() called twice");
    flush();
    if (::fsync(descriptor_) != 0) throw file_error(path_, "be flushed to the disk");
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) fail("be closed");
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("be put in place");
    temporary_.clear();
    flush_folder(folder());
    remove_leftovers();
  }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 16;

  void flush() {
    write_through(buffer_.data(), buffer_.size());
    buffer_.clear();
  }
  void write_through(const char* data, std::size_t bytes) {
    while (bytes > 0) {
      const ssize_t written = ::write(descriptor_, data, bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) throw file_error(path_, "be written", written < 0 ? errno : ENOSPC);
      data += written;
      bytes -= static_cast<std::size_t>(written);
    }
  }
  void remove_leftovers() const {
    const std::string begin = path_.filename().string() + ".";
    std::error_code ignored;
    for (std::filesystem::directory_iterator entry{folder(), ignored}, end; !ignored && entry != end; entry.increment(ignored)) {
      const std::string name = entry->path().filename().string();
      const bool of_this_file = name.starts_with(begin) && name.find('.', begin.size()) + partial_ending.size() == name.size();
      const int process = of_this_file ? maker_of(name) : 0;
      if (process > 0 && !is_running(process)) ::unlink(entry->path().c_str());
    }
  }
  [[nodiscard]] std::filesystem::path folder() const { return path_.has_parent_path() ? path_.parent_path() : "."; }
  void discard() noexcept {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    temporary_.clear();
  }
  [[noreturn]] void fail(std::string_view what) {
    const int reason = errno;
    discard();
    throw file_error(path_, what, reason);
  }

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::vector<char> buffer_;
};

// The whole of a file at once.
inline void write_file(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file{path};
  file.write(content);
  file.commit();
}

}  // namespace rondo

// AppendedFile: a file that grows at its end, as logs do.
//
//   AppendedFile file{"RUN/metrics.jsonl"};         it must be there
//   file.append(line);                              on its way to the disk when append returns
//   file.flush();                                   all on the disk when flush returns
//
// Throws Error with the path and the system's reason. POSIX.
#pragma once

#include <cerrno>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include <rondo/io/atomic_file.hpp>

namespace rondo {

class AppendedFile {
 public:
  explicit AppendedFile(std::filesystem::path path)
      : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)) {
    if (descriptor_ < 0) throw file_error(path_, "be written");
  }
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;
  ~AppendedFile() { ::close(descriptor_); }

  void append(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) throw file_error(path_, "be written", written < 0 ? errno : ENOSPC);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  // Some file systems cannot: nothing to be done there.
  void flush() const { ::fdatasync(descriptor_); }

 private:
  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace rondo

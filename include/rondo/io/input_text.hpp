// InputText: all of a text that a user names: a file (mapped), a pipe, or "-", the standard input.
//
//   InputText input{"texts.jsonl"};
//   for_each_line(input.text(), [](std::string_view line, std::size_t number) { ... });     // lines with something on them, from 1
//   input.name()                            what messages call it
//
// A text may be empty. Throws Error as MappedFile does, and for a pipe that breaks. POSIX.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <rondo/io/mapped_file.hpp>

namespace rondo {

class InputText {
 public:
  explicit InputText(const std::filesystem::path& path) : name_(is_standard(path) ? "standard input" : path.string()) {
    std::error_code unknown;
    const std::filesystem::file_status status = std::filesystem::status(path, unknown);
    if (is_standard(path)) {
      read_all(STDIN_FILENO);
    } else if (status.type() == std::filesystem::file_type::fifo || status.type() == std::filesystem::file_type::socket) {
      const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (descriptor < 0) throw file_error(name_, "be read");
      const Closed close{descriptor};
      read_all(descriptor);
    } else if (status.type() != std::filesystem::file_type::regular || std::filesystem::file_size(path, unknown) > 0) {
      file_ = MappedFile{path};
    }
  }

  [[nodiscard]] std::string_view text() const { return read_.empty() ? file_.text() : std::string_view(read_); }
  [[nodiscard]] const std::string& name() const { return name_; }

  [[nodiscard]] static bool is_standard(const std::filesystem::path& path) { return path == "-" || path == "/dev/stdin"; }

 private:
  struct Closed {
    int descriptor;
    ~Closed() { ::close(descriptor); }
  };

  void read_all(int descriptor) {
    constexpr std::size_t least = std::size_t{1} << 16;
    for (std::size_t size = 0;;) {
      read_.resize(std::max(2 * size, least));
      const ssize_t count = ::read(descriptor, read_.data() + size, read_.size() - size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw file_error(name_, "be read");
      size += static_cast<std::size_t>(count);
      if (count == 0) return read_.resize(size);
    }
  }

  std::string name_;
  MappedFile file_;
  std::string read_;
};

// use(line, number) for lines that are more than white space, without their ends.
template <class Use>
void for_each_line(std::string_view text, Use&& use) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") != line.npos) use(line, number);
  }
}

}  // namespace rondo

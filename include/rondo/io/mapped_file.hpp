// MappedFile: the bytes of a file, read-only, as memory; nothing is read before it is looked at.
//
//   MappedFile file{"model.safetensors"};
//   std::span<const std::byte> bytes = file.bytes();      // valid as long as `file` lives
//
// Throws Error for a path that is missing, unreadable, empty, not a regular file or that has a zero byte. The mapping survives a
// rename over the file (AtomicFile); a file that another program cuts short while it is mapped cannot be guarded against. POSIX.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rondo/core/error.hpp>
#include <rondo/io/atomic_file.hpp>

namespace rondo {

class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(std::filesystem::path path) : path_(std::move(path)) {
    if (path_.native().find('\0') != path_.native().npos)
      throw Error(path_.c_str(), "name", "one without a zero byte", "one that would end at it");
    const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) throw file_error(path_, "be read");
    struct stat status {};
    const bool known = ::fstat(descriptor, &status) == 0;
    if (!known || !S_ISREG(status.st_mode) || status.st_size <= 0) {
      const int reason = errno;
      ::close(descriptor);
      if (!known) throw file_error(path_, "be examined", reason);
      throw Error(path_.string(), "content", "a file",
                  S_ISDIR(status.st_mode)   ? "a folder"
                  : S_ISREG(status.st_mode) ? "no bytes"
                                            : "a device or pipe");
    }
    size_ = static_cast<std::size_t>(status.st_size);
    void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const int reason = errno;
    ::close(descriptor);
    if (memory == MAP_FAILED) throw file_error(path_, "be mapped into memory", reason);
    data_ = static_cast<const std::byte*>(memory);
  }
  MappedFile(MappedFile&& other) noexcept { swap(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    MappedFile{std::move(other)}.swap(*this);
    return *this;
  }
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  }

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void swap(MappedFile& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rondo

// FolderLock: one program at a time writes into a folder.
//
//   const FolderLock lock{"run"};   // Error where another program holds it
//
// Held until the object goes or the process ends, however it ends: the lock is the kernel's (flock on the folder itself), there is
// no file that a killed program could leave. It keeps out those who ask for it, nobody else. A file system that cannot lock a
// folder (some network file systems) is taken as it is: no error and no protection. POSIX.
#pragma once

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <rondo/core/error.hpp>
#include <rondo/io/atomic_file.hpp>

namespace rondo {

class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder)
      : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ < 0) throw file_error(folder, "be opened as a folder");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    ::close(descriptor_);
    throw error(folder.string(), ": another program is writing there; wait until it ends, or choose another folder");
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() { ::close(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace rondo

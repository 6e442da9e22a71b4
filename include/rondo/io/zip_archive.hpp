// ZipArchive: the files of a .zip, opened in memory, with a password where they are encrypted; nothing is unpacked to a disk.
//
//   for (const ZipArchive::File& file : ZipArchive{"items.zip", password}.files(".jsonl")) use(file.name, file.text);
//
// The only header that includes libzip; in a build without it opening an archive throws Error. Throws Error
// for what is no archive, for a file that is damaged, and for a password that is missing or wrong (of the old kind of encryption one wrong
// password in 256 looks right until the file's sum is known: it is checked before anything of the file is used).
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>

#if __has_include(<zip.h>)
#include <zip.h>
#define RONDO_LIBZIP 1
#endif

namespace rondo {

class ZipArchive {
 public:
  struct File {
    std::string name;  // with the folders before it
    std::string text;
  };

  ZipArchive(std::filesystem::path path, std::string password) : path_(std::move(path)), password_(std::move(password)) {}

  // Those whose names end so, by name.
  [[nodiscard]] std::vector<File> files(std::string_view ending) const;

 private:
  std::filesystem::path path_;
  std::string password_;
};

#ifdef RONDO_LIBZIP

inline std::vector<ZipArchive::File> ZipArchive::files(std::string_view ending) const {
  int problem = 0;
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive{::zip_open(path_.c_str(), ZIP_RDONLY, &problem),
                                                         [](zip_t* open) { ::zip_discard(open); }};
  if (!archive) {
    zip_error_t error_of_opening;
    ::zip_error_init_with_code(&error_of_opening, problem);
    const std::string reason = ::zip_error_strerror(&error_of_opening);
    ::zip_error_fini(&error_of_opening);
    throw error(path_.string(), ": cannot be read as a zip archive: ", reason);
  }
  std::vector<File> result;
  const zip_int64_t count = ::zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t number = 0; number < count; ++number) {
    const auto place = static_cast<zip_uint64_t>(number);
    zip_stat_t facts;
    if (::zip_stat_index(archive.get(), place, 0, &facts) != 0 || (facts.valid & ZIP_STAT_NAME) == 0) continue;
    const std::string name = facts.name;
    if (!std::string_view(name).ends_with(ending)) continue;
    const bool encrypted = (facts.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && facts.encryption_method != ZIP_EM_NONE;
    require(!encrypted || !password_.empty(), path_.string(), ": ", name, ": encrypted, and there is no password");
    const auto damaged = [&](const char* reason) {
      return error(path_.string(), ": ", name, ": ", encrypted ? "wrong password, or the file is damaged: " : "", reason);
    };
    const std::unique_ptr<zip_file_t, void (*)(zip_file_t*)> file{
        ::zip_fopen_index_encrypted(archive.get(), place, 0, encrypted ? password_.c_str() : nullptr),
        [](zip_file_t* open) { ::zip_fclose(open); }};
    if (!file) throw damaged(::zip_strerror(archive.get()));
    File& read = result.emplace_back(File{name, {}});
    char piece[std::size_t{1} << 14];
    for (;;) {
      const zip_int64_t bytes = ::zip_fread(file.get(), piece, sizeof piece);
      if (bytes < 0) throw damaged(::zip_file_strerror(file.get()));
      if (bytes == 0) break;
      read.text.append(piece, static_cast<std::size_t>(bytes));
    }
  }
  std::sort(result.begin(), result.end(), [](const File& a, const File& b) { return a.name < b.name; });
  return result;
}

#else

inline std::vector<ZipArchive::File> ZipArchive::files(std::string_view) const {
  throw error(path_.string(), ": a zip archive; rondo was built without libzip (Debian: libzip-dev)");
}

#endif

}  // namespace rondo

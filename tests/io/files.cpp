// AtomicFile, MappedFile, FolderLock: what is under a name is always complete, and written by one program.
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/folder_lock.hpp>
#include <rondo/io/mapped_file.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(a_committed_file_holds_what_was_written) {
  const TemporaryFolder folder;
  std::string expected;
  {
    AtomicFile file{folder / "data"};
    for (int i = 0; i < 3000; ++i) {  // pieces below and beyond the buffer
      const std::string piece(static_cast<std::size_t>(i % 97 == 0 ? 100000 : i % 13), static_cast<char>('a' + i % 26));
      file.write(piece);
      expected += piece;
    }
    BOOST_TEST(file.size() == expected.size());
    BOOST_TEST(!std::filesystem::exists(folder / "data"));
    file.commit();
  }
  BOOST_TEST((content(folder / "data") == expected));
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(without_commit_the_old_file_stays) {
  const TemporaryFolder folder;
  write_file(folder / "data", "old");
  {
    AtomicFile file{folder / "data"};
    file.write("new");
  }
  BOOST_TEST(content(folder / "data") == "old");
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(two_writers_of_one_name_do_not_mix) {
  const TemporaryFolder folder;
  AtomicFile first{folder / "data"}, second{folder / "data"};
  first.write("first");
  second.write("second");
  second.commit();
  first.commit();
  BOOST_TEST(content(folder / "data") == "first");
  BOOST_TEST(folder.entries() == 1);
}

// A process that has ended, and two that have not.
BOOST_AUTO_TEST_CASE(what_killed_programs_have_left_goes_with_the_next_commit) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const auto temporary = [&](const char* name, int process) {
    return folder / (std::string(name) + "." + std::to_string(process) + "-0.partial");
  };
  for (const int process : {child, ::getpid(), 1})
    for (const char* name : {"data", "data.txt", "other"}) put(temporary(name, process), "x");
  put(folder / "data.partial", "x");
  write_file(folder / "data", "new");
  BOOST_TEST(!std::filesystem::exists(temporary("data", child)));
  BOOST_TEST(folder.entries() == 10);
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_old_file) {
  const TemporaryFolder folder;
  write_file(folder / "data", "old");
  // A limit on the size of files stands in for the full disk: both fail in the middle of a write.
  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 100000, before.rlim_max };
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = message_of([&] { write_file(folder / "data", std::string(300000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  BOOST_TEST(has(message, (folder / "data").string()));
  BOOST_TEST(has(message, "File too large"));
  BOOST_TEST(content(folder / "data") == "old");
  BOOST_TEST(folder.entries() == 1);
}

// Held by another process, which is then killed.
BOOST_AUTO_TEST_CASE(a_folder_is_locked_until_its_holder_ends) {
  const TemporaryFolder folder;
  int ready[2];
  BOOST_TEST_REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock{folder.path()};
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  ::close(ready[1]);
  char byte = 0;
  BOOST_TEST_REQUIRE(::read(ready[0], &byte, 1) == 1);
  BOOST_TEST(has(message_of([&] { FolderLock lock{folder.path()}; }), folder.path().string() + ": another program is writing there"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (int again = 0; again < 2; ++again) FolderLock lock{folder.path()};
  BOOST_TEST(folder.entries() == 0);
  BOOST_TEST(has(message_of([&] { FolderLock lock{folder / "none"}; }), "none: cannot be opened as a folder: No such file"));
  ::close(ready[0]);
}

BOOST_AUTO_TEST_CASE(places_that_cannot_be_written_are_named) {
  const TemporaryFolder folder;
  const std::string missing = message_of([&] { AtomicFile file{folder / "no/such/folder"}; });
  BOOST_TEST(has(missing, "no/such/folder: cannot be written: No such file or directory"));
  put(folder / "file", "x");
  BOOST_TEST(has(message_of([&] { AtomicFile file{folder / "file/below"}; }), "Not a directory"));
  BOOST_TEST(has(message_of([&] { AtomicFile file{folder.path()}; }), "found a folder"));
  BOOST_TEST(has(message_of([&] { AtomicFile file{folder.path() / ""}; }), "not the name of a file"));
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(a_folder_that_appears_under_the_name_is_not_replaced) {
  const TemporaryFolder folder;
  {
    AtomicFile file{folder / "data"};
    file.write("x");
    std::filesystem::create_directory(folder / "data");
    BOOST_TEST(has(message_of([&] { file.commit(); }), "cannot be put in place"));
  }
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(after_commit_nothing_can_be_added) {
  const TemporaryFolder folder;
  AtomicFile file{folder / "data"};
  file.write("x");
  file.commit();
  BOOST_CHECK_THROW(file.write("y"), Error);
  BOOST_CHECK_THROW(file.commit(), Error);
  BOOST_TEST(content(folder / "data") == "x");
}

BOOST_AUTO_TEST_CASE(a_mapped_file_shows_its_bytes_and_outlives_a_replacement) {
  const TemporaryFolder folder;
  write_file(folder / "data", "first");
  MappedFile mapped{folder / "data"};
  write_file(folder / "data", "second");
  MappedFile moved{std::move(mapped)};
  BOOST_TEST(moved.text() == "first");
  BOOST_TEST(mapped.size() == 0u);
  mapped = MappedFile{folder / "data"};
  BOOST_TEST(mapped.text() == "second");
}

BOOST_AUTO_TEST_CASE(what_is_not_a_file_with_content_cannot_be_mapped) {
  const TemporaryFolder folder;
  put(folder / "empty", "");
  BOOST_TEST(has(message_of([&] { MappedFile file{folder / "missing"}; }), "missing: cannot be read: No such file"));
  BOOST_TEST(has(message_of([&] { MappedFile file{folder / "empty"}; }), "empty: content: expected a file, found no bytes"));
  BOOST_TEST(has(message_of([&] { MappedFile file{folder.path()}; }), "found a folder"));
  BOOST_TEST(has(message_of([&] { MappedFile file{"/dev/null"}; }), "found a device"));
}

BOOST_AUTO_TEST_SUITE_END()

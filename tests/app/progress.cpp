// The progress line: on a terminal (a pseudo-terminal here) written over, elsewhere seldom and line by line, quiet not at all.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rondo/app/progress.hpp>

namespace {

// Leads stderr elsewhere while it lives; `written` is what came there.
class Captured {
 public:
  explicit Captured(bool terminal, unsigned short columns = 0) : before_(::dup(STDERR_FILENO)) {
    if (terminal) {
      reader_ = ::posix_openpt(O_RDWR | O_NOCTTY);
      BOOST_REQUIRE(reader_ >= 0);
      BOOST_REQUIRE(::grantpt(reader_) == 0);
      BOOST_REQUIRE(::unlockpt(reader_) == 0);
      writer_ = ::open(::ptsname(reader_), O_RDWR | O_NOCTTY);
    } else {
      int ends[2];
      BOOST_REQUIRE(::pipe(ends) == 0);
      reader_ = ends[0];
      writer_ = ends[1];
    }
    BOOST_REQUIRE(writer_ >= 0);
    if (columns > 0) {
      winsize size{};
      size.ws_row = 24;
      size.ws_col = columns;
      BOOST_REQUIRE(::ioctl(writer_, TIOCSWINSZ, &size) == 0);
    }
    ::fcntl(reader_, F_SETFL, ::fcntl(reader_, F_GETFL) | O_NONBLOCK);
    std::fflush(stderr);
    ::dup2(writer_, STDERR_FILENO);
  }
  ~Captured() {
    std::fflush(stderr);
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    ::close(writer_);
    ::close(reader_);
  }
  [[nodiscard]] std::string written() const {
    std::fflush(stderr);
    std::string text;
    char bytes[4096];
    for (ssize_t count; (count = ::read(reader_, bytes, sizeof bytes)) > 0;) text.append(bytes, static_cast<std::size_t>(count));
    return text;
  }

 private:
  int before_, reader_ = -1, writer_ = -1;
};

void wait(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(progress_line)

BOOST_AUTO_TEST_CASE(numbers_and_times) {
  BOOST_TEST(rondo::short_number(0) == "0");
  BOOST_TEST(rondo::short_number(950) == "950");
  BOOST_TEST(rondo::short_number(999.6) == "1.0k");
  BOOST_TEST(rondo::short_number(23'100) == "23.1k");
  BOOST_TEST(rondo::short_number(54e6) == "54.0M");
  BOOST_TEST(rondo::short_number(1.2e9) == "1.2G");
  BOOST_TEST(rondo::short_time(4) == "0:04");
  BOOST_TEST(rondo::short_time(59.6) == "1:00");
  BOOST_TEST(rondo::short_time(750) == "12:30");
  BOOST_TEST(rondo::short_time(7500) == "2:05:00");
}

BOOST_AUTO_TEST_CASE(a_terminal_is_written_over) {
  const Captured captured(true);
  std::string shown, after;
  {
    rondo::ProgressLine progress{false};
    progress.show("training", 0, 1000, "tokens", "loss 9.01");
    wait(250);
    progress.show("training", 500, 1000, "tokens", "loss 3.25");
    progress.show("training", 501, 1000, "tokens", "loss 3.20");  // too soon after the line before
    shown = captured.written();
    progress.finish();
    after = captured.written();
  }
  BOOST_TEST(holds(shown, "\rtraining 50 %, 500 of 1.0k tokens, "), shown);
  BOOST_TEST(holds(shown, "tokens/s, 0:00 left, loss 3.25"), shown);
  BOOST_TEST(!holds(shown, "\n"), shown);
  BOOST_TEST(!holds(shown, "3.20"), shown);
  BOOST_TEST(after == "\r\033[K");         // the line is taken away,
  BOOST_TEST(captured.written().empty());  // once
}

// What is written between two returns to the first column takes less than the terminal's width, whatever is left out for it.
BOOST_AUTO_TEST_CASE(a_line_fits_its_terminal) {
  for (const int columns : {40, 80, 200}) {
    BOOST_TEST_CONTEXT(columns << " columns") {
      const Captured captured(true, static_cast<unsigned short>(columns));
      rondo::ProgressLine progress{false};
      progress.show("training", 0, 12'345'678, "tokens");
      wait(250);
      progress.show("training", 6'172'839, 12'345'678, "tokens", "step 30141, loss 3.251, held out 3.187");
      std::string shown = captured.written();
      BOOST_TEST_REQUIRE((shown.starts_with("\r") && shown.ends_with("\033[K")));
      shown = shown.substr(1, shown.size() - 4);
      BOOST_TEST(static_cast<int>(shown.size()) < columns, shown);
      BOOST_TEST(holds(shown, "training 50 %, "), shown);
      BOOST_TEST(holds(shown, "step 30141"), shown);
      BOOST_TEST(holds(shown, "loss 3.251, held out 3.187") == (columns > 40), shown);
      BOOST_TEST(holds(shown, "6.2M of 12.3M tokens") == (columns == 200), shown);
    }
  }
  const Captured captured(true, 20);
  rondo::ProgressLine progress{false};
  progress.show("読む長い名前のファイル", 0, 2, "files");
  wait(250);
  progress.show("読む長い名前のファイル", 1, 2, "files");
  BOOST_TEST(captured.written() == "\r読む長い名前のファ\033[K");  // 18 columns: no half of a letter
}

BOOST_AUTO_TEST_CASE(rate_and_time_left_are_of_the_stage) {
  const Captured captured(true);
  rondo::ProgressLine progress{false};
  progress.show("reading", 0, 10, "files");
  progress.show("training", 1000, 3000, "tokens");  // a resumed run: 1000 are done before
  wait(500);
  progress.show("training", 2000, 3000, "tokens");
  const std::string shown = captured.written();
  BOOST_TEST(holds(shown, "66 %"), shown);
  // 1000 tokens in half a second: 2000 a second or, on a busy machine, fewer; never the 4000 that would count the first 1000.
  const std::size_t unit = shown.find(" tokens/s");
  BOOST_REQUIRE(unit != std::string::npos);
  const std::size_t begin = shown.rfind(' ', unit - 1) + 1;
  const std::string rate = shown.substr(begin, unit - begin);
  const double number = std::strtod(rate.c_str(), nullptr) * (rate.back() == 'k' ? 1000 : 1);
  BOOST_TEST(number <= 2050);
  BOOST_TEST(number >= 200);
}

BOOST_AUTO_TEST_CASE(time_left_is_of_all_that_is_to_come_and_of_the_stage_alone) {
  const Captured captured(true);
  rondo::ProgressLine progress{false};
  progress.show("training", 0, 4000, "tokens");
  wait(1000);
  progress.leave_out(0.6);  // as if most of it had gone into a measurement: 1000 tokens in 0.4 s or a little more
  progress.show("training", 1000, 4000, "tokens", "", 100);
  const std::string shown = captured.written();
  const double rate = std::strtod(shown.substr(shown.find("tokens, ") + 8).c_str(), nullptr);  // thousands
  BOOST_TEST(rate > 1.2, shown);
  BOOST_TEST(rate <= 2.5, shown);
  BOOST_TEST(holds(shown, ", 1:4"), shown);
}

BOOST_AUTO_TEST_CASE(without_a_terminal_lines_are_rare) {
  const Captured captured(false);
  {
    rondo::ProgressLine progress{false};
    for (int i = 0; i < 100; ++i) {
      progress.show("encoding", i, 100, "bytes");
      wait(3);
    }
  }
  BOOST_TEST(captured.written().empty());  // a line a minute at most
  {
    rondo::ProgressLine progress{false, 0.05};
    progress.show("encoding", 0, 100, "bytes");
    for (int i = 1; i <= 2; ++i) {
      wait(70);
      progress.show("encoding", 10 * i, 100, "bytes");
      progress.show("encoding", 10 * i, 100, "bytes");
    }
  }
  const std::string shown = captured.written();
  BOOST_TEST(shown.starts_with("encoding 10 %, 10 of 100 bytes, "), shown);
  BOOST_TEST(holds(shown, "\nencoding 20 %, 20 of 100 bytes, "), shown);
  BOOST_TEST(std::count(shown.begin(), shown.end(), '\n') == 2);
  BOOST_TEST(!holds(shown, "\r"), shown);
  BOOST_TEST(!holds(shown, "\033"), shown);
}

BOOST_AUTO_TEST_CASE(quiet_writes_nothing) {
  const Captured captured(true);
  {
    rondo::ProgressLine progress{true};
    progress.show("training", 0, 10, "steps");
    wait(250);
    progress.show("training", 5, 10, "steps");
  }
  BOOST_TEST(captured.written().empty());
}

BOOST_AUTO_TEST_CASE(work_that_stands_still_or_has_no_size) {
  const Captured captured(true);
  rondo::ProgressLine progress{false};
  progress.show("waiting", 0, 0, "bytes");
  wait(250);
  progress.show("waiting", 0, 0, "bytes");
  const std::string shown = captured.written();
  BOOST_TEST(holds(shown, "waiting 0 %, 0 of 0 bytes, 0 bytes/s"), shown);
  BOOST_TEST(!holds(shown, "left"), shown);
}

BOOST_AUTO_TEST_SUITE_END()

// Signals: the first is a wish that a loop may ask for, one a second later ends the program, and afterwards all is as before.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include <rondo/app/signals.hpp>

namespace {

volatile std::sig_atomic_t own_handler_saw = 0;

// The status of a child that runs the act and, if it comes to its end, exits with 7.
template <class Act>
int status_of_child(const Act& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    act();
    ::_exit(7);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stop_signals)

BOOST_AUTO_TEST_CASE(the_first_signal_is_a_wish) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const rondo::StopSignals signals;
    BOOST_TEST(signals.caught() == 0);
    int rounds = 0;
    while (signals.caught() == 0 && rounds < 10) {
      if (++rounds == 3) std::raise(signal);
    }
    BOOST_TEST(rounds == 3);
    BOOST_TEST(signals.caught() == signal);
  }
}

BOOST_AUTO_TEST_CASE(a_later_signal_ends_the_program) {
  for (const auto& [first, second] : {std::pair{SIGINT, SIGTERM}, std::pair{SIGTERM, SIGTERM}}) {
    const int status = status_of_child([first = first, second = second] {
      const rondo::StopSignals signals;
      std::raise(first);
      if (signals.caught() != first) ::_exit(8);
      ::usleep(1'050'000);
      std::raise(second);
    });
    BOOST_TEST(WIFSIGNALED(status));
    BOOST_TEST(WTERMSIG(status) == second);
  }
}

BOOST_AUTO_TEST_CASE(signals_at_once_are_one_wish) {
  const rondo::StopSignals signals;
  std::raise(SIGTERM);
  std::raise(SIGTERM);
  std::raise(SIGINT);
  BOOST_TEST(signals.caught() == SIGTERM);
}

BOOST_AUTO_TEST_CASE(what_was_before_comes_back) {
  struct sigaction own {
  }, original{};
  own.sa_handler = [](int signal) { own_handler_saw = signal; };
  BOOST_REQUIRE(::sigaction(SIGTERM, &own, &original) == 0);
  {
    const rondo::StopSignals signals;
    std::raise(SIGTERM);
    BOOST_TEST(own_handler_saw == 0);
  }
  std::raise(SIGTERM);
  BOOST_TEST(own_handler_saw == SIGTERM);
  {  // a new object knows nothing of the old one's signal
    const rondo::StopSignals signals;
    BOOST_TEST(signals.caught() == 0);
  }
  BOOST_REQUIRE(::sigaction(SIGTERM, &original, nullptr) == 0);
}

BOOST_AUTO_TEST_CASE(an_ignored_signal_is_ignored_again) {
  const int status = status_of_child([] {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignore, nullptr);
    { const rondo::StopSignals signals; }
    std::raise(SIGINT);
  });
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == 7);
}

BOOST_AUTO_TEST_SUITE_END()

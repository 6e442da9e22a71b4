// A program without MPI that was started as several processes says so, instead of doing the same in each of them.
#include <boost/test/unit_test.hpp>

#include <cstdlib>

#include <rondo/app/together.hpp>

namespace rondo::app {

BOOST_AUTO_TEST_SUITE(started_alone)

BOOST_AUTO_TEST_CASE(several_processes_without_mpi_are_refused) {
  CommonOptions common;
  int done = 0;
  const auto act = [&] { return ++done, 0; };
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}) {
    ::setenv(variable, "1", 1);
    BOOST_TEST(together("hgrn2", common, true, act) == 0);
    ::setenv(variable, "3", 1);
    BOOST_CHECK_EXCEPTION(together("hgrn2", common, true, act), Error, [&](const Error& problem) {
      const std::string message = problem.what();
      return message.starts_with("started as 3 processes (" + std::string(variable) + "), but built without MPI: each would do the same");
    });
    ::unsetenv(variable);
  }
  BOOST_TEST(done == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::app

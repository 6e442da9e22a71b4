// Tests run several at a time: their threads wait briefly, as those of rondo's programs do. With OpenMP's own measure nine tenths of the
// time of some laws went into waiting.
#define BOOST_TEST_MODULE rondo
#define BOOST_TEST_NO_MAIN
#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/wait_briefly.hpp>

int main(int argc, char** argv) {
  rondo::wait_briefly(argv);
  return boost::unit_test::unit_test_main(init_unit_test, argc, argv);
}

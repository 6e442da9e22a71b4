#define BOOST_TEST_MODULE rondo
#include <boost/test/unit_test.hpp>

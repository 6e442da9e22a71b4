// Counts how often a test program asks for memory; link support/counted_memory.cpp.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstddef>

namespace rondo::test {

std::size_t allocation_count();

// False under clang's thread sanitizer, whose own operator new cannot be replaced.
boost::test_tools::assertion_result allocations_are_counted(boost::unit_test::test_unit_id);

// Use as a decorator: BOOST_AUTO_TEST_CASE(name, *needs_counted_memory()). The case is reported as skipped elsewhere.
inline auto needs_counted_memory() {
  return boost::unit_test::precondition(allocations_are_counted);
}

}  // namespace rondo::test

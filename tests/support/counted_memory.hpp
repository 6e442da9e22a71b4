// Counts how often a test program asks for memory; link support/counted_memory.cpp.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstddef>

namespace rondo::test {

std::size_t allocation_count();

// False under clang's thread sanitizer, whose own operator new cannot be replaced.
bool allocations_are_counted();

// Use as a decorator: BOOST_AUTO_TEST_CASE(name, *needs_counted_memory()). The case is reported as skipped elsewhere.
inline auto needs_counted_memory() {
  return boost::unit_test::precondition([](boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result counted{allocations_are_counted()};
    if (!counted) counted.message() << "the thread sanitizer has an operator new of its own";
    return counted;
  });
}

}  // namespace rondo::test

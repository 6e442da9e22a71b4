// Reference data outside the project: where it is, and how a test says that it is not there.
#pragma once

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>

namespace rondo::test {

inline std::filesystem::path shared(const std::string& relative) { return std::filesystem::path{RONDO_SHARED} / relative; }

// Use as a decorator: BOOST_AUTO_TEST_CASE(name, *needs_shared("fixtures/llama")). The case is reported as skipped
// where the folder is absent.
struct SharedPresent {
  std::string relative;
  boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
    boost::test_tools::assertion_result present{std::filesystem::exists(shared(relative))};
    if (!present) present.message() << "reference data '" << relative << "' is not here";
    return present;
  }
};
inline auto needs_shared(const std::string& relative) { return boost::unit_test::precondition(SharedPresent{relative}); }

}  // namespace rondo::test

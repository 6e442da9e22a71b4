// Errors: their messages.
#include <rondo/core/error.hpp>

#include <boost/test/unit_test.hpp>

namespace rondo {

BOOST_AUTO_TEST_SUITE(error_messages)

BOOST_AUTO_TEST_CASE(where_what_expected_found) {
  BOOST_TEST(std::string(Error("a.json", "'width'", "a number", "text").what()) ==
             "a.json: 'width': expected a number, found text");
}
BOOST_AUTO_TEST_CASE(parts_are_streamed_one_after_the_other) {
  BOOST_TEST(std::string(error("width ", 12, " is no multiple of ", 5.5).what()) == "width 12 is no multiple of 5.5");
}
BOOST_AUTO_TEST_CASE(require_throws_where_its_condition_does_not_hold) {
  require(true, "never");
  BOOST_CHECK_EXCEPTION(require(2 + 2 == 5, "found ", 4), Error,
                        [](const Error& e) { return std::string(e.what()) == "found 4"; });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo

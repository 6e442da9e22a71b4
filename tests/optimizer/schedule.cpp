// Schedules against their closed forms.
#include <boost/test/unit_test.hpp>

#include <rondo/optimizer/schedule.hpp>

namespace rondo::test {
namespace {

// Schedules without transcendental functions are compile-time values.
static_assert(Constant{}(0, 100) == 1.0 && Constant{}(99, 100) == 1.0);
static_assert(Constant{.warmup = 4}(0, 100) == 0.25 && Constant{.warmup = 4}(3, 100) == 1.0);
static_assert(LinearDecay{}(50, 100) == 0.5 && LinearDecay{}(100, 100) == 0.0);
static_assert(LinearDecay{.warmup = 20, .floor = 0.5}(60, 100) == 0.75);
static_assert(Trapezoid{.warmup = 10, .cooldown = 0.5}(5, 100) == 0.6);
static_assert(Trapezoid{.warmup = 10, .cooldown = 0.5}(50, 100) == 1.0);
static_assert(Trapezoid{.warmup = 10, .cooldown = 0.5}(75, 100) == 0.5);

BOOST_AUTO_TEST_SUITE(schedule)

BOOST_AUTO_TEST_CASE(cosine_falls_from_one_to_the_floor) {
  const Cosine cosine{.warmup = 10, .floor = 0.1};
  BOOST_TEST(cosine(0, 110) == 0.1, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(cosine(9, 110) == 1.0);
  BOOST_TEST(cosine(10, 110) == 1.0);
  BOOST_TEST(cosine(60, 110) == 0.55, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(cosine(35, 110) == 0.1 + 0.9 * (1 + std::sqrt(0.5)) / 2, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(cosine(110, 110) == 0.1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(cosine(5000, 110) == 0.1, boost::test_tools::tolerance(1e-12));
}

// No schedule leaves [0, 1], rises after the warm-up or falls during it; also where the run is shorter than the warm-up.
template <class Schedule>
void check_form(const Schedule& schedule, Index steps) {
  schedule.check();
  for (Index step = 0; step < steps; ++step) {
    const double now = schedule(step, steps), later = schedule(step + 1, steps);
    BOOST_TEST((now >= 0 && now <= 1));
    if (step + 1 < schedule.warmup)
      BOOST_TEST(later > now);
    else if (step >= schedule.warmup)
      BOOST_TEST(later <= now);
  }
}
BOOST_AUTO_TEST_CASE(rise_then_fall) {
  for (const Index steps : {1, 2, 7, 100})
    for (const Index warmup : {0, 1, 5, 200}) {
      check_form(Constant{warmup}, steps);
      check_form(LinearDecay{warmup, 0.2}, steps);
      check_form(Cosine{warmup, 0.0}, steps);
      for (const double cooldown : {0.0, 0.2, 1.0}) check_form(Trapezoid{warmup, 0.1, cooldown}, steps);
    }
}

BOOST_AUTO_TEST_CASE(growth_is_geometric) {
  const Growth growth{1e-4};
  for (const auto& [step, expected] : {std::pair{0, 1e-4}, std::pair{25, 1e-3}, std::pair{50, 1e-2}, std::pair{100, 1.0}})
    BOOST_TEST(growth(step, 101) == expected, boost::test_tools::tolerance(1e-13));
  BOOST_CHECK_THROW(Growth{0}.check(), Error);
  BOOST_CHECK_THROW(Growth{1.5}.check(), Error);
}

BOOST_AUTO_TEST_CASE(impossible_values_are_refused) {
  BOOST_CHECK_THROW((Cosine{.warmup = -1}.check()), Error);
  BOOST_CHECK_THROW((Cosine{.floor = 1.5}.check()), Error);
  BOOST_CHECK_THROW((Trapezoid{.cooldown = -0.1}.check()), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

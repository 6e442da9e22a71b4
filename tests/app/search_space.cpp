// What a search tries, how its tokens are divided, and which runs go on.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <rondo/app/search_space.hpp>
#include <rondo/app/training_setup.hpp>

namespace rondo::test {
namespace {

using namespace app;
using Values = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(search_space)

BOOST_AUTO_TEST_CASE(values_are_divided_by_commas_outside_of_brackets) {
  BOOST_TEST(values_of("1,2,3") == (Values{"1", "2", "3"}), boost::test_tools::per_element());
  BOOST_TEST(values_of("[1,2],[3]") == (Values{"[1,2]", "[3]"}), boost::test_tools::per_element());
  BOOST_TEST(values_of(R"("64@0,128@5","a\",b",)") == (Values{R"("64@0,128@5")", R"("a\",b")", ""}), boost::test_tools::per_element());
  BOOST_TEST(values_of(R"([{"rate": 1, "decay": 0}],[])") == (Values{R"([{"rate": 1, "decay": 0}])", "[]"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_value_meets_every_other) {
  const auto all = combinations({searched_setting("optimizer.rate=1,2"), searched_setting("shape.depth=3,4,5")});
  BOOST_TEST_REQUIRE(all.size() == 6U);
  BOOST_TEST((all[0] == ChosenValues{{"optimizer.rate", "1"}, {"shape.depth", "3"}}));
  BOOST_TEST((all[1] == ChosenValues{{"optimizer.rate", "1"}, {"shape.depth", "4"}}));
  BOOST_TEST((all[5] == ChosenValues{{"optimizer.rate", "2"}, {"shape.depth", "5"}}));
  BOOST_TEST(searched_setting("train.rate=1,2").path == "optimizer.rate");
}

BOOST_AUTO_TEST_CASE(the_budget_is_what_all_rungs_train_on) {
  for (const Index candidates : {2, 3, 7, 12, 100})
    for (const Index factor : {2, 3, 5})
      for (const double carried : {0.0, 0.6, 1.0}) {
        const Halving halving{candidates, factor};
        BOOST_TEST(halving.candidates(0) == candidates);
        double all = 0, before = 0;
        for (Index rung = 0; rung < halving.rungs(); ++rung) {
          const double tokens = halving.tokens(rung, 1e6, 3, carried);
          if (rung > 0) {
            BOOST_TEST(tokens == static_cast<double>(factor) * before, boost::test_tools::tolerance(1e-12));
            BOOST_TEST((halving.candidates(rung) - 1) * factor < halving.candidates(rung - 1));
            BOOST_TEST(halving.candidates(rung) * factor >= halving.candidates(rung - 1));
          }
          all += 3 * static_cast<double>(halving.candidates(rung)) * (tokens - carried * before);
          before = tokens;
        }
        BOOST_TEST(all == 1e6, boost::test_tools::tolerance(1e-12));
        BOOST_TEST((halving.candidates(halving.rungs() - 1) <= factor && halving.candidates(halving.rungs() - 1) >= 2));
      }
}

// A schedule goes on where its shares at the steps that are carried are the same whatever the length.
BOOST_AUTO_TEST_CASE(what_goes_on_has_the_same_shares) {
  for (const std::string& name : schedule_names)
    for (const std::string& decay : {std::string("constant"), std::string("trapezoid"), std::string("cosine")}) {
      TrainSettings train;
      train.schedule = name;
      train.warmup = 7;
      train.cooldown = 0.3;
      OptimizerSettings optimizer;
      optimizer.decay_schedule = decay;
      const GoingOn goes_on = going_on(train, optimizer);
      const AnySchedule rate = schedule_of(train, name, train.warmup, train.floor), of_decay = schedule_of(train, decay, 0, 0);
      const auto equal_until = [&](Index end) {
        for (Index step = 0; step < end; ++step)
          if (rate(step, 50) != rate(step, 120) || of_decay(step, 50) != of_decay(step, 120)) return false;
        return true;
      };
      const Index carried = steps_carried(goes_on, train, 50);
      BOOST_TEST(equal_until(carried));
      BOOST_TEST(carried == (goes_on == GoingOn::whole ? 50 : goes_on == GoingOn::none ? 0 : 35));
      if (goes_on != GoingOn::whole) BOOST_TEST(!equal_until(50));
      train.warmup = -1;
      BOOST_TEST((going_on(train, optimizer) == GoingOn::none));
    }
  TrainSettings train;
  train.schedule = "constant";
  train.warmup = 0;
  BOOST_TEST((going_on(train, {}) == GoingOn::whole));
  train.tail = 5;
  BOOST_TEST((going_on(train, {}) == GoingOn::none));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

// Tests of differences against closed forms, and the bootstrap against the variances that its levels have.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include <rondo/evaluate/label_counts.hpp>
#include <rondo/evaluate/paired_bootstrap.hpp>
#include <rondo/evaluate/significance.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

namespace tt = boost::test_tools;

BOOST_AUTO_TEST_SUITE(statistics)

BOOST_AUTO_TEST_CASE(students_tail_has_its_closed_forms) {
  for (const double t : {0.0, 0.3, 1.0, 2.5, 40.0}) {
    BOOST_TEST(two_sided_student(t, 1) == 1 - 2 / std::numbers::pi * std::atan(t), tt::tolerance(1e-12));
    BOOST_TEST(two_sided_student(t, 2) == 1 - t / std::sqrt(t * t + 2), tt::tolerance(1e-11));
    const double root = t / std::sqrt(3.0);
    BOOST_TEST(two_sided_student(t, 3) == 1 - 2 / std::numbers::pi * (std::atan(root) + root / (1 + root * root)), tt::tolerance(1e-10));
    BOOST_TEST(two_sided_student(-t, 5) == two_sided_student(t, 5));
  }
  // Many degrees of freedom: the normal distribution.
  BOOST_TEST(two_sided_student(1.5, 1000000) == std::erfc(1.5 / std::numbers::sqrt2), tt::tolerance(1e-5));
  BOOST_TEST(message_of([] { static_cast<void>(two_sided_student(1, 0)); }) == "Student's t: expected at least 1 degree of freedom, found 0");
}

// The table that every book has.
BOOST_AUTO_TEST_CASE(students_quantiles_are_those_of_the_tables) {
  const std::vector<std::pair<Index, double>> five_percent{{1, 12.7062047364}, {2, 4.3026527300}, {3, 3.1824463053}, {4, 2.7764451052},
                                                           {5, 2.5705818366},  {10, 2.2281388520}, {30, 2.0422724563}};
  for (const auto& [degrees, t] : five_percent) {
    BOOST_TEST(student_quantile(0.05, degrees) == t, tt::tolerance(1e-9));
    BOOST_TEST(two_sided_student(t, degrees) == 0.05, tt::tolerance(1e-8));
  }
  BOOST_TEST(student_quantile(0.01, 4) == 4.6040948713, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(signs_are_counted_exactly) {
  BOOST_TEST(two_sided_sign(0, 0) == 1.0);
  BOOST_TEST(two_sided_sign(0, 5) == 2.0 / 32, tt::tolerance(1e-14));
  BOOST_TEST(two_sided_sign(5, 5) == 2.0 / 32, tt::tolerance(1e-14));
  BOOST_TEST(two_sided_sign(1, 10) == 22.0 / 1024, tt::tolerance(1e-14));
  BOOST_TEST(two_sided_sign(9, 10) == 22.0 / 1024, tt::tolerance(1e-14));
  BOOST_TEST(two_sided_sign(5, 10) == 1.0);
  // (1 + 25 + 300 + 2300) / 2^24
  BOOST_TEST(two_sided_sign(3, 25) == 2626.0 / 16777216, tt::tolerance(1e-13));
  // In whole numbers of any length.
  BOOST_TEST(two_sided_sign(480, 1000) == 0.21744829320414094, tt::tolerance(1e-11));
  BOOST_TEST(two_sided_sign(600, 1000) == 2.7284641560660184e-10, tt::tolerance(1e-11));
  BOOST_TEST(two_sided_sign(29600, 60000) == 0.00110649627343588, tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(many_p_values_share_one_level) {
  const std::vector<double> expected{0.03, 0.06, 0.06, 0.02};
  const std::vector<double> found = holm_adjusted({0.01, 0.04, 0.03, 0.005});
  for (std::size_t i = 0; i < found.size(); ++i) BOOST_TEST(found[i] == expected[i], tt::tolerance(1e-14));
  BOOST_TEST(holm_adjusted({0.7, 0.6}) == (std::vector<double>{1, 1}), tt::per_element());
  BOOST_TEST(holm_adjusted({}).empty());
}

BOOST_AUTO_TEST_CASE(pairs_of_seeds_are_tested_by_students_t) {
  const std::vector<double> differences{1, 2, 3};
  const Bootstrapped found = seed_test(differences);
  BOOST_TEST(found.mean == 2.0, tt::tolerance(1e-14));
  BOOST_TEST(found.error == 1 / std::sqrt(3.0), tt::tolerance(1e-14));
  BOOST_TEST(found.p == 1 - std::sqrt(12.0 / 14), tt::tolerance(1e-12));
  BOOST_TEST(found.low == 2 - 4.3026527300 / std::sqrt(3.0), tt::tolerance(1e-8));
  BOOST_TEST(found.high == 2 + 4.3026527300 / std::sqrt(3.0), tt::tolerance(1e-8));
  const Bootstrapped one = seed_test(std::vector<double>{0.5});
  BOOST_TEST(one.mean == 0.5);
  BOOST_TEST(one.error == 0.0);
  BOOST_TEST(one.p == 1.0);
}

// One file of one seed.
FileDifferences file_of(std::vector<float> values) {
  const Index items = std::ssize(values);
  return {items, std::move(values)};
}
double variance(const std::vector<double>& values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size());
}
// An error of 10000 draws is uncertain by 1 / sqrt(20000); this is more than four times that.
constexpr double of_draws = 0.03;

BOOST_AUTO_TEST_CASE(items_are_drawn_from_their_file) {
  const std::vector<FileDifferences> files{file_of({1, 0, 0, -1, 1, 0.5F, 0, 0, 1, 0})};
  const Bootstrapped found = paired_bootstrap(files, 1);
  BOOST_TEST(found.mean == 0.25, tt::tolerance(1e-12));
  BOOST_TEST(found.error == std::sqrt(variance({1, 0, 0, -1, 1, 0.5, 0, 0, 1, 0}) / 10), tt::tolerance(of_draws));
}

// Two items: a draw is 0, 1/2 or 1, with the chances 1/4, 1/2, 1/4.
BOOST_AUTO_TEST_CASE(what_can_be_counted_is_found) {
  const std::vector<FileDifferences> files{file_of({0, 1})};
  const Bootstrapped found = paired_bootstrap(files, 1, {.draws = 40000});
  BOOST_TEST(found.mean == 0.5);
  BOOST_TEST(found.error == std::sqrt(0.125), tt::tolerance(of_draws));
  BOOST_TEST(found.low == 0.0);
  BOOST_TEST(found.high == 1.0);
  BOOST_TEST(found.p == 0.5, tt::tolerance(0.03));
  const Bootstrapped narrow = paired_bootstrap(files, 1, {.confidence = 0.4});
  BOOST_TEST(narrow.low == 0.5);
  BOOST_TEST(narrow.high == 0.5);
}

BOOST_AUTO_TEST_CASE(files_are_drawn_and_count_alike_however_long) {
  const std::vector<FileDifferences> files{file_of({1}), file_of({0, 0, 0, 0, 0, 0}), file_of({-1, -1}), file_of({0.5F, 0.5F, 0.5F})};
  const Bootstrapped found = paired_bootstrap(files, 1);
  BOOST_TEST(found.mean == 0.125);
  BOOST_TEST(found.error == std::sqrt(variance({1, 0, -1, 0.5}) / 4), tt::tolerance(of_draws));
}

// Files and the items in them: the variance between files and the mean variance of a file's mean, by the number of files.
BOOST_AUTO_TEST_CASE(items_are_nested_in_files) {
  const std::vector<FileDifferences> files{file_of({1, 0, 1, 0}), file_of({0, 0, 1}), file_of({-1, 0, 0, 0, 0})};
  const double between = variance({0.5, 1.0 / 3, -0.2});
  const double within = (variance({1, 0, 1, 0}) / 4 + variance({0, 0, 1}) / 3 + variance({-1, 0, 0, 0, 0}) / 5) / 3;
  BOOST_TEST(paired_bootstrap(files, 1).error == std::sqrt((between + within) / 3), tt::tolerance(of_draws));
}

// The items are the same ones whatever the seed: a second seed that says the same adds nothing.
BOOST_AUTO_TEST_CASE(items_of_several_seeds_are_not_independent) {
  const std::vector<float> one{1, 0, 0, -1, 1, 0.5F, 0, 0, 1, 0};
  std::vector<float> two = one;
  two.insert(two.end(), one.begin(), one.end());
  const Bootstrapped of_one = paired_bootstrap(std::vector{FileDifferences{10, one}}, 1);
  const Bootstrapped of_two = paired_bootstrap(std::vector{FileDifferences{10, two}}, 2);
  BOOST_TEST(of_two.mean == of_one.mean);
  BOOST_TEST(of_two.error == of_one.error);
  BOOST_TEST(of_two.low == of_one.low);
  BOOST_TEST(of_two.p == of_one.p);
}

// Difference = that of the seed + that of the file + that of the item: the variances of the levels add up.
BOOST_AUTO_TEST_CASE(seeds_files_and_items_each_add_their_variance) {
  const std::vector<double> seeds{0.25, -0.5, 0.75, 0}, of_files{0.5, -0.25, 0}, items{0.5, -0.5, 0, 0.25};
  std::vector<FileDifferences> files;
  for (const double file : of_files) {
    FileDifferences& one = files.emplace_back();
    one.items = std::ssize(items);
    for (const double seed : seeds)
      for (const double item : items) one.values.push_back(static_cast<float>(seed + file + item));
  }
  const Bootstrapped found = paired_bootstrap(files, std::ssize(seeds));
  BOOST_TEST(found.mean == 0.125 + 0.25 / 3 + 0.0625, tt::tolerance(1e-12));
  BOOST_TEST(found.error == std::sqrt(variance(seeds) / 4 + variance(of_files) / 3 + variance(items) / 12), tt::tolerance(of_draws));
}

BOOST_AUTO_TEST_CASE(the_same_seed_draws_the_same) {
  const std::vector<FileDifferences> files{file_of({1, 0, 1, -1, 0}), file_of({0, 0.5F, 1})};
  const Bootstrapped one = paired_bootstrap(files, 1, {.draws = 500}), again = paired_bootstrap(files, 1, {.draws = 500});
  const Bootstrapped other = paired_bootstrap(files, 1, {.draws = 500, .seed = Seed{1}});
  BOOST_TEST(one.error == again.error);
  BOOST_TEST(one.p == again.p);
  BOOST_TEST(one.error != other.error);
  BOOST_TEST(one.mean == other.mean);
}

BOOST_AUTO_TEST_CASE(no_difference_and_one_without_exception) {
  const Bootstrapped none = paired_bootstrap(std::vector{file_of({0, 0, 0})}, 1, {.draws = 999});
  BOOST_TEST(none.mean == 0.0);
  BOOST_TEST(none.error == 0.0);
  BOOST_TEST(none.p == 1.0);
  const Bootstrapped always = paired_bootstrap(std::vector{file_of({1, 0.5F, 1})}, 1, {.draws = 999});
  BOOST_TEST(always.p == 2.0 / 1000, tt::tolerance(1e-14));
  BOOST_TEST(message_of([] { static_cast<void>(paired_bootstrap(std::vector{FileDifferences{2, {1}}}, 1)); }) ==
             "bootstrap: a file of 2 items has 1 differences of 1 seeds");
}

// Hand counts: 3 of 5 right; label 1 three times, predicted three times, twice together.
BOOST_AUTO_TEST_CASE(classes_are_counted) {
  LabelCounts counts{2};
  for (const auto& [label, predicted] : std::vector<std::pair<Index, Index>>{{0, 0}, {0, 1}, {1, 1}, {1, 1}, {1, 0}}) counts.add(label, predicted);
  BOOST_TEST(counts.accuracy() == 0.6, tt::tolerance(1e-14));
  BOOST_TEST(counts.standard_error() == std::sqrt(0.6 * 0.4 / 5), tt::tolerance(1e-14));
  BOOST_TEST(counts.f1() == 4.0 / 6, tt::tolerance(1e-14));
  // (TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN))
  BOOST_TEST(counts.mcc() == (2.0 * 1 - 1.0 * 1) / std::sqrt(3.0 * 3 * 2 * 2), tt::tolerance(1e-14));
  // The jackknife of a mean is its usual error.
  BOOST_TEST(counts.error_of([](const LabelCounts& of) { return of.accuracy(); }) == std::sqrt(0.6 * 0.4 / 4), tt::tolerance(1e-12));
  // Of F1: without each of the five items in turn.
  const std::vector<double> without{4.0 / 6, 4.0 / 5, 2.0 / 4, 2.0 / 4, 4.0 / 5};
  BOOST_TEST(counts.error_of([](const LabelCounts& of) { return of.f1(); }) == std::sqrt(4 * variance(without)), tt::tolerance(1e-12));
  BOOST_TEST(message_of([&] { counts.add(0, 2); }) == "labels: class 2: expected 0 to 1");
}

BOOST_AUTO_TEST_CASE(classes_that_never_occur) {
  LabelCounts counts{2};
  BOOST_TEST(counts.accuracy() == 0.0);
  BOOST_TEST(counts.f1() == 0.0);
  BOOST_TEST(counts.mcc() == 0.0);
  for (int i = 0; i < 3; ++i) counts.add(0, 0);
  BOOST_TEST(counts.accuracy() == 1.0);
  BOOST_TEST(counts.f1() == 0.0);
  BOOST_TEST(counts.mcc() == 0.0);
  // Three classes, each predicted as the next: never right. n = 3: (0 - 3) / sqrt((9 - 3) (9 - 3)).
  LabelCounts three{3};
  for (Index k = 0; k < 3; ++k) three.add(k, (k + 1) % 3);
  BOOST_TEST(three.mcc() == -0.5, tt::tolerance(1e-14));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

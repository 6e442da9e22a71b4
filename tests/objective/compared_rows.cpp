// Rows of floats, which are compared a register at a time, against the same rows of doubles, which the laws prove (tests/laws).
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <rondo/objective/compared_stored_rows.hpp>

namespace rondo::test {
namespace {

// A divergence as a user writes one, with a function of its own.
struct SquaredHellinger {
  static constexpr std::string_view name = "squared_hellinger";
  template <class T>
  static T root_of_both(const Outcome<T>& o) {
    return exponential(scalar_of<T>(0.5) * (o.log_p + o.log_q));
  }
  template <class T>
  T value(const Outcome<T>& o) const {
    return T(0.5) * (o.p + o.q) - root_of_both(o);
  }
  template <class T>
  T derivative(const Outcome<T>& o) const {
    return T(0.5) * (o.q - root_of_both(o));
  }
};

struct Logits {
  std::vector<float> student, teacher;
};
Logits drawn(Index outcomes, double width, double offset) {
  std::mt19937 engine{static_cast<unsigned>(outcomes)};
  std::normal_distribution<double> normal{0, width};
  Logits logits;
  for (Index j = 0; j < outcomes; ++j) {
    logits.student.push_back(static_cast<float>(offset + normal(engine)));
    logits.teacher.push_back(static_cast<float>(normal(engine) - offset));
  }
  return logits;
}

struct Found {
  double cross_entropy, divergence;
  std::vector<double> gradient;
};
template <class T>
Found found_of(const TaughtTerms& terms, std::vector<T>& statistics, const std::vector<T>& gradient) {
  T values[2];
  FinishRow{terms}(View<T>{statistics.data(), 1, std::ssize(statistics)}, View<T>{&values[0], 1, 1}, View<T>{&values[1], 1, 1});
  return {static_cast<double>(values[0]), static_cast<double>(values[1]), {gradient.begin(), gradient.end()}};
}
template <class T, class D>
Found compared(const D& divergence, const TaughtTerms& terms, const Logits& logits, Token label) {
  std::vector<T> student(logits.student.begin(), logits.student.end()), teacher(logits.teacher.begin(), logits.teacher.end());
  std::vector<T> statistics(static_cast<std::size_t>(RowStatistics::count(1)));
  const Index count = std::ssize(student);
  CompareRow<D>{{terms, divergence}}(View<const T>{student.data(), 1, count}, View<T>{teacher.data(), 1, count},
                                     View<const Token>{&label, 1, 1}, View<T>{statistics.data(), 1, std::ssize(statistics)});
  return found_of(terms, statistics, teacher);
}
// Of the teacher the log-probabilities of every third outcome, unnormalised.
template <class T, class D>
Found compared_stored(const D& divergence, const TaughtTerms& terms, Rest rest, const Logits& logits, Token label) {
  std::vector<T> student(logits.student.begin(), logits.student.end()), log_p;
  std::vector<Token> ids;
  const Index count = std::ssize(student);
  for (Index j = count - 1; j >= 0; j -= 3) {
    ids.push_back(static_cast<Token>(j));
    log_p.push_back(T(logits.teacher[static_cast<std::size_t>(j)] * 0.3F));
  }
  log_p.push_back(log_p.front());
  const Index k = std::ssize(ids);
  std::vector<T> statistics(static_cast<std::size_t>(RowStatistics::count(1))), kept(static_cast<std::size_t>(2 * (k + 1)));
  CompareStoredRow<D>{terms, divergence, rest}(View<T>{student.data(), 1, count}, View<const Token>{ids.data(), 1, k},
                                               View<const T>{log_p.data(), 1, k + 1}, View<T>{kept.data(), 1, 2 * (k + 1)},
                                               View<const Token>{&label, 1, 1}, View<T>{statistics.data(), 1, std::ssize(statistics)});
  return found_of(terms, statistics, student);
}

void expect_near(const Found& found, const Found& expected, double tolerance) {
  const auto near = [&](double a, double b) { return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b)); };
  BOOST_TEST(near(found.cross_entropy, expected.cross_entropy), found.cross_entropy << " is not " << expected.cross_entropy);
  BOOST_TEST(near(found.divergence, expected.divergence), found.divergence << " is not " << expected.divergence);
  double worst = 0;
  for (std::size_t j = 0; j < expected.gradient.size(); ++j)
    worst = std::isfinite(found.gradient[j]) ? std::max(worst, std::abs(found.gradient[j] - expected.gradient[j])) : HUGE_VAL;
  BOOST_TEST(worst < tolerance);
}

template <class D>
void expect_floats_near_doubles(const D& divergence) {
  for (const Index outcomes : {Index{1}, Index{2}, lane_count - 1, lane_count, lane_count + 1, Index{333}})
    for (const double temperature : {1.0, 2.0, 0.7})
      for (const double cap : {0.0, 5.0}) {
        TaughtTerms terms{temperature, cap, 0.5 * temperature, 0.4, {.label_smoothing = 0.1, .z_loss = 0.01}, outcomes};
        const Logits logits = drawn(outcomes, cap > 0 ? 1.5 : 3, 0);
        for (const Token label : {Token{0}, static_cast<Token>(outcomes - 1)})
          BOOST_TEST_CONTEXT(std::string(D::name) << " of " << outcomes << " at " << temperature << ", cap " << cap << ", label " << label) {
            expect_near(compared<float>(divergence, terms, logits, label), compared<double>(divergence, terms, logits, label), 1e-5);
            if constexpr (!OfLogits<D>)
              for (const Rest rest : {Rest::bucket, Rest::truncated, Rest::renormalised, Rest::renormalised_both})
                expect_near(compared_stored<float>(divergence, terms, rest, logits, label),
                            compared_stored<double>(divergence, terms, rest, logits, label), 1e-5);
          }
      }
}

BOOST_AUTO_TEST_SUITE(compared_rows)

BOOST_AUTO_TEST_CASE(floats_near_doubles) {
  expect_floats_near_doubles(ForwardKl{});
  expect_floats_near_doubles(SoftCrossEntropy{});
  expect_floats_near_doubles(ReverseKl{});
  expect_floats_near_doubles(JensenShannon{0.3});
  expect_floats_near_doubles(TotalVariation{});
  expect_floats_near_doubles(SkewForwardKl{});
  expect_floats_near_doubles(SkewForwardKl{0});
  expect_floats_near_doubles(SkewReverseKl{});
  expect_floats_near_doubles(SkewReverseKl{0});
  expect_floats_near_doubles(MixedKl{0.2});
  expect_floats_near_doubles(LogitsMse{});
  expect_floats_near_doubles(SquaredHellinger{});
}

// Far from zero only differences count: the same numbers as near it.
BOOST_AUTO_TEST_CASE(far_from_zero) {
  for (const double temperature : {1.0, 2.0}) {
    const TaughtTerms terms{temperature, 0, 0.5, 0.4, {}, 100};
    Logits logits = drawn(100, 3, 0);
    for (auto* row : {&logits.student, &logits.teacher})
      for (float& z : *row) z = std::round(z * 64) / 64;  // exact at the offset, too
    Logits far = logits;
    for (float& z : far.student) z += 16384;
    for (float& z : far.teacher) z -= 16384;
    const auto expect = [&](const auto& divergence) {
      Found found = compared<float>(divergence, terms, far, 7);
      const Found expected = compared<double>(divergence, terms, logits, 7);
      found.cross_entropy = expected.cross_entropy;  // a difference of numbers that large has no more digits
      expect_near(found, expected, 1e-5);
      found = compared_stored<float>(divergence, terms, Rest::bucket, {far.student, logits.teacher}, 7);
      const Found stored = compared_stored<double>(divergence, terms, Rest::bucket, logits, 7);
      found.cross_entropy = stored.cross_entropy;
      expect_near(found, stored, 1e-5);
    };
    expect(ForwardKl{});
    expect(JensenShannon{});
    expect(SkewReverseKl{});
  }
}

// The head of mass mu by its definition: the most probable first, of equal ones those of smaller numbers.
BOOST_AUTO_TEST_CASE(the_head_of_a_row) {
  for (const Index outcomes : {1, 2, 40, 5000})
    for (const double width : {0.0, 0.01, 1.0, 4.0})
      for (const double mu : {0.01234, 0.45678, 0.90123, 1.0}) {
        const Logits logits = drawn(outcomes, width, 0);
        std::vector<double> student(logits.student.begin(), logits.student.end()), teacher(logits.teacher.begin(), logits.teacher.end());
        student.front() += 1;
        LogSum<double> q, p;
        q.add(outcomes, ScaledLogits<double>{student.data(), 1}), p.add(outcomes, ScaledLogits<double>{teacher.data(), 1});
        const RowOfOutcomes<AdaptiveKl, double> row{
            outcomes, {student.data(), 1}, {teacher.data(), 1}, LogProbability<double>{q}, LogProbability<double>{p}};
        std::vector<Index> order;
        double all = 0, head = 0, mass = 0;
        for (Index j = 0; j < outcomes; ++j) order.push_back(j), all += std::abs(row(j).p - row(j).q);
        std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return row(a).p > row(b).p; });
        for (auto j = order.begin(); j != order.end() && mass < mu - 1e-12; ++j)
          mass += row(*j).p, head += std::abs(row(*j).p - row(*j).q);
        const double expected = mu == 1 ? 0 : all == 0 ? 0.5 : 1 - head / all;
        const double found = AdaptiveKl{mu}.of_row(row).lambda;
        BOOST_TEST(std::abs(found - expected) < 1e-9,
                   outcomes << " outcomes, width " << width << ", mu " << mu << ": " << found << " is not " << expected);
      }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

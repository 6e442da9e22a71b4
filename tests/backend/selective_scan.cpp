// The Cpu back-end's selective scan against the Reference's plain loop in double, both called alike, and its powers of two.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

#include "backend/matrix.hpp"

namespace rondo::test {
namespace {

struct Problem {
  SelectiveScan scan;
  Index tokens;
  std::vector<Sequence> sequences;
  bool states = true;
  float raw_scale = 2;  // of the steps before their softplus
};

// The same numbers for every back-end: float32 throughout.
class Inputs {
 public:
  explicit Inputs(const Problem& problem) : problem_(problem) {
    const Index sequences = std::ssize(problem.sequences), channels = problem.scan.channels, states = problem.scan.states;
    fill("u", problem.tokens, channels);
    fill("raw_step", problem.tokens, channels, problem.raw_scale);
    fill("z", problem.tokens, channels);
    fill("B", problem.tokens, states);
    fill("C", problem.tokens, states);
    fill("step_bias", 1, channels);
    fill("A_log", channels, states);
    fill("D", 1, channels);
    fill("dy", problem.tokens, channels);
    fill("initial", sequences, channels * states);
    fill("d_final", sequences, channels * states);
  }
  [[nodiscard]] const Problem& problem() const { return problem_; }
  [[nodiscard]] const Matrix<float>& operator[](const std::string& name) const { return matrices_.at(name); }

 private:
  void fill(const std::string& name, Index rows, Index columns, float scale = 1) {
    const auto seed = static_cast<unsigned>(matrices_.size() + 11);
    fill_random(matrices_.emplace(name, Matrix<float>{rows, columns}).first->second, seed, scale);
  }
  Problem problem_;
  std::map<std::string, Matrix<float>> matrices_;
};

template <class T>
using Results = std::map<std::string, Matrix<T>>;

// B and C are columns of one wider matrix, u and z of another, as in a mixer.
template <class Context>
Results<typename Context::Scalar> run(const Inputs& inputs) {
  using T = typename Context::Scalar;
  const Problem& problem = inputs.problem();
  const SelectiveScan& p = problem.scan;
  Context c;
  c.begin(problem.sequences, problem.tokens);
  auto mark = c.mark();
  const auto copy_to = [&](const std::string& name, View<T> to) {
    const Matrix<float>& from = inputs[name];
    for (Index r = 0; r < from.rows; ++r)
      for (Index i = 0; i < from.columns; ++i) to(r, i) = static_cast<T>(from(r, i));
    return to;
  };
  const auto taken = [&](const std::string& name) { return copy_to(name, c.matrix(inputs[name].rows, inputs[name].columns)); };
  const View<T> both = c.matrix(problem.tokens, 2 * p.channels), shared = c.matrix(problem.tokens, 3 + 2 * p.states);
  const SelectiveScan::Inputs<View<const T>> in{.u = copy_to("u", both.middle_columns(0, p.channels)),
                                                .raw_step = taken("raw_step"),
                                                .B = copy_to("B", shared.middle_columns(3, p.states)),
                                                .C = copy_to("C", shared.middle_columns(3 + p.states, p.states)),
                                                .z = copy_to("z", both.middle_columns(p.channels, p.channels))};
  const SelectiveScan::Weights<View<const T>> w{.step_bias = taken("step_bias"), .A_log = taken("A_log"), .D = taken("D")};

  Results<T> results;
  const auto result = [&](const std::string& name, Index rows, Index columns, T value) {
    Matrix<T>& matrix = results.emplace(name, Matrix<T>{rows, columns}).first->second;
    std::fill(matrix.values.begin(), matrix.values.end(), value);
    return matrix.view();
  };
  const T unwritten = std::numeric_limits<T>::quiet_NaN();
  const Index tokens = problem.tokens, sequences = std::ssize(problem.sequences);
  using State = SelectiveScan::State<View<T>>;
  const State initial{taken("initial")}, d_final{taken("d_final")};
  const State final{result("final", sequences, p.channels * p.states, unwritten)};
  const State d_initial{result("d_initial", sequences, p.channels * p.states, unwritten)};
  const State* const start = problem.states ? &initial : nullptr;
  const View<T> y = result("y", tokens, p.channels, unwritten);
  c.recurrence(p, w, in, {y}, {start, &final});
  const SelectiveScan::Inputs<View<T>> d_in{.u = result("du", tokens, p.channels, unwritten),
                                            .raw_step = result("d_raw_step", tokens, p.channels, unwritten),
                                            .B = result("dB", tokens, p.states, unwritten),
                                            .C = result("dC", tokens, p.states, unwritten),
                                            .z = result("dz", tokens, p.channels, unwritten)};
  const SelectiveScan::Weights<View<T>> d_w{.step_bias = result("d_step_bias", 1, p.channels, 1),
                                            .A_log = result("dA_log", p.channels, p.states, 1),
                                            .D = result("dD", 1, p.channels, 1)};
  c.recurrence_gradient(p, w, in, {y}, {taken("dy")}, d_w, d_in, {start, problem.states ? &d_final : nullptr, &d_initial});
  return results;
}

void compare(const Problem& problem, const std::string& name) {
  const Inputs inputs{problem};
  const auto expected = run<Reference<double>::Context>(inputs);
  const auto found = run<CpuContext>(inputs);
  for (const auto& [result, matrix] : expected) {
    double size = 1e-30, worst = 0;
    for (std::size_t i = 0; i < matrix.values.size(); ++i) {
      size = std::max(size, std::abs(matrix.values[i]));
      const double error = std::abs(found.at(result).values[i] - matrix.values[i]);
      worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
    }
    BOOST_TEST_MESSAGE(name << ": " << result << " " << worst / size);
    BOOST_TEST(worst < 3e-6 * size, name << ": " << result << " is off by " << worst / size);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(selective_scan)

BOOST_AUTO_TEST_CASE(powers_of_two) {
  const auto power = [](float x) { return power_of_two(all_lanes(x))[0]; };
  double worst = 0;
  for (int i = 0; i <= 20000; ++i) {
    const float x = 127 - 253 * static_cast<float>(i) / 20000;
    const double expected = std::exp2(static_cast<double>(x));
    worst = std::max(worst, std::abs(power(x) - expected) / expected);
  }
  BOOST_TEST(worst < 2e-7);
  BOOST_TEST(power(0) == 1);
  BOOST_TEST(power(-127) == 0);
  BOOST_TEST(power(-std::numeric_limits<float>::infinity()) == 0);
  BOOST_TEST(std::isnan(power(std::numeric_limits<float>::quiet_NaN())));
}
BOOST_AUTO_TEST_CASE(lengths) {
  for (const Index length : {1, 2, 15, 16, 17, 33, 130})
    for (const bool states : {false, true})
      compare({{20, 16}, length, {{0, length, 0}}, states}, "length " + std::to_string(length) + (states ? " with states" : ""));
}
BOOST_AUTO_TEST_CASE(sizes) {
  for (const Index channels : {1, 5, 16, 64, 100, 256})
    for (const Index states : {1, 8, 16, 19})
      compare({{channels, states}, 35, {{0, 35, 0}}}, std::to_string(channels) + " x " + std::to_string(states));
}
BOOST_AUTO_TEST_CASE(steps) {
  for (const float scale : {0.0F, 0.1F, 10.0F, 100.0F})
    compare({{24, 8}, 40, {{0, 40, 0}}, true, scale}, "steps of scale " + std::to_string(scale));
}
// Sequences of different lengths, one of a single token, one of none, rows that none covers before, between and after them.
BOOST_AUTO_TEST_CASE(ragged_sequences) {
  for (const bool states : {false, true})
    compare({{72, 16}, 210, {{2, 70, 0}, {80, 1, 5}, {90, 17, 0}, {110, 0, 0}, {112, 96, 3}}, states}, "ragged");
}
// In parts from the state that the part before leaves, in place; the last part is one token.
BOOST_AUTO_TEST_CASE(continues_from_its_state) {
  const Inputs inputs{{{40, 16}, 50, {{0, 50, 0}}}};
  const auto whole = run<CpuContext>(inputs);
  CpuContext c;
  Matrix<float> y{50, 40}, state = inputs["initial"];
  const SelectiveScan::Weights<View<const float>> w{inputs["step_bias"].view(), inputs["A_log"].view(), inputs["D"].view()};
  const SelectiveScan::State<View<float>> carried{state.view()};
  for (const auto& [begin, count] : {std::pair<Index, Index>{0, 21}, {21, 28}, {49, 1}}) {
    const Sequence part{0, count, begin};
    c.begin({&part, 1}, count);
    const auto rows = [&, first = begin, length = count](const char* name) { return inputs[name].view().middle_rows(first, length); };
    c.recurrence(SelectiveScan{40, 16}, w, {.u = rows("u"), .raw_step = rows("raw_step"), .B = rows("B"), .C = rows("C"), .z = rows("z")},
                 {y.view().middle_rows(begin, count)}, {&carried, &carried});
  }
  BOOST_TEST(largest_difference(y.view(), whole.at("y").view()) < 2e-6);
  BOOST_TEST(largest_difference(state.view(), whole.at("final").view()) < 2e-6);
}
// The same bits however many threads share the work.
BOOST_AUTO_TEST_CASE(threads_do_not_matter) {
  for (const Index channels : {40, 200, 300}) {
    const Inputs inputs{{{channels, 16}, 96, {{0, 50, 0}, {50, 46, 0}}}};
    const auto expected = run<CpuContext>(inputs);
#ifdef _OPENMP
    const int threads = omp_get_max_threads();
    for (const int count : {1, 2, 3, 5}) {
      omp_set_num_threads(count);
      const auto found = run<CpuContext>(inputs);
      for (const auto& [name, matrix] : expected) BOOST_TEST(matrix.values == found.at(name).values, name << ", " << count << " threads");
    }
    omp_set_num_threads(threads);
#endif
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

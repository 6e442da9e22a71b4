// The chunked matrix memory of the Cpu back-end against the token by token one of Reference in double, forward and backward.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>

#include "matrix.hpp"

namespace rondo::test {
namespace {

enum class Gates { usual, open, shut, mixed, large_inputs };

struct Problem {
  MatrixMemory memory;
  Index tokens;
  std::vector<Sequence> sequences;
  bool states = false;  // initial states, and gradients of final ones
  Gates gates = Gates::usual;
};

struct Inputs {
  Inputs(const Problem& problem, unsigned seed) {
    const MatrixMemory& p = problem.memory;
    const Index K = p.heads * p.key_width, V = p.heads * p.value_width, s = std::ssize(problem.sequences);
    for (const Index columns : {K, K, V, p.heads, p.heads, V}) tokens.emplace_back(problem.tokens, columns);
    for (int set = 0; set < 2; ++set)
      for (const Index columns : {K * p.value_width, K, p.heads}) states.emplace_back(s, columns);
    for (auto* list : {&tokens, &states})
      for (Matrix<float>& each : *list) fill_random(each, seed++);
    Matrix<float>&i = tokens[3], &f = tokens[4];
    for (Index t = 0; t < problem.tokens; ++t)
      for (Index h = 0; h < p.heads; ++h) {
        const bool pick = problem.gates == Gates::mixed && (t + h) % 5 == 0;
        if (problem.gates == Gates::usual || problem.gates == Gates::mixed) f(t, h) += 3;
        if (problem.gates == Gates::open) f(t, h) = 1000;
        if (problem.gates == Gates::shut || pick) f(t, h) = -1000;
        if (problem.gates == Gates::large_inputs) i(t, h) *= 20;
        if (pick) i(t, h) = -1000;
      }
  }
  std::vector<Matrix<float>> tokens;  // q, k, v, i, f, dh
  std::vector<Matrix<float>> states;  // initial C, n, m and gradients of the final ones
};

// h, final C, n, m, dq, dk, dv, di, df, and the gradients of initial C, n, m.
const char* const result_names[] = {"h", "C", "n", "m", "dq", "dk", "dv", "di", "df", "dC", "dn", "dm"};

template <class Backend>
std::vector<Matrix<double>> run(const Problem& problem, const Inputs& in) {
  using T = typename Backend::Scalar;
  using State = MatrixMemory::State<View<T>>;
  typename Backend::Context c;
  c.begin(problem.sequences, problem.tokens);
  const auto copy = [&](const Matrix<float>& from, bool values = true) {
    const View<T> to = c.matrix(from.rows, from.columns);
    for (Index i = 0; i < to.size(); ++i)
      to.data[i] = values ? static_cast<T>(from.values[static_cast<std::size_t>(i)]) : std::numeric_limits<T>::quiet_NaN();
    return to;
  };
  std::vector<View<T>> x, d;
  for (const Matrix<float>& each : in.tokens) x.push_back(copy(each)), d.push_back(copy(each, false));
  const auto state = [&](std::size_t first, bool values) {
    return State{copy(in.states[first], values), copy(in.states[first + 1], values), copy(in.states[first + 2], values)};
  };
  const State initial = state(0, true), d_final = state(3, true), final = state(0, false), d_initial = state(0, false);
  const State* const start = problem.states ? &initial : nullptr;
  const View<T> h = d[5];
  c.recurrence(problem.memory, {}, {x[0], x[1], x[2], x[3], x[4]}, {h}, {start, &final});
  c.recurrence_gradient(problem.memory, {}, {x[0], x[1], x[2], x[3], x[4]}, {h}, {x[5]}, {}, {d[0], d[1], d[2], d[3], d[4]},
                        {start, problem.states ? &d_final : nullptr, &d_initial});
  std::vector<Matrix<double>> results;
  for (const View<T>& each : {h, final.memory, final.normaliser, final.stabiliser, d[0], d[1], d[2], d[3], d[4], d_initial.memory,
                              d_initial.normaliser, d_initial.stabiliser}) {
    results.emplace_back(each.rows, each.columns);
    std::copy_n(each.data, each.size(), results.back().values.begin());
  }
  return results;
}

// Largest differences in units of the largest value; di and df are sums of terms of the size of k dk. Where n . q is nearly zero
// or m is large, float32 loses digits whatever the order of operations: the plain loop in float32 is the measure.
void compare(const Problem& problem, const std::string& name) {
  const Inputs in(problem, 7);
  const auto expected = run<Reference<double>>(problem, in), found = run<Cpu>(problem, in);
  const auto rounded = run<Reference<float>>(problem, in);
  const auto size_of = [](const Matrix<double>& m) {
    double size = 1e-30;
    for (const double x : m.values) size = std::max(size, std::abs(x));
    return size;
  };
  for (std::size_t n = 0; n < expected.size(); ++n) {
    const double size = n == 7 || n == 8 || n == 11 ? std::max(size_of(expected[n]), size_of(expected[5])) : size_of(expected[n]);
    const auto error_of = [&](const Matrix<double>& result) {
      double worst = 0;
      for (std::size_t i = 0; i < result.values.size(); ++i) {
        const double error = std::abs(result.values[i] - expected[n].values[i]) / size;
        worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
      }
      return worst;
    };
    const double error = error_of(found[n]);
    BOOST_TEST(error < std::max(2e-5, std::min(4 * error_of(rounded[n]), 0.1)),
               name << ": " << result_names[n] << " differs by " << error);
  }
}

MatrixMemory sizes(Index heads, Index K, Index V, MatrixMemory::Start start = MatrixMemory::Start::zero) {
  return {heads, K, V, 1 / std::sqrt(static_cast<double>(K)), 1e-6, start};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(matrix_memory)

BOOST_AUTO_TEST_CASE(lengths) {
  for (const auto start : {MatrixMemory::Start::zero, MatrixMemory::Start::unbounded})
    for (const Index length : {1, 2, 31, 32, 33, 63, 64, 65, 130})
      for (const bool states : {false, true})
        compare({sizes(2, 16, 24, start), length, {{0, length, 0}}, states},
                "length " + std::to_string(length) + (states ? " with states" : ""));
}
BOOST_AUTO_TEST_CASE(widths) {
  for (const Index K : {1, 5, 33, 128})
    for (const Index V : {1, 7, 32, 144})
      for (const Index length : {1, 70})
        compare({sizes(1, K, V), length, {{0, length, 0}}, true}, std::to_string(K) + " x " + std::to_string(V));
}
BOOST_AUTO_TEST_CASE(strong_and_weak_gates) {
  for (const Gates gates : {Gates::open, Gates::shut, Gates::mixed, Gates::large_inputs})
    for (const auto start : {MatrixMemory::Start::zero, MatrixMemory::Start::unbounded})
      for (const Index length : {1, 40, 130})
        for (const bool states : {false, true})
          compare({sizes(2, 12, 20, start), length, {{0, length, 0}}, states, gates},
                  "gates " + std::to_string(static_cast<int>(gates)));
}
// Sequences of different lengths, one of a single token, one of none, rows that none covers before, between and after them.
BOOST_AUTO_TEST_CASE(ragged_sequences) {
  for (const auto start : {MatrixMemory::Start::zero, MatrixMemory::Start::unbounded})
    for (const bool states : {false, true})
      compare({sizes(3, 16, 16, start), 210, {{2, 70, 0}, {80, 1, 5}, {90, 17, 0}, {110, 0, 0}, {112, 96, 3}}, states}, "ragged");
}
// The same bits however many threads share the work.
BOOST_AUTO_TEST_CASE(threads_do_not_matter) {
#ifdef _OPENMP
  const int threads = omp_get_max_threads();
  for (const Problem& problem : {Problem{sizes(4, 32, 32), 200, {{0, 100, 0}, {100, 60, 0}, {160, 40, 0}}, true},
                                 Problem{sizes(2, 24, 100), 150, {{0, 149, 0}, {149, 1, 0}}, true},      // values in parts
                                 Problem{sizes(1, 24, 100, MatrixMemory::Start::unbounded), 150, {{0, 150, 0}}, false}}) {
    const Inputs in(problem, 5);
    omp_set_num_threads(1);
    const auto expected = run<Cpu>(problem, in);
    for (const int count : {2, 3, 5, 9}) {
      omp_set_num_threads(count);
      const auto found = run<Cpu>(problem, in);
      for (std::size_t n = 0; n < found.size(); ++n)
        BOOST_TEST((found[n].values == expected[n].values), count << " threads: " << result_names[n]);
    }
  }
  omp_set_num_threads(threads);
#endif
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

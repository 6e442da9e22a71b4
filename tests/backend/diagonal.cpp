// The diagonal recurrence's kernels against plain loops in double, on few and many threads.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/rowwise.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "backend/matrix.hpp"

namespace rondo::test {
namespace {

struct Problem {
  Index width, tokens;
  std::vector<Sequence> sequences;
  bool states = false;  // initial states, and gradients of final ones
};

// Log decays of every size: forgetful, lasting, exactly zero, beyond what a float's exponential reaches.
struct Inputs {
  explicit Inputs(const Problem& problem)
      : g(problem.tokens, problem.width),
        x(problem.tokens, problem.width),
        d_h(problem.tokens, problem.width),
        initial(std::ssize(problem.sequences), problem.width),
        d_final(initial.rows, problem.width) {
    fill_random(g, 1), fill_random(x, 2), fill_random(d_h, 3), fill_random(initial, 4), fill_random(d_final, 5);
    for (Index t = 0; t < g.rows; ++t)
      for (Index i = 0; i < g.columns; ++i) {
        const Index kind = (3 * t + i) % 11;
        g(t, i) = kind == 0 ? 0.0F : kind == 1 ? -20.0F : kind == 2 ? -1e30F : -std::log1p(std::exp(-3 * g(t, i)));
      }
  }
  Matrix<float> g, x, d_h, initial, d_final;
};

template <class T>
struct Results {
  explicit Results(const Problem& problem)
      : h(problem.tokens, problem.width),
        final(std::ssize(problem.sequences), problem.width),
        dg(h.rows, h.columns),
        dx(h.rows, h.columns),
        d_initial(final.rows, final.columns) {}
  Matrix<T> h, final, dg, dx, d_initial;
};

Results<double> plain(const Problem& problem, const Inputs& in) {
  Results<double> out(problem);
  for (Index s = 0; s < out.final.rows; ++s)
    for (Index i = 0; i < problem.width; ++i) {
      const Sequence& sequence = problem.sequences[static_cast<std::size_t>(s)];
      const double first = problem.states ? in.initial(s, i) : 0;
      double state = first, d = problem.states ? in.d_final(s, i) : 0;
      for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t)
        state = out.h(t, i) = std::exp(static_cast<double>(in.g(t, i))) * state + in.x(t, i);
      out.final(s, i) = state;
      for (Index t = sequence.begin + sequence.length; t-- > sequence.begin;) {
        const double decay = std::exp(static_cast<double>(in.g(t, i))), before = t > sequence.begin ? out.h(t - 1, i) : first;
        out.dx(t, i) = d += in.d_h(t, i);
        out.dg(t, i) = d * decay * before;
        d *= decay;
      }
      out.d_initial(s, i) = d;
    }
  return out;
}

// The initial state's memory becomes the final one's, the output's gradient that of the input.
Results<float> kernels(const Problem& problem, const Inputs& in) {
  Results<float> out(problem);
  for (Matrix<float>* m : {&out.h, &out.dg, &out.dx, &out.d_initial}) fill_nan(*m);
  out.final = in.initial;
  Matrix<float> first = in.initial, d_last = in.d_final;
  using State = Diagonal::State<View<float>>;
  const State final{out.final.view()}, initial{first.view()}, d_final{d_last.view()}, d_initial{out.d_initial.view()};
  const Diagonal tag{problem.width};
  CpuContext c;
  c.begin(problem.sequences, problem.tokens);
  c.recurrence(tag, {}, {.g = in.g.view(), .x = in.x.view()}, {out.h.view()}, {problem.states ? &final : nullptr, &final});
  out.dx = in.d_h;
  c.recurrence_gradient(tag, {}, {.g = in.g.view(), .x = {}}, {out.h.view()}, {out.dx.view()}, {},
                        {.g = out.dg.view(), .x = out.dx.view()},
                        {problem.states ? &initial : nullptr, problem.states ? &d_final : nullptr, &d_initial});
  BOOST_TEST(c.scratch.used() == 0U);
  return out;
}

void compare(const Problem& problem, const std::string& name) {
  const Inputs in(problem);
  const Results<double> expected = plain(problem, in);
  const Results<float> found = kernels(problem, in);
  const auto difference = [](const Matrix<float>& a, const Matrix<double>& b) { return largest_difference(a.view(), b.view()); };
  BOOST_TEST_CONTEXT(name) {
    BOOST_TEST(difference(found.h, expected.h) < 3e-6);
    BOOST_TEST(difference(found.final, expected.final) < 3e-6);
    BOOST_TEST(difference(found.dg, expected.dg) < 1e-5);
    BOOST_TEST(difference(found.dx, expected.dx) < 3e-6);
    BOOST_TEST(difference(found.d_initial, expected.d_initial) < 3e-6);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(diagonal)

// Sequences of many lengths, one of none, rows that none covers before, between and after them; widths with and without a rest.
BOOST_AUTO_TEST_CASE(agrees_with_plain_loops) {
  for (const Index width : {1, 15, 64, 203})
    for (const bool states : {false, true})
      compare({width, 210, {{2, 70, 0}, {80, 1, 5}, {90, 17, 0}, {110, 0, 0}, {112, 96, 3}}, states},
              std::to_string(width) + " channels" + (states ? ", states" : ""));
}
BOOST_AUTO_TEST_CASE(threads_do_not_matter) {
  const Problem problem{203, 260, {{0, 100, 0}, {100, 60, 0}, {165, 90, 0}}, true};
  BOOST_TEST(problem.width * problem.tokens > elements_worth_a_thread);
  compare(problem, "threads");
#ifdef _OPENMP
  const Inputs in(problem);
  const int threads = omp_get_max_threads();
  const Results<float> expected = kernels(problem, in);
  for (const int count : {1, 2, 3, 5}) {
    omp_set_num_threads(count);
    const Results<float> found = kernels(problem, in);
    for (const auto member : {&Results<float>::h, &Results<float>::final, &Results<float>::dg, &Results<float>::dx,
                              &Results<float>::d_initial})
      BOOST_TEST(((found.*member).values == (expected.*member).values), count << " threads");
  }
  omp_set_num_threads(threads);
#endif
}
BOOST_AUTO_TEST_CASE(sizes_that_disagree_are_refused) {
  Matrix<float> three(4, 3), two(4, 2);
  const std::vector<Sequence> sequences{{0, 4, 0}};
  CpuContext c;
  c.begin(sequences, 4);
  const auto said = [](const std::string& what) { return [what](const Error& error) { return error.what() == what; }; };
  BOOST_CHECK_EXCEPTION(c.recurrence(Diagonal{3}, {}, {.g = three.view(), .x = two.view()}, {three.view()}), Error,
                        said("recurrence: x is [4, 2], expected [4, 3]"));
  c.begin(sequences, 3);
  BOOST_CHECK_EXCEPTION(c.recurrence(Diagonal{3}, {}, {.g = three.view(), .x = three.view()}, {three.view()}), Error,
                        said("recurrence: a sequence ends at row 4 of 3"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

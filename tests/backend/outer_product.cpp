// The chunked outer-product recurrence against its step form in double, forward and backward.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>

#include "matrix.hpp"

namespace rondo::test {
namespace {

enum class Decay { usual, none, strong, vanishing, mixed };

struct Problem {
  OuterProduct sizes;
  Index tokens;
  std::vector<Sequence> sequences;
  bool states = false;  // initial states, and gradients of final ones
  Decay decay = Decay::usual;
};

// Inputs are columns of one wide matrix.
struct Inputs {
  Inputs(const Problem& problem, unsigned seed)
      : K(problem.sizes.heads * problem.sizes.key_width),
        V(problem.sizes.heads * problem.sizes.value_width),
        wide(problem.tokens, 3 * K + V + 3),
        d_o(problem.tokens, V),
        initial(std::ssize(problem.sequences), K * problem.sizes.value_width),
        d_final(initial.rows, initial.columns) {
    fill_random(wide, seed), fill_random(d_o, seed + 1), fill_random(initial, seed + 2), fill_random(d_final, seed + 3);
    for (Index t = 0; t < wide.rows; ++t)
      for (Index i = 0; i < K; ++i) {
        float& g = wide(t, 2 * K + i);
        const float x = g;
        const bool pick = problem.decay == Decay::mixed && (t + i) % 5 == 0;
        if (problem.decay == Decay::usual || problem.decay == Decay::mixed) g = -std::log1p(std::exp(-3 - x));
        if (problem.decay == Decay::none) g = 0;
        if (problem.decay == Decay::strong || pick) g = -20;
        if (problem.decay == Decay::vanishing || (pick && t % 2)) g = -1e30f;
      }
  }
  [[nodiscard]] View<const float> columns(Index begin, Index count) const { return wide.view().middle_columns(begin, count); }
  [[nodiscard]] View<const float> q() const { return columns(0, K); }
  [[nodiscard]] View<const float> k() const { return columns(K, K); }
  [[nodiscard]] View<const float> g() const { return columns(2 * K, K); }
  [[nodiscard]] View<const float> v() const { return columns(3 * K, V); }
  [[nodiscard]] OuterProduct::Inputs<View<const float>> rows(Index begin, Index count) const {
    const auto cut = [&](View<const float> view) { return view.middle_rows(begin, count); };
    return {.q = cut(q()), .k = cut(k()), .g = cut(g()), .v = cut(v())};
  }

  Index K, V;
  Matrix<float> wide, d_o, initial, d_final;
};

template <class T>
struct Results {
  Results(const Problem& problem, const Inputs& in)
      : o(problem.tokens, in.V),
        final(in.initial.rows, in.initial.columns),
        dq(problem.tokens, in.K),
        dk(problem.tokens, in.K),
        dg(problem.tokens, in.K),
        dv(problem.tokens, in.V),
        d_initial(in.initial.rows, in.initial.columns) {}
  Matrix<T> o, final, dq, dk, dg, dv, d_initial;
};

// S_t and dS_t one token after the other.
Results<double> step_form(const Problem& problem, const Inputs& in) {
  Results<double> out(problem, in);
  const Index K = problem.sizes.key_width, V = problem.sizes.value_width;
  const double c = problem.sizes.scale;
  for (std::size_t s = 0; s < problem.sequences.size(); ++s) {
    const Index first = problem.sequences[s].begin, length = problem.sequences[s].length;
    for (Index h = 0; h < problem.sizes.heads; ++h) {
      const auto size = static_cast<std::size_t>(K * V);
      const auto row = static_cast<Index>(s);
      std::vector<std::vector<double>> states(static_cast<std::size_t>(length) + 1, std::vector<double>(size));
      const auto at = [V](auto& state, Index i, Index j) -> auto& {
        return state[static_cast<std::size_t>(i * V + j)];
      };
      if (problem.states)
        for (Index i = 0; i < K * V; ++i) states[0][static_cast<std::size_t>(i)] = in.initial(row, h * K * V + i);
      for (Index t = 0; t < length; ++t) {
        auto &before = states[static_cast<std::size_t>(t)], &after = states[static_cast<std::size_t>(t) + 1];
        for (Index i = 0; i < K; ++i)
          for (Index j = 0; j < V; ++j) {
            at(after, i, j) = std::exp(static_cast<double>(in.g()(first + t, h * K + i))) * at(before, i, j) +
                              static_cast<double>(in.k()(first + t, h * K + i)) * in.v()(first + t, h * V + j);
            out.o(first + t, h * V + j) += c * in.q()(first + t, h * K + i) * at(after, i, j);
          }
      }
      std::vector<double> d(size);
      for (Index i = 0; i < K * V; ++i) {
        out.final(row, h * K * V + i) = states.back()[static_cast<std::size_t>(i)];
        if (problem.states) d[static_cast<std::size_t>(i)] = in.d_final(row, h * K * V + i);
      }
      for (Index t = length; t-- > 0;) {
        auto &before = states[static_cast<std::size_t>(t)], &after = states[static_cast<std::size_t>(t) + 1];
        for (Index i = 0; i < K; ++i)
          for (Index j = 0; j < V; ++j) {
            const double decay = std::exp(static_cast<double>(in.g()(first + t, h * K + i))),
                         d_output = in.d_o(first + t, h * V + j);
            double& d_state = at(d, i, j);
            d_state += c * in.q()(first + t, h * K + i) * d_output;
            out.dq(first + t, h * K + i) += c * at(after, i, j) * d_output;
            out.dk(first + t, h * K + i) += d_state * in.v()(first + t, h * V + j);
            out.dv(first + t, h * V + j) += d_state * in.k()(first + t, h * K + i);
            out.dg(first + t, h * K + i) += decay * d_state * at(before, i, j);
            d_state *= decay;
          }
      }
      for (Index i = 0; i < K * V; ++i) out.d_initial(row, h * K * V + i) = d[static_cast<std::size_t>(i)];
    }
  }
  return out;
}

Results<float> chunked(const Problem& problem, const Inputs& in) {
  Results<float> out(problem, in);
  for (Matrix<float>* m : {&out.o, &out.final, &out.dq, &out.dk, &out.dg, &out.dv, &out.d_initial}) fill_nan(*m);
  CpuContext c;
  c.begin(problem.sequences, problem.tokens);
  Matrix<float> first = in.initial, d_last = in.d_final;
  const OuterProduct::State<View<float>> initial{first.view()}, d_final{d_last.view()}, final{out.final.view()};
  const OuterProduct::State<View<float>> d_initial{out.d_initial.view()}, *const start = problem.states ? &initial : nullptr;
  c.recurrence(problem.sizes, {}, in.rows(0, problem.tokens), {out.o.view()}, {start, &final});
  c.recurrence_gradient(problem.sizes, {}, in.rows(0, problem.tokens), {out.o.view()}, {in.d_o.view()}, {},
                        {.q = out.dq.view(), .k = out.dk.view(), .g = out.dg.view(), .v = out.dv.view()},
                        {start, problem.states ? &d_final : nullptr, &d_initial});
  BOOST_TEST(c.scratch.used() == 0U);
  return out;
}

// Largest error in units of the largest value.
double relative_error(const Matrix<float>& found, const Matrix<double>& expected) {
  double size = 1e-30, worst = 0;
  for (double x : expected.values) size = std::max(size, std::abs(x));
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    const double error = std::abs(found.values[i] - expected.values[i]) / size;
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  return worst;
}

void compare(const Problem& problem, const std::string& name) {
  const Inputs in(problem, 7);
  const Results<double> expected = step_form(problem, in);
  const Results<float> found = chunked(problem, in);
  BOOST_TEST_CONTEXT(name) {
    BOOST_TEST(relative_error(found.o, expected.o) < 3e-6);
    BOOST_TEST(relative_error(found.final, expected.final) < 3e-6);
    BOOST_TEST(relative_error(found.dq, expected.dq) < 3e-6);
    BOOST_TEST(relative_error(found.dk, expected.dk) < 3e-6);
    BOOST_TEST(relative_error(found.dv, expected.dv) < 3e-6);
    BOOST_TEST(relative_error(found.d_initial, expected.d_initial) < 3e-6);
    // dg is a difference of sums of the size of q dq.
    double size = 0;
    for (std::size_t i = 0; i < expected.dq.values.size(); ++i) size = std::max(size, std::abs(expected.dq.values[i]));
    Matrix<double> dg = expected.dg;
    double worst = 0;
    for (std::size_t i = 0; i < dg.values.size(); ++i) worst = std::max(worst, std::abs(found.dg.values[i] - dg.values[i]));
    BOOST_TEST(worst < 1e-5 * size);
    BOOST_TEST(worst == worst);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outer_product)

BOOST_AUTO_TEST_CASE(lengths) {
  for (Index length : {1, 2, 3, 15, 16, 17, 63, 64, 65, 130})
    for (bool states : {false, true})
      compare({{2, 16, 24, 0.25}, length, {{0, length, 0}}, states},
              "length " + std::to_string(length) + (states ? " with states" : ""));
}
BOOST_AUTO_TEST_CASE(widths) {
  for (Index K : {1, 5, 8, 33, 64, 128})
    for (Index V : {1, 7, 32, 128})
      compare({{1, K, V, 0.5}, 70, {{0, 70, 0}}, true}, std::to_string(K) + " x " + std::to_string(V));
}
BOOST_AUTO_TEST_CASE(decays) {
  for (Decay decay : {Decay::none, Decay::strong, Decay::vanishing, Decay::mixed})
    for (Index length : {1, 40, 130})
      compare({{2, 12, 20, 0.3}, length, {{0, length, 0}}, true, decay}, "decay " + std::to_string(static_cast<int>(decay)));
}
// Sequences of different lengths, one of a single token, one of none, rows that none covers before, between and after them.
BOOST_AUTO_TEST_CASE(ragged_sequences) {
  for (bool states : {false, true})
    compare({{3, 16, 16, 0.25}, 210, {{2, 70, 0}, {80, 1, 5}, {90, 17, 0}, {110, 0, 0}, {112, 96, 3}}, states}, "ragged");
}
// Half of the tokens, then the rest from the state that they leave.
BOOST_AUTO_TEST_CASE(continues_from_its_state) {
  for (Index cut : {1, 64, 77, 99}) {
    const Problem whole{{2, 16, 40, 0.25}, 100, {{0, 100, 0}}, true};
    const Inputs in(whole, 3);
    CpuContext c;
    Matrix<float> o{100, in.V}, parts{100, in.V}, final = in.initial, state = in.initial;
    const auto run = [&](Index begin, Index count, View<float> output, Matrix<float>& states) {
      const Sequence piece{0, count, begin};
      const OuterProduct::State<View<float>> carried{states.view()};
      c.begin({&piece, 1}, count);
      c.recurrence(whole.sizes, {}, in.rows(begin, count), {output.middle_rows(begin, count)}, {&carried, &carried});
    };
    run(0, 100, o.view(), final);
    for (const auto& [begin, count] : {std::pair<Index, Index>{0, cut}, {cut, 99 - cut}, {99, 1}})
      if (count > 0) run(begin, count, parts.view(), state);
    BOOST_TEST(largest_difference(parts.view(), o.view()) < 1e-5, "cut at " << cut);
    BOOST_TEST(largest_difference(state.view(), final.view()) < 1e-5, "cut at " << cut);
  }
}
// The same bits however many threads share the work.
BOOST_AUTO_TEST_CASE(threads_do_not_matter) {
  for (const Problem& problem : {Problem{{4, 32, 32, 0.2}, 200, {{0, 100, 0}, {100, 60, 0}, {160, 40, 0}}, true},
                                 Problem{{1, 32, 32, 0.2}, 330, {{0, 300, 0}, {300, 1, 0}, {301, 29, 0}}, true},
                                 Problem{{2, 16, 40, 0.2}, 210, {{0, 205, 0}}, false}}) {
    const Inputs in(problem, 5);
    const Results<float> expected = chunked(problem, in);
#ifdef _OPENMP
    const int threads = omp_get_max_threads();
    for (int count : {1, 2, 3, 5}) {
      omp_set_num_threads(count);
      const Results<float> found = chunked(problem, in);
      for (auto member : {&Results<float>::o, &Results<float>::final, &Results<float>::dq, &Results<float>::dk, &Results<float>::dg,
                          &Results<float>::dv, &Results<float>::d_initial})
        BOOST_TEST(((found.*member).values == (expected.*member).values), count << " threads");
    }
    omp_set_num_threads(threads);
#endif
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

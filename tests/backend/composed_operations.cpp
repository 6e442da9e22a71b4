// What a back-end fuses is what the plain operations give, one after the other.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/core/half.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <vector>

#include "backend/matrix.hpp"

namespace rondo::test {
namespace {

Matrix<float> random(Index rows, Index columns, unsigned seed) {
  Matrix<float> result{rows, columns};
  fill_random(result, seed);
  return result;
}

// Three matrices of different heights, `gap` floats apart.
struct Weights {
  static constexpr Index heights[3] = {40, 8, 64};
  std::vector<float> memory;
  std::array<View<float>, 3> views;
  Weights(Index in, Index gap, unsigned seed) {
    const Matrix<float> numbers = random(1, 3 * gap + (heights[0] + heights[1] + heights[2]) * in, seed);
    memory = numbers.values;
    float* next = memory.data();
    for (std::size_t i = 0; i < 3; ++i) {
      views[i] = {next, heights[i], in};
      next += heights[i] * in + gap;
    }
  }
};
constexpr Index all_outputs = 112;

}  // namespace

BOOST_AUTO_TEST_SUITE(composed_operations)

// Sums of one matrix's output run over the same numbers in the same order: the same bits.
BOOST_AUTO_TEST_CASE(several_weights) {
  constexpr Index in = 96;
  for (const Index gap : {0, 16})
    for (const Index tokens : {1, 4, 100, 700}) {
      const Matrix<float> x = random(tokens, in, 1);
      Matrix<float> found = random(tokens, all_outputs, 2), expected = random(tokens, all_outputs, 3);
      const Weights w(in, gap, 4);
      CpuContext c;
      c.linear(x.view(), w.views, found.view());
      c.CpuContext::Composed::linear(x.view(), w.views, expected.view());
      BOOST_TEST((found.values == expected.values), tokens << " tokens, weights " << gap << " apart");
      BOOST_TEST(c.scratch.used() == 0);

      std::vector<bf16> halves(w.memory.begin(), w.memory.end());
      std::array<View<bf16>, 3> half_views;
      for (std::size_t i = 0; i < 3; ++i)
        half_views[i] = {halves.data() + (w.views[i].data - w.memory.data()), Weights::heights[i], in};
      c.linear(x.view(), half_views, found.view());
      c.CpuContext::Composed::linear(x.view(), half_views, expected.view());
      BOOST_TEST(largest_difference(found.view(), expected.view()) < 1e-5);

      const Matrix<float> dy = random(tokens, all_outputs, 5);
      Weights d(in, gap, 6), d_expected(in, gap, 6);
      c.linear_weight_gradient(dy.view(), x.view(), d.views);
      c.CpuContext::Composed::linear_weight_gradient(dy.view(), x.view(), d_expected.views);
      for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(largest_difference(d.views[i], d_expected.views[i]) < 1e-5);
      for (std::size_t i = 0; i < d.memory.size(); ++i)  // what lies between stays
        if (gap && (i - static_cast<std::size_t>(Weights::heights[0] * in)) < 16) BOOST_TEST(d.memory[i] == d_expected.memory[i]);
    }
}

BOOST_AUTO_TEST_CASE(input_gradient_of_several) {
  constexpr Index in = 96, tokens = 30;
  const Weights w(in, 16, 1);
  const Matrix<float> dy = random(tokens, all_outputs, 2);
  for (const Onto onto : {Onto::write, Onto::add}) {
    Matrix<float> found = random(tokens, in, 3), expected = found;
    CpuContext c;
    c.linear_input_gradient(dy.view(), w.views, found.view(), onto);
    if (onto == Onto::write) c.zero(expected.view());
    Index begin = 0;
    for (const View<float>& weight : w.views) {
      c.linear_input_gradient(dy.view().middle_columns(begin, weight.rows), weight, expected.view(), Onto::add);
      begin += weight.rows;
    }
    BOOST_TEST(largest_difference(found.view(), expected.view()) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(bias_term_and_activation) {
  constexpr Index in = 37, out = 29, tokens = 11;
  const Matrix<float> x = random(tokens, in, 1), plus = random(tokens, out, 2);
  Matrix<float> w = random(out, in, 3), b = random(1, out, 4), y{tokens, out}, expected{tokens, out}, before{tokens, out};
  CpuContext c;
  c.linear(x.view(), w.view(), b.view(), y.view(), plus.view());
  c.linear(x.view(), w.view(), expected.view());
  c.add_bias(b.view(), expected.view());
  const Matrix<float> without_term = expected;
  c.add(plus.view(), expected.view());
  BOOST_TEST((y.values == expected.values));
  c.linear_map<Silu>(x.view(), w.view(), b.view(), before.view(), y.view());
  c.map<Silu>(without_term.view(), expected.view());
  BOOST_TEST((before.values == without_term.values));
  BOOST_TEST((y.values == expected.values));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

#include <rondo/backend/cpu/lstm_cell.hpp>
#include <rondo/backend/cpu/lstm_cell_backward.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include "backend/matrix.hpp"

namespace rondo::test {
namespace {

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

// Everything in double, one sequence and token at a time.
struct Expected {
  Matrix<double> gates, h, c, h_final, c_final, da, d_h_initial, d_c_initial, h_previous;
};

Expected expected(const std::vector<Sequence>& sequences, View<const float> a, View<const float> weight, View<const float> h0,
                  View<const float> c0, View<const float> d_h, View<const float> d_h_final, View<const float> d_c_final) {
  const Index tokens = a.rows, width = weight.columns, count = static_cast<Index>(sequences.size());
  Expected e{{tokens, 4 * width}, {tokens, width}, {tokens, width}, {count, width}, {count, width},
             {tokens, 4 * width}, {count, width},  {count, width},  {tokens, width}};
  for (Index s = 0; s < count; ++s) {
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    std::vector<double> h(static_cast<std::size_t>(width)), c(h), dh(h), dc(h);
    const auto n = [](Index i) { return static_cast<std::size_t>(i); };
    for (Index j = 0; j < width; ++j) {
      h[n(j)] = h0 ? h0(s, j) : 0, c[n(j)] = c0 ? c0(s, j) : 0;
      dh[n(j)] = d_h_final ? d_h_final(s, j) : 0, dc[n(j)] = d_c_final ? d_c_final(s, j) : 0;
    }
    for (Index row = sequence.begin; row < sequence.begin + sequence.length; ++row) {
      for (Index k = 0; k < 4 * width; ++k) {
        double sum = a(row, k);
        for (Index j = 0; j < width; ++j) sum += static_cast<double>(weight(k, j)) * h[n(j)];
        e.gates(row, k) = k / width == 2 ? std::tanh(sum) : logistic(sum);
      }
      for (Index j = 0; j < width; ++j) {
        e.h_previous(row, j) = h[n(j)];
        c[n(j)] = e.c(row, j) = e.gates(row, width + j) * c[n(j)] + e.gates(row, j) * e.gates(row, 2 * width + j);
        h[n(j)] = e.h(row, j) = e.gates(row, 3 * width + j) * std::tanh(c[n(j)]);
      }
    }
    for (Index j = 0; j < width; ++j) e.h_final(s, j) = h[n(j)], e.c_final(s, j) = c[n(j)];
    for (Index row = sequence.begin + sequence.length - 1; row >= sequence.begin; --row) {
      for (Index j = 0; j < width; ++j) {
        const double i = e.gates(row, j), f = e.gates(row, width + j), g = e.gates(row, 2 * width + j),
                     o = e.gates(row, 3 * width + j);
        const double tc = std::tanh(e.c(row, j)), d = dh[n(j)] + d_h(row, j), cell = dc[n(j)] + d * o * (1 - tc * tc);
        const double before = row > sequence.begin ? e.c(row - 1, j) : c0 ? c0(s, j) : 0;
        e.da(row, j) = cell * g * i * (1 - i), e.da(row, width + j) = cell * before * f * (1 - f);
        e.da(row, 2 * width + j) = cell * i * (1 - g * g), e.da(row, 3 * width + j) = d * tc * o * (1 - o);
        dc[n(j)] = cell * f;
      }
      for (Index j = 0; j < width; ++j) {
        dh[n(j)] = 0;
        for (Index k = 0; k < 4 * width; ++k) dh[n(j)] += weight(k, j) * e.da(row, k);
      }
    }
    for (Index j = 0; j < width; ++j) e.d_h_initial(s, j) = dh[n(j)], e.d_c_initial(s, j) = dc[n(j)];
  }
  return e;
}

void check(Index width, Index tokens, const std::vector<Sequence>& sequences, bool states) {
  const auto count = static_cast<Index>(sequences.size());
  Matrix<float> fused{tokens, 4 * width + 5}, weight{4 * width, width}, h0{count, width}, c0{count, width}, d_h{tokens, width};
  Matrix<float> h{tokens, width + 2}, c{tokens, width}, h_final{count, width}, c_final{count, width}, previous{tokens, width};
  Matrix<float> d_h_final{count, width}, d_c_final{count, width}, d_h_initial{count, width}, d_c_initial{count, width};
  fill_random(fused, 1), fill_random(weight, 2, 1 / std::sqrt(static_cast<float>(width))), fill_random(h0, 3), fill_random(c0, 4);
  fill_random(d_h, 5), fill_random(d_h_final, 6), fill_random(d_c_final, 7);
  for (Matrix<float>* m : {&h, &c, &h_final, &c_final, &previous, &d_h_initial, &d_c_initial}) fill_nan(*m);
  const View<float> gates = fused.view().middle_columns(2, 4 * width), h_view = h.view().middle_columns(1, width);
  const LstmState initial = states ? LstmState{h0.view(), c0.view()} : LstmState{};
  const LstmState d_final = states ? LstmState{d_h_final.view(), d_c_final.view()} : LstmState{};
  const Expected e = expected(sequences, gates, weight.view(), initial.h, initial.c, d_h.view(), d_final.h, d_final.c);
  Arena arena;
  lstm_forward(sequences, gates, weight.view(), initial, h_view, c.view(),
               states ? LstmStateTarget{h_final.view(), c_final.view()} : LstmStateTarget{}, arena);
  previous_rows(sequences, h_view, initial.h, previous.view());
  BOOST_TEST(largest_difference(View<const float>{h_view}, e.h.view()) < 1e-5);
  BOOST_TEST(largest_difference(c.view(), e.c.view()) < 1e-5);
  BOOST_TEST(largest_difference(previous.view(), e.h_previous.view()) < 1e-5);
  for (const Sequence& sequence : sequences)
    BOOST_TEST(largest_difference(gates.middle_rows(sequence.begin, sequence.length),
                                  e.gates.view().middle_rows(sequence.begin, sequence.length)) < 1e-5);
  lstm_backward(sequences, gates, weight.view(), initial, c.view(), d_h.view(), d_final, gates,
                states ? LstmStateTarget{d_h_initial.view(), d_c_initial.view()} : LstmStateTarget{}, arena);
  BOOST_TEST(largest_difference(View<const float>{gates}, e.da.view()) < 2e-5);
  BOOST_TEST(arena.used() == 0U);
  if (!states) return;
  BOOST_TEST(largest_difference(h_final.view(), e.h_final.view()) < 1e-5);
  BOOST_TEST(largest_difference(c_final.view(), e.c_final.view()) < 1e-5);
  BOOST_TEST(largest_difference(d_h_initial.view(), e.d_h_initial.view()) < 2e-5);
  BOOST_TEST(largest_difference(d_c_initial.view(), e.d_c_initial.view()) < 2e-5);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lstm_cell)

BOOST_AUTO_TEST_CASE(one_sequence_of_every_width) {
  for (const Index width : {1, 7, 8, 9, 16, 31, 64}) check(width, 6, {{0, 6}}, width % 2 == 0);
}

BOOST_AUTO_TEST_CASE(ragged_sequences_with_padding) {
  const std::vector<Sequence> sequences{{1, 5}, {6, 9}, {17, 1}, {18, 0}, {18, 9}, {27, 3}, {30, 2}, {32, 4}, {36, 6}};
  check(24, 44, sequences, true);
  check(19, 44, sequences, false);
  check(140, 44, sequences, true);
  check(12, 20, {{11, 9}, {0, 4}, {5, 6}}, true);
}

BOOST_AUTO_TEST_CASE(one_token) {
  check(20, 3, {{0, 1}, {1, 1}, {2, 1}}, true);
  check(300, 4, {{0, 1}, {2, 1}}, true);
}

BOOST_AUTO_TEST_CASE(a_cut_sequence_equals_a_whole_one) {
  const Index width = 40, tokens = 11;
  Matrix<float> gates{tokens, 4 * width}, weight{4 * width, width}, h{tokens, width}, c{tokens, width};
  fill_random(gates, 1), fill_random(weight, 2, 0.2F);
  Matrix<float> cut_gates = gates, cut_h = h, cut_c = c, h_between{1, width}, c_between{1, width};
  Arena arena;
  const std::vector<Sequence> whole{{0, 11}}, first{{0, 4}}, second{{0, 7}};
  lstm_forward(whole, gates.view(), weight.view(), {}, h.view(), c.view(), {}, arena);
  lstm_forward(first, cut_gates.view().middle_rows(0, 4), weight.view(), {}, cut_h.view().middle_rows(0, 4),
               cut_c.view().middle_rows(0, 4), {h_between.view(), c_between.view()}, arena);
  lstm_forward(second, cut_gates.view().middle_rows(4, 7), weight.view(), {h_between.view(), c_between.view()},
               cut_h.view().middle_rows(4, 7), cut_c.view().middle_rows(4, 7), {}, arena);
  BOOST_TEST(cut_h.values == h.values, boost::test_tools::per_element());
  BOOST_TEST(cut_gates.values == gates.values, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(disagreeing_sizes_are_refused) {
  Matrix<float> gates{4, 32}, weight{32, 9}, h{4, 8};
  Arena arena;
  const std::vector<Sequence> sequences{{0, 4}}, too_long{{0, 5}};
  BOOST_CHECK_THROW(lstm_forward(sequences, gates.view(), weight.view(), {}, h.view(), h.view(), {}, arena), Error);
  Matrix<float> square{32, 8};
  BOOST_CHECK_THROW(lstm_forward(too_long, gates.view(), square.view(), {}, h.view(), h.view(), {}, arena), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

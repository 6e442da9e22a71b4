// Nonlinear cells: the LSTM against plain double loops written out here, both against Reference.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>

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
  Matrix<float> h{tokens, width + 2}, c{tokens, width}, h_final{count, width}, c_final{count, width}, d_weight{4 * width, width};
  Matrix<float> d_h_final{count, width}, d_c_final{count, width}, d_h_initial{count, width}, d_c_initial{count, width};
  fill_random(fused, 1), fill_random(weight, 2, 1 / std::sqrt(static_cast<float>(width))), fill_random(h0, 3), fill_random(c0, 4);
  fill_random(d_h, 5), fill_random(d_h_final, 6), fill_random(d_c_final, 7);
  for (Matrix<float>* m : {&h, &c, &h_final, &c_final, &d_h_initial, &d_c_initial}) fill_nan(*m);
  const View<float> gates = fused.view().middle_columns(2, 4 * width), h_view = h.view().middle_columns(1, width);
  using State = LstmCell::State<View<float>>;
  const State initial{h0.view(), c0.view()}, d_final{d_h_final.view(), d_c_final.view()}, final{h_final.view(), c_final.view()};
  const State d_initial{d_h_initial.view(), d_c_initial.view()}, none{};
  const State &from = states ? initial : none, &d_from = states ? d_final : none;
  const Cell<LstmCell> cell{width};
  const Expected e = expected(sequences, gates, weight.view(), from.hidden, from.cell, d_h.view(), d_from.hidden, d_from.cell);
  CpuContext context;
  context.begin(sequences, tokens);
  const Cell<LstmCell>::Outputs<View<float>> out{.hidden = h_view, .cell = c.view(), .gates = gates};
  context.recurrence(cell, {weight.view()}, {gates}, out, {states ? &initial : nullptr, states ? &final : nullptr});
  BOOST_TEST(largest_difference(View<const float>{h_view}, e.h.view()) < 1e-5);
  BOOST_TEST(largest_difference(c.view(), e.c.view()) < 1e-5);
  for (const Sequence& sequence : sequences)
    BOOST_TEST(largest_difference(gates.middle_rows(sequence.begin, sequence.length),
                                  e.gates.view().middle_rows(sequence.begin, sequence.length)) < 1e-5);
  context.recurrence_gradient(cell, {weight.view()}, {}, {.hidden = h_view, .cell = c.view(), .gates = gates},
                              {.hidden = d_h.view(), .cell = {}, .gates = {}}, {d_weight.view()}, {gates},
                              {states ? &initial : nullptr, states ? &d_final : nullptr, states ? &d_initial : nullptr});
  BOOST_TEST(largest_difference(View<const float>{gates}, e.da.view()) < 2e-5);
  Matrix<double> expected_d_weight{4 * width, width};
  for (Index t = 0; t < tokens; ++t)
    for (Index r = 0; r < 4 * width; ++r)
      for (Index i = 0; i < width; ++i) expected_d_weight(r, i) += e.da(t, r) * e.h_previous(t, i);
  BOOST_TEST(largest_difference(d_weight.view(), expected_d_weight.view()) < 5e-5);
  BOOST_TEST(context.scratch.used() == 0U);
  if (!states) return;
  BOOST_TEST(largest_difference(h_final.view(), e.h_final.view()) < 1e-5);
  BOOST_TEST(largest_difference(c_final.view(), e.c_final.view()) < 1e-5);
  BOOST_TEST(largest_difference(d_h_initial.view(), e.d_h_initial.view()) < 2e-5);
  BOOST_TEST(largest_difference(d_c_initial.view(), e.d_c_initial.view()) < 2e-5);
}

// Everything a pass of a cell in heads gives.
template <class Scalar>
struct Results {
  Matrix<Scalar> gates, h, c, h_final, c_final, n_final, da, d_weight, dh_initial, dc_initial, dn_initial;
};

template <class Scalar>
Matrix<Scalar> as(const Matrix<float>& m) {
  Matrix<Scalar> result{m.rows, m.columns};
  std::copy(m.values.begin(), m.values.end(), result.values.begin());
  return result;
}

// in_place: the gradient of the sums takes the place of the gates.
template <class B>
Results<typename B::Scalar> pass(const Cell<SlstmCell>& p, Index tokens, const std::vector<Sequence>& sequences, bool states,
                                 bool in_place = false) {
  using T = typename B::Scalar;
  using State = SlstmCell::State<View<T>>;
  const Index H = p.width, count = std::ssize(sequences);
  const auto random = [](Index rows, Index columns, unsigned seed, float scale) {
    Matrix<float> m{rows, columns};
    fill_random(m, seed, scale);
    return as<T>(m);
  };
  const auto unwritten = [](Index rows, Index columns) {
    Matrix<float> m{rows, columns};
    fill_nan(m);
    return as<T>(m);
  };
  auto weight = random(p.heads, 4 * p.head_width() * p.head_width(), 2, 1 / std::sqrt(static_cast<float>(p.head_width())));
  auto d_h = random(tokens, H, 5, 1);
  Matrix<T> initial[3] = {random(count, H, 3, 1), random(count, H, 4, 1), random(count, H, 6, 1)};
  Matrix<T> d_final[3] = {random(count, H, 7, 1), random(count, H, 8, 1), random(count, H, 9, 1)};
  Results<T> r{random(tokens, 4 * H, 1, 3),  unwritten(tokens, H), unwritten(tokens, H), unwritten(count, H),
               unwritten(count, H),          unwritten(count, H),  unwritten(tokens, 4 * H), {weight.rows, weight.columns},
               unwritten(count, H),          unwritten(count, H),  unwritten(count, H)};
  const auto state = [](Matrix<T>(&m)[3]) { return State{m[0].view(), m[1].view(), m[2].view()}; };
  const State from = state(initial), d_to = state(d_final), to{r.h_final.view(), r.c_final.view(), r.n_final.view()};
  const State d_from{r.dh_initial.view(), r.dc_initial.view(), r.dn_initial.view()};
  typename B::Context context;
  context.begin(sequences, tokens);
  context.recurrence(p, {weight.view()}, {r.gates.view()}, {.hidden = r.h.view(), .cell = r.c.view(), .gates = r.gates.view()},
                     {states ? &from : nullptr, &to});
  context.recurrence_gradient(p, {weight.view()}, {}, {.hidden = r.h.view(), .cell = r.c.view(), .gates = r.gates.view()},
                              {.hidden = d_h.view(), .cell = {}, .gates = {}}, {r.d_weight.view()},
                              {in_place ? r.gates.view() : r.da.view()}, {states ? &from : nullptr, states ? &d_to : nullptr, &d_from});
  if (in_place) r.da = r.gates;
  BOOST_TEST(context.scratch.used() == 0U);
  return r;
}

void agrees_with_reference(const Cell<SlstmCell>& p, Index tokens, const std::vector<Sequence>& sequences, bool states) {
  const auto found = pass<Cpu>(p, tokens, sequences, states);
  const auto expected = pass<Reference<double>>(p, tokens, sequences, states);
  for (const Sequence& sequence : sequences)
    BOOST_TEST(largest_difference(found.gates.view().middle_rows(sequence.begin, sequence.length),
                                  expected.gates.view().middle_rows(sequence.begin, sequence.length)) < 1e-5);
  const auto check = [&](auto member, double tolerance) {
    BOOST_TEST(largest_difference((found.*member.first).view(), (expected.*member.second).view()) < tolerance);
  };
#define RONDO_CHECK(name, tolerance) check(std::pair{&Results<float>::name, &Results<double>::name}, tolerance)
  RONDO_CHECK(h, 1e-5);
  RONDO_CHECK(c, 1e-5);
  RONDO_CHECK(h_final, 1e-5);
  RONDO_CHECK(c_final, 1e-5);
  RONDO_CHECK(n_final, 1e-5);
  RONDO_CHECK(da, 2e-5);
  RONDO_CHECK(d_weight, 3e-5);
  RONDO_CHECK(dh_initial, 2e-5);
  RONDO_CHECK(dc_initial, 2e-5);
  RONDO_CHECK(dn_initial, 2e-5);
#undef RONDO_CHECK
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cell)

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

BOOST_AUTO_TEST_CASE(gradients_in_the_place_of_gates) {
  const auto differ = []<class B>(B) {
    const auto found = [](bool in_place) { return pass<B>({6, 2}, 12, {{2, 4}, {8, 3}}, true, in_place).da; };
    return largest_difference(found(true).view(), found(false).view());
  };
  BOOST_TEST(differ(Cpu{}) == 0);
  BOOST_TEST(differ(Reference<double>{}) == 0);
}

BOOST_AUTO_TEST_CASE(one_token) {
  check(20, 3, {{0, 1}, {1, 1}, {2, 1}}, true);
  check(300, 4, {{0, 1}, {2, 1}}, true);
}

BOOST_AUTO_TEST_CASE(heads_of_every_width) {
  for (const Index d : {1, 3, 8, 16, 17, 33, 64})
    for (const Index heads : {1, 2, 5}) agrees_with_reference({d * heads, heads}, 6, {{0, 6}}, d % 2 == 0);
}
BOOST_AUTO_TEST_CASE(heads_of_ragged_sequences) {
  const std::vector<Sequence> sequences{{1, 5}, {6, 9}, {17, 1}, {18, 0}, {18, 9}, {27, 3}, {30, 2}, {32, 4}, {36, 6}};
  for (const bool states : {false, true}) {
    agrees_with_reference({24, 3}, 44, sequences, states);
    agrees_with_reference({140, 2}, 44, sequences, states);
    agrees_with_reference({128, 8}, 44, sequences, states);
    agrees_with_reference({60, 3}, 3, {{0, 1}, {1, 1}, {2, 1}}, states);
    agrees_with_reference({60, 3}, 4, {{0, 1}, {1, 0}, {2, 1}}, states);
  }
}

BOOST_AUTO_TEST_CASE(extreme_gates_stay_finite) {
  const Cell<SlstmCell> p{16};
  for (const float scale : {50.0F, 1e4F}) {
    Matrix<float> gates{40, 64}, weight{64, 16}, h{40, 16}, c{40, 16}, d_h{40, 16};
    fill_random(gates, 1, scale), fill_random(weight, 2), fill_random(d_h, 3);
    Matrix<float> d_weight{64, 16};
    const std::vector<Sequence> sequences{{0, 40}};
    CpuContext context;
    context.begin(sequences, 40);
    context.recurrence(p, {weight.view()}, {gates.view()}, {.hidden = h.view(), .cell = c.view(), .gates = gates.view()});
    context.recurrence_gradient(p, {weight.view()}, {}, {.hidden = h.view(), .cell = c.view(), .gates = gates.view()},
                                {.hidden = d_h.view(), .cell = {}, .gates = {}}, {d_weight.view()}, {gates.view()});
    for (const Matrix<float>* m : {&h, &c, &gates})
      for (const float x : m->values) BOOST_REQUIRE(std::isfinite(x));
    for (const float x : h.values) BOOST_REQUIRE(std::abs(x) <= 1);
  }
}

BOOST_AUTO_TEST_CASE(a_cut_sequence_equals_a_whole_one) {
  const Index width = 40, tokens = 11;
  Matrix<float> gates{tokens, 4 * width}, weight{4 * width, width}, h{tokens, width}, c{tokens, width};
  fill_random(gates, 1), fill_random(weight, 2, 0.2F);
  Matrix<float> cut_gates = gates, cut_h = h, cut_c = c, h_between{1, width}, c_between{1, width};
  const LstmCell::State<View<float>> between{h_between.view(), c_between.view()};
  const Cell<LstmCell> cell{width};
  CpuContext context;
  const auto run = [&](Matrix<float>& g, Matrix<float>& hidden, Matrix<float>& state, Index begin, Index count, auto from, auto to) {
    const Sequence part{0, count, begin};
    const auto rows = [&](Matrix<float>& m) { return m.view().middle_rows(begin, count); };
    context.begin({&part, 1}, count);
    context.recurrence(cell, {weight.view()}, {rows(g)}, {.hidden = rows(hidden), .cell = rows(state), .gates = rows(g)}, {from, to});
  };
  run(gates, h, c, 0, 11, nullptr, nullptr);
  run(cut_gates, cut_h, cut_c, 0, 4, nullptr, &between);
  run(cut_gates, cut_h, cut_c, 4, 7, &between, nullptr);
  BOOST_TEST(cut_h.values == h.values, boost::test_tools::per_element());
  BOOST_TEST(cut_gates.values == gates.values, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(disagreeing_sizes_are_refused) {
  Matrix<float> gates{4, 32}, weight{32, 9}, square{32, 8}, h{4, 8};
  const std::vector<Sequence> sequences{{0, 4}}, too_long{{0, 5}};
  CpuContext context;
  context.begin(sequences, 4);
  const Cell<LstmCell> cell{8};
  const Cell<SlstmCell> uneven{8, 3};
  const auto out = [&] { return Cell<LstmCell>::Outputs<View<float>>{.hidden = h.view(), .cell = h.view(), .gates = gates.view()}; };
  BOOST_CHECK_THROW(context.recurrence(cell, {weight.view()}, {gates.view()}, out()), Error);
  BOOST_CHECK_THROW(context.recurrence(uneven, {square.view()}, {gates.view()}, {h.view(), h.view(), gates.view()}), Error);
  context.begin(too_long, 4);
  BOOST_CHECK_THROW(context.recurrence(cell, {square.view()}, {gates.view()}, out()), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

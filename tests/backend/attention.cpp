#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <random>
#include <vector>

#include "backend/matrix.hpp"

namespace rondo::test {
namespace {

struct Case {
  SoftmaxAttention sizes;  // with a capacity where there is a past
  Index tokens;
  std::vector<Sequence> sequences;
};

// The formulas in double, one query and key at a time.
struct Expected {
  Matrix<double> o, log_sum, dq, dk, dv, d_past_keys, d_past_values;
};

template <class Rows>
Expected expected(const Case& c, const Rows& q, const Rows& k, const Rows& v, const Rows& past_keys, const Rows& past_values,
                  const Rows& d_o) {
  const Index d = c.sizes.head_width, width = c.sizes.heads * d, kv = c.sizes.key_value_heads * d;
  const auto sequences = static_cast<Index>(c.sequences.size());
  Expected e{{c.tokens, width}, {c.tokens, c.sizes.heads},    {c.tokens, width},           {c.tokens, kv},
             {c.tokens, kv},    {sequences, c.sizes.capacity * kv}, {sequences, c.sizes.capacity * kv}};
  for (Index s = 0; s < sequences; ++s) {
    const Sequence& sequence = c.sequences[static_cast<std::size_t>(s)];
    const Index past = c.sizes.capacity > 0 ? sequence.position : 0;
    for (Index h = 0; h < c.sizes.heads; ++h) {
      const Index source = h / (c.sizes.heads / c.sizes.key_value_heads) * d;
      for (Index t = 0; t < sequence.length; ++t) {
        const Index row = sequence.begin + t, last = past + t;
        const Index first = c.sizes.window > 0 ? std::max<Index>(0, last - c.sizes.window + 1) : 0;
        const auto key = [&](const Rows& now, const Rows& before, Index u, Index i) -> double {
          return u < past ? before(s, u * kv + source + i) : now(sequence.begin + u - past, source + i);
        };
        std::vector<double> p(static_cast<std::size_t>(last + 1));
        const auto at = [&](Index u) -> double& { return p[static_cast<std::size_t>(u)]; };
        double sum = 0;
        for (Index u = first; u <= last; ++u) {
          double score = 0;
          for (Index i = 0; i < d; ++i) score += q(row, h * d + i) * key(k, past_keys, u, i);
          sum += at(u) = std::exp(c.sizes.scale * score);
        }
        e.log_sum(row, h) = std::log(sum);
        double delta = 0;
        for (Index i = 0; i < d; ++i) {
          for (Index u = first; u <= last; ++u) e.o(row, h * d + i) += at(u) / sum * key(v, past_values, u, i);
          delta += e.o(row, h * d + i) * d_o(row, h * d + i);
        }
        for (Index u = first; u <= last; ++u) {
          double dp = 0;
          for (Index i = 0; i < d; ++i) dp += d_o(row, h * d + i) * key(v, past_values, u, i);
          const double ds = c.sizes.scale * at(u) / sum * (dp - delta);
          for (Index i = 0; i < d; ++i) {
            e.dq(row, h * d + i) += ds * key(k, past_keys, u, i);
            double& to_key = u < past ? e.d_past_keys(s, u * kv + source + i) : e.dk(sequence.begin + u - past, source + i);
            double& to_value = u < past ? e.d_past_values(s, u * kv + source + i) : e.dv(sequence.begin + u - past, source + i);
            to_key += ds * q(row, h * d + i);
            to_value += at(u) / sum * d_o(row, h * d + i);
          }
        }
      }
    }
  }
  return e;
}

void check(const Case& c) {
  const Index d = c.sizes.head_width, width = c.sizes.heads * d, kv = c.sizes.key_value_heads * d, capacity = c.sizes.capacity;
  const auto sequences = static_cast<Index>(c.sequences.size());
  // q, k, v are columns of one matrix, as are their gradients; columns around them must stay as they are.
  Matrix<float> fused{c.tokens, width + 2 * kv + 3}, d_fused{c.tokens, width + 2 * kv + 3};
  Matrix<float> past_keys{sequences, capacity * kv}, past_values{sequences, capacity * kv}, d_o{c.tokens, width};
  fill_random(fused, 1), fill_random(past_keys, 2), fill_random(past_values, 3), fill_random(d_o, 4);
  fill_nan(d_fused);
  const auto cut = [&](Matrix<float>& m, Index begin, Index count) { return m.view().middle_columns(begin, count); };
  const View<float> q = cut(fused, 0, width), k = cut(fused, width, kv), v = cut(fused, width + kv, kv);
  const View<float> dq = cut(d_fused, 0, width), dk = cut(d_fused, width, kv), dv = cut(d_fused, width + kv, kv);
  Matrix<float> o{c.tokens, width}, log_sum{c.tokens, c.sizes.heads};
  fill_nan(o), fill_nan(log_sum);
  Matrix<float> d_past_keys{sequences, capacity * kv}, d_past_values{sequences, capacity * kv};
  fill_nan(d_past_keys), fill_nan(d_past_values);
  using State = SoftmaxAttention::State<View<float>>;
  const State initial{past_keys.view(), past_values.view()}, d_initial{d_past_keys.view(), d_past_values.view()};
  const State* const past = capacity > 0 ? &initial : nullptr;

  const Expected e = expected(c, q, k, v, past_keys.view(), past_values.view(), d_o.view());
  const SoftmaxAttention::Inputs<View<const float>> in{.q = q, .k = k, .v = v};
  const SoftmaxAttention::Inputs<View<float>> d_in{.q = dq, .k = dk, .v = dv};
  CpuContext context;
  context.begin(c.sequences, c.tokens);
  context.recurrence(c.sizes, {}, in, {o.view(), log_sum.view()}, {past, nullptr});
  context.recurrence_gradient(c.sizes, {}, in, {o.view(), log_sum.view()}, {d_o.view(), {}}, {}, d_in,
                              {past, nullptr, capacity > 0 ? &d_initial : nullptr});
  BOOST_TEST(context.scratch.used() == 0U);
  BOOST_TEST(largest_difference(o.view(), e.o.view()) < 2e-5);
  BOOST_TEST(largest_difference(log_sum.view(), e.log_sum.view()) < 2e-5);
  BOOST_TEST(largest_difference(dq, e.dq.view()) < 5e-5);
  BOOST_TEST(largest_difference(dk, e.dk.view()) < 5e-5);
  BOOST_TEST(largest_difference(dv, e.dv.view()) < 5e-5);
  BOOST_TEST(std::isnan(d_fused(0, width + 2 * kv)));
  if (capacity > 0) {
    BOOST_TEST(largest_difference(d_past_keys.view(), e.d_past_keys.view()) < 5e-5);
    BOOST_TEST(largest_difference(d_past_values.view(), e.d_past_values.view()) < 5e-5);
  }
  // Again, without log_sum: the same bits.
  Matrix<float> again{c.tokens, width};
  context.recurrence(c.sizes, {}, in, {again.view(), {}}, {past, nullptr});
  BOOST_TEST(again.values == o.values, boost::test_tools::per_element());
}

// The cache that a pass leaves, and what its gradient adds, against the plain loops.
template <class Backend>
std::vector<Matrix<double>> cached(const SoftmaxAttention& sizes, const std::vector<Sequence>& sequences, Index tokens, bool past) {
  using T = typename Backend::Scalar;
  using State = SoftmaxAttention::State<View<T>>;
  typename Backend::Context c;
  c.begin(sequences, tokens);
  std::vector<View<T>> taken;
  const auto random = [&](Index rows, Index columns) {
    Matrix<float> numbers{rows, columns};
    fill_random(numbers, static_cast<unsigned>(taken.size() + 1));
    taken.push_back(c.matrix(rows, columns));
    for (Index i = 0; i < numbers.rows * columns; ++i) taken.back().data[i] = static_cast<T>(numbers.values[static_cast<std::size_t>(i)]);
    return taken.back();
  };
  const Index width = sizes.heads * sizes.head_width, kv = sizes.key_value_size();
  const auto state = [&] {
    const View<T> keys = random(std::ssize(sequences), sizes.capacity * kv);
    return State{keys, random(keys.rows, keys.columns)};
  };
  const View<T> q = random(tokens, width), k = random(tokens, kv), v = random(tokens, kv), d_o = random(tokens, width);
  const State initial = state(), final = state(), d_final = state(), d_initial = state();
  const View<T> o = random(tokens, width), log_sum = random(tokens, sizes.heads);
  const View<T> dq = random(tokens, width), dk = random(tokens, kv), dv = random(tokens, kv);
  const State* const start = past ? &initial : nullptr;
  c.recurrence(sizes, {}, {q, k, v}, {o, log_sum}, {start, &final});
  c.recurrence_gradient(sizes, {}, {q, k, v}, {o, log_sum}, {d_o, {}}, {}, {dq, dk, dv}, {start, &d_final, &d_initial});
  c.recurrence(sizes, {}, {q, k, v}, {o, log_sum}, {start, &initial});  // in place
  std::vector<Matrix<double>> results;
  for (const View<T>& each : {o, final.keys, final.values, dq, dk, dv, d_initial.keys, d_initial.values, initial.keys, initial.values}) {
    results.emplace_back(each.rows, each.columns);
    std::copy_n(each.data, each.size(), results.back().values.begin());
  }
  return results;
}

SoftmaxAttention sizes(Index heads, Index key_value_heads, Index d, Index window = 0, Index capacity = 0) {
  return {heads, key_value_heads, d, 1 / std::sqrt(static_cast<double>(d)), window, capacity};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attention)

BOOST_AUTO_TEST_CASE(one_sequence_of_every_length) {
  for (const Index length : {1, 2, 3, 15, 16, 17, 63, 64, 65, 127, 128, 130, 193})
    check({sizes(2, 2, 16), length, {{0, length}}});
}

BOOST_AUTO_TEST_CASE(ragged_sequences_padding_and_groups) {
  check({sizes(4, 2, 8), 150, {{3, 70}, {80, 1}, {82, 0}, {83, 33}, {120, 30}}});
  check({sizes(6, 1, 10), 97, {{0, 97}}});
  check({sizes(3, 3, 5), 20, {{12, 8}, {0, 11}}});
}

BOOST_AUTO_TEST_CASE(after_a_past) {
  check({sizes(4, 2, 8, 0, 130), 90, {{0, 40, 100}, {40, 1, 7}, {42, 48, 0}}});
  check({sizes(2, 1, 16, 0, 64), 70, {{0, 70, 64}}});
  check({sizes(2, 1, 16, 0, 64), 6, {{0, 5, 3}}});
}

BOOST_AUTO_TEST_CASE(within_a_window) {
  for (const Index window : {1, 5, 16, 64, 100}) check({sizes(2, 2, 8, window), 200, {{0, 140}, {141, 59}}});
  check({sizes(4, 2, 8, 30, 128), 80, {{0, 80, 90}}});
}

BOOST_AUTO_TEST_CASE(one_query_a_sequence) {
  check({sizes(8, 2, 64, 0, 300), 4, {{0, 1, 300}, {1, 1, 0}, {2, 1, 17}, {3, 1, 299}}});
  check({sizes(4, 4, 12, 20, 64), 3, {{0, 1, 50}, {2, 1, 19}}});
  check({sizes(4, 2, 8, 100, 300), 5, {{0, 1, 300}, {1, 0, 5}, {2, 1, 63}, {3, 1, 64}, {4, 1, 127}}});
  check({sizes(6, 3, 10, 0, 70), 1, {{0, 1, 64}}});
}

BOOST_AUTO_TEST_CASE(caches) {
  for (const bool past : {false, true})
    for (const Index longest : {1, 3}) {
      const std::vector<Sequence> sequences{{0, longest, 2}, {4, 1, 0}, {5, 1, 4}, {6, 0, 3}};
      const auto found = cached<Cpu>(sizes(4, 2, 5, 0, 8), sequences, 8, past);
      const auto expected = cached<Reference<double>>(sizes(4, 2, 5, 0, 8), sequences, 8, past);
      for (std::size_t n = 0; n < found.size(); ++n)
        BOOST_TEST(largest_difference(found[n].view(), expected[n].view()) < 1e-5, n << (past ? " after a past" : ""));
    }
}

BOOST_AUTO_TEST_CASE(large_scores_stay_finite) {
  Matrix<float> q{100, 8}, k{100, 8}, v{100, 8}, o{100, 8};
  fill_random(q, 1), fill_random(k, 2), fill_random(v, 3);
  for (float& x : q.values) x *= 100;
  const std::vector<Sequence> sequences{{0, 100}};
  CpuContext c;
  c.begin(sequences, 100);
  c.recurrence(sizes(1, 1, 8), {}, {.q = q.view(), .k = k.view(), .v = v.view()}, {.o = o.view(), .log_sum = {}});
  for (const float x : o.values) BOOST_TEST(std::abs(x) < 10);
}

BOOST_AUTO_TEST_CASE(disagreeing_sizes_are_refused) {
  Matrix<float> q{4, 8}, o{4, 8}, cache{1, 24};
  const std::vector<Sequence> sequences{{0, 4}};
  CpuContext c;
  c.begin(sequences, 4);
  const SoftmaxAttention::Inputs<View<const float>> in{.q = q.view(), .k = q.view(), .v = q.view()};
  BOOST_CHECK_THROW(c.recurrence(sizes(3, 2, 8), {}, in, {.o = o.view(), .log_sum = {}}), Error);
  BOOST_CHECK_THROW(c.recurrence(sizes(2, 2, 8), {}, in, {.o = o.view(), .log_sum = {}}), Error);
  const SoftmaxAttention::State<View<float>> final{cache.view(), cache.view()};
  BOOST_CHECK_THROW(c.recurrence(sizes(1, 1, 8, 0, 3), {}, in, {.o = o.view(), .log_sum = {}}, {nullptr, &final}), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

// Sums over tokens run in an order of their own: the same bits on any number of threads.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/gate/forget.hpp>
#include <rondo/generate/session.hpp>
#include <rondo/model/architecture/hgrn2.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "backend/matrix.hpp"

namespace rondo::test {
namespace {

constexpr Index tokens = 700, width = 132;  // enough for several threads, and no multiple of a cache line
const std::vector<Sequence> sequences{{3, 300, 2}, {303, 1, 0}, {310, 380, 7}};

Matrix<float> random(Index rows, Index columns, unsigned seed) {
  Matrix<float> result{rows, columns};
  fill_random(result, seed);
  return result;
}

// `act` adds to `rows` x `columns` numbers.
void expect_same_bits(const std::string& name, Index rows, Index columns,
                      const std::function<void(CpuContext&, View<float>)>& act) {
  const Index before = thread_count();
  Matrix<float> expected{rows, columns};
  for (const int threads : {1, 2, 3, 5}) {
    omp_set_num_threads(threads);
    CpuContext c;
    c.begin(sequences, tokens);
    Matrix<float> found = random(rows, columns, 1);
    act(c, found.view());
    if (threads == 1) expected = found;
    BOOST_TEST((expected.values == found.values), name << " with " << threads << " threads");
  }
  omp_set_num_threads(static_cast<int>(before));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(thread_counts)

BOOST_AUTO_TEST_CASE(small_models_decode_on_few_threads) {
  const auto before = thread_count();
  omp_set_num_threads(4);
  BOOST_TEST(decoding_threads(1000) == 1);
  BOOST_TEST(decoding_threads(2 * decoding_bytes_worth_a_thread) == 2);
  BOOST_TEST(decoding_threads(1000 * decoding_bytes_worth_a_thread) == 4);
  CpuContext c;
  {
    [[maybe_unused]] const auto threads = c.threads_for(1, 1000);
    BOOST_TEST(thread_count() == 1);
  }
  BOOST_TEST(thread_count() == 4);
  {
    [[maybe_unused]] const auto threads = c.threads_for(2, 1000);
    BOOST_TEST(thread_count() == 4);
  }
  use_threads(3);  // asked for: for small models too
  BOOST_TEST(thread_count() == 3);
  BOOST_TEST(decoding_threads(1000) == 3);
  use_threads(0);
  BOOST_TEST(thread_count() == usable_processors());
  BOOST_TEST(decoding_threads(1000) == 1);
  BOOST_CHECK_THROW(use_threads(-1), Error);
  omp_set_num_threads(static_cast<int>(before));
}

// Tokens that take `together` with all threads and `alone` with one, while threads wait for processors a share of it; how many were decoded by one.
int decoded_alone(AdaptiveTeam& team, int tokens, double together, double alone, double wait = 0) {
  int count = 0;
  double waited = 0;
  for (int i = 0; i < tokens; ++i) {
    const bool one = team.threads(2) == 1;
    count += one;
    const double seconds = 1e-3 * (one ? alone : together);
    waited += wait * seconds;
    team.took(seconds, 1, [&] { return waited; });
  }
  return count;
}

BOOST_AUTO_TEST_CASE(decoding_leaves_processors_to_others_as_long_as_they_need_them) {
  AdaptiveTeam team{AdaptiveTeam::tokens};
  BOOST_TEST(decoded_alone(team, 1000, 1.0, 1.9) == 0);     // nobody there: nothing is tried soon
  BOOST_TEST(decoded_alone(team, 10000, 1.0, 1.9) < 40);    // and seldom later
  BOOST_TEST(decoded_alone(team, 10000, 4.0, 2.0) > 9700);  // somebody
  BOOST_TEST(decoded_alone(team, 10000, 1.0, 1.9) < 600);   // gone
  BOOST_TEST(decoded_alone(team, 10000, 1.5, 1.9) < 60);    // tokens that take longer for a reason of their own
  AdaptiveTeam beside{AdaptiveTeam::tokens};  // there from the beginning
  BOOST_TEST(decoded_alone(beside, 10000, 4.0, 2.0, 0.6) > 9600);
  AdaptiveTeam unnoticed{AdaptiveTeam::tokens};  // the same where nobody says so
  BOOST_TEST(decoded_alone(unnoticed, 10000, 4.0, 2.0) > 8500);
  AdaptiveTeam unknown{AdaptiveTeam::tokens};  // and where waiting is not counted
  BOOST_TEST(decoded_alone(unknown, 10000, 4.0, 2.0, std::numeric_limits<double>::quiet_NaN()) > 9600);
  AdaptiveTeam modest{AdaptiveTeam::tokens};  // others that take little
  BOOST_TEST(decoded_alone(modest, 10000, 1.0, 1.9, 0.3) < 80);
}

BOOST_AUTO_TEST_CASE(a_token_on_any_number_of_threads) {
  const Hgrn2 model{Shape{.vocabulary = 300, .width = 192, .depth = 2, .heads = 2, .mlp_width = 384}};
  const Parameters<Hgrn2, Cpu> weights{model, Seed{1}};
  std::vector<float> expected;
  for (const Index threads : {1, 2, 3, 5}) {
    use_threads(threads);
    Session session{model, weights};
    std::vector<float> found;
    for (const Token token : {7, 250, 3}) {
      const View<const float> logits = session.feed(token);
      found.insert(found.end(), logits.row(0), logits.row(0) + logits.columns);
    }
    if (threads == 1) expected = found;
    BOOST_TEST((found == expected), threads << " threads");
  }
  use_threads(0);
}

BOOST_AUTO_TEST_CASE(sums_over_tokens) {
  const Matrix<float> x_ = random(tokens, width, 2), dy_ = random(tokens, width, 3), w_ = random(1, width, 4);
  const View<const float> x = x_.view(), dy = dy_.view(), w = w_.view();
  Matrix<float> dx_ = random(tokens, width, 5);
  const View<float> dx = dx_.view();
  for (const Index groups : {1, 4, 12}) {
    const NormSizes sizes{groups, 1e-5};
    Matrix<float> y{tokens, width}, mean{tokens, groups}, r{tokens, groups};
    CpuContext forward;
    forward.norm(sizes, x, w, {}, y.view(), {}, r.view());
    expect_same_bits("rms norm", 1, width, [&](CpuContext& c, View<float> dw) {
      c.norm_gradient(sizes, x, w, {}, r.view(), dy, dx, dw, {});
    });
    forward.norm(sizes, x, w, w, y.view(), mean.view(), r.view());
    expect_same_bits("layer norm", 2, width, [&](CpuContext& c, View<float> d) {
      c.norm_gradient(sizes, x, w, mean.view(), r.view(), dy, dx, d.middle_rows(0, 1), d.middle_rows(1, 1));
    });
  }
  expect_same_bits("bias", 1, width, [&](CpuContext& c, View<float> db) { c.bias_gradient(dy, db); });
  expect_same_bits("skip", 1, width, [&](CpuContext& c, View<float> dw) { c.add_scaled_gradient(w, x, dy, dx, dw); });
  expect_same_bits("skip of heads", 1, 4, [&](CpuContext& c, View<float> dw) {
    c.add_scaled_gradient(w.middle_columns(0, 4), x, dy, dx, dw);
  });
  expect_same_bits("positions", 400, width, [&](CpuContext& c, View<float> dP) { c.positions_gradient(1, dy, dP); });
  std::vector<Token> ids;
  for (Index t = 0; t < tokens; ++t) ids.push_back(static_cast<Token>(t * t % 17));
  expect_same_bits("embedding", 17, width, [&](CpuContext& c, View<float> dE) { c.scatter_rows({ids.data(), 1, tokens}, dy, dE); });
  expect_same_bits("gate's bound", 1, width, [&](CpuContext& c, View<float> d_beta) {
    c.gate_gradient<LowerBoundedForget>(x, w, dy, dy, dx, d_beta);
  });
  expect_same_bits("short convolution", width, 4, [&](CpuContext& c, View<float> dw) {
    c.short_convolution_gradient(x, random(width, 4, 6).view(), dy, dx, dw, {}, {}, {});
  });
  for (const Index block : {4, 6, 33})
    expect_same_bits("block-diagonal map", width / block, block * block, [&](CpuContext& c, View<float> dw) {
      c.block_linear_weight_gradient(dy, x, dw);
    });
  expect_same_bits("lower bounds", 8, width, [&](CpuContext& c, View<float> d_raw) {
    c.lower_bounds_gradient(x.middle_rows(0, 8), dy.middle_rows(0, 8), d_raw);
  });
  expect_same_bits("sum of squares", 1, 2, [&](CpuContext& c, View<float> sum) {
    const double squares = c.sum_of_squares(x);
    sum(0, 0) = static_cast<float>(squares);
    sum(0, 1) = static_cast<float>(squares - static_cast<double>(sum(0, 0)));  // what float leaves of double
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

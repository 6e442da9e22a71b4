// Products whose operands are rounded to bf16 on the way in, against double loops over rounded operands; the words they are made of.
#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <rondo/backend/cpu/bf16_product.hpp>
#include <rondo/backend/cpu/use_threads.hpp>

#include "matrix.hpp"
#include "product_cases.hpp"

namespace rondo::test {
namespace {

float rounded(float x) {
  return bf16{x};
}
template <void product(View<const float>, Transpose, View<const float>, Transpose, View<float>, float)>
void compare_bf16_products() {
  for (const ProductSize& size : {ProductSize{1, 1, 1}, {2, 7, 3}, {5, 9, 300}, {7, 17, 31}, {8, 48, 64}, {9, 49, 65}, {13, 33, 64},
                                  {64, 128, 128}, {129, 31, 257}, {193, 40, 513}, {37, 130, 1030}, {4, 1000, 65}, {400, 3, 20},
                                  {300, 600, 70}})
    for (const Transpose ta : {Transpose::no, Transpose::yes})
      for (const Transpose tb : {Transpose::no, Transpose::yes})
        for (const float beta : {0.0F, 1.0F}) {
          const auto [m, n, k] = size;
          Matrix<float> a = ta == Transpose::no ? Matrix<float>{m, k + 3} : Matrix<float>{k, m + 3};
          Matrix<float> b = tb == Transpose::no ? Matrix<float>{k, n + 5} : Matrix<float>{n, k + 5};
          Matrix<float> c{m, n + 2};
          fill_random(a, 1, 1 / std::sqrt(static_cast<float>(k))), fill_random(b, 2), fill_random(c, 3);
          const View<const float> left = View<const float>(a.view()).middle_columns(1, ta == Transpose::no ? k : m);
          const View<const float> right = View<const float>(b.view()).middle_columns(1, tb == Transpose::no ? n : k);
          const View<float> target = c.view().middle_columns(1, n);
          Matrix<double> expected{m, n};
          for (Index i = 0; i < m; ++i)
            for (Index j = 0; j < n; ++j) {
              expected(i, j) = beta == 0 ? 0 : target(i, j);
              for (Index l = 0; l < k; ++l)
                expected(i, j) += static_cast<double>(rounded(ta == Transpose::no ? left(i, l) : left(l, i))) *
                                  rounded(tb == Transpose::no ? right(l, j) : right(j, l));
            }
          if (beta == 0)
            for (Index i = 0; i < m; ++i) std::fill_n(target.row(i), n, std::numeric_limits<float>::quiet_NaN());
          const float before = c(m - 1, 0), behind = c(0, n + 1);
          product(left, ta, right, tb, target, beta);
          BOOST_TEST_CONTEXT(m << " x " << k << " x " << n << ", transposed " << (ta == Transpose::yes) << (tb == Transpose::yes)
                               << ", beta " << beta) {
            BOOST_TEST(largest_difference(target, expected.view()) < 5e-6);
            BOOST_TEST(c(m - 1, 0) == before);
            BOOST_TEST(c(0, n + 1) == behind);
          }
        }
}
void alone(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta) {
  bf16_product(a, ta, b, tb, c, 1, beta);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bf16_products)

BOOST_AUTO_TEST_CASE(packed_words) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x{0, -0.0F, 1, -1, 1.00390625F, 1.01171875F, 3.1415927F, 3.4e38F, 1e30F, -1e-30F, infinity, -infinity, nan};
  while (x.size() < 70) x.push_back(x[x.size() - 3] * 1.37F + static_cast<float>(x.size()));
  for (Index count = 0; count <= 70; ++count) {
    std::vector<float> words(static_cast<std::size_t>(words_of(count)));
    pair_neighbours(x.data(), count, words.data());
    for (Index i = 0; i < 2 * words_of(count); ++i) {
      const auto word = std::bit_cast<std::uint32_t>(words[static_cast<std::size_t>(i / 2)]);
      const float found = bf16::from_bits(static_cast<std::uint16_t>(i % 2 == 0 ? word & 0xffffu : word >> 16));
      const float expected = i < count ? rounded(x[static_cast<std::size_t>(i)]) : 0.0F;
      BOOST_TEST((found == expected || (std::isnan(found) && std::isnan(expected))), "number " << i << " of " << count);
    }
  }
  for (std::size_t i = 0; i + 2 * lane_count <= x.size(); ++i) {
    const Words both = paired(load_lanes(x.data() + i), load_lanes(x.data() + i + lane_count));
    float found[lane_count], expected[2];
    store_words(found, both);
    for (Index lane = 0; lane < lane_count; ++lane) {
      expected[0] = x[i + static_cast<std::size_t>(lane)], expected[1] = x[i + static_cast<std::size_t>(lane + lane_count)];
      pair_neighbours(expected, 2, expected);
      BOOST_TEST(std::bit_cast<std::uint32_t>(found[lane]) == std::bit_cast<std::uint32_t>(expected[0]));
    }
  }
}
BOOST_AUTO_TEST_CASE(by_one_thread) {
  compare_bf16_products<alone>();
}
BOOST_AUTO_TEST_CASE(by_all_threads) {
  compare_bf16_products<multiply_bf16>();
}
BOOST_AUTO_TEST_CASE(scaled) {
  Matrix<float> a{3, 4}, b{4, 20}, c{3, 20}, once{3, 20};
  fill_random(a, 1), fill_random(b, 2), fill_random(c, 3);
  bf16_product(View<const float>(a.view()), Transpose::no, View<const float>(b.view()), Transpose::no, once.view());
  Matrix<float> expected = c;
  for (std::size_t i = 0; i < c.values.size(); ++i) expected.values[i] = 0.5F * c.values[i] - 3 * once.values[i];
  bf16_product(View<const float>(a.view()), Transpose::no, View<const float>(b.view()), Transpose::no, c.view(), -3, 0.5F);
  BOOST_TEST(largest_difference(c.view(), expected.view()) < 1e-6);
}
BOOST_AUTO_TEST_CASE(nothing_to_sum) {
  Matrix<float> c{3, 5};
  fill_random(c, 1);
  const Matrix<float> before = c;
  multiply_bf16(View<const float>(nullptr, 3, 0), Transpose::no, View<const float>(nullptr, 0, 5), Transpose::no, c.view(), 1);
  BOOST_TEST(c.values == before.values, boost::test_tools::per_element());
  multiply_bf16(View<const float>(nullptr, 3, 0), Transpose::no, View<const float>(nullptr, 0, 5), Transpose::no, c.view(), 0);
  BOOST_TEST(c.values == std::vector<float>(15), boost::test_tools::per_element());
}
// A number that is none is seen in its row alone; infinity times zero is none either.
BOOST_AUTO_TEST_CASE(not_a_number) {
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Matrix<float> a{20, 70}, b{70, 40}, c{20, 40};
    fill_random(a, 1), fill_random(b, 2);
    a(7, 33) = odd;
    b(33, 5) = 0;
    multiply_bf16(View<const float>(a.view()), Transpose::no, View<const float>(b.view()), Transpose::no, c.view());
    for (Index i = 0; i < 20; ++i)
      for (Index j = 0; j < 40; ++j) BOOST_TEST(std::isfinite(c(i, j)) == (i != 7));
    BOOST_TEST(std::isnan(c(7, 5)));
  }
}
BOOST_AUTO_TEST_CASE(same_bits_on_any_number_of_threads) {
  Matrix<float> a{515, 1100}, b{1100, 203}, c{515, 203}, expected{515, 203};
  fill_random(a, 1), fill_random(b, 2);
  for (const int threads : {1, 2, 3, 4, 7}) {
    use_threads(threads);
    fill_nan(c);
    multiply_bf16(View<const float>(a.view()), Transpose::no, View<const float>(b.view()), Transpose::no, c.view());
    if (threads == 1) expected = c;
    BOOST_TEST((c.values == expected.values), threads << " threads");
  }
  use_threads(0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

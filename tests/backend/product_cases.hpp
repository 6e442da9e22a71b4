// Compares an implementation of the matrix product with double loops, at sizes around the tiles and blocks of all of them.
#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <rondo/backend/cpu/transpose.hpp>

#include "matrix.hpp"

namespace rondo::test {

using Product = void (*)(View<const float>, Transpose, View<const float>, Transpose, View<float>, float);

struct ProductSize {
  Index m, n, k;
};
inline const ProductSize product_sizes[] = {{1, 1, 1},      {1, 16, 5},    {2, 7, 3},      {5, 9, 300},    {6, 16, 16},
                                            {7, 17, 31},    {13, 33, 64},  {64, 128, 128}, {129, 31, 257}, {193, 40, 513},
                                            {37, 130, 256}, {4, 1000, 65}, {400, 3, 20},   {300, 320, 70}};

// Operands cut out of wider matrices, an output whose surroundings must stay as they are.
inline void compare_product(Product product, ProductSize size, Transpose ta, Transpose tb, float beta) {
  const auto [m, n, k] = size;
  Matrix<float> a{ta == Transpose::no ? m : k, (ta == Transpose::no ? k : m) + 3};
  Matrix<float> b{tb == Transpose::no ? k : n, (tb == Transpose::no ? n : k) + 5};
  Matrix<float> c{m, n + 2};
  fill_random(a, 1, 1 / std::sqrt(static_cast<float>(k))), fill_random(b, 2), fill_random(c, 3);
  Matrix<double> expected{m, n};
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      double sum = beta == 0 ? 0 : c(i, j + 1);
      for (Index l = 0; l < k; ++l)
        sum += static_cast<double>(ta == Transpose::no ? a(i, l + 1) : a(l, i + 1)) *
               (tb == Transpose::no ? b(l, j + 1) : b(j, l + 1));
      expected(i, j) = sum;
    }
  }
  const View<float> target = c.view().middle_columns(1, n);
  if (beta == 0)
    for (Index i = 0; i < m; ++i) std::fill_n(target.row(i), n, std::numeric_limits<float>::quiet_NaN());
  const float left = c(m - 1, 0), right = c(0, n + 1);
  product(View<const float>(a.view()).middle_columns(1, ta == Transpose::no ? k : m), ta,
          View<const float>(b.view()).middle_columns(1, tb == Transpose::no ? n : k), tb, target, beta);
  BOOST_TEST_CONTEXT(m << " x " << k << " x " << n << ", transposed " << (ta == Transpose::yes) << (tb == Transpose::yes)
                       << ", beta " << beta) {
    BOOST_TEST(largest_difference(target, expected.view()) < 5e-6);
    BOOST_TEST(c(m - 1, 0) == left);
    BOOST_TEST(c(0, n + 1) == right);
  }
}

inline void compare_products(Product product) {
  for (const ProductSize& size : product_sizes)
    for (Transpose ta : {Transpose::no, Transpose::yes})
      for (Transpose tb : {Transpose::no, Transpose::yes})
        for (float beta : {0.0f, 1.0f}) compare_product(product, size, ta, tb, beta);
}

}  // namespace rondo::test

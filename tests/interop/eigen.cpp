// as_eigen: the same memory, with the view's stride.
#include <rondo/interop/eigen.hpp>

#include <boost/test/unit_test.hpp>

#include <complex>
#include <numeric>
#include <vector>

using rondo::as_eigen;
using rondo::View;

BOOST_AUTO_TEST_SUITE(interop_eigen)

BOOST_AUTO_TEST_CASE(elements_lie_where_the_view_has_them) {
  std::vector<float> memory(60);
  std::iota(memory.begin(), memory.end(), 0.0f);
  const View<float> view{memory.data() + 5, 4, 3, 10};
  const auto matrix = as_eigen(view);
  BOOST_TEST(matrix.rows() == 4);
  BOOST_TEST(matrix.cols() == 3);
  for (int row = 0; row < 4; ++row)
    for (int column = 0; column < 3; ++column) BOOST_TEST(&matrix.coeffRef(row, column) == &view(row, column));
}

BOOST_AUTO_TEST_CASE(writing_changes_the_views_memory_and_nothing_beside_it) {
  std::vector<double> memory(60, -1.0);
  const View<double> view{memory.data(), 4, 3, 10};
  as_eigen(view).setConstant(2.0);
  as_eigen(view.middle_rows(1, 2).middle_columns(1, 1)) *= 3.0;
  for (std::size_t i = 0; i < memory.size(); ++i) {
    const std::size_t row = i / 10, column = i % 10;
    const bool tripled = (row == 1 || row == 2) && column == 1;
    BOOST_TEST(memory[i] == (row < 4 && column < 3 ? (tripled ? 6.0 : 2.0) : -1.0));
  }
}

BOOST_AUTO_TEST_CASE(products_of_read_only_views) {
  const std::vector<float> x{1, 2, 0, 3, 4, 0}, weight{1, 1, 2, 0, 0, 5};
  const View<const float> left{x.data(), 2, 2, 3}, right{weight.data(), 3, 2};
  const Eigen::MatrixXf product = as_eigen(left) * as_eigen(right).transpose();
  BOOST_TEST(product(0, 0) == 3.0f);
  BOOST_TEST(product(1, 1) == 6.0f);
  BOOST_TEST(product(1, 2) == 20.0f);
  static_assert(!std::is_assignable_v<decltype(as_eigen(left)(0, 0)), float>, "a read-only view stays read-only");
}

BOOST_AUTO_TEST_CASE(empty_views_and_complex_numbers) {
  BOOST_TEST(as_eigen(View<float>{}).size() == 0);
  std::complex<double> number{1, 2};
  as_eigen(View<std::complex<double>>{&number, 1, 1}) *= std::complex<double>{0, 1};
  BOOST_TEST((number == std::complex<double>{-2, 1}));
}

BOOST_AUTO_TEST_SUITE_END()

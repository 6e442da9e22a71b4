// as_xtensor: the same memory, with the view's stride.
#include <rondo/interop/xtensor.hpp>

#include <boost/test/unit_test.hpp>

#include <numeric>
#include <vector>

#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

using rondo::as_xtensor;
using rondo::View;

BOOST_AUTO_TEST_SUITE(interop_xtensor)

BOOST_AUTO_TEST_CASE(elements_lie_where_the_view_has_them) {
  std::vector<float> memory(60);
  std::iota(memory.begin(), memory.end(), 0.0f);
  for (const View<float> view : {View<float>{memory.data() + 5, 4, 3, 10}, View<float>{memory.data(), 6, 10},
                                 View<float>{memory.data(), 1, 7, 10}, View<float>{memory.data() + 2, 5, 1, 10}}) {
    auto tensor = as_xtensor(view);
    BOOST_TEST(tensor.shape(0) == static_cast<std::size_t>(view.rows));
    BOOST_TEST(tensor.shape(1) == static_cast<std::size_t>(view.columns));
    for (std::ptrdiff_t row = 0; row < view.rows; ++row)
      for (std::ptrdiff_t column = 0; column < view.columns; ++column) BOOST_TEST(&tensor(row, column) == &view(row, column));
  }
}

BOOST_AUTO_TEST_CASE(writing_changes_the_views_memory_and_nothing_beside_it) {
  std::vector<float> memory(60, -1.0f);
  const View<float> view{memory.data(), 4, 3, 10};
  auto tensor = as_xtensor(view);
  tensor.fill(2.0f);
  xt::row(tensor, 1) *= 3.0f;
  tensor(3, 2) = 7.0f;
  for (std::size_t i = 0; i < memory.size(); ++i) {
    const std::size_t row = i / 10, column = i % 10;
    const float inside = row == 3 && column == 2 ? 7.0f : row == 1 ? 6.0f : 2.0f;
    BOOST_TEST(memory[i] == (row < 4 && column < 3 ? inside : -1.0f), i);
  }
}

BOOST_AUTO_TEST_CASE(expressions_over_read_only_views) {
  const std::vector<double> memory{1, 2, 99, 3, 4, 99};
  const View<const double> view{memory.data(), 2, 2, 3};
  const auto tensor = as_xtensor(view);
  const xt::xtensor<double, 1> means = xt::mean(tensor, {1});
  BOOST_TEST(means(0) == 1.5);
  BOOST_TEST(means(1) == 3.5);
  BOOST_TEST(xt::sum(tensor * 2.0)() == 20.0);
  BOOST_TEST(as_xtensor(View<float>{}).size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

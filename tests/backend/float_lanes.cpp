// Functions of a register of floats against those of each of its floats.
#include <rondo/backend/cpu/float_lanes.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace rondo;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Numbers {
  float of[lane_count];
  [[nodiscard]] FloatLanes lanes() const { return FloatLanes::load(of); }
};
// (Compilers may round a product before they add to it, or not.)
bool alike(float found, float expected) {
  return found == expected || std::abs(found - expected) <= 4e-7F * std::max(1.0F, std::abs(expected)) ||
         (std::isnan(found) && std::isnan(expected));
}
template <class Function>
void expect_each(const char* name, Function function, const Numbers& x, const Numbers& y) {
  Numbers found;
  function(x.lanes(), y.lanes()).store(found.of);
  for (Index i = 0; i < lane_count; ++i)
    BOOST_TEST(alike(found.of[i], function(x.of[i], y.of[i])), name << " of " << x.of[i] << " and " << y.of[i] << " is " << found.of[i]);
}

BOOST_AUTO_TEST_SUITE(float_lanes)

BOOST_AUTO_TEST_CASE(as_floats) {
  for (int set = 0; set < 60; ++set) {
    Numbers x, y, positive;
    for (Index i = 0; i < lane_count; ++i) {
      x.of[i] = static_cast<float>(std::sin(1.7 * static_cast<double>(i + 16 * set)) * (set % 3 == 0 ? 90 : 4));
      y.of[i] = static_cast<float>(std::cos(0.9 * static_cast<double>(i * i + set)) * (set % 3 == 1 ? 1e4 : 3));
      positive.of[i] = std::abs(y.of[i]) + 1e-3F;
    }
    if (set == 7) x.of[0] = infinity, x.of[1] = -infinity, x.of[2] = 0, y.of[3] = -infinity, y.of[2] = 0;
    const auto of_one = [&](const char* name, auto function, const Numbers& of) {
      expect_each(name, [&](auto a, auto) { return function(a); }, of, of);
    };
    expect_each("a + b", [](auto a, auto b) { return a + b; }, x, y);
    expect_each("a - 2 b", [](auto a, auto b) { return a - 2.0F * b; }, x, y);
    expect_each("a b", [](auto a, auto b) { return a * b; }, x, y);
    expect_each("a / b", [](auto a, auto b) { return a / b; }, x, positive);
    expect_each("the larger", [](auto a, auto b) { return select(a > b, a, b); }, x, y);
    expect_each("the smaller, negative", [](auto a, auto b) { return -select(a < b, a, b); }, x, y);
    expect_each("log_of_sum", [](auto a, auto b) { return log_of_sum(a, b); }, x, y);
    of_one("bounded", [](auto a) { return bounded(a, -1.0F, 0.5F); }, x);
    of_one("softplus", [](auto a) { return softplus(a); }, x);
    of_one("log_sigmoid", [](auto a) { return log_sigmoid(a); }, x);
    of_one("sigmoid", [](auto a) { return sigmoid(a); }, x);
    of_one("hyperbolic_tangent", [](auto a) { return hyperbolic_tangent(a); }, x);
    of_one("logarithm", [](auto a) { return logarithm(a); }, positive);
    of_one("square_root", [](auto a) { return square_root(a); }, positive);
    of_one("reciprocal_root", [](auto a) { return reciprocal_root(a); }, positive);
    if (set % 3 != 0) of_one("exponential", [](auto a) { return exponential(a); }, x);
  }
}

BOOST_AUTO_TEST_CASE(sums) {
  Numbers numbers;
  float sum = 0;
  for (Index i = 0; i < lane_count; ++i) sum += numbers.of[i] = static_cast<float>(i * i);
  BOOST_TEST(sum_of(numbers.lanes()) == sum);
  BOOST_TEST(sum_of(FloatLanes(0.25)) == 0.25F * static_cast<float>(lane_count));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

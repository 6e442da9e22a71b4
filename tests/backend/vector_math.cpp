#include <rondo/core/vector_math.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace rondo;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// -limit .. limit, dense near zero as well.
std::vector<float> arguments(double limit) {
  std::vector<float> xs;
  for (int i = -20000; i <= 20000; ++i) xs.push_back(static_cast<float>(limit * i / 20000.0));
  for (int i = -4000; i <= 4000; ++i) xs.push_back(static_cast<float>(std::copysign(std::exp2(-20.0 + std::abs(i) / 180.0), i)));
  return xs;
}

// The largest error of `function` over the arguments, relative to max(|expected|, floor), computed in a vectorised loop.
template <class Function, class Expected>
double largest_error(double limit, double floor, Function function, Expected expected) {
  const std::vector<float> xs = arguments(limit);
  std::vector<float> ys(xs.size());
#pragma omp simd
  for (std::size_t i = 0; i < xs.size(); ++i) ys[i] = function(xs[i]);
  double worst = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (std::abs(xs[i]) > limit) continue;
    const double y = expected(static_cast<double>(xs[i]));
    const double error = std::abs(ys[i] - y) / std::max({std::abs(y), floor, 1e-44});
    worst = std::isnan(error) ? infinity : std::max(worst, error);
  }
  return worst;
}

double s(double x) {
  return 1 / (1 + std::exp(-x));
}
double gelu_tanh_double(double x) {
  return x * s(2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
}
double phi(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

double distance(double found, double expected) {
  return found == expected ? 0 : std::abs(found - expected);
}

template <class Function>
void check_limits(Function function, double at_minus_infinity, double at_infinity) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const float x : {-inf, -1e30F, -1e4F}) {
    if (std::isinf(at_minus_infinity) && !std::isinf(x)) continue;
    BOOST_TEST(distance(function(x), at_minus_infinity) < 1e-30);
  }
  for (const float x : {inf, 1e30F, 1e4F}) {
    if (std::isinf(at_infinity) && !std::isinf(x)) continue;
    BOOST_TEST(distance(function(x), at_infinity) < 1e-30);
  }
  for (const std::uint32_t payload : {0x7fc00000U, 0xffc00000U, 0x7fffffffU, 0x7fc001ffU})
    BOOST_TEST(std::isnan(function(std::bit_cast<float>(payload))));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vector_math)

BOOST_AUTO_TEST_CASE(exponential_is_accurate) {
  BOOST_TEST(largest_error(
                 86.9, 0, [](float x) { return exponential(x); }, [](double x) { return std::exp(x); }) < 1.5e-7);
  BOOST_TEST(std::isfinite(exponential(88.722F)));
  BOOST_TEST(std::isinf(exponential(88.73F)));
  BOOST_TEST(exponential(0.0F) == 1.0F);
  BOOST_TEST(exponential(-88.0F) == 0.0F);
  check_limits([](float x) { return exponential(x); }, 0, infinity);
}

BOOST_AUTO_TEST_CASE(squashing_functions_are_accurate) {
  BOOST_TEST(largest_error(
                 80, 0, [](float x) { return sigmoid(x); }, s) < 2.5e-7);
  BOOST_TEST(largest_error(
                 30, 0, [](float x) { return hyperbolic_tangent(x); }, [](double x) { return std::tanh(x); }) < 3e-7);
  BOOST_TEST(largest_error(
                 80, 0, [](float x) { return softplus(x); },
                 [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }) < 3e-7);
  BOOST_TEST(largest_error(
                 80, 0, [](float x) { return log_sigmoid(x); },
                 [](double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x))); }) < 3e-7);
  check_limits([](float x) { return sigmoid(x); }, 0, 1);
  check_limits([](float x) { return hyperbolic_tangent(x); }, -1, 1);
  check_limits([](float x) { return softplus(x); }, 0, infinity);
  check_limits([](float x) { return log_sigmoid(x); }, -infinity, 0);
}

BOOST_AUTO_TEST_CASE(activations_are_accurate) {
  BOOST_TEST(largest_error(
                 80, 0, [](float x) { return silu(x); }, [](double x) { return x * s(x); }) < 3e-7);
  BOOST_TEST(largest_error(
                 80, 1, [](float x) { return gelu_tanh(x); }, gelu_tanh_double) < 3e-7);
  BOOST_TEST(largest_error(
                 2, 0, [](float x) { return gelu_tanh(x); }, gelu_tanh_double) < 1e-6);
  BOOST_TEST(largest_error(
                 80, 1, [](float x) { return gelu(x); }, [](double x) { return x * phi(x); }) < 3e-7);
  BOOST_TEST(largest_error(
                 4, 0, [](float x) { return gelu(x); }, [](double x) { return x * phi(x); }) < 2e-6);
  check_limits([](float x) { return silu(x); }, 0, infinity);
  check_limits([](float x) { return gelu_tanh(x); }, 0, infinity);
  check_limits([](float x) { return gelu(x); }, 0, infinity);
}

BOOST_AUTO_TEST_CASE(derivatives_are_accurate) {
  BOOST_TEST(largest_error(
                 80, 1, [](float x) { return silu_derivative(x); }, [](double x) { return s(x) * (1 + x * s(-x)); }) < 5e-7);
  const auto gelu_tanh_slope = [](double x) {
    const double c = 2 * std::sqrt(2 / M_PI), u = c * (x + 0.044715 * x * x * x);
    return s(u) + x * s(u) * s(-u) * c * (1 + 0.134145 * x * x);
  };
  BOOST_TEST(largest_error(
                 30, 1, [](float x) { return gelu_tanh_derivative(x); }, gelu_tanh_slope) < 5e-7);
  BOOST_TEST(largest_error(
                 30, 1, [](float x) { return gelu_derivative(x); },
                 [](double x) { return phi(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI); }) < 5e-7);
  check_limits([](float x) { return silu_derivative(x); }, 0, 1);
  check_limits([](float x) { return gelu_tanh_derivative(x); }, 0, 1);
  check_limits([](float x) { return gelu_derivative(x); }, 0, 1);
}

BOOST_AUTO_TEST_CASE(decaying_exponentials) {
  double worst = 0;
  for (int i = 0; i <= 200000; ++i) {
    const double x = -708.0 * i / 200000, expected = std::exp(x);
    worst = std::max(worst, std::abs(decaying_exponential(x) - expected) / expected);
  }
  BOOST_TEST(worst < 5e-16);
  BOOST_TEST(decaying_exponential(0) == 1);
  BOOST_TEST(decaying_exponential(-1e300) < 1e-307);
  BOOST_TEST(decaying_exponential(-infinity) < 1e-307);
}

BOOST_AUTO_TEST_SUITE_END()

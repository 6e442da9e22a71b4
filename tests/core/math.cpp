// The scalar functions: float against double, double against the standard library's definitions, complex as the analytic
// continuation (its imaginary step is the derivative), derivatives against it, log_of_complement without cancellation.
#include <rondo/core/activation.hpp>
#include <rondo/core/math.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>

namespace rondo {

BOOST_AUTO_TEST_SUITE(math)

using Z = std::complex<double>;

// x over [low, high] in steps that hit no round numbers.
template <class Act>
void over(double low, double high, Act act) {
  for (int i = 0; i <= 4000; ++i) act(low + (high - low) * (i + 0.37) / 4001);
}

struct Worst {
  double error = 0;
  double at = 0;
  void see(double x, double expected, double found, double scale) {
    const double e = std::abs(expected - found) / scale;
    if (!(e <= error)) {
      error = e;
      at = x;
    }
  }
};

// `function` in float, as long double arithmetic would have it, relative to |value| but at least `floor`.
template <class Function>
void expect_float(const char* name, Function function, double low, double high, double tolerance, double floor) {
  Worst worst;
  over(low, high, [&](double x) {
    const float narrow = static_cast<float>(x);
    const double expected = function(static_cast<double>(narrow));
    worst.see(x, expected, static_cast<double>(function(narrow)), std::max(std::abs(expected), floor));
  });
  BOOST_TEST(worst.error < tolerance, name << " in float: error " << worst.error << " at " << worst.at);
}
// Im f(x + i h) / h against a central difference of f in double, and Re f(x + i h) against f(x).
template <class Function>
void expect_continuation(const char* name, Function function, double low, double high) {
  Worst value, slope;
  over(low, high, [&](double x) {
    const Z complex = function(Z{x, 1e-30});
    value.see(x, function(x), complex.real(), std::max(std::abs(function(x)), 1e-3));
    const double h = 1e-4 * std::max(1.0, std::abs(x)) * 0.1;
    const double difference = (8 * (function(x + h) - function(x - h)) - (function(x + 2 * h) - function(x - 2 * h))) / (12 * h);
    slope.see(x, difference, complex.imag() / 1e-30, std::max(std::abs(difference), 1.0));
  });
  BOOST_TEST(value.error < 1e-12, name << ": real part off by " << value.error << " at " << value.at);
  BOOST_TEST(slope.error < 1e-9, name << ": derivative off by " << slope.error << " at " << slope.at);
}

#define RONDO_FUNCTION(name) #name, [](auto x) { return name(x); }

BOOST_AUTO_TEST_CASE(float_against_double) {
  const double none = std::numeric_limits<double>::min();
  expect_float(RONDO_FUNCTION(exponential), -80, 80, 3e-7, none);
  expect_float(RONDO_FUNCTION(logarithm), 1e-6, 50, 3e-7, 1e-2);
  expect_float(RONDO_FUNCTION(sigmoid), -40, 40, 3e-7, none);
  expect_float(RONDO_FUNCTION(log_sigmoid), -40, 40, 4e-7, none);
  expect_float(RONDO_FUNCTION(softplus), -40, 40, 4e-7, none);
  expect_float(RONDO_FUNCTION(hyperbolic_tangent), -20, 20, 4e-7, none);
  expect_float(RONDO_FUNCTION(silu), -40, 40, 4e-7, none);
  expect_float(RONDO_FUNCTION(silu_derivative), -40, 40, 1e-6, 1);
  expect_float(RONDO_FUNCTION(gelu_tanh), -4, 9, 2e-6, none);
  expect_float(RONDO_FUNCTION(gelu_tanh_derivative), -9, 9, 1e-6, 1);
  expect_float(RONDO_FUNCTION(square_root), 0, 1000, 2e-7, none);
  expect_float(RONDO_FUNCTION(reciprocal_root), 1e-3, 1000, 2e-7, none);
}

BOOST_AUTO_TEST_CASE(complex_is_the_analytic_continuation) {
  expect_continuation(RONDO_FUNCTION(exponential), -5, 5);
  expect_continuation(RONDO_FUNCTION(logarithm), 0.1, 10);
  expect_continuation(RONDO_FUNCTION(sigmoid), -30, 30);
  expect_continuation(RONDO_FUNCTION(log_sigmoid), -30, 30);
  expect_continuation(RONDO_FUNCTION(softplus), -30, 30);
  expect_continuation(RONDO_FUNCTION(hyperbolic_tangent), -15, 15);
  expect_continuation(RONDO_FUNCTION(silu), -30, 30);
  expect_continuation(RONDO_FUNCTION(gelu_tanh), -6, 6);
  expect_continuation(RONDO_FUNCTION(square_root), 0.1, 10);
  expect_continuation(RONDO_FUNCTION(reciprocal_root), 0.1, 10);
}

BOOST_AUTO_TEST_CASE(definitions) {
  over(-30, 30, [](double x) {
    BOOST_TEST(std::abs(sigmoid(x) + sigmoid(-x) - 1) < 1e-15);
    BOOST_TEST(std::abs(softplus(x) - softplus(-x) - x) < 1e-13);
    BOOST_TEST(std::abs(log_sigmoid(x) - std::log(sigmoid(x))) < 1e-13);
    BOOST_TEST(std::abs(gelu_tanh(x) - 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979) * (x + 0.044715 * x * x * x)))) <
               1e-13);
  });
  BOOST_TEST(softplus(-800.0) == 0.0);
  BOOST_TEST(softplus(800.0) == 800.0);
  BOOST_TEST(sigmoid(-800.0) == 0.0);
}

// Decays near 0 and near 1: neither log a nor log(1 - b) alone keeps its digits.
template <class T>
double complement_error(double b, double a) {
  const double expected = b < 0.5 ? std::log1p(-b) : std::log(a);
  return std::abs(static_cast<double>(real_part(log_of_complement(static_cast<T>(a), static_cast<T>(b)))) - expected) /
         std::max(std::abs(expected), 1e-30);
}
BOOST_AUTO_TEST_CASE(log_of_complement_keeps_its_digits) {
  for (double small = 1e-12; small < 0.5; small *= 1.7) {
    const float b = static_cast<float>(small);
    BOOST_TEST(complement_error<double>(small, 1 - small) < 1e-15);
    BOOST_TEST(complement_error<double>(1 - small, small) < 1e-15);
    BOOST_TEST(complement_error<float>(static_cast<double>(b), static_cast<double>(1.0F - b)) < 5e-7, b);
    BOOST_TEST(complement_error<float>(1.0 - static_cast<double>(b), static_cast<double>(b)) < 5e-7, b);
    BOOST_TEST(std::abs(log_of_complement(Z{1 - small, -1e-30}, Z{small, 1e-30}).imag() / 1e-30 * (1 - small) + 1) < 1e-12);
    BOOST_TEST(std::abs(log_of_complement(Z{small, 1e-30}, Z{1 - small, -1e-30}).imag() / 1e-30 * small - 1) < 1e-12);
  }
}

template <class Activation>
void expect_derivative(const char* name) {
  Worst worst, in_float;
  over(-8, 8, [&](double x) {
    const double expected = Activation::apply(Z{x, 1e-30}).imag() / 1e-30;
    worst.see(x, expected, Activation::derivative(x), 1);
    in_float.see(x, Activation::derivative(static_cast<double>(static_cast<float>(x))),
                 static_cast<double>(Activation::derivative(static_cast<float>(x))), 1);
  });
  BOOST_TEST(worst.error < 1e-14, name << " in double: " << worst.error << " at " << worst.at);
  BOOST_TEST(in_float.error < 1e-6, name << " in float: " << in_float.error << " at " << in_float.at);
}
BOOST_AUTO_TEST_CASE(derivatives_of_activations) {
  expect_derivative<Silu>("Silu");
  expect_derivative<GeluTanh>("GeluTanh");
  expect_derivative<Relu>("Relu");
  expect_derivative<SquaredRelu>("SquaredRelu");
  expect_derivative<Tanh>("Tanh");
  expect_derivative<Softplus>("Softplus");
  expect_derivative<Identity>("Identity");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo

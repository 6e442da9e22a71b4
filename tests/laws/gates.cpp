// Gates and cells far into saturation: finite, and in float what they are in double.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/gate/decay.hpp>
#include <rondo/gate/forget.hpp>
#include <rondo/gate/softplus_step.hpp>
#include <rondo/recurrence/cell.hpp>
#include <rondo/testing/gate_laws.hpp>

namespace rondo::testing {

namespace {

// As LowerBoundedForget is when its derivative is written down without thinking of shut gates.
struct Careless : LowerBoundedForget {
  template <class T>
  static GateGradient<T> backward(T f, T beta, T d_log_decay, T d_write) {
    const T s = sigmoid(f), decay = beta + (T(1) - beta) * s, total = (d_log_decay - decay * d_write) * sigmoid(-f) / decay;
    return {total * (T(1) - beta) * s, total};
  }
};

// One token of one unit, forward and backward: what is kept of the gates, the state, and all gradients.
template <class CellType, class T>
std::vector<double> token(double i, double f, double g, double o, double cell, double normaliser) {
  T gates[4] = {static_cast<T>(i), static_cast<T>(f), static_cast<T>(g), static_cast<T>(o)};
  typename CellType::template State<T> state{}, d{};
  state.cell = static_cast<T>(cell), d.hidden = T(0.75), d.cell = T(-0.5);
  if constexpr (CellType::normalised) state.normaliser = static_cast<T>(normaliser), d.normaliser = T(0.25);
  CellType::forward(gates[0], gates[1], gates[2], gates[3], state);
  std::vector<double> all{state.hidden, state.cell};
  if constexpr (CellType::normalised) all.push_back(state.normaliser);
  CellType::backward(gates[0], gates[1], gates[2], gates[3], state.cell, static_cast<T>(cell), d);
  for (const T gate : gates) all.push_back(gate);
  all.push_back(d.cell);
  if constexpr (CellType::normalised) all.push_back(d.normaliser);
  return all;
}
template <class CellType>
void expect_finite_and_equal() {
  const double far[] = {-200, -89, -30, -1, 0.5, 20, 88, 89, 200};
  for (const double i : far)
    for (const double f : far)
      for (const double normaliser : {0.0, -150.0, -2.0, 180.0})
        for (const double g : {-200.0, 0.25, 200.0}) {
          const auto exact = token<CellType, double>(i, f, g, f, -0.75, normaliser);
          const auto found = token<CellType, float>(i, f, g, f, -0.75, normaliser);
          for (std::size_t n = 0; n < exact.size(); ++n)
            BOOST_TEST(std::abs(found[n] - exact[n]) <= 2e-5 * std::max(1.0, std::abs(exact[n])),
                       "number " << n << " at i = " << i << ", f = " << f << ", n = " << normaliser << ": " << exact[n] << ", found " << found[n]);
        }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gates)

BOOST_AUTO_TEST_CASE(forget_gates) {
  BOOST_TEST(gate_laws(LowerBoundedForget{}).empty(), gate_laws(LowerBoundedForget{}));
  BOOST_TEST(gate_laws(SigmoidForget{}).empty(), gate_laws(SigmoidForget{}));
}
BOOST_AUTO_TEST_CASE(a_careless_gate_is_found) {
  const Findings findings = gate_laws(Careless{}, {0});
  BOOST_TEST_REQUIRE(!findings.empty());
  BOOST_TEST(findings.begin()->place.starts_with("df at f = -"));
}
BOOST_AUTO_TEST_CASE(time_steps) {
  for (const SoftplusStep& gate : {SoftplusStep{}, SoftplusStep{.low = 1e-3, .high = 0.1}, SoftplusStep{.low = 0, .high = 50}}) {
    const Findings findings = gate_laws(gate, {-200, -20, -1, 0, 2.5});
    BOOST_TEST(findings.empty(), findings);
  }
}
BOOST_AUTO_TEST_CASE(decays) {
  using Decay = SigmoidRoot<16>;
  for (int i = -800; i <= 800; ++i) {
    const double f = i / 4.0, expected = Decay::apply(f), slope = Decay::derivative(f);
    BOOST_TEST(std::abs(static_cast<double>(Decay::apply(static_cast<float>(f))) - expected) <= 1e-6 * std::max(1.0, -expected));
    BOOST_TEST(std::abs(static_cast<double>(Decay::derivative(static_cast<float>(f))) - slope) <= 1e-6);
    BOOST_TEST(std::abs(Decay::apply(std::complex<double>(f, 1e-150)).imag() / 1e-150 - slope) <= 1e-12);
  }
}
BOOST_AUTO_TEST_CASE(cells) {
  expect_finite_and_equal<LstmCell>();
  expect_finite_and_equal<SlstmCell>();
}

// Layers whose logits are thousands apart: some bounds are 0, some 1.
BOOST_AUTO_TEST_CASE(bounds_of_large_parameters) {
  constexpr Index depth = 4, width = 3;
  const double raw[depth][width] = {{-4000, 0, 1}, {3000, 2000, 2}, {2999, -1500, 3}, {-3000, 1999, 0}};
  const auto bounds = [&](auto backend) {
    using Backend = decltype(backend);
    using S = typename Backend::Scalar;
    typename Backend::Context c;
    std::vector<double> all;
    const View<S> lambda = c.matrix(depth, width), beta = c.matrix(depth, width), d_beta = c.matrix(depth, width), d = c.matrix(depth, width);
    for (Index l = 0; l < depth; ++l)
      for (Index i = 0; i < width; ++i) lambda(l, i) = static_cast<S>(raw[l][i]), d_beta(l, i) = S(0.5) * static_cast<S>(l + i), d(l, i) = S(0);
    c.lower_bounds(View<const S>(lambda), beta);
    c.lower_bounds_gradient(View<const S>(lambda), View<const S>(d_beta), d);
    for (const View<S>& view : {beta, d})
      for (Index n = 0; n < view.size(); ++n) all.push_back(view.data[n]);
    return all;
  };
  const auto exact = bounds(Reference<double>{}), found = bounds(Cpu{});
  const double e = std::exp(1.0), first[] = {0, e / (e + 1), 1, 1};
  for (Index l = 0; l < depth; ++l) BOOST_TEST(std::abs(exact[static_cast<std::size_t>(l * width)] - first[l]) < 1e-14);
  for (std::size_t n = 0; n < exact.size(); ++n) BOOST_TEST(std::abs(found[n] - exact[n]) <= 1e-6);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing

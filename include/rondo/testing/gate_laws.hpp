// The law of gates: a forget gate (gate/forget.hpp) over pre-activations from -200 to 200, shut and open beyond what float32 holds.
//
//   const Findings findings = gate_laws(MyGate{});               bounds between 0 and 1, as LowerBounds makes them
//   const Findings findings = gate_laws(MyGate{}, {-20, 0, 5});   others, where the second argument means something else
//
// In double `backward` is the complex-step derivative of `apply`, and log decays are not positive. In float both are finite and those of
// double, relative to the larger of 1 and the value; but a log decay may end at -80, where a state is forgotten, and a gradient beyond 1e29
// need only be finite.
#pragma once

#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include <rondo/gate/forget.hpp>
#include <rondo/testing/findings.hpp>

namespace rondo::testing {

template <class Gate>
Findings gate_laws(const Gate& gate, const std::vector<double>& bounds = {0, 1e-30, 1e-6, 0.1, 0.5, 0.9, 1 - 0x1p-24, 1}) {
  using Complex = std::complex<double>;
  // A decay of e^-400 must be far smaller than one step and far larger than the other.
  constexpr double step = 1e-100, bound_step = 1e-250, forgotten = -80, too_large = 1e29;
  Findings findings;
  const auto look = [&](const char* law, const char* what, double f, double beta, double expected, double found, double tolerance) {
    if (!std::isfinite(found) || std::abs(found - expected) > tolerance * std::max(1.0, std::abs(expected)))
      findings.add({law, std::string(what) + " at f = " + std::to_string(f) + ", beta = " + std::to_string(beta), expected, found,
                    std::abs(found - expected)});
  };
  const auto check = [&](float narrow_f, float narrow_beta) {
    const double f = narrow_f, beta = narrow_beta;
    const auto exact = gate.template apply<double>(f, beta);
    const auto found = gate.template apply<float>(narrow_f, narrow_beta);
    look("the log decay is not positive", "g", f, beta, std::min(exact.log_decay, 0.0), exact.log_decay, 0);
    look("the log decay is not positive", "g in float", f, beta, std::min(found.log_decay, 0.0F), static_cast<double>(found.log_decay), 0);
    const auto remembered = [&](double g) { return std::max(g, forgotten); };
    look("float as double", "g", f, beta, remembered(exact.log_decay), remembered(static_cast<double>(found.log_decay)), 4e-6);
    look("float as double", "k", f, beta, exact.write, static_cast<double>(found.write), 4e-6);
    const auto along_f = gate.template apply<Complex>({f, step}, beta), along_beta = gate.template apply<Complex>(f, {beta, bound_step});
    for (const auto& [dg, dk] : {std::pair{1.0, 0.0}, {0.0, 1.0}, {-0.75, 0.5}}) {
      const auto derivative = [by_g = dg, by_k = dk](const GateOutput<Complex>& out, double h) {
        return by_g * (out.log_decay.imag() / h) + by_k * (out.write.imag() / h);
      };
      const auto gradient = gate.template backward<double>(f, beta, dg, dk);
      const auto narrow = gate.template backward<float>(narrow_f, narrow_beta, static_cast<float>(dg), static_cast<float>(dk));
      look("gradient", "df", f, beta, derivative(along_f, step), gradient.d_pre_activation, 1e-8);
      look("gradient", "dbeta", f, beta, derivative(along_beta, bound_step), gradient.d_bound, 1e-8);
      look("float as double", "df", f, beta, gradient.d_pre_activation, static_cast<double>(narrow.d_pre_activation), 2e-5);
      const bool large = std::abs(gradient.d_bound) > too_large && std::isfinite(narrow.d_bound);
      look("float as double", "dbeta", f, beta, gradient.d_bound, large ? gradient.d_bound : static_cast<double>(narrow.d_bound), 2e-5);
    }
  };
  for (const double beta : bounds) {
    for (int i = -800; i <= 800; ++i) check(static_cast<float>(i) / 4, static_cast<float>(beta));
    for (const float f : {-1e-3F, 1e-3F, -87.4F, -87.6F, -88.8F, -89.1F, 16.6F, 88.8F}) check(f, static_cast<float>(beta));
  }
  return findings;
}

}  // namespace rondo::testing

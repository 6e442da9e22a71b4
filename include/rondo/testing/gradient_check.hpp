// Gradients against the complex-step derivative (Squire and Trapp 1998; Martins, Sturdza, Alonso 2003):
//
//   L(p) = <dy, y(p)> + <d_final, final(p)>,    dL/dp . u = Im L(p + i h u) / h,   h = 1e-30
//
// of a forward pass in Reference<std::complex<double>>. There is no difference of nearby numbers in it, so its error is that
// of double arithmetic and h needs no choice. Compared with the backward pass of any back-end, for every leaf of the weights,
// for the input and for the initial states: two random directions u each, and single entries - all of them in small leaves. Errors
// are relative to the leaf's largest entry: where the terms of an entry cancel, float32 knows it no better.
//
//   Findings findings = check_gradients<Reference<double>>(subject, batch, inputs);      empty: they agree
#pragma once

#include <complex>

#include <rondo/backend/reference/reference.hpp>
#include <rondo/testing/findings.hpp>

namespace rondo::testing {

struct GradientCheck {
  int directions = 2;
  Index single_entries = 24;  // of one leaf; all where it has no more
  double step = 1e-30;
};

inline Inputs<std::complex<double>> complex_inputs(const Inputs<double>& in) {
  using Z = std::complex<double>;
  const auto one = [](const Tensor<double>& tensor) {
    Tensor<Z> result(tensor.name, tensor.rows, tensor.columns);
    std::copy(tensor.values.begin(), tensor.values.end(), result.values.begin());
    return result;
  };
  const auto all = [&](const Tensors<double>& tensors) {
    Tensors<Z> result;
    for (const Tensor<double>& tensor : tensors) result.push_back(one(tensor));
    return result;
  };
  Inputs<Z> result{all(in.weights), one(in.x), {}, one(in.dy), {}};
  if (in.initial) result.initial = all(*in.initial);
  if (in.d_final) result.d_final = all(*in.d_final);
  return result;
}

// Where a state has entries that the pass does not write (the empty part of a cache), its gradient becomes NaN: nobody may
// read it.
template <class Subject>
void forget_unwritten_states(const Subject& subject, const Batch& batch, Inputs<double>& in, const Mode& mode = {}) {
  if (!in.d_final) return;
  const Outputs<double> outputs = run_forward<Reference<double>>(subject, batch, in, mode);
  for (std::size_t i = 0; i < outputs.final.size(); ++i)
    for (std::size_t j = 0; j < outputs.final[i].values.size(); ++j)
      if (std::isnan(outputs.final[i].values[j])) (*in.d_final)[i].values[j] = std::numeric_limits<double>::quiet_NaN();
}

template <class Subject>
double slope(const Subject& subject, const Batch& batch, const Inputs<std::complex<double>>& in, const Mode& mode) {
  const auto outputs = run_forward<Reference<std::complex<double>>>(subject, batch, in, mode);
  double sum = 0;
  const auto add = [&](const Tensor<std::complex<double>>& value, const Tensor<std::complex<double>>& weight) {
    for (std::size_t i = 0; i < value.values.size(); ++i)
      if (weight.values[i].real() != 0 && !std::isnan(weight.values[i].real()))
        sum += weight.values[i].real() * value.values[i].imag();
  };
  add(outputs.y, in.dy);
  if (in.d_final)
    for (std::size_t i = 0; i < outputs.final.size(); ++i) add(outputs.final[i], (*in.d_final)[i]);
  return sum;
}

template <class Backend, class Subject>
Findings check_gradients(const Subject& subject, const Batch& batch, const Inputs<double>& in, double tolerance,
                         const Mode& mode = {}, const GradientCheck& check = {}) {
  Findings findings;
  const Outputs<double> outputs = run<Backend>(subject, batch, in, mode);
  Inputs<std::complex<double>> moved = complex_inputs(in);
  const double floor = gradient_floor(outputs);
  const RandomKey key = key_of(Seed{7}, "directions");

  const auto examine = [&](Tensor<std::complex<double>>& at, const Tensor<double>& gradient) {
    const std::size_t size = at.values.size();
    double scale = std::max(floor, std::numeric_limits<double>::min());
    for (const double entry : gradient.values) scale = std::max(scale, std::abs(entry));
    const auto along = [&](const std::string& place, auto direction, std::size_t begin, std::size_t end) {
      double found = 0;
      for (std::size_t i = begin; i < end; ++i) {
        at.values[i].imag(check.step * direction(i));
        found += gradient.values[i] * direction(i);
      }
      const double expected = slope(subject, batch, moved, mode) / check.step;
      for (std::size_t i = begin; i < end; ++i) at.values[i].imag(0);
      double error = std::abs(expected - found) / scale;
      if (expected == found) error = 0;
      if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
      findings.met(error);
      if (error > tolerance) findings.add({"L1 gradient", place, expected, found, error});
    };
    if (size == 0) return;
    for (int d = 0; d < check.directions; ++d)
      along(
          at.name + ", direction " + std::to_string(d),
          [&](std::size_t i) {
            return normal_number(key, static_cast<std::uint64_t>(d) * 1000000 + i) / std::sqrt(static_cast<double>(size));
          },
          0, size);
    const auto entries = std::min<std::size_t>(size, static_cast<std::size_t>(check.single_entries));
    for (std::size_t n = 0; n < entries; ++n) {
      const std::size_t i = entries == size ? n : below(key, n, size);
      along(
          at.name + " [" + std::to_string(i / static_cast<std::size_t>(at.columns)) + ", " +
              std::to_string(i % static_cast<std::size_t>(at.columns)) + "]",
          [](std::size_t) { return 1.0; }, i, i + 1);
    }
  };
  for (std::size_t i = 0; i < moved.weights.size(); ++i) examine(moved.weights[i], outputs.d_weights[i]);
  examine(moved.x, outputs.dx);
  if (moved.initial)
    for (std::size_t i = 0; i < moved.initial->size(); ++i) examine((*moved.initial)[i], outputs.d_initial[i]);
  return findings;
}

}  // namespace rondo::testing

// Tensors beside each other by the norm of their difference: how numbers that are stored in 16 bits are judged.
#pragma once

#include <cmath>
#include <string>

#include <rondo/core/half.hpp>
#include <rondo/testing/laws.hpp>

namespace rondo::testing {

inline Tensor<double> rounded(Tensor<double> tensor) {
  for (double& value : tensor.values) value = static_cast<double>(static_cast<float>(bf16(static_cast<float>(value))));
  return tensor;
}
inline Tensors<double> rounded(Tensors<double> tensors) {
  for (Tensor<double>& tensor : tensors) tensor = rounded(tensor);
  return tensors;
}
// Inputs as bf16 can store them. Ids of tokens stay whole numbers.
template <class Subject>
Inputs<double> rounded(const Subject&, Inputs<double> in) {
  in.weights = rounded(in.weights);
  if (!Subject::reads_tokens) in.x = rounded(in.x);
  in.dy = rounded(in.dy);
  if (in.initial) in.initial = rounded(*in.initial);
  if (in.d_final) in.d_final = rounded(*in.d_final);
  return in;
}

// |found - expected| <= tolerance |expected|, by the root of the sum of squares of a tensor, where that is not all but nothing beside
// `floor`.
inline void compare_norms(Findings& findings, const std::string& law, const Tensor<double>& expected, const Tensor<double>& found,
                          double tolerance, double floor) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    if (std::isnan(expected.values[i]) && std::isnan(found.values[i])) continue;  // neither was written
    difference += std::pow(found.values[i] - expected.values[i], 2);
    size += std::pow(expected.values[i], 2);
  }
  const double least = std::max(floor, 1e-30) * std::sqrt(static_cast<double>(expected.values.size()));
  const double error = std::sqrt(difference) / std::max(std::sqrt(size), least);
  findings.met(error);
  if (!(error <= tolerance)) findings.add({law, expected.name, std::sqrt(size), std::sqrt(difference), error});
}
inline void compare_norms(Findings& findings, const std::string& law, const Tensors<double>& expected, const Tensors<double>& found,
                          double tolerance, double floor = 0) {
  require(expected.size() == found.size(), law, ": ", expected.size(), " tensors, and ", found.size());
  for (std::size_t i = 0; i < expected.size(); ++i) compare_norms(findings, law, expected[i], found[i], tolerance, floor);
}

}  // namespace rondo::testing

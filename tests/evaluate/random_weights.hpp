// Weights far from their start, so that logits differ clearly and no part of a model is near the identity or zero.
#pragma once

#include <cmath>
#include <vector>

#include <rondo/backend/reference/reference.hpp>
#include <rondo/core/half.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo::test {

// Numbers of bf16's precision, so that every storage holds exactly the same.
template <class Backend, class Storage = typename Backend::Scalar, class Model>
Parameters<Model, Backend, Storage> random_weights(const Model& model, Seed seed = Seed{5}) {
  Parameters<Model, Backend, Storage> weights{model};
  for (const auto& [name, leaf, tensor] : weights.tensors()) {
    const bool matrix = tensor.rows > 1;
    const double scale = matrix ? 1.6 / std::sqrt(static_cast<double>(tensor.columns)) : 0.4;
    const RandomKey key = key_of(seed, name);
    for (Index i = 0; i < tensor.size(); ++i) {
      const double number = (matrix ? 0.0 : leaf.initial.value) + scale * normal_number(key, static_cast<std::uint64_t>(i));
      tensor.data[i] = convert_element<Storage>(static_cast<float>(bf16{static_cast<float>(number)}));
    }
  }
  return weights;
}

// log p(x_t | before) of one text alone, from the model's logits: row t is that after token t, [length, vocabulary].
template <class Backend, class Model>
std::vector<std::vector<double>> log_softmax_of(const Model& model, const Parameters<Model, Backend>& weights,
                                                const std::vector<Token>& text, double soft_cap = 0) {
  using Scalar = typename Backend::Scalar;
  if (text.empty()) return {};
  const auto length = std::ssize(text);
  const Sequence sequence{0, length, 0};
  typename Backend::Context c;
  c.begin({&sequence, 1}, Tokens{text.data(), 1, length});
  const View<Scalar> hidden = c.matrix(length, model.shape().width), logits = c.matrix(length, model.shape().vocabulary);
  model.evaluate(c, weights.record(), hidden, {});
  model.logits(c, weights.record(), hidden, logits);
  std::vector<std::vector<double>> result;
  for (Index t = 0; t < length; ++t) {
    std::vector<double>& row = result.emplace_back(logits.row(t), logits.row(t) + logits.columns);
    double sum = 0;
    for (double& z : row) {
      if (soft_cap > 0) z = soft_cap * std::tanh(z / soft_cap);
      sum += std::exp(z);
    }
    for (double& z : row) z -= std::log(sum);
  }
  return result;
}

}  // namespace rondo::test

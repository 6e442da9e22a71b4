// Adapters (rondo/combinator/low_rank.hpp) added to the matrices that they belong to, and taken away again:
//
//   merge_adapters(hosted(weights.tensors()), factor);          W <- W + factor B A
//   unmerge_adapters(hosted(weights.tensors()), factor);        W <- W - factor B A, but for rounding
//
// Of any model, by the names of its tensors: PREFIX.adapters.N.down and .up belong to matrix N below PREFIX. The adapters stay as they are: the
// merged weights are those of the model without them, which has the same names. `factor` is LowRank::factor, alpha / rank.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <rondo/combinator/low_rank.hpp>
#include <rondo/model/hosted_tensor.hpp>

namespace rondo {

template <class S>
void merge_adapters(const std::vector<HostedTensor<S>>& weights, double factor) {
  constexpr std::string_view word = "adapters.";
  for (const HostedTensor<S>& down : weights) {
    const std::size_t at = down.name.rfind(word);
    if (at == std::string::npos || !down.name.ends_with(".down")) continue;
    const std::string prefix = down.name.substr(0, at);
    const std::size_t number = std::stoul(down.name.substr(at + word.size()));
    const HostedTensor<S>*matrix = nullptr, *up = nullptr;
    std::size_t count = 0;
    for (const HostedTensor<S>& one : weights) {
      if (one.name == down.name.substr(0, down.name.size() - 4) + "up") up = &one;
      if (!one.name.starts_with(prefix) || one.name.find(word, prefix.size()) != std::string::npos || !is_adapted(one.leaf)) continue;
      if (count++ == number) matrix = &one;
    }
    require(matrix != nullptr && up != nullptr, "adapters: '", down.name, "' has no matrix that it belongs to");
    std::vector<S> w = matrix->numbers();
    const std::vector<S> a = down.numbers(), b = up->numbers();
    const Index rank = down.leaf.dimensions.rows(), in = down.leaf.dimensions.columns(), out = up->leaf.dimensions.rows();
    require(std::ssize(w) == in * out, "adapters: '", down.name, "' is of another size than '", matrix->name, "'");
    for (Index row = 0; row < out; ++row)
      for (Index r = 0; r < rank; ++r) {
        const S share = static_cast<S>(factor) * b[static_cast<std::size_t>(row * rank + r)];
        for (Index i = 0; i < in; ++i) w[static_cast<std::size_t>(row * in + i)] += share * a[static_cast<std::size_t>(r * in + i)];
      }
    matrix->write(w);
  }
}
template <class S>
void unmerge_adapters(const std::vector<HostedTensor<S>>& weights, double factor) {
  merge_adapters(weights, -factor);
}

}  // namespace rondo

// Adapters (rondo/combinator/low_rank.hpp) added to the matrices that they belong to, and taken away again:
//
//   merge_adapters(hosted(weights.tensors()), factor);          W <- W + factor B A
//   unmerge_adapters(hosted(weights.tensors()), factor);        W <- W - factor B A, but for rounding
//   merged_tensors(hosted(weights.tensors()), factor)           as files of the model without them see it
//
// Of any model, by the names of its tensors: PREFIX.adapters.N.down and .up belong to matrix N below PREFIX. The adapters stay as they
// are: the merged weights are those of the model without them, which has the same names. `factor` is LowRank::factor, alpha / rank.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/combinator/low_rank.hpp>
#include <rondo/model/hosted_tensor.hpp>

namespace rondo {

// A matrix among tensors, and its adapter.
template <class S>
struct AdaptedMatrix {
  const HostedTensor<S>*matrix = nullptr, *down = nullptr, *up = nullptr;

  // w += factor B A
  void add_to(std::span<S> w, double factor) const {
    const std::vector<S> a = down->numbers(), b = up->numbers();
    const Index rank = down->leaf.dimensions.rows(), in = down->leaf.dimensions.columns(), out = up->leaf.dimensions.rows();
    require(std::ssize(w) == in * out, "adapters: '", down->name, "' is of another size than '", matrix->name, "'");
    for (Index row = 0; row < out; ++row)
      for (Index r = 0; r < rank; ++r) {
        const S share = static_cast<S>(factor) * b[static_cast<std::size_t>(row * rank + r)];
        for (Index i = 0; i < in; ++i) w[static_cast<std::size_t>(row * in + i)] += share * a[static_cast<std::size_t>(r * in + i)];
      }
  }
};

template <class S>
std::vector<AdaptedMatrix<S>> adapted_matrices(const std::vector<HostedTensor<S>>& weights) {
  std::vector<AdaptedMatrix<S>> result;
  for (const HostedTensor<S>& down : weights) {
    const std::size_t at = down.name.rfind(adapters_word);
    if (at == std::string::npos || !down.name.ends_with(".down")) continue;
    const std::string prefix = down.name.substr(0, at);
    const std::size_t number = std::stoul(down.name.substr(at + adapters_word.size()));
    AdaptedMatrix<S> found{nullptr, &down, nullptr};
    std::size_t count = 0;
    for (const HostedTensor<S>& one : weights) {
      if (one.name == down.name.substr(0, down.name.size() - 4) + "up") found.up = &one;
      if (!one.name.starts_with(prefix) || is_adapter(one.name.substr(prefix.size())) || !is_adapted(one.leaf)) continue;
      if (count++ == number) found.matrix = &one;
    }
    require(found.matrix != nullptr && found.up != nullptr, "adapters: '", down.name, "' has no matrix that it belongs to");
    result.push_back(found);
  }
  return result;
}

template <class S>
void merge_adapters(const std::vector<HostedTensor<S>>& weights, double factor) {
  for (const AdaptedMatrix<S>& one : adapted_matrices(weights)) {
    std::vector<S> w = one.matrix->numbers();
    one.add_to(w, factor);
    one.matrix->write(w);
  }
}
template <class S>
void unmerge_adapters(const std::vector<HostedTensor<S>>& weights, double factor) {
  merge_adapters(weights, -factor);
}

// The tensors of the model without adapters: what is read of an adapted matrix is W + factor B A, and where it is written, B becomes zero.
template <class S>
[[nodiscard]] std::vector<HostedTensor<S>> merged_tensors(const std::vector<HostedTensor<S>>& weights, double factor) {
  std::vector<HostedTensor<S>> result;
  for (const HostedTensor<S>& one : weights)
    if (!is_adapter(one.name)) result.push_back(one);
  for (const AdaptedMatrix<S>& one : adapted_matrices(weights)) {
    const auto same = [&](const HostedTensor<S>& plain) { return plain.name == one.matrix->name; };
    HostedTensor<S>& plain = *std::find_if(result.begin(), result.end(), same);
    const auto kept = std::make_shared<const std::array<HostedTensor<S>, 3>>(std::array{*one.matrix, *one.down, *one.up});
    plain.read = [kept, factor](std::span<S> to) {
      (*kept)[0].read(to);
      AdaptedMatrix<S>{&(*kept)[0], &(*kept)[1], &(*kept)[2]}.add_to(to, factor);
    };
    plain.write = [kept](std::span<const S> from) {
      (*kept)[0].write(from);
      (*kept)[2].write(std::vector<S>(static_cast<std::size_t>((*kept)[2].leaf.dimensions.size())));
    };
  }
  return result;
}

}  // namespace rondo

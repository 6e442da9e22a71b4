// HostedTensor: a tensor of a model as files and reports see it: a name, and numbers that come to the host and go back, wherever they live.
//
//   for (const HostedTensor<float>& tensor : hosted(c, weights.tensors()))  ...  tensor.name, tensor.numbers()
//
// Numbers lie row after row. The memory, and the context where it is a device's, must outlive the list.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <rondo/model/parameters.hpp>

namespace rondo {

template <class S>
struct HostedTensor {
  std::string name;
  Leaf leaf;
  std::function<void(std::span<S>)> read;
  std::function<void(std::span<const S>)> write;

  [[nodiscard]] std::vector<S> numbers() const {
    std::vector<S> result(static_cast<std::size_t>(leaf.dimensions.size()));
    read(result);
    return result;
  }
};

template <class S>
std::vector<HostedTensor<S>> hosted(const std::vector<NamedTensor<S>>& tensors) {
  std::vector<HostedTensor<S>> result;
  for (const auto& [name, leaf, tensor] : tensors)
    result.push_back({name, leaf, [data = tensor.data](std::span<S> to) { std::copy_n(data, to.size(), to.begin()); },
                      [data = tensor.data](std::span<const S> from) { std::copy(from.begin(), from.end(), data); }});
  return result;
}
template <class C, class S, Place place>
std::vector<HostedTensor<S>> hosted(C& c, const std::vector<NamedTensor<S, place>>& tensors) {
  if constexpr (place == Place::host) {
    return hosted(tensors);
  } else {
    std::vector<HostedTensor<S>> result;
    for (const auto& [name, leaf, tensor] : tensors)
      result.push_back({name, leaf, [&c, there = tensor](std::span<S> to) { c.download(View<const S, place>(there), to); },
                        [&c, there = tensor](std::span<const S> from) { c.upload(from, there); }});
    return result;
  }
}

}  // namespace rondo

// HostedTensor: a tensor of a model as files and reports see it: a name, and numbers that come to the host and go back, wherever they live.
//
//   for (const HostedTensor<float>& tensor : hosted(c, weights.tensors()))  ...  tensor.name, tensor.numbers()
//   hosted_widened(c, weights.tensors())                                     in float what is stored in 16 bits
//
// Numbers lie row after row. The memory, and the context where it is a device's, must outlive the list.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
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

// The same in float, where they are stored in fewer bits.
template <class C, class S, Place place>
auto hosted_widened(C& c, const std::vector<NamedTensor<S, place>>& tensors) {
  if constexpr (std::is_convertible_v<S, double> && sizeof(S) >= sizeof(float)) {
    return hosted(c, tensors);
  } else {
    std::vector<HostedTensor<float>> result;
    for (HostedTensor<S>& one : hosted(c, tensors)) {
      const auto stored = std::make_shared<const HostedTensor<S>>(std::move(one));
      result.push_back({stored->name, stored->leaf,
                        [stored](std::span<float> to) {
                          const std::vector<S> numbers = stored->numbers();
                          std::transform(numbers.begin(), numbers.end(), to.begin(), [](S number) { return static_cast<float>(number); });
                        },
                        [stored](std::span<const float> from) {
                          std::vector<S> numbers(from.size());
                          std::transform(from.begin(), from.end(), numbers.begin(), [](float number) { return S(number); });
                          stored->write(numbers);
                        }});
    }
    return result;
  }
}

}  // namespace rondo

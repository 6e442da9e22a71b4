// What each rank has to say, told to all:
//
//   std::vector<std::string> texts = gathered_texts(ranks, text);      one of each rank, in their order
//   give_to_all(ranks, tensors);                                       HostedTensors of all ranks become the first rank's
#pragma once

#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/model/hosted_tensor.hpp>
#include <rondo/parallel/any_ranks.hpp>

namespace rondo {

template <class Row>
std::vector<std::string> gathered_texts(const AnyRanks<Row>& ranks, std::string_view text) {
  std::vector<double> lengths(static_cast<std::size_t>(ranks.size()));
  lengths[static_cast<std::size_t>(ranks.rank())] = static_cast<double>(text.size());
  ranks.sum(lengths);
  std::vector<Index> borders{0};
  for (const double length : lengths) borders.push_back(borders.back() + static_cast<Index>(length));
  std::vector<double> letters(static_cast<std::size_t>(borders.back()));
  std::copy(text.begin(), text.end(), letters.begin() + borders[static_cast<std::size_t>(ranks.rank())]);
  ranks.gather(std::span<double>{letters}, borders);
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < lengths.size(); ++rank) {
    std::string& one = texts.emplace_back();
    for (Index i = borders[rank]; i < borders[rank + 1]; ++i) one.push_back(static_cast<char>(letters[static_cast<std::size_t>(i)]));
  }
  return texts;
}

template <class S>
void give_to_all(const AnyRanks<View<S>>& ranks, const std::vector<HostedTensor<S>>& tensors) {
  for (const HostedTensor<S>& one : tensors) {
    std::vector<S> numbers = one.numbers();
    ranks.gather(View<S>{numbers.data(), 1, std::ssize(numbers)}, borders_of_the_first(std::ssize(numbers), ranks.size()));
    one.write(numbers);
  }
}

}  // namespace rondo

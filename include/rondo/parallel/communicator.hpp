// Communicator: ranks that train one model together, each on batches of its own.
//
//   rank(), size()           0 <= rank() < size()
//   sum(x)                   x becomes the sum of all ranks' x: one row of the back-end's memory, or a span of numbers. On devices it
//                            takes rows of doubles of their memory, too: what a step knows of itself (train/step_numbers.hpp)
//   scatter_sum(x, borders)  only the rank's own part of x does; the rest of x is anything
//   gather(x, borders)       x becomes the parts of all ranks, each from the rank whose part it is; a span of numbers, too
//
// Every rank calls the same ones in the same order with as many numbers, one at a time, from whichever thread. All ranks get equal bits
// from sum() and gather(): each element is added in the order of the ranks, whatever arrives first. Where another rank has failed, or went
// away, they throw OtherRankFailed.
//
// Alone is a rank by itself.
#pragma once

#include <algorithm>
#include <concepts>
#include <span>
#include <vector>

#include <rondo/core/arena.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// What this rank would do cannot be done because of another, which says why.
class OtherRankFailed : public Error {
 public:
  explicit OtherRankFailed(const Error& message) : Error(message) {}
};

// Consecutive parts of a row: that of a rank is [borders[rank], borders[rank + 1]).
using Borders = std::span<const Index>;

template <class S, Place place>
[[nodiscard]] constexpr View<S, place> part_of(View<S, place> x, Borders borders, Index rank) {
  const auto r = static_cast<std::size_t>(rank);
  return x.middle_columns(borders[r], borders[r + 1] - borders[r]);
}
// Equal parts but for the last ones, which begin where an arena's tensors may.
[[nodiscard]] inline std::vector<Index> equal_borders(Index columns, Index size, std::size_t bytes_of_element) {
  const auto step = static_cast<Index>(arena_alignment / bytes_of_element);
  const Index each = ((columns + size - 1) / size + step - 1) / step * step;
  std::vector<Index> borders;
  for (Index rank = 0; rank <= size; ++rank) borders.push_back(std::min(columns, rank * each));
  return borders;
}
// All of a row is the first rank's: gather() then gives it to all.
[[nodiscard]] inline std::vector<Index> borders_of_the_first(Index columns, Index size) {
  std::vector<Index> borders(static_cast<std::size_t>(size) + 1, columns);
  borders.front() = 0;
  return borders;
}

// Row: of a back-end's wide numbers.
template <class R, class Row>
concept Communicator = requires(R& ranks, Row x, std::span<double> numbers, Borders borders) {
  { ranks.rank() } -> std::convertible_to<Index>;
  { ranks.size() } -> std::convertible_to<Index>;
  ranks.sum(x);
  ranks.sum(numbers);
  ranks.scatter_sum(x, borders);
  ranks.gather(x, borders);
  ranks.gather(numbers, borders);
};

struct Alone {
  [[nodiscard]] static constexpr Index rank() { return 0; }
  [[nodiscard]] static constexpr Index size() { return 1; }
  static constexpr void sum(const auto&) {}
  static constexpr void scatter_sum(const auto&, Borders) {}
  static constexpr void gather(const auto&, Borders) {}
};

}  // namespace rondo

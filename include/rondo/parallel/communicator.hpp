// Communicator: ranks that train one model together, each on batches of its own.
//
//   rank(), size()       0 <= rank() < size()
//   sum(x)               x becomes the sum of all ranks' x: one row of the back-end's memory, or a span of numbers. On
//                        devices it takes rows of doubles of their memory, too: what a step knows of itself (train/step_numbers.hpp)
//   scatter_sum(x)       only the rank's own share of x does; the rest of x is anything
//   gather(x)            x becomes the shares of all ranks, each from the rank whose share it is
//
// Every rank calls the same ones in the same order with as many numbers. All ranks get equal bits from sum() and gather(). `share` says
// which part of a row belongs to a rank: consecutive parts, equal but for the last ones, that begin where an arena's tensors may.
//
// Alone is a rank by itself, which the compiler takes away.
#pragma once

#include <algorithm>
#include <concepts>
#include <span>

#include <rondo/backend/options.hpp>
#include <rondo/core/arena.hpp>

namespace rondo {

template <class R, class C>
concept Communicator = requires(R& ranks, WideOut<C> x, std::span<double> numbers) {
  { ranks.rank() } -> std::convertible_to<Index>;
  { ranks.size() } -> std::convertible_to<Index>;
  ranks.sum(x);
  ranks.sum(numbers);
  ranks.scatter_sum(x);
  ranks.gather(x);
};

template <class S, Place place>
[[nodiscard]] constexpr View<S, place> share(View<S, place> x, Index rank, Index size) {
  constexpr auto step = static_cast<Index>(arena_alignment / sizeof(S));
  const Index each = ((x.columns + size - 1) / size + step - 1) / step * step;
  const Index begin = std::min(x.columns, rank * each), end = std::min(x.columns, begin + each);
  return x.middle_columns(begin, end - begin);
}

struct Alone {
  [[nodiscard]] static constexpr Index rank() { return 0; }
  [[nodiscard]] static constexpr Index size() { return 1; }
  static constexpr void sum(const auto&) {}
  static constexpr void scatter_sum(const auto&) {}
  static constexpr void gather(const auto&) {}
};

}  // namespace rondo

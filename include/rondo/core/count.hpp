// Numbers of numbers, which cannot wrap: sizes come from files and command lines, and a product of two of them asks for memory.
//
//   largest_size     the largest size that a Shape may have
//   largest_count    more numbers than any memory holds (16 PB of float32): no tensor, record or pass may have as many
//   count_of(a, b, c)     a b c;     total_of(a, b)     a + b;     Error beyond largest_count or below 0
#pragma once

#include <concepts>
#include <string>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline constexpr Index largest_size = 2147483647;
inline constexpr Index largest_count = Index{1} << 52;

template <std::same_as<Index>... More>
constexpr Index count_of(Index first, More... more) {
  Index product = first;
  bool fits = first >= 0 && first <= largest_count;
  ((fits = fits && more >= 0 && !__builtin_mul_overflow(product, more, &product) && product <= largest_count), ...);
  if (!fits) {
    std::string text = std::to_string(first);
    ((text += " x " + std::to_string(more)), ...);
    throw error("sizes of ", text, ": more numbers than any memory holds");
  }
  return product;
}
constexpr Index total_of(Index a, Index b) {
  if (a < 0 || b < 0 || a > largest_count || b > largest_count - a)
    throw error("sizes of ", a, " + ", b, ": more numbers than any memory holds");
  return a + b;
}

}  // namespace rondo

// The numbers that a parameter starts from (Initial: rondo/core/leaf.hpp), in pieces that may be made in any order and by any thread.
//
//   start_numbers(initial, key, columns, begin, end, to)        elements [begin, end) of a tensor of `columns` columns, row after row
//
// Element n is a function of (key, n) and its column alone, rounded to float32 first whatever T is.
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/core/leaf.hpp>
#include <rondo/core/random.hpp>

namespace rondo {

// The element in column `i` of `columns`, from its random words: two for a normal number, else one.
inline double initial_value(const Initial& initial, const std::uint32_t* words, Index i, Index columns) {
  const double way = static_cast<double>(i) / static_cast<double>(std::max<Index>(columns - 1, 1));
  switch (initial.kind) {
    case Initial::Kind::constant: return initial.value;
    case Initial::Kind::normal: return initial.value * normal_of(words[0], words[1]);
    case Initial::Kind::uniform: return initial.value * (2 * uniform_of(words[0]) - 1);
    case Initial::Kind::ramp: return initial.value + (initial.last - initial.value) * way;
    case Initial::Kind::power_law: return initial.value + (initial.last - initial.value) * std::pow(way, initial.exponent);
    case Initial::Kind::log_count: return std::log(static_cast<double>(1 + i));
    case Initial::Kind::log_uniform: return std::log(initial.value + (initial.last - initial.value) * uniform_of(words[0]));
    case Initial::Kind::time_step: {
      const double low = std::log(initial.value), high = std::log(initial.last);
      const double step = std::max(std::exp(low + (high - low) * uniform_of(words[0])), 1e-4);
      return step + std::log(-std::expm1(-step));
    }
  }
  return 0;
}

constexpr bool is_random(Initial::Kind kind) {
  return kind != Initial::Kind::constant && kind != Initial::Kind::ramp && kind != Initial::Kind::power_law &&
         kind != Initial::Kind::log_count;
}

template <class T>
void start_numbers(const Initial& initial, RandomKey key, Index columns, Index begin, Index end, T* to) {
  constexpr Index blocks = 128;
  std::uint32_t words[4 * blocks]{};
  const Index each = initial.kind == Initial::Kind::normal ? 2 : 1, in_block = 4 / each;
  Index column = columns > 0 ? begin % columns : 0;
  for (Index n = begin; n < end;) {
    const Index first = n / in_block, last = std::min(end, (first + blocks) * in_block);
    if (is_random(initial.kind)) philox_words(key, static_cast<std::uint64_t>(first), (last - 1) / in_block - first + 1, words);
    for (; n < last; ++n) {
      *to++ = static_cast<T>(static_cast<float>(initial_value(initial, words + (n - first * in_block) * each, column, columns)));
      if (++column == columns) column = 0;
    }
  }
}

}  // namespace rondo

// A permutation of 0 .. size - 1 that is computed, not stored: a Feistel network of six rounds over the smallest
// even number of bits that holds `size`, with Philox as its round function; numbers that fall outside are sent through again
// ("cycle walking", Black and Rogaway 2002).
//
//   Permutation order{documents, key_of(seed, "order of the data").at(epoch)};
//   for (Index i = 0; i < documents; ++i) use(order(i));          // each once
//
// The same (size, key) gives the same order everywhere, and any place in it can be returned to.
#pragma once

#include <bit>
#include <cstdint>

#include <rondo/core/random.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

class Permutation {
 public:
  constexpr Permutation(Index size, RandomKey key)
      : size_(static_cast<std::uint64_t>(size)), key_(key), half_bits_(half_bits(size)) {}

  [[nodiscard]] constexpr Index size() const { return static_cast<Index>(size_); }
  [[nodiscard]] constexpr Index operator()(Index place) const {
    auto number = static_cast<std::uint64_t>(place);
    do number = exchanged(number);
    while (number >= size_);
    return static_cast<Index>(number);
  }

 private:
  static constexpr int half_bits(Index size) {
    return size <= 2 ? 1 : (static_cast<int>(std::bit_width(static_cast<std::uint64_t>(size - 1))) + 1) / 2;
  }
  [[nodiscard]] constexpr std::uint64_t exchanged(std::uint64_t number) const {
    const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
    std::uint64_t left = number >> half_bits_, right = number & mask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const std::uint64_t mixed = left ^ (philox(key_, (round << 32) | right)[0] & mask);
      left = right;
      right = mixed;
    }
    return (left << half_bits_) | right;
  }

  std::uint64_t size_;
  RandomKey key_;
  int half_bits_;
};

}  // namespace rondo

// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011). Number i of a stream is a function of (key, i) alone: no state, the same numbers on every back-end, in every
// order and with every number of threads. A parameter's key comes from the seed and its path, so that a layer added to
// a model changes no other layer's start. What is drawn again and again (the masks of a step, the order of an epoch) has a key for
// each time: key_of(seed, "dropout").at(step, part). Counters are hashed in, never added to a seed, so that no two seeds share anything.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace rondo {

struct Seed {
  std::uint64_t value = 0;
};

// The output function of SplitMix64 (Steele, Lea, Flood 2014): a bijection that leaves no pattern of its argument.
constexpr std::uint64_t mixed_bits(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

struct RandomKey {
  std::uint64_t value = 0;
  // The key of one place among numbered ones; the order of the counters matters.
  template <std::integral... Counters>
  [[nodiscard]] constexpr RandomKey at(Counters... counters) const {
    RandomKey key = *this;
    ((key.value = mixed_bits(key.value ^ mixed_bits(static_cast<std::uint64_t>(counters) + 0x9e3779b97f4a7c15ULL))), ...);
    return key;
  }
};

// FNV-1a over the path, mixed with the seed.
constexpr RandomKey key_of(Seed seed, std::string_view path) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char letter : path) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
  return {mixed_bits(hash ^ (seed.value + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2)))};
}

// The four 32-bit words of block `counter`.
constexpr std::array<std::uint32_t, 4> philox(RandomKey key, std::uint64_t counter) {
  std::array<std::uint32_t, 4> x{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0};
  std::uint32_t k0 = static_cast<std::uint32_t>(key.value), k1 = static_cast<std::uint32_t>(key.value >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * x[0], b = std::uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<std::uint32_t>(b >> 32) ^ x[1] ^ k0, static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ x[3] ^ k1, static_cast<std::uint32_t>(a)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return x;
}

// Uniform in (0, 1), of 32 random bits; number `i` of the stream.
constexpr double uniform_of(std::uint32_t word) { return (static_cast<double>(word) + 0.5) * 0x1p-32; }
constexpr double uniform_number(RandomKey key, std::uint64_t i) { return uniform_of(philox(key, i / 4)[i % 4]); }

// The words of `blocks` blocks from block `first` on: word i % 4 of block i / 4 decides uniform_number(key, i). `words` has room for all.
inline void philox_words(RandomKey key, std::uint64_t first, std::int64_t blocks, std::uint32_t* words) {
#pragma omp simd
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::uint64_t counter = first + static_cast<std::uint64_t>(b);
    std::uint32_t x0 = static_cast<std::uint32_t>(counter), x1 = static_cast<std::uint32_t>(counter >> 32), x2 = 0, x3 = 0;
    std::uint32_t k0 = static_cast<std::uint32_t>(key.value), k1 = static_cast<std::uint32_t>(key.value >> 32);
#if !defined(__CUDACC__)
#pragma GCC unroll 10
#endif
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t first_product = std::uint64_t{0xD2511F53} * x0, second = std::uint64_t{0xCD9E8D57} * x2;
      x0 = static_cast<std::uint32_t>(second >> 32) ^ x1 ^ k0;
      x1 = static_cast<std::uint32_t>(second);
      x2 = static_cast<std::uint32_t>(first_product >> 32) ^ x3 ^ k1;
      x3 = static_cast<std::uint32_t>(first_product);
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    words[4 * b] = x0;
    words[4 * b + 1] = x1;
    words[4 * b + 2] = x2;
    words[4 * b + 3] = x3;
  }
}

// The largest word whose uniform number is below `share`; -1 where there is none.
inline std::int64_t largest_word_below(double share) {
  return std::min<std::int64_t>(static_cast<std::int64_t>(std::ceil(share * 0x1p32 - 0.5)) - 1, 0xffffffff);
}

// Standard normal (Box and Muller 1958), of two words of a block; number `i` of the stream.
inline double normal_of(std::uint32_t first, std::uint32_t second) {
  return std::sqrt(-2.0 * std::log(uniform_of(first))) * std::cos(2.0 * std::numbers::pi * uniform_of(second));
}
inline double normal_number(RandomKey key, std::uint64_t i) {
  const auto words = philox(key, i / 2);
  const std::size_t pair = (i % 2) * 2;
  return normal_of(words[pair], words[pair + 1]);
}

// A number in [0, bound), bound > 0 (fixed-point multiplication; bias below bound / 2^64).
constexpr std::uint64_t below(RandomKey key, std::uint64_t i, std::uint64_t bound) {
  const auto words = philox(key, i);
  const std::uint64_t word = (std::uint64_t{words[1]} << 32) | words[0];
  const std::uint64_t high = word >> 32, low = word & 0xffffffffU;
  const std::uint64_t bound_high = bound >> 32, bound_low = bound & 0xffffffffU;
  const std::uint64_t middle = high * bound_low + ((low * bound_low) >> 32);
  const std::uint64_t middle2 = low * bound_high + (middle & 0xffffffffU);
  return high * bound_high + (middle >> 32) + (middle2 >> 32);
}

}  // namespace rondo

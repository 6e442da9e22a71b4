// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011). Number i of a stream is a function of (key, i) alone: no state, the same numbers on every back-end, in every
// order and with every number of threads. A parameter's key comes from the seed and its path, so that a layer added to
// a model changes no other layer's start.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace rondo {

struct Seed {
  std::uint64_t value = 0;
};

struct RandomKey {
  std::uint64_t value = 0;
};

// FNV-1a over the path, mixed with the seed.
constexpr RandomKey key_of(Seed seed, std::string_view path) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char letter : path) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211ULL;
  std::uint64_t mixed = hash ^ (seed.value + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2));
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  return {mixed ^ (mixed >> 31)};
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

// Uniform in (0, 1), number `i` of the stream, with 32 random bits.
constexpr double uniform_number(RandomKey key, std::uint64_t i) {
  return (static_cast<double>(philox(key, i / 4)[i % 4]) + 0.5) * 0x1p-32;
}

// Standard normal, number `i` of the stream (Box and Muller 1958 on two words of a block).
inline double normal_number(RandomKey key, std::uint64_t i) {
  const auto words = philox(key, i / 2);
  const std::size_t pair = (i % 2) * 2;
  const double radius = std::sqrt(-2.0 * std::log((static_cast<double>(words[pair]) + 0.5) * 0x1p-32));
  return radius * std::cos(2.0 * std::numbers::pi * ((static_cast<double>(words[pair + 1]) + 0.5) * 0x1p-32));
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

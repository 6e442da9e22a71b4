// bf16 and fp16: 16-bit numbers for storage; calculations are done in float.
//
//   bf16: sign, 8 exponent bits,  7 fraction bits   range of float,         2 to 3 digits
//   fp16: sign, 5 exponent bits, 10 fraction bits   6e-8 (subnormal) to 65504, 3 to 4 digits   (IEEE 754 binary16)
//
//   bf16 stored{0.1f};       // rounds to the nearest, ties to even; beyond the largest number: infinity; NaN stays NaN
//   float value = stored;    // exact
//   convert_elements<bf16, float>(from, to);
//
// Subnormal numbers are kept, whatever the processor's flush-to-zero mode is. No conversion branches, so loops over them
// vectorise. A double is converted through float.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace rondo {

// condition ? yes : no as bit operations: nothing for the compiler to branch on.
constexpr std::uint32_t select_bits(bool condition, std::uint32_t yes, std::uint32_t no) {
  const std::uint32_t mask = 0u - static_cast<std::uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

struct bf16 {
  std::uint16_t bits = 0;

  bf16() = default;
  constexpr explicit bf16(float value) : bits(rounded(std::bit_cast<std::uint32_t>(value))) {}
  constexpr operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

  static constexpr bf16 from_bits(std::uint16_t bits) {
    bf16 result;
    result.bits = bits;
    return result;
  }

 private:
  static constexpr std::uint16_t rounded(std::uint32_t value) {
    const std::uint32_t nearest = (value + 0x7fffu + ((value >> 16) & 1u)) >> 16;
    const std::uint32_t quiet_nan = (value >> 16) | 0x0040u;
    return static_cast<std::uint16_t>(select_bits((value & 0x7fffffffu) > 0x7f800000u, quiet_nan, nearest));
  }
};

struct fp16 {
  std::uint16_t bits = 0;

  fp16() = default;
  constexpr explicit fp16(float value) : bits(rounded(std::bit_cast<std::uint32_t>(value))) {}
  constexpr operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
    const std::uint32_t magnitude = static_cast<std::uint32_t>(bits & 0x7fffu) << 13;
    const std::uint32_t exponent = magnitude & (0x1fu << 23);
    const std::uint32_t normal = magnitude + ((127u - 15u) << 23);
    const std::uint32_t special = magnitude + ((255u - 31u) << 23);  // infinity and NaN
    const float unit = std::bit_cast<float>((127u - 14u) << 23);     // the smallest normal number, 2^-14
    const float subnormal = std::bit_cast<float>(magnitude | std::bit_cast<std::uint32_t>(unit)) - unit;
    const std::uint32_t finite = select_bits(exponent == 0, std::bit_cast<std::uint32_t>(subnormal), normal);
    return std::bit_cast<float>(select_bits(exponent == 0x1fu << 23, special, finite) | sign);
  }

  static constexpr fp16 from_bits(std::uint16_t bits) {
    fp16 result;
    result.bits = bits;
    return result;
  }

 private:
  static constexpr std::uint16_t rounded(std::uint32_t value) {
    const std::uint32_t sign = (value >> 16) & 0x8000u;
    const std::uint32_t magnitude = value & 0x7fffffffu;
    // Removes 13 fraction bits; a carry runs into the exponent and, from 65520 on, gives infinity.
    const std::uint32_t normal = (magnitude - ((127u - 15u) << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    // The units of 0.5f are the subnormal steps 2^-24: the addition rounds to them.
    const float sum = std::bit_cast<float>(select_bits(magnitude < 0x38800000u, magnitude, 0u)) + 0.5f;
    const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(sum) - std::bit_cast<std::uint32_t>(0.5f);
    const std::uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
    const std::uint32_t finite = select_bits(magnitude < 0x38800000u, subnormal, normal);  // below 2^-14
    const std::uint32_t bounded = select_bits(magnitude >= 0x47800000u, 0x7c00u, finite);  // from 65536 on
    return static_cast<std::uint16_t>(sign | select_bits(magnitude > 0x7f800000u, nan, bounded));
  }
};

// The 16-bit number as an element of To; every other pair of arithmetic types as static_cast.
template <class To, class From>
constexpr To convert_element(From value) {
  if constexpr (std::is_arithmetic_v<From> && !std::is_arithmetic_v<To>)
    return To{static_cast<float>(value)};
  else if constexpr (std::is_same_v<From, To>)
    return value;
  else if constexpr (!std::is_arithmetic_v<From>)
    return convert_element<To>(static_cast<float>(value));
  else
    return static_cast<To>(value);
}

// to[i] = from[i]; both of the same length.
template <class From, class To>
void convert_elements(std::span<const From> from, std::span<To> to) {
  assert(from.size() == to.size());
  const std::ptrdiff_t count = std::ssize(from);
  const From* const source = from.data();
  To* const target = to.data();
#pragma omp simd
  for (std::ptrdiff_t i = 0; i < count; ++i) target[i] = convert_element<To>(source[i]);
}

}  // namespace rondo

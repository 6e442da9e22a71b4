// Words of two bf16 numbers, neighbours along the inner dimension of a product, which one instruction multiplies and adds up in float32
// (AVX512_BF16: twice the rate of float32). Elsewhere the two products are taken apart: the same numbers up to the order of sums.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/core/half.hpp>
#include <rondo/core/precision.hpp>

namespace rondo {

typedef std::uint32_t Words __attribute__((vector_size(sizeof(Lanes))));
typedef std::uint16_t HalfWords __attribute__((vector_size(sizeof(Lanes) / 2)));

[[gnu::always_inline]] inline Words load_words(const float* from) {
  Words words;
  std::memcpy(&words, from, sizeof words);
  return words;
}
[[gnu::always_inline]] inline Words as_words(Lanes bits) { return reinterpret_cast<Words>(bits); }
[[gnu::always_inline]] inline void store_words(float* to, Words words) { std::memcpy(to, &words, sizeof words); }
[[gnu::always_inline]] inline Words all_words(const float* word) {
  std::uint32_t bits;
  std::memcpy(&bits, word, sizeof bits);
  return Words{} + bits;
}

// sum += the products of both halves, lane by lane.
[[gnu::always_inline]] inline Lanes add_products(Lanes sum, Words left, Words right) {
#if defined(__AVX512BF16__)
  return reinterpret_cast<Lanes>(
      _mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), reinterpret_cast<__m512bh>(left), reinterpret_cast<__m512bh>(right)));
#else
  constexpr std::uint32_t upper = 0xffff0000u;
  sum += reinterpret_cast<Lanes>(left << 16) * reinterpret_cast<Lanes>(right << 16);
  return sum + reinterpret_cast<Lanes>(left & upper) * reinterpret_cast<Lanes>(right & upper);
#endif
}

// Each lane of `even` rounded into the lower, of `odd` into the upper half of a word.
[[gnu::always_inline]] inline Words paired(Lanes even, Lanes odd) {
#if defined(__AVX512BF16__)
  const __m512bh both = _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(odd), reinterpret_cast<__m512>(even));
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
                                         18, 2, 17, 1, 16, 0);
  return reinterpret_cast<Words>(_mm512_permutexvar_epi16(order, reinterpret_cast<__m512i>(both)));
#else
  const auto rounded = [](Lanes x) {
    const Words bits = reinterpret_cast<Words>(x);
    const Words nan = reinterpret_cast<Words>((bits & 0x7fffffffu) > 0x7f800000u);
    const Words nearest = bits + 0x7fffu + ((bits >> 16) & 1u);
    return ((bits | 0x00400000u) & nan) | (nearest & ~nan);
  };
  return (rounded(even) >> 16) | (rounded(odd) & 0xffff0000u);
#endif
}

// Words of neighbours in a row: (x0, x1), (x2, x3) ..., the last with a zero where `count` is odd.
inline void pair_neighbours(const float* x, Index count, float* words) {
  Index i = 0;
#if defined(__AVX512BF16__)
  for (; i + 32 <= count; i += 32) {
    const __m512bh both = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i));
    store_words(words + i / 2, reinterpret_cast<Words>(both));
  }
  if (i + 16 <= count) {
    const __m256bh some = _mm512_cvtneps_pbh(_mm512_loadu_ps(x + i));
    std::memcpy(words + i / 2, &some, sizeof some);
    i += 16;
  }
#endif
  for (; i < count; i += 2) {
    const std::uint32_t odd = i + 1 < count ? bf16{x[i + 1]}.bits : 0u;
    words[i / 2] = std::bit_cast<float>(odd << 16 | bf16{x[i]}.bits);
  }
}
// The numbers of such a row.
inline void part_neighbours(const float* words, Index count, float* x) {
  Index i = 0;
  for (; i + lane_count <= count; i += lane_count) {
    HalfWords halves;
    std::memcpy(&halves, words + i / 2, sizeof halves);
    store_words(x + i, __builtin_convertvector(halves, Words) << 16);
  }
  for (; i < count; ++i) x[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(words[i / 2]) >> (i % 2 * 16) << 16);
}

}  // namespace rondo

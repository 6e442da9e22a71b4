// Philox against the published vectors of Random123; uniform and normal numbers by their moments and distribution.
#include <rondo/core/random.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace rondo {

BOOST_AUTO_TEST_SUITE(random)

using Words = std::array<std::uint32_t, 4>;

// philox4x32-10, kat_vectors of Random123: counter 0 and key 0. (The other vectors use all four counter words.)
static_assert(philox(RandomKey{0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});

// The cipher as the paper writes it, for every counter.
Words rounds(Words counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = 0xD2511F53ULL * counter[0], second = 0xCD9E8D57ULL * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
    key = {key[0] + 0x9E3779B9U, key[1] + 0xBB67AE85U};
  }
  return counter;
}

BOOST_AUTO_TEST_CASE(published_vectors) {
  const std::uint32_t ones = 0xffffffffU;
  BOOST_TEST((rounds({ones, ones, ones, ones}, {ones, ones}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  BOOST_TEST((rounds({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
              Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
  for (const std::uint64_t key : {0ULL, 1ULL, 0xdeadbeef12345678ULL})
    for (const std::uint64_t counter : {0ULL, 1ULL, 0xffffffffULL, 0x100000000ULL, 0xfedcba9876543210ULL})
      BOOST_TEST((philox(RandomKey{key}, counter) ==
                  rounds({static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0},
                         {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)})));
}

BOOST_AUTO_TEST_CASE(numbers_depend_on_key_and_place_alone) {
  const RandomKey key = key_of(Seed{1}, "embedding.weight");
  std::vector<double> forwards, backwards;
  for (std::uint64_t i = 0; i < 100; ++i) forwards.push_back(normal_number(key, i));
  for (std::uint64_t i = 100; i-- > 0;) backwards.push_back(normal_number(key, i));
  std::reverse(backwards.begin(), backwards.end());
  BOOST_TEST(forwards == backwards, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(paths_and_seeds_give_different_keys) {
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    for (int block = 0; block < 50; ++block) keys.insert(key_of(Seed{seed}, "blocks." + std::to_string(block) + ".weight").value);
  BOOST_TEST(keys.size() == 2500U);
  static_assert(key_of(Seed{1}, "a").value != key_of(Seed{1}, "b").value);
}

BOOST_AUTO_TEST_CASE(counters_give_different_keys) {
  std::set<std::uint64_t> keys;
  std::size_t count = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (int step = 0; step < 20; ++step) {
      const RandomKey key = key_of(Seed{seed}, "dropout");
      keys.insert(key.at(step).value);
      for (int part = 0; part < 20; ++part) keys.insert(key.at(step, part).value);
      count += 21;
    }
  BOOST_TEST(keys.size() == count);
  static_assert(RandomKey{1}.at(2, 3).value != RandomKey{1}.at(3, 2).value);
  static_assert(RandomKey{1}.at().value == 1);
}

BOOST_AUTO_TEST_CASE(words_of_many_blocks) {
  const RandomKey key = key_of(Seed{2}, "words");
  for (const std::uint64_t first : {0ULL, 5ULL, 0xfffffffcULL, 0xfffffffffffffff0ULL})
    for (const std::int64_t blocks : {0, 1, 7, 16, 61}) {
      std::vector<std::uint32_t> found(static_cast<std::size_t>(4 * blocks) + 1, 77U);
      philox_words(key, first, blocks, found.data());
      for (std::int64_t b = 0; b < blocks; ++b) {
        const auto expected = philox(key, first + static_cast<std::uint64_t>(b));
        for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(found[4 * static_cast<std::size_t>(b) + i] == expected[i]);
      }
      BOOST_TEST(found.back() == 77U);
    }
}

BOOST_AUTO_TEST_CASE(words_below_a_share) {
  const auto is_below = [](std::int64_t word, double share) { return (static_cast<double>(word) + 0.5) * 0x1p-32 < share; };
  for (const double share : {0.0, 1e-300, 0x1p-33, 0x1.8p-33, 1e-9, 0.1, 0.25, 1.0 / 3, 0.5, 0.9, 1 - 0x1p-32, 1 - 0x1p-34, 1 - 0x1p-53}) {
    const std::int64_t last = largest_word_below(share);
    BOOST_TEST_REQUIRE((last >= -1 && last <= 0xffffffff));
    if (last >= 0) BOOST_TEST(is_below(last, share));
    if (last < 0xffffffff) BOOST_TEST(!is_below(last + 1, share));
  }
}

BOOST_AUTO_TEST_CASE(uniform_numbers) {
  const RandomKey key{42};
  const int count = 200000;
  double sum = 0, squares = 0, products = 0, last = 0.5;
  std::array<int, 16> bins{};
  for (int i = 0; i < count; ++i) {
    const double u = uniform_number(key, static_cast<std::uint64_t>(i));
    BOOST_REQUIRE(u > 0);
    BOOST_REQUIRE(u < 1);
    sum += u;
    squares += u * u;
    products += (u - 0.5) * (last - 0.5);
    last = u;
    ++bins[static_cast<std::size_t>(u * 16)];
  }
  const double deviation = std::sqrt(1.0 / 12 / count);
  BOOST_TEST(std::abs(sum / count - 0.5) < 4 * deviation);
  BOOST_TEST(std::abs(squares / count - 1.0 / 3) < 4 * std::sqrt(4.0 / 45 / count));
  BOOST_TEST(std::abs(products / count) < 4.0 / 12 / std::sqrt(count));  // neighbours are independent
  double chi_square = 0;
  for (const int bin : bins) chi_square += (bin - count / 16.0) * (bin - count / 16.0) / (count / 16.0);
  BOOST_TEST(chi_square < 37.7);  // 15 degrees of freedom, one in a thousand
}

BOOST_AUTO_TEST_CASE(normal_numbers) {
  const RandomKey key{7};
  const int count = 200000;
  std::array<double, 5> moments{};
  double products = 0, last = 0;
  int beyond = 0;
  for (int i = 0; i < count; ++i) {
    const double n = normal_number(key, static_cast<std::uint64_t>(i));
    for (std::size_t power = 1; power <= 4; ++power) moments[power] += std::pow(n, static_cast<double>(power)) / count;
    products += n * last;
    last = n;
    beyond += std::abs(n) > 1.959963985;
  }
  const double unit = 1 / std::sqrt(count);
  BOOST_TEST(std::abs(moments[1]) < 4 * unit);
  BOOST_TEST(std::abs(moments[2] - 1) < 4 * std::sqrt(2) * unit);
  BOOST_TEST(std::abs(moments[3]) < 4 * std::sqrt(15) * unit);
  BOOST_TEST(std::abs(moments[4] - 3) < 4 * std::sqrt(96) * unit);
  BOOST_TEST(std::abs(products / count) < 4 * unit);
  BOOST_TEST(std::abs(beyond / static_cast<double>(count) - 0.05) < 4 * std::sqrt(0.05 * 0.95) * unit);
}

BOOST_AUTO_TEST_CASE(whole_numbers_below_a_bound) {
  const RandomKey key{3};
  for (const std::uint64_t bound : {1ULL, 7ULL, 1000ULL, 0x8000000000000001ULL}) {
    std::uint64_t highest = 0;
    for (std::uint64_t i = 0; i < 20000; ++i) {
      const std::uint64_t n = below(key, i, bound);
      BOOST_REQUIRE(n < bound);
      highest = std::max(highest, n);
    }
    BOOST_TEST(static_cast<double>(highest) >= static_cast<double>(bound) * 0.999 - 1);
  }
  std::array<int, 7> bins{};
  for (std::uint64_t i = 0; i < 70000; ++i) ++bins[below(key, i, 7)];
  for (const int bin : bins) BOOST_TEST(std::abs(bin - 10000) < 5 * 93);
  // the high half of word * bound, exactly
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto words = philox(key, i);
    const auto word = static_cast<unsigned __int128>((std::uint64_t{words[1]} << 32) | words[0]);
    BOOST_TEST((below(key, i, 0xfedcba9876543211ULL) == static_cast<std::uint64_t>((word * 0xfedcba9876543211ULL) >> 64)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo

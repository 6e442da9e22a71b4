// bf16 and fp16 against their definition in double: all 65536 values, and roundings at, below and above every midpoint.
#include <rondo/core/half.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace rondo;

namespace {

static_assert(float{bf16{1.0f}} == 1.0f && float{fp16{0.5f}} == 0.5f, "conversions work at compile time");
static_assert(sizeof(bf16) == 2 && sizeof(fp16) == 2 && std::is_trivially_copyable_v<bf16>);

template <class Half>
struct Format;
template <>
struct Format<bf16> {
  static constexpr int exponent_bits = 8, fraction_bits = 7;
};
template <>
struct Format<fp16> {
  static constexpr int exponent_bits = 5, fraction_bits = 10;
};

// The value of a bit pattern by the definition of the format.
template <class Half>
double defined_value(unsigned bits) {
  constexpr int fraction_bits = Format<Half>::fraction_bits;
  constexpr int bias = (1 << (Format<Half>::exponent_bits - 1)) - 1;
  const double sign = (bits & 0x8000u) != 0 ? -1.0 : 1.0;
  const int exponent = static_cast<int>((bits & 0x7fffu) >> fraction_bits);
  const int fraction = static_cast<int>(bits & ((1u << fraction_bits) - 1));
  if (exponent == 2 * bias + 1) {
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
}

bool same(float a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (static_cast<double>(a) == b && std::signbit(a) == std::signbit(b));
}

template <class Half>
unsigned bits_of(float value) {
  return Half{value}.bits;
}

}  // namespace

using Halves = std::tuple<bf16, fp16>;

BOOST_AUTO_TEST_SUITE(half)

BOOST_AUTO_TEST_CASE_TEMPLATE(every_pattern_has_its_defined_value, Half, Halves) {
  int wrong = 0;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const float value = Half::from_bits(static_cast<std::uint16_t>(bits));
    wrong += !same(value, defined_value<Half>(bits));
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_pattern_survives_the_way_through_float, Half, Halves) {
  int wrong = 0;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const float value = Half::from_bits(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) {
      const float back = Half{value};
      wrong += !std::isnan(back) || std::signbit(back) != std::signbit(value);
    } else {
      wrong += bits_of<Half>(value) != bits;
    }
  }
  BOOST_TEST(wrong == 0);
}

// Between neighbours a < b (of either sign, subnormal ones included): everything below the middle is a, above it b, and the
// middle is the one with the even pattern. Past the largest number the next "neighbour" is infinity at 2^(bias+1).
BOOST_AUTO_TEST_CASE_TEMPLATE(rounds_to_nearest_and_ties_to_even, Half, Halves) {
  constexpr unsigned infinity = ((1u << Format<Half>::exponent_bits) - 1) << Format<Half>::fraction_bits;
  constexpr float outwards = std::numeric_limits<float>::infinity();
  int wrong = 0;
  for (const unsigned sign : {0u, 0x8000u}) {
    for (unsigned bits = 0; bits < infinity; ++bits) {
      const double low = defined_value<Half>(bits);
      const double high = bits + 1 == infinity ? 2 * low - defined_value<Half>(bits - 1) : defined_value<Half>(bits + 1);
      const double exact = (low + high) / 2;
      const float middle = static_cast<float>(exact);
      if (static_cast<double>(middle) != exact) {
        ++wrong;  // a float has the bits for every middle
        continue;
      }
      const float factor = sign != 0 ? -1.0f : 1.0f;
      wrong += bits_of<Half>(factor * middle) != (sign | (bits + (bits & 1u)));
      wrong += bits_of<Half>(factor * std::nextafter(middle, 0.0f)) != (sign | bits);
      wrong += bits_of<Half>(factor * std::nextafter(middle, outwards)) != (sign | (bits + 1));
    }
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(far_values, Half, Halves) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  BOOST_TEST(float{Half{infinity}} == infinity);
  BOOST_TEST(float{Half{-infinity}} == -infinity);
  BOOST_TEST(float{Half{std::numeric_limits<float>::max()}} == infinity);
  BOOST_TEST(bits_of<Half>(0.0f) == 0u);
  BOOST_TEST(bits_of<Half>(-0.0f) == 0x8000u);
  BOOST_TEST(bits_of<Half>(std::numeric_limits<float>::denorm_min()) == 0u);
  BOOST_TEST(std::isnan(float{Half{std::numeric_limits<float>::quiet_NaN()}}));
  // A NaN whose payload lies in the bits that are cut off.
  BOOST_TEST(std::isnan(float{Half{std::bit_cast<float>(0x7f800001u)}}));
  BOOST_TEST(std::isnan(float{Half{std::bit_cast<float>(0xffffffffu)}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(arrays_convert_as_their_elements_do, Half, Halves) {
  std::vector<float> values;
  for (unsigned bits = 0; bits < 0xffff0000u; bits += 99991u) values.push_back(std::bit_cast<float>(bits));
  std::vector<Half> halves(values.size());
  std::vector<double> back(values.size());
  convert_elements<float, Half>(values, halves);
  convert_elements<Half, double>(halves, back);
  int wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    wrong += halves[i].bits != Half{values[i]}.bits;
    wrong += !same(halves[i], back[i]);
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()

// The frequencies of rotary positions: every way to scale them, its defaults, its limits, and what has none.
#include <rondo/core/rotation.hpp>
#include <rondo/core/shape.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

std::vector<double> frequencies(const Rotation& rotation, Index length = 1) {
  std::vector<double> all;
  for (Index j = 0; j < rotation.pairs(); ++j) all.push_back(rotation.frequency(j, length));
  return all;
}
std::vector<double> plain(Index width, double theta) {
  std::vector<double> all;
  for (Index j = 0; j < width / 2; ++j) all.push_back(1 / std::pow(theta, static_cast<double>(2 * j) / static_cast<double>(width)));
  return all;
}
void same(const std::vector<double>& found, const std::vector<double>& expected) {
  BOOST_REQUIRE(found.size() == expected.size());
  for (std::size_t j = 0; j < found.size(); ++j)
    BOOST_TEST(std::abs(found[j] - expected[j]) <= 1e-14 * expected[j], "pair " << j << ": " << found[j] << ", expected " << expected[j]);
}
std::string complaint(const Rotation& rotation) {
  return message_of([&] { rotation.check(); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rotation)

BOOST_AUTO_TEST_CASE(whole_heads_and_parts_of_them) {
  same(frequencies({12, 500}), plain(12, 500));
  same(frequencies({12, 500, 8}), plain(8, 500));
  BOOST_TEST((Rotation{12, 500, 8}.amplitude()) == 1);
}
BOOST_AUTO_TEST_CASE(linear) {
  auto expected = plain(8, 10000);
  for (double& f : expected) f /= 2.5;
  same(frequencies({8, 10000, 0, {.kind = RotaryKind::linear, .factor = 2.5}}), expected);
}
BOOST_AUTO_TEST_CASE(dynamic_goes_by_the_length) {
  const Rotation rotation{8, 10000, 0, {.kind = RotaryKind::dynamic, .factor = 2, .context = 32}};
  same(frequencies(rotation, 1), plain(8, 10000));
  same(frequencies(rotation, 32), plain(8, 10000));
  same(frequencies(rotation, 80), plain(8, 10000 * std::pow(2 * 80 / 32.0 - 1, 8 / 6.0)));
  BOOST_TEST(rotation.follows_length());
  BOOST_TEST(!(Rotation{8, 10000}.follows_length()));
}
// The pairs of a head of 16 turn 4096 / 2 pi 10000^(-j/8) times in 4096 tokens: 652, 206, 65, 20.6, 6.5, 2.06, 0.65, 0.2.
BOOST_AUTO_TEST_CASE(yarn) {
  const auto ramped = [](const RotaryScaling& scaling, double low, double high) {
    auto expected = plain(16, 10000);
    for (std::size_t j = 0; j < 8; ++j) {
      const double share = std::min(1.0, std::max(0.0, (static_cast<double>(j) - low) / (high - low)));
      expected[j] = expected[j] / 4 * share + expected[j] * (1 - share);
    }
    same(frequencies({16, 10000, 0, scaling}), expected);
  };
  ramped({.kind = RotaryKind::yarn, .factor = 4, .context = 4096}, 2, 6);
  ramped({.kind = RotaryKind::yarn, .factor = 4, .context = 4096, .slow = 3, .fast = 100}, 1, 5);
  const auto place = [](double turns) { return 16 * std::log(4096 / (turns * 2 * std::acos(-1.0))) / (2 * std::log(10000.0)); };
  ramped({.kind = RotaryKind::yarn, .factor = 4, .context = 4096, .truncate = false}, place(32), place(1));
  ramped({.kind = RotaryKind::yarn, .factor = 4, .context = 4}, 0, 0.001);  // no pair turns once
  BOOST_TEST(std::abs(Rotation{16, 10000, 0, {.kind = RotaryKind::yarn, .factor = 4}}.amplitude() - 1.138629436111989) < 1e-15);
  BOOST_TEST((Rotation{16, 10000, 0, {.kind = RotaryKind::yarn, .factor = 0.5}}.amplitude()) == 1);
  BOOST_TEST((Rotation{16, 10000, 0, {.kind = RotaryKind::yarn, .factor = 4, .amplitude = 0.75}}.amplitude()) == 0.75);
}
BOOST_AUTO_TEST_CASE(llama3) {
  const auto smoothed = [](const RotaryScaling& scaling, double slow, double fast) {
    auto expected = plain(16, 10000);
    for (double& f : expected) {
      const double wave = 2 * std::acos(-1.0) / f;
      const double smooth = (4096 / wave - slow) / (fast - slow);
      f = wave < 4096 / fast ? f : wave > 4096 / slow ? f / 8 : (1 - smooth) * f / 8 + smooth * f;
    }
    same(frequencies({16, 10000, 0, scaling}), expected);
  };
  smoothed({.kind = RotaryKind::llama3, .factor = 8, .context = 4096}, 1, 4);
  smoothed({.kind = RotaryKind::llama3, .factor = 8, .context = 4096, .slow = 2, .fast = 70}, 2, 70);
}
BOOST_AUTO_TEST_CASE(a_shape_says_them) {
  const Shape shape{.width = 48, .heads = 3, .context = 100, .rope_theta = 70, .rope_share = 0.5, .rope = {.kind = RotaryKind::linear}};
  const Rotation found = shape.rotation();
  BOOST_TEST(found.head_width == 16);
  BOOST_TEST(found.width() == 8);
  BOOST_TEST(found.theta == 70);
  BOOST_TEST(found.scaling.context == 100);
  Shape other = shape;
  other.rope.context = 30;
  BOOST_TEST(other.rotation().scaling.context == 30);
  other.rope_share = 0.1;
  BOOST_TEST(message_of([&] { static_cast<void>(other.rotation()); }) == "shape: rope_share 0.1 leaves no channel that turns");
  other.rope_share = 0;
  BOOST_TEST(message_of([&] { other.check(); }).find("shape: ") == 0U);
}
BOOST_AUTO_TEST_CASE(what_turns_nowhere) {
  const double infinity = std::numeric_limits<double>::infinity();
  BOOST_TEST(complaint({8, 10000}) == "no error");
  BOOST_TEST(complaint({9, 10000}) == "shape: rotary positions need an even head width, found 9");
  BOOST_TEST(has(complaint({8, 10000, 3}), "an even number of a head's 8 channels, found 3"));
  BOOST_TEST(has(complaint({8, 10000, 10}), "an even number of a head's 8 channels, found 10"));
  BOOST_TEST(has(complaint({8, 0}), "rope_theta"));
  BOOST_TEST(has(complaint({8, infinity}), "rope_theta"));
  for (const RotaryKind kind : {RotaryKind::linear, RotaryKind::dynamic, RotaryKind::yarn, RotaryKind::llama3}) {
    BOOST_TEST(complaint({8, 10000, 0, {.kind = kind, .factor = 2, .context = 9}}) == "no error");
    for (const double factor : {0.0, -1.0, infinity, std::nan("")})
      BOOST_TEST(has(complaint({8, 10000, 0, {.kind = kind, .factor = factor, .context = 9}}), "rope_factor"));
    if (kind != RotaryKind::linear) BOOST_TEST(has(complaint({8, 10000, 0, {.kind = kind}}), "rope_context"));
  }
  BOOST_TEST(has(complaint({2, 10000, 0, {.kind = RotaryKind::dynamic, .context = 9}}), "at least 4 channels"));
  for (const RotaryKind kind : {RotaryKind::yarn, RotaryKind::llama3})
    BOOST_TEST(has(complaint({8, 10000, 0, {.kind = kind, .context = 9, .slow = 5, .fast = 5}}), "rope_slow must be less than rope_fast"));
  BOOST_TEST(has(complaint({8, 1, 0, {.kind = RotaryKind::yarn, .context = 9}}), "above 1"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

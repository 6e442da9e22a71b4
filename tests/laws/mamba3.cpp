// The laws for Mamba-3's mixer and for its recurrence by itself, and what follows from its equations alone.
#include "every_back_end.hpp"

#include <rondo/mixer/mamba3.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>
#include <rondo/testing/recurrence_subject.hpp>

namespace rondo::testing {
namespace {

// Rates <= 0, some of them 0 and some so low that nothing is left of the state; steps >= 0, some of them 0.
struct TrapezoidSubject : Subject<RecurrenceLayer<TrapezoidalOuterProduct>> {
  explicit TrapezoidSubject(const TrapezoidalOuterProduct& given) : Subject(recurrence_subject(given)), tag(given) {}
  [[nodiscard]] double draw(RandomKey key, std::uint64_t number, Index column) const {
    const double uniform = uniform_number(key, number);
    const Index keys = 2 * tag.groups * tag.key_width, steps = keys + tag.heads;
    if (keys <= column && column < steps) return uniform < 0.1 ? 0 : uniform < 0.15 ? -60 : -uniform;
    if (steps <= column && column < steps + tag.heads) return uniform < 0.1 ? 0 : uniform;
    return normal_number(key, number);
  }
  TrapezoidalOuterProduct tag;
};

void expect_trapezoid_laws(const std::string& name, const TrapezoidalOuterProduct& tag) {
  expect_laws("TrapezoidalOuterProduct, " + name, [&](const Shape&) { return TrapezoidSubject{tag}; }, Shape{});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mamba3)

BOOST_AUTO_TEST_CASE(recurrence) {
  expect_trapezoid_laws("half turns", {.heads = 4, .groups = 2, .key_width = 5, .value_width = 3, .angles = 1});
  expect_trapezoid_laws("all turn", {.heads = 2, .groups = 1, .key_width = 4, .value_width = 6, .angles = 2});
}

BOOST_AUTO_TEST_CASE(mixer) {
  expect_laws("Mamba3Mixer", [](const Shape& shape) { return subject<Mamba3Mixer<>>(shape); },
              {.width = 6, .heads = 4, .groups = 2, .state_size = 6, .rope_share = 0.7});
  expect_laws("Mamba3Mixer, heavy-tailed rates, a norm, biases",
              [](const Shape& shape) { return subject<Mamba3Mixer<HeavyTailRate, RmsNorm>>(shape); },
              {.width = 5, .heads = 2, .inner_width = 6, .state_size = 4, .projection_bias = true});
}

// Without angles and all of a step written at once it is the outer product with one decay a head.
BOOST_AUTO_TEST_CASE(without_angles_and_second_part) {
  const TrapezoidalOuterProduct tag{.heads = 2, .groups = 2, .key_width = 3, .value_width = 4, .angles = 1};
  const ScalarOuterProduct plain{.heads = 2, .groups = 2, .key_width = 3, .value_width = 4};
  Reference<double>::Context c;
  const std::vector<Sequence> sequences{{0, 7, 0}};
  c.begin(sequences, 7);
  std::uint64_t number = 0;
  const auto drawn = [&](Index rows, Index columns) {
    const View<double> m = c.matrix(rows, columns);
    for (Index i = 0; i < m.size(); ++i) m.data[i] = normal_number(RandomKey{5}, number++);
    return m;
  };
  const auto q = drawn(7, 6), k = drawn(7, 6), v = drawn(7, 8), rate = drawn(7, 2), step = drawn(7, 2), trapezoid = drawn(7, 2);
  const auto angle = c.matrix(7, 1), zero = c.matrix(2, 3), g = c.matrix(7, 2), o = c.matrix(7, 8), expected = c.matrix(7, 8);
  c.zero(angle);
  c.zero(zero);
  for (Index i = 0; i < rate.size(); ++i) {
    rate.data[i] = -std::abs(rate.data[i]), step.data[i] = std::abs(step.data[i]), trapezoid.data[i] = 1000;
    g.data[i] = rate.data[i] * step.data[i];
  }
  c.recurrence(tag, {zero, zero}, {.q = q, .k = k, .rate = rate, .step = step, .trapezoid = trapezoid, .angle = angle, .v = v}, {o}, {});
  c.recurrence(plain, {}, {.q = q, .k = k, .g = g, .w = step, .v = v}, {expected}, {});
  for (Index i = 0; i < o.size(); ++i) BOOST_TEST(std::abs(o.data[i] - expected.data[i]) < 1e-12);
}

BOOST_AUTO_TEST_CASE(rates_are_below_zero) {
  for (const double a : {-1e5, -30.0, -1.0, 0.0, 1.0, 50.0}) {
    BOOST_TEST(SoftplusRate::apply(a) <= -1e-4);
    BOOST_TEST(HeavyTailRate::apply(a) <= -1e-4);
    BOOST_TEST(SoftplusRate::apply(static_cast<float>(a)) <= -9e-5F);
  }
  BOOST_TEST(HeavyTailRate::apply(2.0) == -3.0);
  BOOST_TEST(HeavyTailRate::apply(-3.0) == -0.25);
  BOOST_TEST(HeavyTailRate::derivative(-3.0) == -1.0 / 16);
  BOOST_TEST(HeavyTailRate::derivative(-1e5) == 0.0);
}
BOOST_AUTO_TEST_CASE(no_channel_turns) {
  BOOST_CHECK_EXCEPTION(Mamba3Mixer<>::check({.width = 4, .heads = 2, .state_size = 3, .rope_share = 0.5}), Error, [](const Error& error) {
    return std::string(error.what()) == "shape: rope_share 0.5 leaves no channel that turns";
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing

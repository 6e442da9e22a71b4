// What every back-end does with whole tensors: filled, started, uploaded, downloaded; with gaps between rows and in one piece.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/core/half.hpp>
#include <rondo/testing/guarded.hpp>

namespace rondo::test {
namespace {

// Element `number` in column `i` of `columns`, by the definition.
double by_definition(const Initial& initial, RandomKey key, std::uint64_t number, Index i, Index columns) {
  const double way = static_cast<double>(i) / static_cast<double>(columns - 1);
  switch (initial.kind) {
    case Initial::Kind::constant: return initial.value;
    case Initial::Kind::normal: return initial.value * normal_number(key, number);
    case Initial::Kind::uniform: return initial.value * (2 * uniform_number(key, number) - 1);
    case Initial::Kind::ramp: return initial.value + (initial.last - initial.value) * way;
    case Initial::Kind::power_law: return initial.value + (initial.last - initial.value) * std::pow(way, initial.exponent);
    case Initial::Kind::log_count: return std::log(static_cast<double>(1 + i));
    case Initial::Kind::log_uniform: return std::log(initial.value + (initial.last - initial.value) * uniform_number(key, number));
    case Initial::Kind::time_step: {
      const double low = std::log(initial.value), high = std::log(initial.last);
      const double step = std::max(std::exp(low + (high - low) * uniform_number(key, number)), 1e-4);
      return step + std::log(-std::expm1(-step));
    }
  }
  return 0;
}

template <class Backend>
std::vector<typename Backend::Scalar> downloaded(typename Backend::Context& c, In<typename Backend::Context> x) {
  std::vector<typename Backend::Scalar> numbers(static_cast<std::size_t>(x.size()));
  c.download(x, std::span{numbers});
  return numbers;
}

template <class Backend>
void check_whole_tensors() {
  using Scalar = typename Backend::Scalar;
  typename Backend::Context c;
  constexpr Index rows = 37, columns = 1031;  // more than a thread's share, and no multiple of anything
  const RandomKey key = key_of(Seed{5}, "whole");
  const auto whole = c.matrix(rows, columns), wide = c.matrix(rows, columns + 8);
  for (const Initial& initial : {zeros(), ones(), normal(0.02), uniform(0.3), ramp(-1, 2), power_law(1, 3, 0.7), log_count(),
                                 log_uniform(1, 16), time_step(1e-3, 1e-1)}) {
    std::vector<Scalar> expected;
    for (Index r = 0; r < rows; ++r)
      for (Index i = 0; i < columns; ++i)
        expected.push_back(static_cast<Scalar>(
            static_cast<float>(by_definition(initial, key, static_cast<std::uint64_t>(r * columns + i), i, columns))));
    c.fill(whole, Scalar(7));
    c.start(whole, initial, key);
    BOOST_TEST((downloaded<Backend>(c, whole) == expected));
    // Between other columns, which stay.
    const auto part = wide.middle_columns(3, columns);
    c.fill(wide, Scalar(7));
    c.start(part, initial, key);
    BOOST_TEST((downloaded<Backend>(c, part) == expected));
    BOOST_TEST((downloaded<Backend>(c, wide.middle_columns(columns + 3, 5)) == std::vector<Scalar>(rows * 5, Scalar(7))));
    c.fill(part, Scalar(0));
    c.upload(std::span<const Scalar>{expected}, part);
    BOOST_TEST((downloaded<Backend>(c, part) == expected));
    BOOST_TEST((downloaded<Backend>(c, wide.middle_columns(0, 3)) == std::vector<Scalar>(rows * 3, Scalar(7))));
    // One row of all elements is worked on like many.
    const auto row = whole.reshaped(1, rows * columns);
    c.copy(part, whole);
    c.add(row, row);
    c.scale(row, 0.5);
    BOOST_TEST((downloaded<Backend>(c, whole) == expected));
    c.zero(row);
    BOOST_TEST((downloaded<Backend>(c, whole) == std::vector<Scalar>(expected.size(), Scalar(0))));
  }
}

BOOST_AUTO_TEST_SUITE(whole_tensors)

BOOST_AUTO_TEST_CASE(on_reference) { check_whole_tensors<Reference<double>>(); }
BOOST_AUTO_TEST_CASE(on_cpu) { check_whole_tensors<Cpu>(); }
BOOST_AUTO_TEST_CASE(on_guarded_memory) { check_whole_tensors<testing::Guarded<double>>(); }

// Weights may be kept as halves: the same numbers, rounded once more.
BOOST_AUTO_TEST_CASE(weights_kept_as_halves) {
  CpuContext c;
  std::vector<bf16> halves(1001);
  std::vector<float> numbers(1001);
  const RandomKey key = key_of(Seed{6}, "halves");
  c.start(View<bf16>{halves.data(), 7, 143}, normal(1), key);
  c.start(View<float>{numbers.data(), 7, 143}, normal(1), key);
  for (std::size_t i = 0; i < numbers.size(); ++i) BOOST_TEST_REQUIRE(static_cast<float>(halves[i]) == static_cast<float>(bf16{numbers[i]}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

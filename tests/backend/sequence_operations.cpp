#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/core/half.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include "backend/matrix.hpp"

namespace rondo::test {
namespace {

using Kernels = CpuContext;

// The same numbers for both back-ends, as columns of wider matrices on the Cpu.
struct Both {
  Matrix<float> wide;
  Matrix<double> plain;
  Both(Index rows, Index columns, unsigned seed) : wide{rows, columns + 6}, plain{rows, columns} {
    fill_random(wide, seed);
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < columns; ++c) plain(r, c) = static_cast<double>(wide(r, c + 2));
  }
  [[nodiscard]] View<float> cpu() { return wide.view().middle_columns(2, plain.columns); }
  [[nodiscard]] View<double> reference() { return plain.view(); }
  [[nodiscard]] double difference() { return largest_difference(cpu(), reference()); }
};

void check_norms(Index rows, Index width, Index groups) {
  Kernels cpu;
  ReferenceContext<double> reference;
  const NormSizes sizes{groups, 1e-5};
  Both x{rows, width, 1}, w{1, width, 2}, b{1, width, 3}, y{rows, width, 4}, mean{rows, groups, 5}, r{rows, groups, 6};
  Both ones{1, width, 12}, plain_y{rows, width, 4}, plus{rows, width, 11};
  Both dy{rows, width, 7}, dx{rows, width, 8}, dw{1, width, 9}, db{1, width, 10};
  for (float& value : x.wide.values) value += 3;
  for (double& value : x.plain.values) value += 3;
  for (double& value : ones.plain.values) value = 1;
  cpu.norm(sizes, x.cpu(), w.cpu(), {}, y.cpu(), {}, r.cpu());
  reference.norm(sizes, x.reference(), w.reference(), {}, y.reference(), {}, r.reference());
  BOOST_TEST(y.difference() < 2e-6);
  BOOST_TEST(r.difference() < 2e-6);
  cpu.norm_gradient(sizes, x.cpu(), w.cpu(), {}, r.cpu(), dy.cpu(), dx.cpu(), dw.cpu(), {}, plus.cpu());
  reference.norm_gradient(sizes, x.reference(), w.reference(), {}, r.reference(), dy.reference(), dx.reference(), dw.reference(), {},
                          plus.reference());
  BOOST_TEST(dx.difference() < 1e-5);
  BOOST_TEST(dw.difference() < 2e-5);
  cpu.norm(sizes, x.cpu(), w.cpu(), b.cpu(), y.cpu(), mean.cpu(), r.cpu());
  reference.norm(sizes, x.reference(), w.reference(), b.reference(), y.reference(), mean.reference(), r.reference());
  BOOST_TEST(y.difference() < 1e-5);
  BOOST_TEST(mean.difference() < 2e-6);
  BOOST_TEST(r.difference() < 1e-5);
  // In dy's own place.
  const View<float> in_place = dy.cpu();
  reference.norm_gradient(sizes, x.reference(), w.reference(), mean.reference(), r.reference(), dy.reference(),
                          dx.reference(), dw.reference(), db.reference());
  cpu.norm_gradient(sizes, x.cpu(), w.cpu(), mean.cpu(), r.cpu(), in_place, in_place, dw.cpu(), db.cpu());
  BOOST_TEST(largest_difference(in_place, dx.reference()) < 2e-5);
  BOOST_TEST(dw.difference() < 5e-5);
  BOOST_TEST(db.difference() < 5e-5);
  // Without a weight, whatever offset weights would have.
  const NormSizes offset{groups, 1e-5, 1};
  cpu.norm(offset, x.cpu(), {}, {}, y.cpu(), {}, r.cpu());
  reference.norm(sizes, x.reference(), ones.reference(), {}, plain_y.reference(), {}, r.reference());
  BOOST_TEST(largest_difference(y.cpu(), plain_y.reference()) < 2e-6);
  cpu.norm_gradient(offset, x.cpu(), {}, {}, r.cpu(), plus.cpu(), dx.cpu(), {}, {});
  reference.norm_gradient(offset, x.reference(), {}, {}, r.reference(), plus.reference(), dx.reference(), {}, {});
  BOOST_TEST(dx.difference() < 1e-5);
}

const std::vector<Sequence> ragged{{2, 70, 5}, {72, 1, 0}, {74, 0, 3}, {75, 2, 900}, {78, 130, 0}};
constexpr Index ragged_tokens = 210;

void check_rotation(Index heads, const Rotation& rotary) {
  const Index head_width = rotary.head_width;
  Kernels cpu;
  ReferenceContext<double> reference;
  cpu.begin(ragged, ragged_tokens);
  reference.begin(ragged, ragged_tokens);
  Both x{ragged_tokens, heads * head_width, 1};
  Matrix<float> before = x.wide;
  cpu.rotate(rotary, x.cpu(), +1);
  reference.rotate(rotary, x.reference(), +1);
  BOOST_TEST(x.difference() < 1e-6);
  // The transpose undoes it but for the amplitude, which acts twice, and leaves what does not turn.
  cpu.rotate(rotary, x.cpu(), -1);
  const auto twice = static_cast<float>(rotary.amplitude() * rotary.amplitude());
  for (const Sequence& sequence : ragged)
    for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t)
      for (Index i = 0; i < heads * head_width; ++i)
        if (i % head_width < rotary.width()) before(t, i + 2) *= twice;
  BOOST_TEST(largest_difference(x.wide.view(), before.view()) < 2e-6);
}

void check_convolution_pair(Index channels, Index taps, bool windows, const std::vector<Sequence>& sequences, Index tokens) {
  Kernels cpu;
  ReferenceContext<double> reference;
  cpu.begin(sequences, tokens);
  reference.begin(sequences, tokens);
  const auto count = static_cast<Index>(sequences.size()), window = (taps - 1) * channels;
  Both x{tokens, channels, 1}, w{channels, taps, 2}, y{tokens, channels, 3}, dy{tokens, channels, 4}, dx{tokens, channels, 5};
  Both dw{channels, taps, 6}, initial{count, window, 7}, d_final{count, window, 8}, d_initial{count, window, 9};
  const auto wanted = [&](auto view) { return windows ? view : decltype(view){}; };
  // The gradient first: the final window is written over the initial one below.
  cpu.short_convolution_gradient(x.cpu(), w.cpu(), dy.cpu(), dx.cpu(), dw.cpu(), wanted(initial.cpu()), wanted(d_final.cpu()),
                                 wanted(d_initial.cpu()));
  reference.short_convolution_gradient(x.reference(), w.reference(), dy.reference(), dx.reference(), dw.reference(),
                                       wanted(initial.reference()), wanted(d_final.reference()), wanted(d_initial.reference()));
  BOOST_TEST(dx.difference() < 2e-6);
  BOOST_TEST(dw.difference() < 2e-5);
  BOOST_TEST(d_initial.difference() < 2e-6);
  cpu.short_convolution(x.cpu(), w.cpu(), y.cpu(), wanted(initial.cpu()), wanted(initial.cpu()));
  reference.short_convolution(x.reference(), w.reference(), y.reference(), wanted(initial.reference()),
                              wanted(initial.reference()));
  BOOST_TEST(y.difference() < 2e-6);
  BOOST_TEST(initial.difference() < 1e-7);
}

// A stored half is the number that it is read as.
template <class Half>
void check_half_positions() {
  Kernels cpu;
  cpu.begin(ragged, ragged_tokens);
  Matrix<float> numbers{902, 37}, exact{ragged_tokens, 37}, found{ragged_tokens, 37};
  fill_random(numbers, 1);
  std::vector<Half> halves;
  for (float& number : numbers.values) {
    halves.push_back(static_cast<Half>(number));
    number = static_cast<float>(halves.back());
  }
  fill_random(exact, 2);
  found = exact;
  cpu.add_positions(0, View<const float>(numbers.view()), exact.view());
  cpu.add_positions(0, View<const Half>{halves.data(), 902, 37}, found.view());
  BOOST_TEST(exact.values == found.values, boost::test_tools::per_element());
}

// Gathering is exact; scattering is its transpose, and adds. A row may be named more than once, or not at all.
void check_chosen_rows(Index rows, Index count, Index columns) {
  Kernels cpu;
  ReferenceContext<double> reference;
  Both x{rows, columns, 1}, y{count, columns, 2}, dy{count, columns, 3}, dx{rows, columns, 4};
  std::vector<Token> chosen;
  for (Index i = 0; i < count; ++i) chosen.push_back(static_cast<Token>((i * i + 3) % rows));
  const Tokens list{chosen.data(), 1, count};
  const Matrix<double> before = dx.plain;
  cpu.gather_rows(list, View<const float>(x.cpu()), y.cpu());
  reference.gather_rows(list, x.reference(), y.reference());
  cpu.scatter_rows(list, dy.cpu(), dx.cpu());
  reference.scatter_rows(list, dy.reference(), dx.reference());
  BOOST_TEST(y.difference() == 0);
  BOOST_TEST(dx.difference() < 1e-6);
  double forward = 0, backward = 0;
  for (Index i = 0; i < count; ++i)
    for (Index c = 0; c < columns; ++c) forward += dy.plain(i, c) * x.plain(chosen[static_cast<std::size_t>(i)], c);
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) backward += (dx.plain(r, c) - before(r, c)) * x.plain(r, c);
  BOOST_TEST(std::abs(forward - backward) <= 1e-10 * static_cast<double>(count * columns));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sequence_operations)

BOOST_AUTO_TEST_CASE(chosen_rows) {
  check_chosen_rows(7, 0, 5);
  check_chosen_rows(7, 3, 1);
  check_chosen_rows(300, 64, 129);
  check_chosen_rows(4, 50, 33);
}

BOOST_AUTO_TEST_CASE(norms) {
  check_norms(1, 7, 1);
  check_norms(5, 64, 4);
  check_norms(300, 129, 1);
  check_norms(300, 132, 3);
}

BOOST_AUTO_TEST_CASE(groups_must_divide_channels) {
  Kernels cpu;
  Both x{2, 10, 1}, w{1, 10, 2}, y{2, 10, 3}, r{2, 3, 4};
  BOOST_CHECK_THROW(cpu.norm({3, 1e-5}, x.cpu(), w.cpu(), {}, y.cpu(), {}, r.cpu()), Error);
}

BOOST_AUTO_TEST_CASE(rotations) {
  check_rotation(3, {2});
  check_rotation(2, {10});
  check_rotation(8, {64});
  check_rotation(3, {10, 500, 6});
  for (const RotaryKind kind : {RotaryKind::linear, RotaryKind::dynamic, RotaryKind::yarn, RotaryKind::llama3})
    for (const Index turning : {0, 10}) check_rotation(2, {16, 10000, turning, {.kind = kind, .factor = 3.5, .context = 100}});
}

BOOST_AUTO_TEST_CASE(convolutions) {
  for (const Index taps : {1, 2, 4}) {
    check_convolution_pair(9, taps, true, ragged, ragged_tokens);
    check_convolution_pair(170, taps, false, ragged, ragged_tokens);
    check_convolution_pair(170, taps, true, ragged, ragged_tokens);
  }
  check_convolution_pair(5, 4, true, {{0, 1, 9}, {1, 1, 0}, {2, 2, 1}}, 4);
}

BOOST_AUTO_TEST_CASE(positions) {
  for (const Index first : {0, 2}) {
    Kernels cpu;
    ReferenceContext<double> reference;
    cpu.begin(ragged, ragged_tokens);
    reference.begin(ragged, ragged_tokens);
    Both table{first + 902, 170, 1}, y{ragged_tokens, 170, 2}, dy{ragged_tokens, 170, 3}, d_table{first + 902, 170, 4};
    const Matrix<float> before = y.wide;
    cpu.add_positions(first, View<const float>(table.cpu()), y.cpu());
    reference.add_positions(first, table.reference(), y.reference());
    BOOST_TEST(y.difference() < 1e-6);
    for (const Index padding : {0, 1, 73, 77, 208})  // as they were
      for (Index c = 0; c < y.wide.columns; ++c) BOOST_REQUIRE(y.wide(padding, c) == before(padding, c));
    cpu.positions_gradient(first, dy.cpu(), d_table.cpu());
    reference.positions_gradient(first, dy.reference(), d_table.reference());
    BOOST_TEST(d_table.difference() < 1e-6);
  }
}
BOOST_AUTO_TEST_CASE(positions_in_halves) {
  check_half_positions<bf16>();
  check_half_positions<fp16>();
}

// Mask for mask, whatever the width of the rows and wherever a block of random words ends.
BOOST_AUTO_TEST_CASE(dropout_drops_what_the_reference_drops) {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{1, 1}, {3, 5}, {2, 1023}, {5, 1030}, {1, 4099}, {70, 515}})
    for (const double rate : {1e-12, 0.1, 0.5, 0.999}) {
      Kernels cpu;
      ReferenceContext<double> reference;
      cpu.key = reference.key = key_of(Seed{9}, "mask");
      Both x{rows, columns, 1};
      cpu.dropout(rate, 3, x.cpu());
      reference.dropout(rate, 3, x.reference());
      BOOST_TEST(x.difference() < 1e-3 * rate / (1 - rate) + 1e-6);
      for (Index r = 0; r < rows; ++r)
        for (Index i = 0; i < columns; ++i) BOOST_REQUIRE_EQUAL(x.cpu()(r, i) == 0, x.reference()(r, i) == 0);
      // The same where rows follow each other without a gap.
      Matrix<float> packed{rows, columns};
      for (float& value : packed.values) value = 1;
      cpu.dropout(rate, 3, packed.view());
      for (Index r = 0; r < rows; ++r)
        for (Index i = 0; i < columns; ++i) BOOST_REQUIRE_EQUAL(packed(r, i) == 0, x.reference()(r, i) == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

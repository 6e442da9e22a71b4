// Lane maps of matrix products, proven without a device: ldmatrix and mma.sync replayed lane by lane from the tables of the PTX manual, all
// forms of operands, and the loops that a device's warps run.
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <vector>

#include <rondo/backend/kernel/fragment.hpp>
#include <rondo/backend/kernel/tile.hpp>

namespace rondo::kernel {

using Registers = std::array<std::array<std::array<int, 2>, 4>, 32>;  // [lane][register][low, high half]

// ldmatrix.sync.aligned.m8n8.x4.b16: lane 8 j + i gives row i of matrix j; register j of lane l is the l / 4-th row's numbers 2 (l % 4)
// and the next, with .trans those of column l / 4.
template <class T>
Registers load_matrices(const T& tile, int row, int column, Position (*address)(int, bool), bool by_columns, bool transposes) {
  std::array<std::array<std::array<int, 8>, 8>, 4> matrices{};
  for (int lane = 0; lane < 32; ++lane) {
    const Position at = address(lane, by_columns);
    for (int i = 0; i < 8; ++i)
      matrices[static_cast<std::size_t>(lane / 8)][static_cast<std::size_t>(lane % 8)][static_cast<std::size_t>(i)] =
          tile(row + at.row, column + at.column + i);
  }
  Registers result{};
  for (std::size_t lane = 0; lane < 32; ++lane)
    for (std::size_t j = 0; j < 4; ++j)
      for (std::size_t half = 0; half < 2; ++half) {
        const std::size_t g = lane / 4, c = 2 * (lane % 4) + half;
        result[lane][j][half] = transposes ? matrices[j][c][g] : matrices[j][g][c];
      }
  return result;
}

// mma.sync.aligned.m16n8k16 from its tables: elements a_i, b_i, c_i of each lane, by group and thread in the group.
struct Matrices {
  std::array<std::array<int, 16>, 16> a{};
  std::array<std::array<int, 8>, 16> b{};
};
void place_left(Matrices& m, const Registers& registers) {
  for (std::size_t lane = 0; lane < 32; ++lane)
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t group = lane >> 2, in_group = lane % 4;
      const std::size_t row = (i < 2 || (4 <= i && i < 6)) ? group : group + 8;
      const std::size_t column = i < 4 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8;
      m.a[row][column] = registers[lane][i / 2][i % 2];
    }
}
void place_right(Matrices& m, const Registers& registers, std::size_t half) {
  for (std::size_t lane = 0; lane < 32; ++lane)
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t group = lane >> 2, in_group = lane % 4;
      const std::size_t row = i < 2 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8;
      m.b[row][group] = registers[lane][2 * half + i / 2][i % 2];
    }
}

// A warp that multiplies whole numbers.
template <class Spread, class A, class B>
struct ReplayedWarp {
  using Left = Registers;
  using Right = Registers;
  const A& a;
  const B& b;
  bool a_by_columns, b_by_columns;
  std::array<std::array<int, Spread::numbers>, 32> sums{};

  Left left(int row, int k) const {
    return load_matrices(a, a_by_columns ? k : row, a_by_columns ? row : k, &left_address, a_by_columns, left_transposes(a_by_columns));
  }
  Right right(int k, int column) const {
    return load_matrices(b, b_by_columns ? column : k, b_by_columns ? k : column, &right_address, b_by_columns,
                         right_transposes(b_by_columns));
  }
  void multiply(int slab, int piece, const Left& left, const Right& right, int half) {
    Matrices m;
    place_left(m, left);
    place_right(m, right, static_cast<std::size_t>(half));
    for (std::size_t lane = 0; lane < 32; ++lane)
      for (std::size_t i = 0; i < 4; ++i) {  // c_i: row group for i < 2, else group + 8; column 2 in_group + (i & 1)
        const std::size_t row = i < 2 ? lane >> 2 : (lane >> 2) + 8, column = (lane % 4) * 2 + (i & 1);
        int sum = 0;
        for (std::size_t k = 0; k < 16; ++k) sum += m.a[row][k] * m.b[k][column];
        sums[lane][static_cast<std::size_t>(slab * Spread::own_columns + piece) * 4 + i] += sum;
      }
  }
};

// The whole product by all warps of a team; every thread's numbers are the elements that the spread says.
template <int R, int C, int K, int threads, bool a_by_columns, bool b_by_columns>
void expect_product() {
  using Sum = Spread<R, C, threads>;
  Tile<int, a_by_columns ? K : R, a_by_columns ? R : K> a;
  Tile<int, b_by_columns ? C : K, b_by_columns ? K : C> b;
  const auto at_a = [&](int r, int k) -> int& { return a_by_columns ? a(k, r) : a(r, k); };
  const auto at_b = [&](int k, int c) -> int& { return b_by_columns ? b(c, k) : b(k, c); };
  for (int r = 0; r < R; ++r)
    for (int k = 0; k < K; ++k) at_a(r, k) = (r * 37 + k * 11) % 23 - 9;
  for (int k = 0; k < K; ++k)
    for (int c = 0; c < C; ++c) at_b(k, c) = (k * 17 + c * 29) % 19 - 7;

  std::vector<int> met(R * C, 0);
  int wrong = 0;
  for (int warp = 0; warp < threads / 32; ++warp) {
    ReplayedWarp<Sum, decltype(a), decltype(b)> machine{a, b, a_by_columns, b_by_columns};
    multiply_fragments<Sum, K>(machine, warp);
    for (int lane = 0; lane < 32; ++lane)
      for (int i = 0; i < Sum::numbers; ++i) {
        const int thread = 32 * warp + lane;
        if (!Sum::holds(thread)) continue;
        const Position at = Sum::cell(thread, i);
        int expected = 0;
        for (int k = 0; k < K; ++k) expected += at_a(at.row, k) * at_b(k, at.column);
        wrong += machine.sums[static_cast<std::size_t>(lane)][static_cast<std::size_t>(i)] != expected;
        wrong += Sum::owner(at.row, at.column) != thread || Sum::number(at.row, at.column) != i;
        ++met[static_cast<std::size_t>(at.row * C + at.column)];
      }
  }
  for (const int times : met) wrong += times != 1;
  BOOST_TEST(wrong == 0, R << " x " << C << " x " << K << " on " << threads << " threads: " << wrong << " wrong");
}
template <int R, int C, int K, int threads>
void expect_products() {
  expect_product<R, C, K, threads, false, false>();
  expect_product<R, C, K, threads, true, false>();
  expect_product<R, C, K, threads, false, true>();
  expect_product<R, C, K, threads, true, true>();
}

BOOST_AUTO_TEST_SUITE(fragments)

BOOST_AUTO_TEST_CASE(products_of_teams) {
  expect_products<16, 16, 16, 32>();
  expect_products<64, 32, 48, 128>();    // a warp a slab
  expect_products<128, 128, 16, 256>();
  expect_products<32, 64, 32, 256>();    // warps share the columns
  expect_products<64, 64, 16, 64>();     // two slabs a warp
  expect_products<16, 32, 16, 256>();    // more warps than pieces
}

// The registers of operands are those that accumulators of the same place hold, so a result can be a left operand as it is.
BOOST_AUTO_TEST_CASE(a_result_is_a_left_operand) {
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      for (int n = 0; n < 2; ++n) {
        const Position operand = left_cell(lane, i, n);
        const Position result = accumulator_cell(lane, 2 * (i % 2) + n);  // of the piece of eight columns i / 2
        BOOST_TEST(operand.row == result.row);
        BOOST_TEST(operand.column == result.column + 8 * (i / 2));
      }
}
BOOST_AUTO_TEST_CASE(right_operands) {
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 2; ++i)
      for (int n = 0; n < 2; ++n) {
        const Position cell = right_cell(lane, i, n);
        BOOST_TEST(cell.row == 2 * (lane % 4) + n + 8 * i);
        BOOST_TEST(cell.column == lane / 4);
      }
}
// The eight rows that a matrix load reads lie in different banks.
BOOST_AUTO_TEST_CASE(rows_of_tiles_meet_no_bank_twice) {
  const auto expect = [](int stride_bytes) {
    std::array<int, 8> banks{};
    for (int r = 0; r < 8; ++r) ++banks[static_cast<std::size_t>(r * stride_bytes / 16 % 8)];
    for (const int times : banks) BOOST_TEST(times == 1);
  };
  expect(Tile<std::uint16_t, 8, 16>::stride * 2);
  expect(Tile<std::uint16_t, 8, 64>::stride * 2);
  expect(Tile<std::uint16_t, 8, 128>::stride * 2);
  expect(Tile<std::uint16_t, 8, 256>::stride * 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::kernel

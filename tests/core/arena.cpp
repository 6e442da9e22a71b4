// Arenas: alignment, marks, growth into further blocks, merging, and memory that is written to its last byte.
#include <rondo/core/arena.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <rondo/core/view.hpp>

namespace rondo {

BOOST_AUTO_TEST_SUITE(arena)

// Writes all of a piece; under the address sanitizer that proves that the memory is there.
template <class T>
T* taken(Arena& arena, Index count, int value) {
  T* const memory = arena.take<T>(count);
  std::memset(static_cast<void*>(memory), value, static_cast<std::size_t>(count) * sizeof(T));
  return memory;
}
bool holds(const std::byte* memory, Index count, int value) {
  for (Index i = 0; i < count; ++i)
    if (memory[i] != static_cast<std::byte>(value)) return false;
  return true;
}

BOOST_AUTO_TEST_CASE(pieces_are_aligned_and_apart) {
  Arena memory;
  for (int round = 0; round < 3; ++round) {
    Arena::Mark mark{memory};
    std::vector<std::byte*> pieces;
    for (int i = 1; i <= 200; ++i) pieces.push_back(taken<std::byte>(memory, i, i));
    for (int i = 1; i <= 200; ++i) {
      std::byte* const piece = pieces[static_cast<std::size_t>(i - 1)];
      BOOST_TEST(reinterpret_cast<std::uintptr_t>(piece) % arena_alignment == 0U);
      BOOST_TEST(holds(piece, i, i));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_mark_takes_everything_back) {
  Arena memory{1 << 12};
  double* const first = taken<double>(memory, 3, 1);
  {
    Arena::Mark mark{memory};
    taken<double>(memory, 10, 2);
    {
      Arena::Mark inner{memory};
      taken<float>(memory, 100, 3);
      BOOST_TEST(memory.used() == 64U + 128U + 448U);
    }
    BOOST_TEST(memory.used() == 64U + 128U);
    BOOST_TEST(taken<float>(memory, 1, 4) == reinterpret_cast<float*>(first) + (64 + 128) / sizeof(float));
  }
  BOOST_TEST(memory.used() == 64U);
  BOOST_TEST(memory.high_water() == 64U + 128U + 448U);
  BOOST_TEST(memory.capacity() == std::size_t{1} << 12);
}

BOOST_AUTO_TEST_CASE(it_grows_without_moving_what_was_taken) {
  Arena memory{128};
  std::byte* const first = taken<std::byte>(memory, 100, 7);
  {
    Arena::Mark mark{memory};
    for (int i = 0; i < 20; ++i) taken<std::byte>(memory, 100000, 8);  // many blocks
    BOOST_TEST(memory.used() == 128U + 20U * 100032U);
  }
  BOOST_TEST(memory.used() == 128U);
  BOOST_TEST(holds(first, 100, 7));
}

BOOST_AUTO_TEST_CASE(blocks_are_merged_once_it_is_empty) {
  Arena memory;
  std::byte* again[2] = {};
  for (int round = 0; round < 3; ++round) {
    Arena::Mark mark{memory};
    std::byte* const first = taken<std::byte>(memory, 70000, 1);
    std::byte* const second = taken<std::byte>(memory, 300000, 2);
    if (round == 0) continue;
    BOOST_TEST(second - first == static_cast<Index>(arena_bytes(70000)));  // one block
    BOOST_TEST(memory.capacity() == memory.high_water());
    again[round - 1] = first;
  }
  BOOST_TEST(again[0] == again[1]);  // which is not given back
}

BOOST_AUTO_TEST_CASE(marks_across_blocks_return_to_their_level) {
  Arena memory{64};
  for (int round = 0; round < 4; ++round) {
    Arena::Mark outer{memory};
    taken<std::byte>(memory, 64, 1);
    {
      Arena::Mark inner{memory};
      taken<std::byte>(memory, 1 << 17, 2);
      Arena::Mark innermost{memory};
      taken<std::byte>(memory, 1 << 18, 3);
    }
    BOOST_TEST(memory.used() == 64U);
    taken<std::byte>(memory, 1 << 18, 4);
  }
  BOOST_TEST(memory.used() == 0U);
}

BOOST_AUTO_TEST_CASE(room_is_reserved_while_empty_only) {
  Arena memory;
  memory.reserve(1000);
  BOOST_TEST(memory.capacity() == 1024U);
  memory.reserve(10);  // there is more already
  BOOST_TEST(memory.capacity() == 1024U);
  Arena::Mark mark{memory};
  taken<float>(memory, 5, 0);
  BOOST_CHECK_EXCEPTION(memory.reserve(2000), Error, [](const Error& error) {
    return std::string(error.what()) == "arena: reserve() while 64 bytes are in use";
  });
}

BOOST_AUTO_TEST_CASE(nothing_can_be_taken) {
  Arena memory;
  BOOST_TEST(memory.take<float>(0) != nullptr);
  BOOST_TEST(memory.used() == 0U);
}

BOOST_AUTO_TEST_CASE(a_moved_arena_keeps_its_memory) {
  Arena memory;
  std::byte* const piece = taken<std::byte>(memory, 10, 5);
  const Arena other = std::move(memory);
  BOOST_TEST(holds(piece, 10, 5));
  BOOST_TEST(other.used() == 64U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo

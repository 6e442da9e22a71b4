// BlockSet: some of the blocks of a stack, by their numbers from 0. A literal type, small enough to be part of a Shape.
//
//   constexpr BlockSet some{3, 5, 7};
//   some.contains(5)   some.text() == "3,5,7"   BlockSet::all(4) == BlockSet{0, 1, 2, 3}
//
// Throws Error for a number below 0 or above 127.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

class BlockSet {
 public:
  static constexpr Index capacity = 128;

  constexpr BlockSet() = default;
  constexpr BlockSet(std::initializer_list<Index> blocks) {
    for (const Index block : blocks) insert(block);
  }
  [[nodiscard]] static constexpr BlockSet all(Index depth) {
    BlockSet result;
    for (Index block = 0; block < depth; ++block) result.insert(block);
    return result;
  }

  constexpr void insert(Index block) {
    if (block < 0 || block >= capacity)
      throw error("a set of blocks holds numbers from 0 to ", capacity - 1, ", found ", block);
    bits_[word(block)] |= bit(block);
  }
  [[nodiscard]] constexpr bool contains(Index block) const {
    return block >= 0 && block < capacity && (bits_[word(block)] & bit(block)) != 0;
  }
  [[nodiscard]] constexpr bool empty() const { return *this == BlockSet{}; }
  // One more than the largest number.
  [[nodiscard]] constexpr Index end() const {
    return bits_[1] ? 128 - std::countl_zero(bits_[1]) : 64 - std::countl_zero(bits_[0]);
  }

  [[nodiscard]] std::vector<Index> numbers() const {
    std::vector<Index> result;
    for (Index block = 0; block < end(); ++block)
      if (contains(block)) result.push_back(block);
    return result;
  }
  [[nodiscard]] std::string text() const {
    std::string result;
    for (const Index block : numbers()) result += (result.empty() ? "" : ",") + std::to_string(block);
    return result;
  }
  friend constexpr bool operator==(const BlockSet&, const BlockSet&) = default;

 private:
  static constexpr std::size_t word(Index block) { return static_cast<std::size_t>(block / 64); }
  static constexpr std::uint64_t bit(Index block) { return std::uint64_t{1} << (block % 64); }

  std::array<std::uint64_t, 2> bits_{};
};

}  // namespace rondo

// Random numbers of the grammar: SplitMix64 (Steele, Lea, Flood 2014: "Fast splittable pseudorandom number generators",
// section 5) in integers only, so that a seed gives the same text on every machine and with every standard library.
//
//   Random random{seed, stream};      // one stream a document or a phenomenon: streams do not depend on each other
//   random.below(n)                   // 0 .. n-1, n > 0
//   random.chance(30)                 // true in 30 of 100
//   Choice choice; choice.add(index, weight); choice.draw(random)   // an index, as often as its weight says
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include <rondo/core/error.hpp>

namespace rondo::grammar {

// The output function of SplitMix64: a bijection that leaves no pattern of its argument.
constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : state_(mix(mix(seed + golden) ^ (stream * golden + 1))) {}

  std::uint64_t next() { return mix(state_ += golden); }
  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(((next() >> 32) * count) >> 32); }
  std::uint32_t between(std::uint32_t first, std::uint32_t last) { return first + below(last - first + 1); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  template <class Items>
  const auto& pick(const Items& items) {
    return *(std::begin(items) + below(static_cast<std::uint32_t>(std::size(items))));
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;
  std::uint64_t state_;
};

// A discrete distribution over indices: cumulated whole-number weights, drawn by bisection.
class Choice {
 public:
  void add(std::size_t Index, std::uint32_t weight) {
    indices_.push_back(Index);
    cumulated_.push_back((cumulated_.empty() ? 0 : cumulated_.back()) + weight);
  }
  [[nodiscard]] bool empty() const { return indices_.empty(); }
  [[nodiscard]] const std::vector<std::size_t>& indices() const { return indices_; }
  std::size_t draw(Random& random) const {
    require(!indices_.empty(), "grammar: a choice among no words");
    const auto at = std::upper_bound(cumulated_.begin(), cumulated_.end(), random.below(cumulated_.back()));
    return indices_[static_cast<std::size_t>(at - cumulated_.begin())];
  }
  std::size_t draw_evenly(Random& random) const {
    require(!indices_.empty(), "grammar: a choice among no words");
    return random.pick(indices_);
  }

 private:
  std::vector<std::size_t> indices_;
  std::vector<std::uint32_t> cumulated_;
};

// Zipf's law (shifted, as Mandelbrot has it): the weight of the word of a rank, 0 the most frequent.
constexpr std::uint32_t zipf_weight(std::size_t rank) {
  return static_cast<std::uint32_t>(720720 / (rank + 5));
}

}  // namespace rondo::grammar

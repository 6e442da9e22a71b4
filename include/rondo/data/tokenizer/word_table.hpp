// WordTable: gives every distinct word (any bytes) a number 0, 1, 2 ... in the order of first sight.
//
//   WordTable words;
//   auto [number, fresh] = words.insert("the");      // fresh: seen for the first time
//   words[number] == "the"
//
// Counting and caching are arrays indexed by the number. The words lie one after the other in one buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/hash_bytes.hpp>

namespace rondo {

class WordTable {
 public:
  struct Inserted {
    std::uint32_t number;
    bool fresh;
  };

  Inserted insert(std::string_view word) {
    if (2 * (ends_.size() + 1) > slots_.size()) grow();
    const std::uint64_t hash = hash_bytes(word);
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = static_cast<std::size_t>(hash) & mask;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (; slots_[place].number != none; place = (place + 1) & mask)
      if (slots_[place].tag == tag && (*this)[slots_[place].number] == word) return {slots_[place].number, false};
    require(ends_.size() < none, "more than ", none, " distinct words");
    const auto number = static_cast<std::uint32_t>(ends_.size());
    slots_[place] = {tag, number};
    letters_.append(word);
    ends_.push_back(letters_.size());
    return {number, true};
  }

  [[nodiscard]] std::string_view operator[](std::uint32_t number) const {
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(letters_).substr(begin, ends_[number] - begin);
  }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  void clear() { *this = WordTable{}; }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t number = none;
  };

  void grow() {
    slots_.assign(slots_.empty() ? 1024 : 2 * slots_.size(), {});
    const std::size_t mask = slots_.size() - 1;
    for (std::uint32_t number = 0; number < ends_.size(); ++number) {
      const std::uint64_t hash = hash_bytes((*this)[number]);
      std::size_t place = static_cast<std::size_t>(hash) & mask;
      while (slots_[place].number != none) place = (place + 1) & mask;
      slots_[place] = {static_cast<std::uint32_t>(hash >> 32), number};
    }
  }

  std::vector<Slot> slots_;
  std::string letters_;
  std::vector<std::size_t> ends_;
};

}  // namespace rondo

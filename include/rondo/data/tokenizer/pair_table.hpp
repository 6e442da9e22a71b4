// PairTable<Value>: from a pair of token ids to a value; open addressing, so that a look-up touches one or two cache lines.
//
//   PairTable<int> ranks;
//   ranks[{left, right}] = 7;               // made where it is not there
//   const int* rank = ranks.find({l, r});   // nullptr where it is not there
//
// References and pointers last until the next pair is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <rondo/data/tokenizer/encoding.hpp>

namespace rondo {

struct TokenPair {
  TokenId left = -1;
  TokenId right = -1;
  friend bool operator==(const TokenPair&, const TokenPair&) = default;
  friend auto operator<=>(const TokenPair&, const TokenPair&) = default;
};

template <class Value>
class PairTable {
 public:
  [[nodiscard]] const Value* find(TokenPair pair) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[place_of(pair)];
    return slot.pair == pair ? &slot.value : nullptr;
  }
  [[nodiscard]] Value* find(TokenPair pair) { return const_cast<Value*>(std::as_const(*this).find(pair)); }

  Value& operator[](TokenPair pair) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place_of(pair)];
    if (slot.pair != pair) {
      slot.pair = pair;
      ++size_;
    }
    return slot.value;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

  template <class Use>
  void for_each(Use&& use) {
    for (Slot& slot : slots_)
      if (slot.pair.left >= 0) use(slot.pair, slot.value);
  }

 private:
  struct Slot {
    TokenPair pair;
    Value value{};
  };

  // Where the pair is, or the free slot where it would be.
  [[nodiscard]] std::size_t place_of(TokenPair pair) const {
    const auto key =
        static_cast<std::uint64_t>(static_cast<std::uint32_t>(pair.left)) << 32 | static_cast<std::uint32_t>(pair.right);
    const std::uint64_t mixed = (key ^ key >> 29) * 0x9E3779B97F4A7C15u;
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = static_cast<std::size_t>(mixed >> 20) & mask;
    while (slots_[place].pair.left >= 0 && slots_[place].pair != pair) place = (place + 1) & mask;
    return place;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : 2 * slots_.size());
    old.swap(slots_);
    for (Slot& slot : old)
      if (slot.pair.left >= 0) slots_[place_of(slot.pair)] = std::move(slot);
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace rondo

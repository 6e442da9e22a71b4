// All sequences of a batch advancing together, one token each at a time: the order in which a nonlinear recurrence with
// few sequences makes products of more than one row.
//
// Sequences are taken longest first, so that those still running at a step are the first `running(step)` of them.
#pragma once

#include <algorithm>

#include <rondo/core/arena.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

class LockStep {
 public:
  // Takes its order from the arena: keep a mark around it.
  LockStep(Sequences sequences, Arena& arena)
      : sequences_(sequences), order_(arena.take<Index>(static_cast<Index>(sequences.size()))) {
    for (Index i = 0; i < count(); ++i) order_[i] = i;
    std::sort(order_, order_ + count(), [&](Index a, Index b) {
      const Index la = sequence(a).length, lb = sequence(b).length;
      return la != lb ? la > lb : a < b;
    });
  }

  [[nodiscard]] Index count() const { return static_cast<Index>(sequences_.size()); }
  [[nodiscard]] Index steps() const { return count() > 0 ? at(0).length : 0; }
  // The number, among the caller's, of the sequence that is i-th here.
  [[nodiscard]] Index number(Index i) const { return order_[i]; }
  [[nodiscard]] const Sequence& at(Index i) const { return sequence(order_[i]); }
  // How many sequences are longer than `step`; `known` is an upper bound.
  [[nodiscard]] Index running(Index step, Index known) const {
    while (known > 0 && at(known - 1).length <= step) --known;
    return known;
  }

 private:
  [[nodiscard]] const Sequence& sequence(Index s) const { return sequences_[static_cast<std::size_t>(s)]; }
  Sequences sequences_;
  Index* order_;
};

}  // namespace rondo

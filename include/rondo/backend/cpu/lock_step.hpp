// All sequences of a batch advancing together, one token each at a time: the order in which a nonlinear recurrence with
// few sequences makes products of more than one row.
// And the threads that go through the steps with them.
//
// Sequences are taken longest first, so that those still running at a step are the first of them. They may be dealt to parts that advance
// independently of each other, each of which has them longest first.
#pragma once

#include <algorithm>
#include <memory>

#include <rondo/backend/cpu/spin_barrier.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

class LockStep {
 public:
  // Takes its order from the arena: keep a mark around it.
  LockStep(Sequences sequences, Index parts, Arena& arena)
      : sequences_(sequences), parts_(parts), order_(arena.take<Index>(static_cast<Index>(sequences.size()))) {
    Index* sorted = arena.take<Index>(count());
    for (Index i = 0; i < count(); ++i) sorted[i] = i;
    std::sort(sorted, sorted + count(), [&](Index a, Index b) {
      const Index la = sequence(a).length, lb = sequence(b).length;
      return la != lb ? la > lb : a < b;
    });
    for (Index number = 0, i = 0; number < parts; ++number)
      for (Index dealt = number; dealt < count(); dealt += parts) order_[i++] = sorted[dealt];
  }

  [[nodiscard]] Index count() const { return static_cast<Index>(sequences_.size()); }
  [[nodiscard]] Index steps() const { return count() > 0 ? at(0).length : 0; }
  [[nodiscard]] Index parts() const { return parts_; }
  // Where the sequences of a part are here.
  [[nodiscard]] Range part(Index number) const {
    const Index each = count() / parts_, more = count() % parts_;
    const Index begin = number * each + std::min(number, more);
    return {begin, begin + each + (number < more ? 1 : 0)};
  }
  [[nodiscard]] Index steps(const Range& part) const { return part.begin < part.end ? at(part.begin).length : 0; }
  // The number, among the caller's, of the sequence that is i-th here.
  [[nodiscard]] Index number(Index i) const { return order_[i]; }
  [[nodiscard]] const Sequence& at(Index i) const { return sequence(order_[i]); }
  // Where those of a part that are longer than `step` end; `known` is an upper bound.
  [[nodiscard]] Index running(const Range& part, Index step, Index known) const {
    while (known > part.begin && at(known - 1).length <= step) --known;
    return known;
  }

 private:
  [[nodiscard]] const Sequence& sequence(Index s) const { return sequences_[static_cast<std::size_t>(s)]; }
  Sequences sequences_;
  Index parts_;
  Index* order_;
};

// Threads worth starting for a loop of steps with `products` multiply-adds each; results do not depend on their number.
[[nodiscard]] inline Index step_threads(Index units, Index products) {
  return std::max<Index>(1, std::min({thread_count(), units, products / 20000}));
}

// Parts of the sequences for the threads that share a head whose weights are so many floats. Where these fit into each thread's own cache
// and there are enough sequences for products of several rows, threads take sequences and do not meet; else they take units, and meet at
// every step.
[[nodiscard]] inline Index sequence_parts(Index sequences, Index heads, Index threads, Index floats) {
  constexpr Index floats_in_cache = 1 << 17, rows_worth_a_product = 6;
  const Index members = threads / std::min(threads, heads);
  return floats <= floats_in_cache && sequences >= rows_worth_a_product * members ? members : 1;
}

// The threads of a parallel region as teams, each of which takes some heads through all steps.
struct Team {
  Index number, members, member;
  Range heads;

  // The calling thread's; a thread left over has no heads.
  [[nodiscard]] static Team mine(Index heads) {
    const Index threads = team_size(), teams = std::min(threads, heads), members = threads / teams, number = thread_number() / members;
    return {number, members, thread_number() % members, number < teams ? share_of(heads, teams, number) : Range{}};
  }
};
inline SpinBarrier* take_barriers(Index count, Arena& arena) {
  SpinBarrier* barriers = arena.take<SpinBarrier>(count);
  std::uninitialized_default_construct_n(barriers, count);
  return barriers;
}

}  // namespace rondo

// emulate<threads, checked>(teams, kernel, order): runs a kernel for all teams, one after the other; the order must not matter.
// emulate_together<threads, checked>(...): teams that wait for each other. Each has a stack of its own and runs to its next wait_for_all;
// when all are there they go on. A wait that not all teams reach throws Error, and so does more shared memory than a block may have.
#pragma once

#include <ucontext.h>

#include <exception>
#include <numeric>
#include <optional>
#include <vector>

#include <rondo/backend/emulated/team.hpp>
#include <rondo/core/random.hpp>

namespace rondo {

enum class TeamOrder { forward, backward, shuffled };

// The teams as they are run.
class TeamsInOrder {
 public:
  TeamsInOrder(TeamOrder order, Index teams) : order_(order), teams_(teams) {
    if (order != TeamOrder::shuffled) return;
    shuffled_.resize(static_cast<std::size_t>(teams));
    std::iota(shuffled_.begin(), shuffled_.end(), Index{0});
    for (Index i = teams; i-- > 1;) {
      const auto other = below(RandomKey{1}, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i) + 1);
      std::swap(shuffled_[static_cast<std::size_t>(i)], shuffled_[other]);
    }
  }
  [[nodiscard]] Index operator()(Index n) const {
    return order_ == TeamOrder::forward ? n : order_ == TeamOrder::backward ? teams_ - 1 - n : shuffled_[static_cast<std::size_t>(n)];
  }

 private:
  TeamOrder order_;
  Index teams_;
  std::vector<Index> shuffled_;
};

template <class Kernel, int threads>
void check_shared_memory() {
  constexpr std::size_t bytes = sizeof(kernel::MemoryOf<Kernel, EmulatedTeam<threads, false>>);
  require(bytes <= kernel::most_shared_bytes, "a kernel wants ", bytes, " bytes of shared memory, and a block has ",
          kernel::most_shared_bytes);
}

template <int threads, bool checked, class Kernel>
void emulate(Index teams, const Kernel& kernel, TeamOrder order = TeamOrder::forward) {
  using ThisTeam = EmulatedTeam<threads, checked>;
  using Memory = kernel::MemoryOf<Kernel, ThisTeam>;
  check_shared_memory<Kernel, threads>();
  const TeamsInOrder number(order, teams);
  std::unique_ptr<Memory> memory;
  for (Index n = 0; n < teams; ++n) {
    if (checked || !memory) memory.reset(new Memory);
    ThisTeam team(number(n), memory.get(), {});
    kernel(team);
    team.end();
  }
}

// Functions that take turns on stacks of their own: each runs until it meets the others or ends.
class TurnTakers {
 public:
  explicit TurnTakers(Index count) : takers_(static_cast<std::size_t>(count)) {}

  // act(n) for all n; it may call meet().
  void run(const std::function<void(Index)>& act, const TeamsInOrder& order) {
    act_ = &act;
    for (Index n = 0; n < std::ssize(takers_); ++n) start(n);
    for (std::size_t ended = 0; ended < takers_.size();) {
      for (Index n = 0; n < std::ssize(takers_); ++n) {
        running_ = order(n);
        Taker& taker = takers_[static_cast<std::size_t>(running_)];
        swapcontext(&home_, &taker.context);
        if (taker.failure) std::rethrow_exception(taker.failure);
        ended += taker.ended ? 1 : 0;
      }
      if (ended > 0 && ended < takers_.size())
        throw error("wait for all teams: ", takers_.size() - ended, " of ", takers_.size(), " wait, and the others have ended");
    }
  }
  void meet() { swapcontext(&takers_[static_cast<std::size_t>(running_)].context, &home_); }

 private:
  struct Taker {
    ucontext_t context{};
    std::unique_ptr<std::byte[]> stack;
    std::exception_ptr failure;
    bool ended = false;
  };
  static constexpr std::size_t stack_bytes = std::size_t{1} << 20;

  void start(Index n) {
    Taker& taker = takers_[static_cast<std::size_t>(n)];
    taker.stack.reset(new std::byte[stack_bytes]);
    getcontext(&taker.context);
    taker.context.uc_stack.ss_sp = taker.stack.get();
    taker.context.uc_stack.ss_size = stack_bytes;
    taker.context.uc_link = &home_;
    const auto address = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&taker.context, reinterpret_cast<void (*)()>(&enter), 2, static_cast<unsigned>(address & 0xffffffffU),
                static_cast<unsigned>(address >> 32));
  }
  static void enter(unsigned low, unsigned high) {
    auto& all = *reinterpret_cast<TurnTakers*>((std::uintptr_t{high} << 32) | low);
    const Index n = all.running_;
    Taker& taker = all.takers_[static_cast<std::size_t>(n)];
    try {
      (*all.act_)(n);
    } catch (...) {
      taker.failure = std::current_exception();
    }
    taker.ended = true;
  }

  std::vector<Taker> takers_;
  ucontext_t home_{};
  const std::function<void(Index)>* act_ = nullptr;
  Index running_ = 0;
};

template <int threads, bool checked, class Kernel>
void emulate_together(Index teams, const Kernel& kernel, TeamOrder order = TeamOrder::forward) {
  using ThisTeam = EmulatedTeam<threads, checked>;
  using Memory = kernel::MemoryOf<Kernel, ThisTeam>;
  check_shared_memory<Kernel, threads>();
  TurnTakers takers(teams);
  const auto count = static_cast<std::size_t>(teams);
  std::vector<std::unique_ptr<Memory>> memories(count);
  std::vector<std::unique_ptr<ThisTeam>> all(count);  // outside of the stacks, which nobody unwinds where a check has thrown
  for (Index n = 0; n < teams; ++n) {
    const auto at = static_cast<std::size_t>(n);
    memories[at].reset(new Memory);
    all[at] = std::make_unique<ThisTeam>(n, memories[at].get(), [&takers] { takers.meet(); });
  }
  takers.run(
      [&](Index n) {
        ThisTeam& team = *all[static_cast<std::size_t>(n)];
        team.begins();
        kernel(team);
        team.end();
      },
      TeamsInOrder(order, teams));
}

}  // namespace rondo

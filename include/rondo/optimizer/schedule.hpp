// Learning-rate schedules: the share of the full rate at a step.
//
//   Cosine schedule{.warmup = 100, .floor = 0.1};
//   rate = adamw.rate * schedule(step, steps)            step = 0 .. steps - 1
//
// During the first `warmup` steps every schedule rises linearly: (step + 1) / warmup. After it, with
// p = (step - warmup) / (steps - warmup) in [0, 1]:
//   Constant     1
//   LinearDecay  1 - (1 - floor) p
//   Cosine       floor + (1 - floor) (1 + cos(pi p)) / 2        (Loshchilov and Hutter 2017, one period)
//   Trapezoid    1, then over the last `cooldown` of all steps linearly down to floor      (WSD: Hu et al. 2024, MiniCPM)
// AnySchedule holds one of the four. A step at or beyond `steps` has the value of the end.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <variant>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// Throws Error for a schedule that no run can have.
constexpr void check_schedule(Index warmup, double floor) {
  if (warmup < 0) throw error("schedule: warmup must be at least 0 steps, found ", warmup);
  if (!(floor >= 0 && floor <= 1)) throw error("schedule: floor must be in [0, 1], found ", floor);
}

// The rise at the beginning, and where in the rest of the run a step lies.
constexpr double warmup_share(Index step, Index warmup) {
  return step < warmup ? static_cast<double>(step + 1) / static_cast<double>(warmup) : 1.0;
}
constexpr double progress_after(Index step, Index begin, Index steps) {
  if (step <= begin) return 0;
  return step >= steps ? 1.0 : static_cast<double>(step - begin) / static_cast<double>(steps - begin);
}

struct Constant {
  Index warmup = 0;

  constexpr void check() const { check_schedule(warmup, 0); }
  constexpr double operator()(Index step, Index) const { return warmup_share(step, warmup); }
};

struct LinearDecay {
  Index warmup = 0;
  double floor = 0;

  constexpr void check() const { check_schedule(warmup, floor); }
  constexpr double operator()(Index step, Index steps) const {
    return warmup_share(step, warmup) * (1 - (1 - floor) * progress_after(step, warmup, steps));
  }
};

struct Cosine {
  Index warmup = 0;
  double floor = 0.1;

  constexpr void check() const { check_schedule(warmup, floor); }
  double operator()(Index step, Index steps) const {
    const double fallen = (1 + std::cos(std::numbers::pi * progress_after(step, warmup, steps))) / 2;
    return warmup_share(step, warmup) * (floor + (1 - floor) * fallen);
  }
};

struct Trapezoid {
  Index warmup = 0;
  double floor = 0;
  double cooldown = 0.2;  // of all steps

  constexpr void check() const {
    check_schedule(warmup, floor);
    if (!(cooldown >= 0 && cooldown <= 1)) throw error("schedule: cooldown must be in [0, 1], found ", cooldown);
  }
  constexpr double operator()(Index step, Index steps) const {
    const auto fall = static_cast<Index>(cooldown * static_cast<double>(steps));
    return warmup_share(step, warmup) * (1 - (1 - floor) * progress_after(step, std::max(warmup, steps - fall), steps));
  }
};

// One of them, chosen at run time.
struct AnySchedule {
  std::variant<Constant, LinearDecay, Cosine, Trapezoid> chosen;

  constexpr void check() const {
    std::visit([](const auto& schedule) { schedule.check(); }, chosen);
  }
  double operator()(Index step, Index steps) const {
    return std::visit([&](const auto& schedule) { return schedule(step, steps); }, chosen);
  }
};

}  // namespace rondo

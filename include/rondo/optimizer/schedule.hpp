// Learning-rate schedules: the share of the full rate at a step. They serve weight decay as well.
//
//   Cosine schedule{.warmup = 100, .floor = 0.1};
//   rate = adamw.rate * schedule(step, steps)            step = 0 .. steps - 1
//
// During the first `warmup` steps every schedule rises linearly: (step + 1) / warmup, or step / warmup where it rises from zero (the
// first step then does nothing). After it, with p = (step - warmup) / (steps - warmup) in [0, 1]:
//   Constant      1
//   LinearDecay   1 - (1 - floor) p
//   Cosine        floor + (1 - floor) (1 + cos(pi p)) / 2        (Loshchilov and Hutter 2017, one period)
//   Trapezoid     1, then over the last `cooldown` of all steps down to floor (WSD: Hu et al. 2024, MiniCPM): with p counted from where
//                 it begins, by (1 - floor) times p, (1 - cos(pi p)) / 2 or sqrt(p) (Haegele et al. 2024)
//   InverseRoot   (1 + (step - warmup) / timescale)^-1/2         (Vaswani et al. 2017; Zhai et al. 2022)
// and one to look for a rate by (Smith 2017), without a warm-up:
//   Growth        from^(1 - step / (steps - 1))
// AnySchedule holds one of them. A step at or beyond `steps` has the value of the end.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>
#include <variant>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

enum class Rise { from_one, from_zero };
enum class Fall { linear, cosine, root };
inline constexpr std::array<std::string_view, 2> rise_names{"one", "zero"};
inline constexpr std::array<std::string_view, 3> fall_names{"linear", "cosine", "root"};

// Throws Error for a schedule that no run can have.
constexpr void check_schedule(Index warmup, double floor) {
  if (warmup < 0) throw error("schedule: warmup must be at least 0 steps, found ", warmup);
  if (!(floor >= 0 && floor <= 1)) throw error("schedule: floor must be in [0, 1], found ", floor);
}

// The rise at the beginning, and where in the rest of the run a step lies.
constexpr double warmup_share(Index step, Index warmup, Rise rise) {
  return step < warmup ? static_cast<double>(step + (rise == Rise::from_one ? 1 : 0)) / static_cast<double>(warmup) : 1.0;
}
constexpr double progress_after(Index step, Index begin, Index steps) {
  if (step <= begin) return 0;
  return step >= steps ? 1.0 : static_cast<double>(step - begin) / static_cast<double>(steps - begin);
}

struct Constant {
  Index warmup = 0;
  Rise rise = Rise::from_one;

  constexpr void check() const { check_schedule(warmup, 0); }
  constexpr double operator()(Index step, Index) const { return warmup_share(step, warmup, rise); }
};

struct LinearDecay {
  Index warmup = 0;
  double floor = 0;
  Rise rise = Rise::from_one;

  constexpr void check() const { check_schedule(warmup, floor); }
  constexpr double operator()(Index step, Index steps) const {
    return warmup_share(step, warmup, rise) * (1 - (1 - floor) * progress_after(step, warmup, steps));
  }
};

struct Cosine {
  Index warmup = 0;
  double floor = 0.1;
  Rise rise = Rise::from_one;

  constexpr void check() const { check_schedule(warmup, floor); }
  double operator()(Index step, Index steps) const {
    const double fallen = (1 + std::cos(std::numbers::pi * progress_after(step, warmup, steps))) / 2;
    return warmup_share(step, warmup, rise) * (floor + (1 - floor) * fallen);
  }
};

struct Trapezoid {
  Index warmup = 0;
  double floor = 0;
  double cooldown = 0.2;  // of all steps
  Fall fall = Fall::linear;
  Rise rise = Rise::from_one;

  constexpr void check() const {
    check_schedule(warmup, floor);
    if (!(cooldown >= 0 && cooldown <= 1)) throw error("schedule: cooldown must be in [0, 1], found ", cooldown);
  }
  constexpr double operator()(Index step, Index steps) const {
    const auto length = static_cast<Index>(cooldown * static_cast<double>(steps));
    const double p = progress_after(step, std::max(warmup, steps - length), steps);
    const double fallen = fall == Fall::linear ? p : fall == Fall::cosine ? (1 - std::cos(std::numbers::pi * p)) / 2 : std::sqrt(p);
    return warmup_share(step, warmup, rise) * (1 - (1 - floor) * fallen);
  }
};

struct InverseRoot {
  Index warmup = 0;
  double timescale = 1000;  // steps
  Rise rise = Rise::from_one;

  constexpr void check() const {
    check_schedule(warmup, 0);
    if (!(timescale > 0)) throw error("schedule: timescale must be above 0 steps, found ", timescale);
  }
  double operator()(Index step, Index) const {
    return warmup_share(step, warmup, rise) / std::sqrt(1 + static_cast<double>(std::max<Index>(0, step - warmup)) / timescale);
  }
};

struct Growth {
  double from = 1e-6;

  constexpr void check() const {
    if (!(from > 0 && from <= 1)) throw error("schedule: growth must begin in (0, 1], found ", from);
  }
  double operator()(Index step, Index steps) const { return std::pow(from, 1 - progress_after(step, 0, std::max<Index>(steps - 1, 1))); }
};

// One of them, chosen at run time.
struct AnySchedule {
  std::variant<Constant, LinearDecay, Cosine, Trapezoid, InverseRoot, Growth> chosen;

  constexpr void check() const {
    std::visit([](const auto& schedule) { schedule.check(); }, chosen);
  }
  double operator()(Index step, Index steps) const {
    return std::visit([&](const auto& schedule) { return schedule(step, steps); }, chosen);
  }
};

}  // namespace rondo

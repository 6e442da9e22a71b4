// Averages of weights over the steps of a run (Polyak and Juditsky 1992), often better than the weights themselves:
//
//   a <- a + share (w - a)      after update t = 1, 2, ... of `steps`;  a starts as the weights do
//
//   WarmedAverage        share = 1 - min(decay, (1 + t) / (10 + t))       forgets the initial weights even in a short run
//   ExponentialAverage   share = 1 - decay
//   CorrectedAverage     share = (1 - decay) / (1 - decay^t)              from zero, divided by 1 - decay^t (Kingma and Ba 2015)
//   TailAverage          the mean of the last `last` weights of the run; before them the weights themselves
// AnyAverage holds one of them, or none.
#pragma once

#include <algorithm>
#include <cmath>
#include <variant>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline void check_average(double decay) {
  require(decay > 0 && decay < 1, "average: decay must be in (0, 1), found ", decay);
}

struct WarmedAverage {
  double decay = 0.999;
  void check() const { check_average(decay); }
  [[nodiscard]] double share(Index step, Index) const {
    return 1 - std::min(decay, static_cast<double>(1 + step) / static_cast<double>(10 + step));
  }
};

struct ExponentialAverage {
  double decay = 0.999;
  void check() const { check_average(decay); }
  [[nodiscard]] double share(Index, Index) const { return 1 - decay; }
};

struct CorrectedAverage {
  double decay = 0.999;
  void check() const { check_average(decay); }
  [[nodiscard]] double share(Index step, Index) const { return (1 - decay) / (1 - std::pow(decay, static_cast<double>(step))); }
};

struct TailAverage {
  Index last = 100;
  void check() const { require(last > 0, "average: the tail must be at least 1 step, found ", last); }
  [[nodiscard]] double share(Index step, Index steps) const {
    return 1 / static_cast<double>(std::max<Index>(1, step - std::max<Index>(0, steps - last)));
  }
};

struct AnyAverage {
  struct None {
    void check() const {}
    [[nodiscard]] double share(Index, Index) const { return 1; }
  };
  std::variant<None, WarmedAverage, ExponentialAverage, CorrectedAverage, TailAverage> chosen;

  [[nodiscard]] bool there() const { return chosen.index() != 0; }
  void check() const {
    std::visit([](const auto& average) { average.check(); }, chosen);
  }
  [[nodiscard]] double share(Index step, Index steps) const {
    return std::visit([&](const auto& average) { return average.share(step, steps); }, chosen);
  }
};

}  // namespace rondo

// Early stopping: which measurement was the best, and when to wait no longer.
//
//   EarlyStopping stopping{.patience = 3, .threshold = 0.001};
//   if (stopping.see(accuracy)) keep(weights);          // after every epoch; true where it is the best so far, strictly
//   if (stopping.over()) break;
//
// A measurement that is not better than the best one before it by more than the threshold makes the wait one longer; one that is ends it.
// The threshold counts for the wait alone: any larger value is the new best. (transformers' EarlyStoppingCallback.)
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

struct EarlyStopping {
  Index patience = 0;  // measurements to wait for; 0: without end
  double threshold = 0;

  Index seen = 0;
  Index best_at = 0;  // of those seen, from 1; 0: none
  double best = 0;
  Index waited = 0;

  bool see(double value) {
    ++seen;
    waited = best_at == 0 || value - best > threshold ? 0 : waited + 1;
    if (best_at != 0 && !(value > best)) return false;
    best = value, best_at = seen;
    return true;
  }
  [[nodiscard]] bool over() const { return patience > 0 && waited >= patience; }
};

}  // namespace rondo

// Values that operations of every back-end take.
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

// Cross-entropy of a row of logits z with label y (ignored where y = ignore_index); V the vocabulary:
//   z' = cap tanh(z / cap) where soft_cap > 0;  lse = log sum exp z'
//   loss = lse - (1 - smoothing) z'_y - smoothing mean(z') + z_loss lse^2
struct CrossEntropyOptions {
  double label_smoothing = 0;
  double z_loss = 0;
  double soft_cap = 0;
  int ignore_index = -100;
};

// One step of AdamW (Loshchilov and Hutter 2019) on one tensor; the corrections are 1 - beta^step.
struct AdamWStep {
  double rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double decay = 0;  // decoupled: w -= rate decay w
  double correction1 = 1;
  double correction2 = 1;
  double gradient_scale = 1;  // the gradient is multiplied by it first (clipping, accumulation)
};

}  // namespace rondo

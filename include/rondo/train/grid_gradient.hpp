// The mean next-token cross-entropy of given tokens and its gradient, as they are compared with other implementations.
//
//   Workspace workspace{model, grid.tokens()};
//   double loss = grid_gradient(workspace, weights, grid);        // over B (T - 1) predictions; T at least 2
//
// The gradient is added to workspace.gradients().
#pragma once

#include <vector>

#include <rondo/data/token_grid.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/train/workspace.hpp>

namespace rondo {

template <class Model, class Backend>
double grid_gradient(Workspace<Model, Backend>& workspace, const Parameters<Model, Backend>& weights, const TokenGrid& grid) {
  require(grid.length > 1, "sequences of one token have no next token and so no loss");
  const std::vector<Token> labels = grid.labels();
  const std::vector<Sequence> sequences = grid.cut(grid.sequences);
  const auto count = static_cast<double>(grid.sequences * (grid.length - 1));
  const auto losses = workspace.add_gradient(
      weights, Batch{{grid.ids.data(), 1, grid.tokens()}, {labels.data(), 1, grid.tokens()}, sequences, grid.tokens(), 0}, CrossEntropy{},
      1 / count);
  return static_cast<double>(workspace.context().read(losses.sum)) / count;
}

}  // namespace rondo

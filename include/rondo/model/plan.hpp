// What a training step of a model will take, before any memory is taken: from one pass of the Trace back-end.
//
//   StepPlan plan = plan_training_step(model, CrossEntropy{}, sequences, tokens);
//
// Bytes: weights, gradients, the optimiser's moments, what is saved for the backward, scratch of the layers (kernels' own
// scratch, a few tiles a thread, is not counted). operations_per_token: 3 times the forward pass's own operations, see Trace.
#pragma once

#include <rondo/backend/trace/trace.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

struct StepPlan {
  std::size_t weights = 0;
  std::size_t gradients = 0;
  std::size_t moments = 0;
  std::size_t saved = 0;
  std::size_t scratch = 0;
  double operations_per_token = 0;
  double operations = 0;  // of the whole step, recomputation included
  double bytes_moved = 0;
  std::int64_t launches = 0;
  [[nodiscard]] std::size_t total() const { return weights + gradients + moments + saved + scratch; }
};

// A record without memory, and the bytes it would take.
template <class Kind, class Layer>
struct PlannedRecord {
  TraceMemory memory;
  typename Kind::template Record<Layer, Out<TraceContext>> record{};
  PlannedRecord(const Kind& kind, const Layer& layer) {
    each_leaf<Out<TraceContext>>(kind, layer, record, [&](const Path&, const Leaf& leaf, Out<TraceContext>& view) {
      view = {memory.take<float>(leaf.dimensions.size()), leaf.dimensions.rows(), leaf.dimensions.columns()};
    });
  }
};

template <class Model, class Objective>
StepPlan plan_training_step(const Model& model, const Objective& objective, Sequences sequences, Index tokens) {
  TraceContext c;
  // Only the number of ids and labels matters.
  const std::vector<Token> ids(static_cast<std::size_t>(tokens), 0);
  const Tokens row{ids.data(), 1, tokens};
  c.begin(sequences, row);
  PlannedRecord weights{WeightRecords{}, model}, gradients{WeightRecords{}, model};
  PlannedRecord saved{SavedRecords{c.extent()}, model};
  StepPlan plan;
  plan.weights = plan.gradients = weights.memory.used();
  plan.moments = 2 * plan.weights;
  plan.saved = saved.memory.used();
  {
    auto mark = c.mark();
    const Out<TraceContext> hidden = c.matrix(tokens, model.shape().width), d_hidden = c.matrix(tokens, model.shape().width);
    model.forward(c, weights.record, hidden, saved.record, {});
    objective.gradient(c, model, weights.record, hidden, row, 1.0, d_hidden, gradients.record);
    plan.operations_per_token = 3 * c.counts.model_operations / static_cast<double>(tokens);
    model.backward(c, weights.record, d_hidden, saved.record, gradients.record, {});
  }
  each_leaf<Out<TraceContext>>(WeightRecords{}, model, weights.record,
                         [&](const Path&, const Leaf&, Out<TraceContext>& w) { c.adamw({}, w, w, w, w); });
  plan.scratch = c.scratch.high_water();
  plan.operations = c.counts.operations;
  plan.bytes_moved = c.counts.bytes;
  plan.launches = c.counts.launches;
  return plan;
}

}  // namespace rondo

// What a training step of a model will take, before any memory is taken: from one pass of the Trace back-end.
//
//   StepPlan plan = plan_training_step(model, CrossEntropy{}, sequences, tokens, AdamW{}, Precision::bf16);
//
// Bytes: weights, gradients, the optimiser's slots, what is saved for the backward, scratch of the layers (kernels' own
// scratch, a few tiles a thread, is not counted). operations_per_token: 3 times the forward pass's own operations, see Trace; those of
// what the objective prepares once.
#pragma once

#include <rondo/backend/trace/trace.hpp>
#include <rondo/model/parameters.hpp>
#include <rondo/objective/objective.hpp>
#include <rondo/optimizer/adamw.hpp>

namespace rondo {

struct StepPlan {
  std::size_t weights = 0;
  std::size_t gradients = 0;
  std::size_t slots = 0;
  std::size_t saved = 0;
  std::size_t scratch = 0;
  double operations_per_token = 0;
  double operations = 0;  // of the whole step, recomputation included
  double bytes_moved = 0;
  std::int64_t launches = 0;
  [[nodiscard]] std::size_t total() const { return weights + gradients + slots + saved + scratch; }
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

// An update of one parameter, whose slots are taken from `memory`.
template <class Optimizer>
void plan_update(TraceContext& c, const Optimizer& optimizer, const Leaf& leaf, Out<TraceContext> w, TraceMemory& memory) {
  with_updater(optimizer, leaf, [&]<class One>(const One& one) {
    Slots<TraceContext, One> slots;
    for (Out<TraceContext>& slot : slots) slot = {memory.take<float>(w.size()), w.rows, w.columns};
    one.update(c, PieceUpdate<TraceContext>{}, leaf, w, In<TraceContext>(w), slots);
  });
}

template <class Model, Objective ObjectiveType, class Optimizer = AdamW>
StepPlan plan_training_step(const Model& model, const ObjectiveType& objective, Sequences sequences, Index tokens,
                            const Optimizer& optimizer = {}, Precision precision = {}) {
  TraceContext c;
  const auto products = c.products_in(precision);
  // Only the number of ids and labels matters.
  const std::vector<Token> ids(static_cast<std::size_t>(tokens), 0);
  const Tokens row{ids.data(), 1, tokens};
  c.begin(sequences, row, row);
  PlannedRecord weights{WeightRecords{}, model}, gradients{WeightRecords{}, model};
  PlannedRecord saved{SavedRecords{c.extent()}, model};
  StepPlan plan;
  plan.weights = plan.gradients = weights.memory.used();
  plan.saved = saved.memory.used();
  {
    auto mark = c.mark();
    const Pass pass{c, model, weights.record, objective, c.matrix(tokens, model.shape().width), c.matrix(tokens, model.shape().width),
                    saved.record};
    const double prepared = c.counts.model_operations;  // of a teacher, say: no backward follows
    pass.forward();
    pass.loss(1.0, gradients.record);
    plan.operations_per_token = (3 * c.counts.model_operations - 2 * prepared) / static_cast<double>(tokens);
    pass.backward(gradients.record);
  }
  TraceMemory slot_memory;
  each_leaf<Out<TraceContext>>(WeightRecords{}, model, weights.record, [&](const Path&, const Leaf& leaf, Out<TraceContext>& w) {
    plan_update(c, optimizer, leaf, w, slot_memory);
  });
  plan.slots = slot_memory.used();
  plan.scratch = c.scratch.high_water();
  plan.operations = c.counts.operations;
  plan.bytes_moved = c.counts.bytes;
  plan.launches = c.counts.launches;
  return plan;
}

}  // namespace rondo

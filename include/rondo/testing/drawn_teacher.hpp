// DrawnTeacher: a teacher (rondo/objective/teacher.hpp) for the laws: a model whose weights are drawn in the scratch of whatever context it
// teaches on.
//
//   prove(LossOf{model, Distillation{MyDivergence{}, DrawnTeacher<Llama>{Llama{shape}, Seed{2}}}});
#pragma once

#include <rondo/core/random.hpp>
#include <rondo/objective/teacher.hpp>

namespace rondo::testing {

template <class Model>
struct DrawnTeacher {
  Model model;
  Seed seed;

  template <class C>
  struct Prepared {
    typename Model::template Weights<Out<C>> weights;
    Out<C> hidden;
  };
  void check(Index outcomes, double) const { check_outcomes(model.outputs(), outcomes); }
  template <class C>
  [[nodiscard]] Prepared<C> prepare(C& c) const {
    Prepared<C> prepared{c.record(WeightRecords{}, model), {}};
    each_leaf<Out<C>>(WeightRecords{}, model, prepared.weights,
                      [&](const Path& path, const Leaf&, Out<C>& view) { c.start(view, normal(0.4), key_of(seed, path.text())); });
    prepared.hidden = c.matrix(c.extent().tokens, model.shape().width);
    model.evaluate(c, prepared.weights, prepared.hidden, {});
    return prepared;
  }
  template <class C>
  void logits(C& c, const Prepared<C>& prepared, const TaughtRows<C::place>& rows, Out<C> z) const {
    auto mark = c.mark();
    model.logits(c, prepared.weights, rows.rows.of(c, prepared.hidden), z);
  }
  template <class C>
  void logits_part(C& c, const Prepared<C>& prepared, const TaughtRows<C::place>& rows, Index first, Out<C> z) const {
    auto mark = c.mark();
    model.uncapped_logits_part(c, prepared.weights, rows.rows.of(c, prepared.hidden), first, z);
  }
};

}  // namespace rondo::testing

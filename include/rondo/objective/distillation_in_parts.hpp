// A block of rows whose outcomes are taken a part at a time: scratch 2 x rows x block_outcomes instead of whole rows of logits, which
// are made again in each pass (rondo/objective/outcome_parts.hpp).
#pragma once

#include <algorithm>

#include <rondo/layer/head.hpp>
#include <rondo/objective/outcome_parts.hpp>
#include <rondo/objective/teacher.hpp>

namespace rondo {

// Writes dx and, for each row, cross-entropy and divergence; adds the head's gradient to dw. x, dx: the rows' hidden vectors and theirs.
template <class C, class D>
void distil_in_parts(C& c, const D& divergence, const auto& teacher, double temperature, const CrossEntropyOptions& options,
                     Index block_outcomes, const auto& w, const auto& pass, const TaughtRows<C::place>& rows,
                     typename C::PlacedTokens labels, In<C> x, Out<C> dx, double scale_of_labels, double scale_of_teacher,
                     WideOut<C> cross_entropy, WideOut<C> distances, const auto& dw) {
  const auto& model = pass.model;
  if constexpr (OfWholeRows<D>) {
    throw error("distillation: ", D::name, " looks at whole rows, expected block_outcomes = 0");
  } else if constexpr (!InParts<std::remove_cvref_t<decltype(model)>>) {
    throw error("distillation: the model's head cannot be asked for a part of its outputs, expected block_outcomes = 0");
  } else {
    const Index count = x.rows, outcomes = model.outputs(), voices = voices_of(teacher);
    const double cap = model.shape().logit_soft_cap;
    const auto column = [&](auto row) { return row.reshaped(count, 1); };
    const WideOut<C> all = c.wide(count, voices * row_statistics);
    const auto statistics = [&](Index voice) { return all.middle_columns(voice * row_statistics, row_statistics); };
    const WideOut<C> measured = c.wide(count, std::max<Index>(1, measures_of(teacher)));
    const auto comparison = [&](Index voice) {
      const double share = share_of_voice(teacher, voice);
      Comparison<D> result{divergence, temperature, cap, scale_of_teacher * share, share, voice == 0 ? Onto::write : Onto::add, outcomes};
      return result;
    };
    const LabelRow label{options, cap, scale_of_labels, outcomes, 0};
    // act(first, the student's logits): of each part.
    const auto each_part = [&](auto act) {
      for (Index first = 0; first < outcomes; first += block_outcomes) {
        auto mark = c.mark();
        const Out<C> logits = c.matrix(count, std::min(block_outcomes, outcomes - first));
        model.uncapped_logits_part(c, w, x, first, logits);
        act(first, logits);
      }
    };
    // act(voice, its logits): of a part.
    const auto each_voice = [&](Index first, Index columns, auto act) {
      const Out<C> z = c.matrix(count, columns);
      for (Index voice = 0; voice < voices; ++voice) {
        teacher_logits_part(teacher, c, pass.prepared, rows, temperature, voice, first, z, measured);
        act(voice, z);
      }
    };
    for (Index voice = 0; voice < voices; ++voice) c.row_by_row(StartRow{}, statistics(voice));
    if constexpr (requires { teacher.measures(); })
      if (teacher.measures() > 0)
        for (Index first = 0; first < outcomes; first += block_outcomes)
          teacher.measure(c, pass.prepared, rows, temperature, first, std::min(block_outcomes, outcomes - first), measured);
    each_part([&](Index first, Out<C> logits) {
      MeasureLabelRow of_labels{label};
      of_labels.first = first;
      c.row_by_row(of_labels, In<C>(logits), column(labels), statistics(0));
      if constexpr (!OfLogits<D>)
        each_voice(first, logits.columns, [&](Index voice, Out<C> z) {
          c.row_by_row(MeasureRow<D>{comparison(voice)}, In<C>(logits), In<C>(z), statistics(voice));
        });
    });
    if constexpr (needs_sums<D>)
      each_part([&](Index first, Out<C> logits) {
        each_voice(first, logits.columns, [&](Index voice, Out<C> z) {
          c.row_by_row(SumRow<D>{comparison(voice)}, In<C>(logits), In<C>(z), statistics(voice));
        });
      });
    each_part([&](Index first, Out<C> logits) {
      const Out<C> d_logits = c.matrix(count, logits.columns);
      each_voice(first, logits.columns, [&](Index voice, Out<C> z) {
        c.row_by_row(GradientRow<D>{comparison(voice)}, In<C>(logits), z, statistics(voice));
        voice == 0 ? c.copy(z, d_logits) : c.add(z, d_logits);
      });
      LabelGradientRow of_labels{label};
      of_labels.first = first;
      c.row_by_row(of_labels, In<C>(logits), column(labels), statistics(0), d_logits);
      model.uncapped_logits_part_backward(c, w, x, first, d_logits, dx, first == 0 ? Onto::write : Onto::add, dw);
    });
    c.row_by_row(FinishLabelRow{label}, statistics(0), column(cross_entropy));
    for (Index voice = 0; voice < voices; ++voice)
      c.row_by_row(FinishRow<D>{comparison(voice)}, statistics(voice), column(distances));
  }
}

}  // namespace rondo

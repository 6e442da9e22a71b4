// A block of rows whose outcomes are taken a part at a time: scratch 2 x rows x block_outcomes instead of whole rows of logits, which
// are made again in each pass (rules: rondo/objective/compared_rows.hpp):
//
//   1  largest logits and sums of exponentials so far, of both models
//   2  the divergence's derivatives and their sum; no pass where that is known (constant_sum) or not needed
//   3  the derivatives again, and the gradient
#pragma once

#include <algorithm>

#include <rondo/layer/head.hpp>
#include <rondo/objective/teacher.hpp>

namespace rondo {

template <class D>
inline constexpr bool needs_sums = !HasConstantSum<D> && !OfLogits<D>;

// Writes dx and the rows' statistics; adds the head's gradient to dw. x, dx: the rows' hidden vectors and theirs; labels, statistics: of a
// row each.
template <class C, class D>
void distil_in_parts(C& c, const D& divergence, const auto& teacher, const TaughtTerms& terms, Index block_outcomes, const auto& w,
                     const auto& pass, const TaughtRows<C::place>& rows, typename C::PlacedTokens labels, In<C> x, Out<C> dx,
                     WideOut<C> statistics, const auto& dw) {
  const auto& model = pass.model;
  if constexpr (OfWholeRows<D>) {
    throw error("distillation: ", D::name, " looks at whole rows, expected block_outcomes = 0");
  } else if constexpr (!InParts<std::remove_cvref_t<decltype(model)>>) {
    throw error("distillation: the model's head cannot be asked for a part of its outputs, expected block_outcomes = 0");
  } else {
    const WideOut<C> measured = c.wide(x.rows, std::max<Index>(1, measures_of(teacher)));
    // act(terms, the student's logits): of each part.
    const auto each_part = [&](auto act) {
      for (Index first = 0; first < terms.outcomes; first += block_outcomes) {
        auto mark = c.mark();
        const Out<C> logits = c.matrix(x.rows, std::min(block_outcomes, terms.outcomes - first));
        model.uncapped_logits_part(c, w, x, first, logits);
        if (terms.soft_cap > 0) c.soft_cap(terms.soft_cap, logits, logits);
        act(terms.from(first), logits);
      }
    };
    // act(voice, its logits): of a part.
    const auto each_voice = [&](const TaughtTerms& part, Index columns, auto act) {
      const Out<C> of_first = c.matrix(x.rows, columns), of_others = terms.voices > 1 ? c.matrix(x.rows, columns) : Out<C>{};
      for (Index voice = 0; voice < terms.voices; ++voice) {
        const Out<C> z = voice == 0 ? of_first : of_others;
        teacher_logits_part(teacher, c, pass.prepared, rows, terms.temperature, voice, part.first, z, measured);
        act(voice, z);
      }
    };
    const auto derive = [&](const TaughtTerms& part, In<C> logits, bool again, auto act) {
      each_voice(part, logits.columns, [&](Index voice, Out<C> z) {
        c.row_by_row(DeriveRow<D>{part, divergence, voice, share_of_voice(teacher, voice), again}, logits, z, statistics);
        act(voice, z);
      });
    };
    if constexpr (requires { teacher.measures(); })
      if (teacher.measures() > 0)
        for (Index first = 0; first < terms.outcomes; first += block_outcomes)
          teacher.measure(c, pass.prepared, rows, terms.temperature, first, std::min(block_outcomes, terms.outcomes - first), measured);
    each_part([&](const TaughtTerms& part, Out<C> logits) {
      c.row_by_row(MeasureRow{part}, In<C>(logits), labels, statistics);
      if constexpr (!OfLogits<D>)
        each_voice(part, logits.columns,
                   [&](Index voice, Out<C> z) { c.row_by_row(MeasureTeacherRow{part, voice}, In<C>(z), statistics); });
    });
    if constexpr (needs_sums<D>)
      each_part([&](const TaughtTerms& part, Out<C> logits) { derive(part, logits, false, [](Index, Out<C>) {}); });
    each_part([&](const TaughtTerms& part, Out<C> logits) {
      Out<C> d_logits;
      derive(part, logits, needs_sums<D>, [&](Index voice, Out<C> z) { voice == 0 ? void(d_logits = z) : c.add(z, d_logits); });
      c.row_by_row(CombineRow{part}, In<C>(logits), d_logits, labels, statistics);
      model.uncapped_logits_part_backward(c, w, x, part.first, d_logits, dx, part.first == 0 ? Onto::write : Onto::add, dw);
    });
  }
}

}  // namespace rondo

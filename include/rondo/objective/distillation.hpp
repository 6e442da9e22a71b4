// Distillation<Divergence, Teacher>: next-token cross-entropy mixed with a divergence from a teacher's distributions.
//
//   L = sum over tokens with a label of (1 - alpha) CE(z, y) + alpha T^2 D(softmax(z_teacher / T), softmax(z / T))
//
//   Distillation objective{ForwardKl{}, LiveTeacher<Cpu>{evaluation}, {.alpha = 0.5, .temperature = 2}};
//   Trainer trainer{model, weights, AdamW{}, Cosine{}, objective};
//
// (Hinton, Vinyals, Dean 2015; BabyHGRN's alpha.) alpha is the weight of the teacher, T^2 keeps the divergence's gradient of the size of
// cross-entropy's, both terms are means over the same tokens: each may be switched (DistillationOptions). The reported parts are the
// plain cross-entropy and the plain D.
//
// Student's and teacher's logits exist for a block of rows at a time: scratch 2 x block_tokens x outcomes (half as much again for further
// voices or members of an ensemble; half of it from a cache). With block_outcomes they exist for so many outcomes at a time, and are made
// two or three times: distillation_in_parts.hpp. The teacher's pass is prepare(): one block's scratch of its model and its hidden vectors.
// The logits' soft cap comes before T; label smoothing and z-loss are in the cross-entropy alone.
#pragma once

#include <cmath>

#include <rondo/objective/cross_entropy.hpp>
#include <rondo/objective/distillation_in_parts.hpp>
#include <rondo/objective/teacher.hpp>

namespace rondo {

enum class AlphaOf { teacher, labels };  // whose weight alpha is
// What the mean of the divergence is over: tokens with a label; sequences ("batchmean", BabyLlama); tokens and outcomes.
enum class MeanOver { labels, sequences, outcomes };

struct DistillationOptions {
  double alpha = 0.5;
  double temperature = 1;
  AlphaOf alpha_of = AlphaOf::teacher;
  bool squared_temperature = true;  // whether D is multiplied by T^2
  MeanOver mean_over = MeanOver::labels;

  void check() const {
    require(alpha >= 0 && alpha <= 1, "distillation: alpha must be in [0, 1], found ", alpha);
    require(temperature > 0 && std::isfinite(temperature), "distillation: the temperature must be more than 0, found ", temperature);
  }
  // Of the terms in L, the divergence's without what it is a mean over.
  [[nodiscard]] double weight_of_labels() const { return alpha_of == AlphaOf::teacher ? 1 - alpha : alpha; }
  [[nodiscard]] double weight_of_teacher() const {
    return (alpha_of == AlphaOf::teacher ? alpha : 1 - alpha) * (squared_temperature ? temperature * temperature : 1);
  }
};

template <Divergence DivergenceType, Teacher TeacherType>
struct Distillation {
  DivergenceType divergence;
  TeacherType teacher;
  DistillationOptions options{};
  CrossEntropyOptions cross_entropy{};
  Index block_tokens = 512;
  Index block_outcomes = 0;  // of those of a row; 0: all

  void check() const {
    options.check();
    require(block_outcomes >= 0, "distillation: a block must have at least 1 outcome, or 0 for all, found ", block_outcomes);
    check_divergence(divergence);
    CrossEntropy{cross_entropy, block_tokens}.check();
  }
  template <class C>
  [[nodiscard]] auto prepare(C& c) const {
    return teacher.prepare(c);
  }

  template <class C>
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    const auto& model = pass.model;
    check();
    teacher.check(model.outputs(), options.temperature);
    auto mark = c.mark();
    const auto labelled = labelled_rows(c);
    const auto& rows = labelled.rows;
    const Index count = rows.count(), outcomes = model.outputs();
    const WideOut<C> losses = c.wide(1, count), distances = c.wide(1, count);
    const double of_labels = options.weight_of_labels(), of_teacher = options.weight_of_teacher() * mean_factor(c, count, outcomes);
    TaughtTerms terms{options.temperature, model.shape().logit_soft_cap, scale * of_teacher, scale * of_labels, cross_entropy, outcomes};
    terms.voices = voices_of(teacher);
    const bool in_parts = block_outcomes > 0 && block_outcomes < outcomes;
    rows.clear(c, pass.d_hidden);
    each_block(c, count, block_tokens, in_parts ? 0 : outcomes, [&](Index begin, Out<C> logits) {
      const TaughtRows<C::place> block{rows.middle(begin, logits.rows), begin};
      const In<C> x = block.rows.of(c, pass.hidden);
      const Out<C> dx = block.rows.place_of(c, pass.d_hidden);
      const auto column = [&](auto row) { return row.middle_columns(begin, logits.rows).reshaped(logits.rows, 1); };
      const WideOut<C> statistics = c.wide(logits.rows, RowStatistics::count(terms.voices));
      const typename C::PlacedTokens labels = column(labelled.labels);
      if (in_parts) {
        if constexpr (StoresOutcomes<TeacherType, C, std::remove_cvref_t<decltype(pass.prepared)>>)
          throw error("distillation: stored outcomes are compared with whole rows, expected block_outcomes = 0");
        else
          with_divergence(divergence, [&](const auto& one) {
            distil_in_parts<C>(c, one, teacher, terms, block_outcomes, w, pass, block, labels, x, dx, statistics, dw);
          });
      } else {
        model.uncapped_logits(c, w, x, logits);
        if (terms.soft_cap > 0) c.soft_cap(terms.soft_cap, logits, logits);
        const Out<C> d_logits = compare(c, pass.prepared, block, terms, logits, labels, statistics);
        model.uncapped_logits_backward(c, w, x, d_logits, dx, dw);
      }
      c.row_by_row(FinishRow{terms}, statistics, column(losses), column(distances));
      block.rows.put(c, dx, pass.d_hidden);
    });
    const auto hard = c.sum(losses), soft = c.sum(distances);
    return Losses{of_labels * hard + of_teacher * soft, count,
                  LossParts<std::remove_cvref_t<decltype(hard)>>{{{"cross_entropy", hard}, {"distillation", soft}}}};
  }

 private:
  // Writes the rows' statistics and the loss's gradient by the student's logits, which it returns.
  template <class C>
  Out<C> compare(C& c, const auto& prepared, const TaughtRows<C::place>& rows, const TaughtTerms& terms, Out<C> logits,
                 typename C::PlacedTokens labels, WideOut<C> statistics) const {
    return with_divergence(divergence, [&]<class D>(const D& one) -> Out<C> {
      if constexpr (!StoresOutcomes<TeacherType, C, std::remove_cvref_t<decltype(prepared)>>) {
        const Out<C> d_logits = c.matrix(logits.rows, logits.columns);
        const Out<C> of_others = terms.voices > 1 ? c.matrix(logits.rows, logits.columns) : Out<C>{};
        for (Index voice = 0; voice < terms.voices; ++voice) {
          const Out<C> z = voice == 0 ? d_logits : of_others;
          teacher_logits(teacher, c, prepared, rows, terms.temperature, voice, z);
          c.row_by_row(CompareRow<D>{{terms, one, voice, share_of_voice(teacher, voice)}}, In<C>(logits), z, labels, statistics);
          if (voice > 0) c.add(z, d_logits);
        }
        if (terms.voices > 1) c.row_by_row(CombineRow{terms}, In<C>(logits), d_logits, labels, statistics);
        return d_logits;
      } else if constexpr (OfLogits<D>) {
        throw error("distillation: ", D::name, " compares logits; the teacher's log-probabilities are stored");
      } else {
        const StoredOutcomes<C> stored = teacher.stored(c, prepared, rows);
        const Out<C> kept = c.matrix(logits.rows, 2 * stored.log_probabilities.columns);
        c.row_by_row(CompareStoredRow<D>{terms, one, teacher.rest()}, logits, stored.ids, stored.log_probabilities, kept, labels,
                     statistics);
        return logits;
      }
    });
  }
  // What makes the mean over labels one over something else.
  [[nodiscard]] double mean_factor(const auto& c, Index count, Index outcomes) const {
    if (options.mean_over == MeanOver::outcomes) return 1 / static_cast<double>(outcomes);
    if (options.mean_over == MeanOver::labels || count == 0) return 1;
    Index sequences = 0;
    for (const Sequence& sequence : c.sequences()) sequences += sequence.length > 0 ? 1 : 0;
    return static_cast<double>(count) / static_cast<double>(std::max<Index>(1, sequences));
  }
};
template <class D, class T>
Distillation(D, T, DistillationOptions = {}, CrossEntropyOptions = {}, Index = 0, Index = 0) -> Distillation<D, T>;

}  // namespace rondo

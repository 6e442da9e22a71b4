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
// Student's and teacher's logits exist for a block of rows at a time: scratch 2 x block_tokens x outcomes (as much again for a second voice
// or member of an ensemble). With block_outcomes they exist for so many outcomes at a time, and are made two or three times:
// distillation_in_parts.hpp. The teacher's pass is prepare(): one block's scratch of its model and its hidden vectors. The logits' soft cap
// comes before T; label smoothing and z-loss are in the cross-entropy alone.
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
    const Index count = rows.count();
    const WideOut<C> losses = c.wide(1, count), distances = c.wide(1, count);
    const double of_labels = options.weight_of_labels(), of_teacher = options.weight_of_teacher() * mean_factor(c, count, model.outputs());
    const double cap = model.shape().logit_soft_cap;
    rows.clear(c, pass.d_hidden);
    const auto in_block = [&](Index begin, Index size, auto act) {
      const TaughtRows<C::place> block{rows.middle(begin, size), begin};
      const Out<C> dx = block.rows.place_of(c, pass.d_hidden);
      act(block, block.rows.of(c, pass.hidden), dx, labelled.labels.middle_columns(begin, size), losses.middle_columns(begin, size),
          distances.middle_columns(begin, size));
      block.rows.put(c, dx, pass.d_hidden);
    };
    if (block_outcomes > 0 && block_outcomes < model.outputs()) {
      if constexpr (StoresOutcomes<TeacherType, C, std::remove_cvref_t<decltype(pass.prepared)>>) {
        throw error("distillation: stored outcomes are compared with whole rows, expected block_outcomes = 0");
      } else {
        for (Index begin = 0; begin < count; begin += block_tokens) {
          auto inner = c.mark();
          in_block(begin, std::min(block_tokens, count - begin), [&](const auto& block, In<C> x, Out<C> dx, auto labels_here, auto ce, auto d) {
            with_divergence(divergence, [&](const auto& one) {
              distil_in_parts<C>(c, one, teacher, options.temperature, cross_entropy, block_outcomes, w, pass, block, labels_here, x, dx,
                                 scale * of_labels, scale * of_teacher, ce, d, dw);
            });
          });
        }
      }
    } else {
      each_block(c, count, block_tokens, model.outputs(), [&](Index begin, Out<C> logits) {
        in_block(begin, logits.rows, [&](const auto& block, In<C> x, Out<C> dx, auto labels_here, auto ce, auto d) {
          const Out<C> d_logits = c.matrix(logits.rows, logits.columns);
          model.uncapped_logits(c, w, x, logits);
          compare(c, pass.prepared, block, scale * of_teacher, cap, logits, d_logits, d);
          c.cross_entropy(logits, labels_here, cap, cross_entropy, scale * of_labels, ce);
          c.add(d_logits, logits);
          model.uncapped_logits_backward(c, w, x, logits, dx, dw);
        });
      });
    }
    const auto hard = c.sum(losses), soft = c.sum(distances);
    return Losses{of_labels * hard + of_teacher * soft, count,
                  LossParts<std::remove_cvref_t<decltype(hard)>>{{{"cross_entropy", hard}, {"distillation", soft}}}};
  }

 private:
  // Writes the divergence of each row and its gradient by the student's logits.
  template <class C>
  void compare(C& c, const auto& prepared, const TaughtRows<C::place>& rows, double scale, double soft_cap, In<C> logits, Out<C> d_logits,
               WideOut<C> distances) const {
    const WideOut<C> each = distances.reshaped(logits.rows, 1);
    with_divergence(divergence, [&]<class D>(const D& one) {
      Comparison<D> comparison{one, options.temperature, soft_cap, scale};
      comparison.outcomes = logits.columns;
      if constexpr (StoresOutcomes<TeacherType, C, std::remove_cvref_t<decltype(prepared)>>) {
        if constexpr (OfLogits<D>) {
          throw error("distillation: ", D::name, " compares logits; the teacher's log-probabilities are stored");
        } else {
          auto mark = c.mark();
          const StoredOutcomes<C> stored = teacher.stored(c, prepared, rows);
          c.row_by_row(CompareStoredRow<D>{comparison, teacher.rest()}, logits, stored.ids, stored.log_probabilities, d_logits, each);
        }
      } else {
        for (Index voice = 0; voice < voices_of(teacher); ++voice) {
          auto mark = c.mark();
          const Out<C> z = voice == 0 ? d_logits : c.matrix(d_logits.rows, d_logits.columns);
          teacher_logits(teacher, c, prepared, rows, options.temperature, voice, z);
          comparison.share = share_of_voice(teacher, voice);
          comparison.scale = scale * comparison.share;
          comparison.onto = voice == 0 ? Onto::write : Onto::add;
          c.row_by_row(CompareRow<D>{comparison}, logits, z, each);
          if (voice > 0) c.add(z, d_logits);
        }
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

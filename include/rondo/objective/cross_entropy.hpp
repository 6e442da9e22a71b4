// Next-token cross-entropy, fused with the model's head: logits exist for one block of tokens at a time.
//
//   loss = sum over tokens with a label of CE(logits_t, y_t)      (label smoothing, z-loss, soft-cap: CrossEntropyOptions)
//
//   CrossEntropy objective{{.label_smoothing = 0.1}};
//   auto loss = objective.gradient(c, model, w, hidden, labels, scale, d_hidden, dw);
//
// The logits' soft cap is the model's (Shape::logit_soft_cap) where it has one; options of another cap are then an Error.
// `gradient` writes d_hidden = scale * dloss/dhidden and adds scale * dloss/dw of the head (and of a tied embedding) to dw;
// the returned loss is the plain sum, with the number of labels it is over. labels [1, tokens], negative where there is none.
// Scratch: block_tokens x vocabulary scalars, never tokens x vocabulary (Wijmans et al. 2024; fla's fused linear cross-entropy).
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/options.hpp>
#include <rondo/layer/embedding.hpp>
#include <rondo/layer/layer.hpp>

namespace rondo {

template <class Total>
struct LossSum {
  Total sum{};
  Index count = 0;
};

inline Index count_labels(Tokens labels) {
  return std::count_if(labels.data, labels.data + labels.size(), has_label);
}

struct CrossEntropy {
  CrossEntropyOptions options{};
  Index block_tokens = 1024;

  void check() const {
    require(block_tokens > 0, "cross-entropy: a block must have at least 1 token, found ", block_tokens);
    require(options.label_smoothing >= 0 && options.label_smoothing <= 1, "cross-entropy: label smoothing must be in [0, 1], found ",
            options.label_smoothing);
    require(std::isfinite(options.z_loss) && options.z_loss >= 0, "cross-entropy: z_loss must be at least 0, found ", options.z_loss);
    require(std::isfinite(options.soft_cap) && options.soft_cap >= 0, "cross-entropy: the soft cap must be at least 0, found ",
            options.soft_cap);
  }

  // The sum alone.
  template <class C, class Model>
  auto loss(C& c, const Model& model, const auto& w, In<C> hidden, Tokens labels) const {
    const CrossEntropyOptions capped = options_for(model.shape());
    return blocks(c, model, hidden, labels, [&](In<C> rows, Out<C> logits, typename C::PlacedTokens targets, Out<C> losses, Index) {
      model.uncapped_logits(c, w, rows, logits);
      c.cross_entropy(logits, targets, capped, 1.0, losses);
    });
  }

  template <class C, class Model>
  auto gradient(C& c, const Model& model, const auto& w, In<C> hidden, Tokens labels, double scale, Out<C> d_hidden,
                const auto& dw) const {
    const CrossEntropyOptions capped = options_for(model.shape());
    return blocks(c, model, hidden, labels, [&](In<C> rows, Out<C> logits, typename C::PlacedTokens targets, Out<C> losses, Index begin) {
      model.uncapped_logits(c, w, rows, logits);
      c.cross_entropy(logits, targets, capped, scale, losses);
      model.uncapped_logits_backward(c, w, rows, logits, d_hidden.middle_rows(begin, rows.rows), dw);
    });
  }

 private:
  [[nodiscard]] CrossEntropyOptions options_for(const Shape& shape) const {
    CrossEntropyOptions result = options;
    if (shape.logit_soft_cap == 0) return result;
    require(options.soft_cap == 0 || options.soft_cap == shape.logit_soft_cap, "cross-entropy: the model caps its logits at ",
            shape.logit_soft_cap, ", the objective at ", options.soft_cap);
    result.soft_cap = shape.logit_soft_cap;
    return result;
  }
  template <class C, class Model, class Act>
  auto blocks(C& c, const Model& model, In<C> hidden, Tokens labels, Act act) const {
    check();
    auto mark = c.mark();
    const auto placed = c.placed(labels);
    const Out<C> losses = c.matrix(1, hidden.rows);
    const Out<C> logits = c.matrix(std::min(block_tokens, hidden.rows), model.shape().vocabulary);
    for (Index begin = 0; begin < hidden.rows; begin += block_tokens) {
      const Index rows = std::min(block_tokens, hidden.rows - begin);
      act(hidden.middle_rows(begin, rows), logits.middle_rows(0, rows), placed.middle_columns(begin, rows),
          losses.middle_columns(begin, rows), begin);
    }
    return LossSum<decltype(c.sum(losses))>{c.sum(losses), count_labels(labels)};
  }
};

}  // namespace rondo

// Next-token cross-entropy, fused with the model's head: logits exist for one block of tokens at a time.
//
//   loss = sum over tokens with a label of CE(logits_t, y_t)      (label smoothing, z-loss: CrossEntropyOptions)
//
//   CrossEntropy objective{{.label_smoothing = 0.1}};
//   auto loss = objective.gradient(c, w, pass, scale, dw);        // rondo/objective/objective.hpp
//
// With a z-loss the loss is reported in parts, too: cross_entropy and z_loss. The logits' soft cap is the model's (Shape::logit_soft_cap).
// The head runs over the tokens that have a label. Scratch: block_tokens x outputs scalars (rondo/objective/logit_blocks.hpp).
#pragma once

#include <cmath>
#include <type_traits>

#include <rondo/objective/logit_blocks.hpp>
#include <rondo/objective/objective.hpp>

namespace rondo {

struct CrossEntropy {
  CrossEntropyOptions options{};
  Index block_tokens = 1024;

  void check() const {
    require(block_tokens > 0, "cross-entropy: a block must have at least 1 token, found ", block_tokens);
    require(options.label_smoothing >= 0 && options.label_smoothing <= 1, "cross-entropy: label smoothing must be in [0, 1], found ",
            options.label_smoothing);
    require(std::isfinite(options.z_loss) && options.z_loss >= 0, "cross-entropy: z_loss must be at least 0, found ", options.z_loss);
  }

  template <class C>
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    const auto& model = pass.model;
    check();
    auto mark = c.mark();
    const auto labelled = labelled_rows(c);
    const auto& rows = labelled.rows;
    const bool in_parts = options.z_loss > 0;
    const WideOut<C> losses = c.wide(in_parts ? 2 : 1, rows.count());
    rows.clear(c, pass.d_hidden);
    const auto act = [&](Index begin, Out<C> logits) {
      const ChosenRows block = rows.middle(begin, logits.rows);
      const In<C> x = block.of(c, pass.hidden);
      const Out<C> dx = block.place_of(c, pass.d_hidden);
      model.uncapped_logits(c, w, x, logits);
      c.cross_entropy(logits, labelled.labels.middle_columns(begin, logits.rows), model.shape().logit_soft_cap, options, scale,
                      losses.middle_columns(begin, logits.rows));
      model.uncapped_logits_backward(c, w, x, logits, dx, dw);
      block.put(c, dx, pass.d_hidden);
    };
    each_block(c, rows.count(), block_tokens, model.outputs(), act);
    const auto sum = c.sum(losses.middle_rows(0, 1));
    Losses<std::remove_cvref_t<decltype(sum)>> result{sum, rows.count()};
    if (!in_parts) return result;
    const auto z_loss = c.sum(losses.middle_rows(1, 1));
    result.parts = {{{"cross_entropy", sum + -1.0 * z_loss}, {"z_loss", z_loss}}};
    return result;
  }
};

}  // namespace rondo

// What whole language models are put through beside the laws of layers.
#pragma once

#include "every_back_end.hpp"

#include <rondo/objective/cross_entropy.hpp>

namespace rondo::testing {

// Every option of the loss and a cap alone, then all together; blocks of logits that end within the batch and beyond it.
template <class Model>
void expect_loss_laws(const std::string& name, const Shape& shape) {
  Shape near = shape;
  near.context = 16;
  const auto expect = [&](double soft_cap, const CrossEntropyOptions& options) {
    Shape capped = near;
    capped.logit_soft_cap = soft_cap;
    for (const Index block_tokens : {5, 512}) {
      const LossOf loss{Model{capped}, CrossEntropy{options, block_tokens}};
      for (const Batch& batch : {packed({5, 1, 6}, 2), packed({3})}) {  // some rows have no label; all have one
        expect_none(laws<Reference<double>>(loss, batch), name + " on Reference");
        expect_none(laws<Cpu>(loss, batch), name + " on Cpu");
      }
    }
  };
  for (const CrossEntropyOptions& options :
       {CrossEntropyOptions{}, CrossEntropyOptions{.label_smoothing = 0.1}, CrossEntropyOptions{.z_loss = 0.01}})
    expect(shape.logit_soft_cap, options);
  expect(2.5, {});
  expect(1.5, {.label_smoothing = 0.2, .z_loss = 0.1});
  const Model model{near};
  const LogitsOf logits{model};
  const EvaluatedLogitsOf<Model> evaluated{model};
  expect_none(equal_forward_passes<Reference<double>>(logits, evaluated, packed({5, 0, 4}, 3, 1, 2), same_bits), "evaluate");
  expect_none(equal_forward_passes<Cpu>(logits, evaluated, packed({5, 0, 4}, 3, 1, 2), same_bits), "evaluate on Cpu");
}

}  // namespace rondo::testing

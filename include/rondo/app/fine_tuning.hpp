// FineTuning: a classifier in training, without its type: what `finetune` (rondo/app/finetune.hpp) makes of a composition.
//
//   std::unique_ptr<FineTuning> tuning = fine_tuning_of(served.trunk(shape), setup);
//   TextBatches batches{texts, tuning->label_row(), ...};
//   tuning->trainer().run(batches, steps);
//   tuning->scorer().logits(texts);
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <rondo/app/standard_backends.hpp>
#include <rondo/evaluate/text_classifier.hpp>
#include <rondo/layer/class_head.hpp>
#include <rondo/layer/pooling.hpp>
#include <rondo/model/adapted_trunk.hpp>
#include <rondo/model/hosted_tensor.hpp>

namespace rondo::app {

struct FineTuningSetup {
  ClassHeadOptions head;
  bool mlp = false;  // else a ScoreHead
  AnyPooling pooling;
  std::optional<AdapterOptions> adapters;  // trained instead of the trunk
  AnyOptimizer optimizer;
  AnySchedule schedule;
  TrainingOptions options;
  std::function<void(const std::vector<HostedTensor<float>>& weights)> start;  // fills the trunk
};

class FineTuning {
 public:
  virtual ~FineTuning() = default;
  virtual TrainerOn<Cpu, AnyOptimizer, AnySchedule>& trainer() = 0;
  virtual ClassScorer& scorer() = 0;
  [[nodiscard]] virtual std::vector<HostedTensor<float>> weights() const = 0;  // of trunk and head, adapters merged
};

}  // namespace rondo::app

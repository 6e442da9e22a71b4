// FineTuning: a classifier in training, without its type: what `finetune` (rondo/app/finetune.hpp) makes of a composition.
//
//   std::unique_ptr<FineTuning> tuning = served.fine_tune(shape, setup);
//   TextBatches batches{texts, tuning->label_row(), ...};
//   tuning->trainer().run(batches, steps);
//   tuning->scorer().logits(texts);
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rondo/app/standard_backends.hpp>
#include <rondo/evaluate/text_classifier.hpp>
#include <rondo/model/classifier.hpp>
#include <rondo/model/hosted_tensor.hpp>

namespace rondo::app {

struct FineTuningSetup {
  ClassHeadOptions head;
  bool mlp = false;  // else a ScoreHead
  AnyPooling pooling;
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
  [[nodiscard]] virtual std::vector<HostedTensor<float>> weights() const = 0;  // of trunk and head
};

template <class TrunkType>
class FineTuningOf : public FineTuning {
  using Model = Classifier<TrunkType, AnyPooling, AnyClassHead>;

 public:
  FineTuningOf(const Shape& shape, const FineTuningSetup& setup)
      : weights_(started(Parameters<Model, Cpu>{model(shape, setup), setup.options.seed}, setup)),
        trainer_(weights_.model(), weights_, setup.optimizer, setup.schedule, CrossEntropy{}, setup.options),
        scorer_(weights_.model(), weights_, 4096, trainer_.context()) {}

  TrainerOn<Cpu, AnyOptimizer, AnySchedule>& trainer() override { return trainer_; }
  ClassScorer& scorer() override { return scorer_; }
  [[nodiscard]] std::vector<HostedTensor<float>> weights() const override { return hosted(weights_.tensors()); }

 private:
  static Model model(const Shape& shape, const FineTuningSetup& setup) {
    check_class_head(setup.head);
    return {shape, setup.mlp ? AnyClassHead{MlpHead{shape, setup.head}} : AnyClassHead{ScoreHead{shape, setup.head}}, setup.pooling};
  }
  static Parameters<Model, Cpu> started(Parameters<Model, Cpu> weights, const FineTuningSetup& setup) {
    if (setup.start) setup.start(hosted(weights.tensors()));
    return weights;
  }

  Parameters<Model, Cpu> weights_;
  Trainer<Model, Cpu, AnyOptimizer, AnySchedule> trainer_;
  TextClassifier<Model, Cpu> scorer_;
};

}  // namespace rondo::app

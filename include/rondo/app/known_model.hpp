// KnownModel: a composition as whoever only reads folders of models uses it, without its type: a teacher, say.
//
//   KnownModel known = known_model<Llama>();
//   auto model = known.evaluated(shape);            // weights all zero, to be filled: model->tensors()
//   model->evaluation().hidden(c, hidden) ...       rondo/model/evaluation.hpp, on the Cpu
#pragma once

#include <memory>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/model/checkpoint/file_form.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/model/hosted_tensor.hpp>

namespace rondo::app {

// A model with its weights that nothing is changed in.
class EvaluatedModel {
 public:
  virtual ~EvaluatedModel() = default;
  [[nodiscard]] virtual const Evaluation<Cpu>& evaluation() const = 0;
  [[nodiscard]] virtual std::vector<HostedTensor<float>> tensors() const = 0;
};

template <class Model>
class EvaluatedModelOf final : public EvaluatedModel {
 public:
  explicit EvaluatedModelOf(const Shape& shape) : weights_(Model{shape}) {}
  [[nodiscard]] const Evaluation<Cpu>& evaluation() const override { return evaluation_; }
  [[nodiscard]] std::vector<HostedTensor<float>> tensors() const override { return hosted(weights_.tensors()); }

 private:
  Parameters<Model, Cpu> weights_;
  EvaluationOf<Model, Cpu> evaluation_{weights_.model(), weights_};
};

struct KnownModel {
  CompositionFiles files;
  std::vector<NamedLeaf> (*leaves)(const Shape&);
  std::unique_ptr<EvaluatedModel> (*evaluated)(const Shape&);
};

template <class Model>
std::unique_ptr<EvaluatedModel> evaluated_model(const Shape& shape) {
  return std::make_unique<EvaluatedModelOf<Model>>(shape);
}
template <class Model>
KnownModel known_model() {
  return {composition_files<Model>(), [](const Shape& shape) { return named_leaves(WeightRecords{}, Model{shape}); },
          evaluated_model<Model>};
}

}  // namespace rondo::app

// LoadedModel and EvaluatedModel: a model with its weights, without its type (rondo/app/served_model.hpp).
#pragma once

#include <functional>
#include <span>
#include <variant>
#include <vector>

#include <rondo/app/backend_name.hpp>
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/data/token_grid.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/model/hosted_tensor.hpp>

namespace rondo {
class TextScorer;
}

namespace rondo::app {

using ModelTensors = std::variant<std::vector<HostedTensor<float>>, std::vector<HostedTensor<double>>>;

// A model with its weights.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  [[nodiscard]] virtual const Shape& shape() const = 0;
  [[nodiscard]] virtual ModelTensors tensors() const = 0;
  virtual TextScorer& scorer() = 0;
  // Forgets the text before; an attention may then look back at no more than `context` tokens (0: those of the shape).
  virtual void begin_text(Index context = 0) = 0;
  // Goes on with a text; the logits after its last token [1, vocabulary].
  virtual View<const float> feed(std::span<const Token> tokens) = 0;
  [[nodiscard]] virtual Index room() const = 0;  // tokens that may still be fed
  virtual void each_logits(const TokenGrid& grid, const std::function<void(View<const float> rows)>& act) = 0;
  // The loss; its gradients, by name, are then those of gradient_tensors().
  virtual double gradients(const TokenGrid& grid) = 0;
  [[nodiscard]] virtual ModelTensors gradient_tensors() const = 0;
};

// A model with its weights that nothing is changed in: a teacher, say.
class EvaluatedModel {
 public:
  virtual ~EvaluatedModel() = default;
  [[nodiscard]] virtual const Evaluation<Cpu>& evaluation() const = 0;
  [[nodiscard]] virtual std::vector<HostedTensor<float>> tensors() const = 0;
};

}  // namespace rondo::app

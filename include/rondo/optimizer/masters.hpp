// Masters<Model, Backend, Stored>: weights in the back-end's wide numbers, which are trained, and a copy stored in narrower ones (bf16,
// fp16).
//
//   Masters<Hgrn2, Cpu, bf16> masters{Parameters<Hgrn2, Cpu>{model, Seed{1}}};
//   Trainer trainer{model, masters.weights(), AdamW{}};
//   trainer.store_in(masters.stored());                                   // by the optimiser's own pass
//   Scorer scorer{model, masters.stored()};
//
// After every update the copy is what rounding the masters gives. Who writes the masters otherwise, as a reader of files does, calls
// store(). Two sets of weights in memory, the second half as large.
#pragma once

#include <utility>

#include <rondo/core/device.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

struct RoundedCopy {
  template <class To, class From>
  RONDO_ANYWHERE void operator()(To& to, const From& from) const {
    to = static_cast<To>(static_cast<float>(from));
  }
};
// Rounds all weights to their copy.
template <class C, class Scalar, class Stored, class Memory>
void store(C& c, const TensorBuffer<Scalar, Memory>& weights, const TensorBuffer<Stored, Memory>& copy) {
  for (std::size_t i = 0; i < copy.tensors().size(); ++i)
    c.each_element(RoundedCopy{}, copy.tensors()[i].tensor, weights.tensors()[i].tensor);
}

template <class Model, class Backend, class Stored>
class Masters {
 public:
  using Context = typename Backend::Context;
  using Weights = Parameters<Model, Backend, Wide<typename Backend::Scalar>>;

  explicit Masters(Weights weights, Context&& c = Context{}) : Masters(std::move(weights), c) {}
  Masters(Weights weights, Context& c) : weights_(std::move(weights)), stored_(weights_.model(), c) { store(c); }

  [[nodiscard]] Weights& weights() { return weights_; }
  [[nodiscard]] const Weights& weights() const { return weights_; }
  [[nodiscard]] const Parameters<Model, Backend, Stored>& stored() const { return stored_; }

  // Rounds all masters.
  void store(Context& c) const { rondo::store(c, weights_, stored_); }

 private:
  Weights weights_;
  Parameters<Model, Backend, Stored> stored_;
};

}  // namespace rondo

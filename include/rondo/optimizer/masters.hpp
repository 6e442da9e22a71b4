// Masters<Model, Backend, Stored>: weights in the back-end's numbers, which are trained, and a copy stored in narrower ones (bf16, fp16).
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

#include <rondo/model/parameters.hpp>

namespace rondo {

template <class Model, class Backend, class Stored>
class Masters {
 public:
  using Context = typename Backend::Context;

  explicit Masters(Parameters<Model, Backend> weights, Context&& c = Context{}) : Masters(std::move(weights), c) {}
  Masters(Parameters<Model, Backend> weights, Context& c) : weights_(std::move(weights)), stored_(weights_.model(), c) { store(c); }

  [[nodiscard]] Parameters<Model, Backend>& weights() { return weights_; }
  [[nodiscard]] const Parameters<Model, Backend>& weights() const { return weights_; }
  [[nodiscard]] const Parameters<Model, Backend, Stored>& stored() const { return stored_; }

  // Rounds all masters.
  void store(Context& c) const {
    const auto& copies = stored_.tensors();
    for (std::size_t i = 0; i < copies.size(); ++i) c.each_element(Rounded{}, copies[i].tensor, weights_.tensors()[i].tensor);
  }

 private:
  struct Rounded {
    template <class To, class From>
    void operator()(To& to, const From& from) const {
      to = static_cast<To>(static_cast<float>(from));
    }
  };

  Parameters<Model, Backend> weights_;
  Parameters<Model, Backend, Stored> stored_;
};

}  // namespace rondo

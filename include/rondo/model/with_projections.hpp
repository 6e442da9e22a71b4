// WithProjections<Model>: a model in training, and linear maps beside it that belong to the run - from its hidden states to those of a
// teacher (rondo/objective/hidden_matching.hpp). Optimiser, clipping and the run's checkpoints have all of it, the model's own folder only
// the model (without_projections).
//
//   WithProjections<Hgrn2> model{Hgrn2{shape}, {{512, 768}}};       widths from and to, one map for each pair
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include <rondo/layer/head.hpp>
#include <rondo/model/over_trunk.hpp>

namespace rondo {

struct ProjectionWidths {
  Index from = 0, to = 0;
};

template <class Model>
class WithProjections : public OverTrunk<Model> {
 public:
  using Projection = Linear<Bias::chosen>;

  explicit WithProjections(Model model, const std::vector<ProjectionWidths>& maps = {}) : OverTrunk<Model>(std::move(model)) {
    for (const auto& [from, to] : maps) projections_.emplace_back(from, to);
  }

  [[nodiscard]] const Model& inner() const { return this->inner_; }
  [[nodiscard]] WithProjections with_shape(const Shape& shape) const {
    WithProjections result{rondo::with_shape(inner(), shape)};
    result.projections_ = projections_;
    return result;
  }
  [[nodiscard]] decltype(auto) trunk() const { return inner().trunk(); }
  [[nodiscard]] Index outputs() const { return inner().outputs(); }

  template <class S>
  struct Weights {
    typename Model::template Weights<S> trunk;
    std::vector<typename Projection::template Weights<S>> projections;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("", inner(), w.trunk...), repeated("projections", projections_, w.projections...));
  }

  template <class C>
  void logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    inner().logits(c, w.trunk, hidden, logits);
  }
  template <class C>
  void uncapped_logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    inner().uncapped_logits(c, w.trunk, hidden, logits);
  }
  template <class C>
  void uncapped_logits_backward(C& c, const auto& w, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw) const {
    inner().uncapped_logits_backward(c, w.trunk, hidden, d_logits, d_hidden, dw.trunk);
  }
  static constexpr bool in_parts = InParts<Model>;
  template <class C>
  void uncapped_logits_part(C& c, const auto& w, In<C> hidden, Index first, Out<C> logits) const {
    inner().uncapped_logits_part(c, w.trunk, hidden, first, logits);
  }
  template <class C>
  void uncapped_logits_part_backward(C& c, const auto& w, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden, Onto onto,
                                     const auto& dw) const {
    inner().uncapped_logits_part_backward(c, w.trunk, hidden, first, d_logits, d_hidden, onto, dw.trunk);
  }

 private:
  std::vector<Projection> projections_;
};

inline constexpr std::string_view projection_names = "projections.";

// Of the tensors of such a model those of the model itself.
template <class Tensors>
[[nodiscard]] Tensors without_projections(Tensors tensors) {
  std::erase_if(tensors, [](const auto& one) { return one.name.starts_with(projection_names); });
  return tensors;
}

}  // namespace rondo

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

namespace rondo {

struct ProjectionWidths {
  Index from = 0, to = 0;
};

template <class Model>
class WithProjections {
 public:
  using Block = typename Model::Block;
  using Projection = Linear<Bias::chosen>;

  explicit WithProjections(Model model, const std::vector<ProjectionWidths>& maps = {}) : model_(std::move(model)) {
    for (const auto& [from, to] : maps) projections_.emplace_back(from, to);
  }
  explicit WithProjections(const Shape& shape) : WithProjections(Model{shape}) {}

  [[nodiscard]] const Model& inner() const { return model_; }
  [[nodiscard]] const Shape& shape() const { return model_.shape(); }
  [[nodiscard]] decltype(auto) trunk() const { return model_.trunk(); }
  [[nodiscard]] Index outputs() const { return model_.outputs(); }

  template <class S>
  struct Weights {
    typename Model::template Weights<S> model;
    std::vector<typename Projection::template Weights<S>> projections;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("", model_, w.model...), repeated("projections", projections_, w.projections...));
  }
  template <class S>
  using Saved = typename Model::template Saved<S>;
  auto saved_leaves(Extent extent, auto&... s) const { return model_.saved_leaves(extent, s...); }
  template <class S>
  using State = typename Model::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return model_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, Out<C> hidden, const auto& saved, const CarriedFor<Model, C>& carried) const {
    model_.forward(c, w.model, hidden, saved, carried);
  }
  template <class C>
  void evaluate(C& c, const auto& w, Out<C> hidden, const CarriedFor<Model, C>& carried) const {
    model_.evaluate(c, w.model, hidden, carried);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> d_hidden, const auto& saved, const auto& dw, const CarriedGradientFor<Model, C>& carried,
                const auto&... taps) const {
    model_.backward(c, w.model, d_hidden, saved, dw.model, carried, taps...);
  }
  template <class C>
  void logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    model_.logits(c, w.model, hidden, logits);
  }
  template <class C>
  void uncapped_logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    model_.uncapped_logits(c, w.model, hidden, logits);
  }
  template <class C>
  void uncapped_logits_backward(C& c, const auto& w, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw) const {
    model_.uncapped_logits_backward(c, w.model, hidden, d_logits, d_hidden, dw.model);
  }
  static constexpr bool in_parts = InParts<Model>;
  template <class C>
  void uncapped_logits_part(C& c, const auto& w, In<C> hidden, Index first, Out<C> logits) const {
    model_.uncapped_logits_part(c, w.model, hidden, first, logits);
  }
  template <class C>
  void uncapped_logits_part_backward(C& c, const auto& w, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden, Onto onto,
                                     const auto& dw) const {
    model_.uncapped_logits_part_backward(c, w.model, hidden, first, d_logits, d_hidden, onto, dw.model);
  }

 private:
  Model model_;
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

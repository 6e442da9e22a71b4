// OverTrunk<Inner>: what all models have in common that are made of another one - a Trunk, or a model around one - and of leaves beside it:
// they run, save and carry what that does; of their weights those of Inner are `trunk`.
#pragma once

#include <rondo/combinator/taps.hpp>
#include <rondo/layer/layer.hpp>

namespace rondo {

template <class Inner>
class OverTrunk {
 public:
  [[nodiscard]] const Shape& shape() const { return inner_.shape(); }
  template <class S>
  using Saved = typename Inner::template Saved<S>;
  auto saved_leaves(Extent extent, auto&... s) const { return inner_.saved_leaves(extent, s...); }
  template <class S>
  using State = typename Inner::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return inner_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, Out<C> hidden, const auto& saved, const CarriedFor<Inner, C>& carried) const {
    inner_.forward(c, w.trunk, hidden, saved, carried);
  }
  // forward without a backward to come.
  template <class C>
  void evaluate(C& c, const auto& w, Out<C> hidden, const CarriedFor<Inner, C>& carried) const {
    inner_.evaluate(c, w.trunk, hidden, carried);
  }
  // Adds to every gradient but those of the leaves beside; d_hidden, and what is in the taps, come from the objective.
  template <class C>
  void backward(C& c, const auto& w, In<C> d_hidden, const auto& saved, const auto& dw, const CarriedGradientFor<Inner, C>& carried,
                const Taps<C>& taps = {}) const {
    inner_.backward(c, w.trunk, d_hidden, saved, dw.trunk, carried, taps);
  }

 protected:
  explicit OverTrunk(Inner inner) : inner_(std::move(inner)) {}
  Inner inner_;
};

}  // namespace rondo

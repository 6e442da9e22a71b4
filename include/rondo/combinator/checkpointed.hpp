// Checkpointed<Inner>: Inner with less memory and more work (Chen et al. 2016, "Training deep nets with sublinear memory cost").
//
// Saves nothing: the backward runs Inner's forward again, into scratch, and then its backward.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

template <class Inner>
class Checkpointed : public NothingSaved {
 public:
  using Shared = typename Inner::Shared;

  static constexpr void check(const Shape& shape) { Inner::check(shape); }
  Checkpointed(const Shape& shape, Index block) : inner_(shape, block) {}

  template <class S>
  using Weights = typename Inner::template Weights<S>;
  auto weight_leaves(auto&... w) const { return inner_.weight_leaves(w...); }
  template <class S>
  using State = typename Inner::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return inner_.state_leaves(extent, s...); }

  [[nodiscard]] Index in() const { return inner_.in(); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto&, const auto& carried) const {
    auto mark = c.mark();
    const auto saved = c.record(SavedRecords{c.extent()}, inner_);
    inner_.forward(c, w, x, y, saved, carried);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto&, const auto& dw,
                HandedGradientFor<Inner, C> carried) const {
    auto mark = c.mark();
    const auto saved = c.record(SavedRecords{c.extent()}, inner_);
    Out<C> y = c.matrix(dy.rows, dy.columns);
    inner_.forward(c, w, x, y, saved, HandedFor<Inner, C>{{carried.initial, nullptr}, carried.share});
    inner_.backward(c, w, x, dy, dx, saved, dw, carried);
  }

 private:
  Inner inner_;
};

}  // namespace rondo

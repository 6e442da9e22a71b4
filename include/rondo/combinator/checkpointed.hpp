// Checkpointed<Inner>: Inner with less memory and more work (Chen et al. 2016, "Training deep nets with sublinear memory cost").
//
// Saves nothing: the backward runs Inner's forward again, into scratch, and then its backward.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

template <class Inner>
class Checkpointed : public RecordsOf<Inner> {
  using RecordsOf<Inner>::inner_;

 public:
  Checkpointed(const Shape& shape, Index block) : RecordsOf<Inner>(Inner(shape, block)) {}

  template <class S>
  using Saved = NothingSaved::Saved<S>;
  auto saved_leaves(Extent, auto&...) const { return leaves(); }

  [[nodiscard]] Index in() const { return inner_.in(); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto&, const auto& carried) const {
    auto mark = c.mark();
    const auto saved = c.record(SavedRecords{c.extent().exact()}, inner_);
    inner_.forward(c, w, x, y, saved, carried);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto&, const auto& dw,
                HandedGradientFor<Inner, C> carried) const {
    auto mark = c.mark();
    const auto saved = c.record(SavedRecords{c.extent().exact()}, inner_);
    Out<C> y = c.matrix(dy.rows, dy.columns);
    inner_.forward(c, w, x, y, saved, HandedFor<Inner, C>{{carried.initial, nullptr}, carried.share});
    inner_.backward(c, w, x, dy, dx, saved, dw, carried);
  }
};

}  // namespace rondo

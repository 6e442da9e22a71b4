// Pre-norm residual connection:  y = x + dropout(inner(norm(x)))
//
//   dx = dy + norm'(inner'(dropout'(dy)))
// A mixer that drops elements of its own somewhere inside says so (`drops_inside`); there is no dropout here then.
//
// norm(x) is formed again in the backward: only x, which the caller keeps, and what norm and inner save stays in memory.
#pragma once

#include <rondo/layer/dropout.hpp>
#include <rondo/layer/layer.hpp>

namespace rondo {

template <class Norm, class Inner>
class Residual : public RecordsOf<Inner> {
 public:
  // `place` tells apart the dropout masks of the residuals of a model.
  Residual(const Shape& shape, Index block, Index place)
      : RecordsOf<Inner>(Inner(shape, block)),
        norm_(shape.width, shape.norm_epsilon),
        dropout_(rate(shape), static_cast<std::uint64_t>(block * 8 + place)),
        width_(shape.width) {}

  template <class S>
  struct Weights {
    typename Norm::template Weights<S> norm;
    typename Inner::template Weights<S> inner;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("norm", norm_, w.norm...), inside("", this->inner_, w.inner...)); }
  template <class S>
  struct Saved {
    typename Norm::template Saved<S> norm;
    typename Inner::template Saved<S> inner;
  };
  auto saved_leaves(Extent, auto&... s) const { return leaves(inside("norm", norm_, s.norm...), inside("", this->inner_, s.inner...)); }
  // Whether a mask of dropout, which goes by the rows of the batch, is drawn.
  [[nodiscard]] bool drops(const auto& c) const { return dropout_.acts(c) || (drops_inside && c.training); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const auto& carried) const {
    auto mark = c.mark();
    Out<C> normalised = c.matrix(x.rows, width_);
    norm_.forward(c, w.norm, x, normalised, saved.norm);
    constexpr bool adds = requires { this->inner_.forward(c, w.inner, In<C>{}, y, saved.inner, carried, x); };
    if constexpr (adds)
      if (!dropout_.acts(c)) return this->inner_.forward(c, w.inner, normalised, y, saved.inner, carried, x);
    this->inner_.forward(c, w.inner, normalised, y, saved.inner, carried);
    dropout_.apply(c, y);
    c.add(x, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                const auto& carried) const {
    auto mark = c.mark();
    Out<C> normalised = c.matrix(x.rows, width_);
    Out<C> d_normalised = c.matrix(x.rows, width_);
    norm_.forward(c, w.norm, x, normalised, saved.norm);
    const In<C> d_inner = dropout_.acts(c) ? In<C>(dx) : dy;
    if (dropout_.acts(c)) {
      c.copy(dy, dx);
      dropout_.apply(c, dx);
    }
    this->inner_.backward(c, w.inner, normalised, d_inner, d_normalised, saved.inner, dw.inner, carried);
    norm_.backward(c, w.norm, x, d_normalised, dx, saved.norm, dw.norm, dy);
  }

 private:
  static constexpr bool drops_inside = requires { requires Inner::drops_inside; };
  static constexpr double rate(const Shape& shape) { return drops_inside ? 0 : shape.dropout; }

  Norm norm_;
  Dropout dropout_;
  Index width_;
};

}  // namespace rondo

// sLSTM's token mixer as the small xLSTM has it (Beck et al. 2024, "xLSTM", figure 10):
//
//   a = short_convolution(x) + b,  xc = silu(a)
//   u = [Bi xc + bi, Bf xc + bf, Bz x + bz, Bo x + bo]      each B block-diagonal, a block a head
//   h = Cell<SlstmCell>(u, R)                               R: a matrix a head
//   y = norm(dropout(h))                                    norm per head, weight 1 + w; there is no output projection
//
// B [heads, d, d], biases [heads, d], R [heads, 4 d, d]. R starts at zero, bf falls from 5 to -7 within a head, the more evenly the
// higher the block: heads of high blocks forget more. Saved: a, the gates, c and h of every token.
#pragma once

#include <cmath>

#include <rondo/core/activation.hpp>
#include <rondo/layer/block_linear.hpp>
#include <rondo/layer/dropout.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/layer/short_convolution.hpp>
#include <rondo/layer/small_initial.hpp>
#include <rondo/recurrence/cell.hpp>

namespace rondo {

// The sum that a gate sees, head by head:  y = B x + b
class HeadLinear : public PlainLayer, public NothingSaved, public NoState {
 public:
  HeadLinear(Index heads, Index width, Initial bias_initial = zeros())
      : linear_(heads, width, width, small_initial(width)), heads_(heads), width_(width), bias_initial_(bias_initial) {}

  template <class S>
  struct Weights {
    BlockLinear<>::Weights<S> linear;
    S bias;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("", linear_, w.linear...),
                  parameter("bias", {heads_, width_ / heads_}, bias_initial_, Decay::no, w.bias...).as(Role::vector));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y) const {
    linear_.forward(c, w.linear, x, y);
    c.add_bias(w.bias.reshaped(1, width_), y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& dw, Onto onto) const {
    linear_.backward(c, w.linear, x, dy, dx, dw.linear, onto);
    c.bias_gradient(dy, dw.bias.reshaped(1, width_));
  }

 private:
  BlockLinear<> linear_;
  Index heads_, width_;
  Initial bias_initial_;
};

class SlstmMixer {
 public:
  using Shared = NothingShared;
  static constexpr Apart apart = Apart::none;
  static constexpr bool drops_inside = true;

  static constexpr void check(const Shape& shape) { require_divides(shape.heads, shape.width, "heads", "width"); }
  SlstmMixer(const Shape& shape, Index block)
      : cell_{shape.width, shape.heads},
        convolution_(shape, shape.width, taps_initial(shape), taps_initial(shape)),
        gate_(shape.heads, shape.width),
        forget_(shape.heads, shape.width, power_law(5, -7, exponent(shape, block))),
        dropout_(shape.dropout, static_cast<std::uint64_t>(block * 8)),
        norm_(shape.width, shape.mixer_norm_epsilon, shape.heads) {}

  template <class S>
  struct Weights {
    ShortConvolution<Bias::yes>::Weights<S> convolution;
    HeadLinear::Weights<S> input, forget, cell, output;
    Cell<SlstmCell>::Weights<S> recurrent;
    OffsetLayerNorm::Weights<S> norm;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("convolution", convolution_, w.convolution...), inside("input", gate_, w.input...),
                  inside("forget", forget_, w.forget...), inside("cell", gate_, w.cell...), inside("output", gate_, w.output...),
                  inside("", cell_, w.recurrent...),
                  inside("head_norm", norm_, w.norm...));
  }
  template <class S>
  struct Saved {
    S convolved, gates;
    Wide<S> cell;
    S hidden;
    OffsetLayerNorm::Saved<S> norm;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    const Index width = cell_.width;
    return leaves(buffer("convolved", extent.kept(width), s.convolved...), buffer("gates", extent.kept(4 * width), s.gates...),
                  buffer("cell", {extent.tokens, width}, s.cell...), buffer("hidden", extent.kept(width), s.hidden...),
                  inside("head_norm", norm_, s.norm...));
  }
  template <class S>
  struct State {
    ShortConvolution<Bias::yes>::State<S> convolution;
    SlstmCell::State<S> cell;
  };
  auto state_leaves(Extent, auto&... s) const {
    return leaves(inside("convolution", convolution_, s.convolution...), inside("", cell_, s.cell...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<SlstmMixer, C> carried) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    convolution_.forward(c, w.convolution, x, saved.convolved, carried.at(&S::convolution));
    const Out<C> active = c.matrix(x.rows, cell_.width);
    c.template map<Silu>(saved.convolved, active);
    gate_.forward(c, w.input, active, part(saved.gates, 0));
    forget_.forward(c, w.forget, active, part(saved.gates, 1));
    gate_.forward(c, w.cell, x, part(saved.gates, 2));
    gate_.forward(c, w.output, x, part(saved.gates, 3));
    c.recurrence(cell_, w.recurrent, {saved.gates}, {.hidden = saved.hidden, .cell = saved.cell, .gates = saved.gates},
                 carried.at(&S::cell));
    norm_.forward(c, w.norm, dropped(c, saved.hidden, active), y, saved.norm);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<SlstmMixer, C> carried) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    const Out<C> d_gates = c.matrix(x.rows, 4 * cell_.width);
    const Out<C> active = c.matrix(x.rows, cell_.width), d_active = c.matrix(x.rows, cell_.width);
    const Out<C> d_hidden = d_active;  // until the gates have their gradient
    norm_.backward(c, w.norm, dropped(c, saved.hidden, active), dy, d_hidden, saved.norm, dw.norm);
    dropout_.apply(c, d_hidden);
    c.recurrence_gradient(cell_, w.recurrent, {}, {.hidden = saved.hidden, .cell = saved.cell, .gates = saved.gates},
                          {.hidden = d_hidden, .cell = {}, .gates = {}}, dw.recurrent, {d_gates}, carried.at(&S::cell));
    c.template map<Silu>(saved.convolved, active);
    gate_.backward(c, w.input, active, part(d_gates, 0), d_active, dw.input, Onto::write);
    forget_.backward(c, w.forget, active, part(d_gates, 1), d_active, dw.forget, Onto::add);
    c.template map_gradient<Silu>(saved.convolved, d_active, d_active);
    convolution_.backward(c, w.convolution, x, d_active, dx, dw.convolution, carried.at(&S::convolution));
    gate_.backward(c, w.cell, x, part(d_gates, 2), dx, dw.cell, Onto::add);
    gate_.backward(c, w.output, x, part(d_gates, 3), dx, dw.output, Onto::add);
  }

 private:
  static Initial taps_initial(const Shape& shape) { return uniform(1.0 / std::sqrt(static_cast<double>(shape.convolution))); }
  static double exponent(const Shape& shape, Index block) {
    return 0.3 + 1.3 * static_cast<double>(block) / static_cast<double>(std::max<Index>(shape.depth - 1, 1));
  }
  [[nodiscard]] auto part(auto gates, Index number) const {
    return gates.middle_columns(number * cell_.width, cell_.width);
  }
  // What the norm sees, in `place` where dropout acts.
  template <class C>
  [[nodiscard]] In<C> dropped(C& c, In<C> hidden, Out<C> place) const {
    if (!dropout_.acts(c)) return hidden;
    c.copy(hidden, place);
    dropout_.apply(c, place);
    return place;
  }

  Cell<SlstmCell> cell_;
  ShortConvolution<Bias::yes> convolution_;
  HeadLinear gate_, forget_;
  Dropout dropout_;
  OffsetLayerNorm norm_;
};

}  // namespace rondo

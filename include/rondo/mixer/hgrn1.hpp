// HGRN1's token mixer (Qin et al. 2023, "Hierarchically gated recurrent neural network for sequence modeling", section 3.2).
//
//   v = Pi x,  f = Pf x,  z = Wg x               P: a Projection, or a ConvolvedProjection
//   g, k = Gate(f, beta)                         log decay and write strength, k = 1 - exp(g)
//   h = Diagonal(g, silu(v) k)                   one number of state a channel
//   y = Wo (rms_norm(h) * silu(z))               one norm over all channels, epsilon Shape::norm_epsilon as everywhere in HGRN1
//
// v, f, z, h [tokens, heads K] (K = Shape::head_key_width(); that is the width unless key_width widens it). Saved: v, f and z before
// their functions, h; what is formed from them is formed again in the backward.
#pragma once

#include <rondo/core/activation.hpp>
#include <rondo/gate/forget.hpp>
#include <rondo/mixer/output.hpp>
#include <rondo/mixer/projection.hpp>
#include <rondo/mixer/recurrent.hpp>
#include <rondo/recurrence/diagonal.hpp>

namespace rondo {

template <class Gate, class Inputs>
class Hgrn1Core {
 public:
  using Shared = typename Gate::Shared;

  static constexpr void check(const Shape& shape) {
    if (shape.key_width == 0) require_divides(shape.heads, shape.width, "heads", "width");
  }
  explicit Hgrn1Core(const Shape& shape)
      : recurrence_{shape.heads * shape.head_key_width()},
        value_(shape, shape.width, recurrence_.width),
        forget_(shape, shape.width, recurrence_.width) {}

  template <class S>
  struct Weights {
    typename Inputs::template Weights<S> value, forget;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("value", value_, w.value...), inside("forget", forget_, w.forget...));
  }
  template <class S>
  struct Saved {
    typename Inputs::template Saved<S> value_input, forget_input;
    S value, forget;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("value_input", value_, s.value_input...), inside("forget_input", forget_, s.forget_input...),
                  buffer("value", {extent.tokens, value_.out()}, s.value...),
                  buffer("forget", {extent.tokens, forget_.out()}, s.forget...));
  }
  template <class S>
  struct State {
    typename Inputs::template State<S> value, forget;
    Diagonal::State<S> memory;
  };
  auto state_leaves(Extent, auto&... s) const {
    return leaves(inside("value", value_, s.value...), inside("forget", forget_, s.forget...),
                  inside("", recurrence_, s.memory...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> h, const auto& saved, HandedFor<Hgrn1Core, C> carried) const {
    using S = State<Out<C>>;
    value_.forward(c, w.value, x, saved.value, saved.value_input, carried.at(&S::value));
    forget_.forward(c, w.forget, x, saved.forget, saved.forget_input, carried.at(&S::forget));
    auto mark = c.mark();
    const WideOut<C> log_decay = c.wide(x.rows, forget_.out());
    const Out<C> write = c.matrix(x.rows, forget_.out());
    c.template gate<Gate>(saved.forget, carried.share.value, log_decay, write);
    c.template gated<Silu>(saved.value, write, write);
    c.recurrence(recurrence_, {}, {.g = log_decay, .x = write}, {h}, carried.at(&S::memory));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> h, In<C> d_h, Out<C> dx, const auto& saved, const auto& dw,
                HandedGradientFor<Hgrn1Core, C> carried, Onto onto) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    const Out<C> d_value = c.matrix(x.rows, value_.out()), d_forget = c.matrix(x.rows, forget_.out());
    {
      auto inner = c.mark();
      const WideOut<C> log_decay = c.wide(x.rows, forget_.out()), d_log_decay = c.wide(x.rows, forget_.out());
      const Out<C> write = c.matrix(x.rows, forget_.out()), d_write = c.matrix(x.rows, forget_.out());
      c.template gate<Gate>(saved.forget, carried.share.value, log_decay, write);
      c.recurrence_gradient(recurrence_, {}, {.g = log_decay, .x = {}}, {h}, {d_h}, {}, {.g = d_log_decay, .x = d_write},
                            carried.at(&S::memory));
      c.template gated_gradient<Silu>(saved.value, write, d_write, d_value, d_write);
      c.template gate_gradient<Gate>(saved.forget, carried.share.value, d_log_decay, d_write, d_forget, carried.share.gradient);
    }
    value_.backward(c, w.value, x, d_value, dx, saved.value_input, dw.value, carried.at(&S::value), onto);
    forget_.backward(c, w.forget, x, d_forget, dx, saved.forget_input, dw.forget, carried.at(&S::forget), Onto::add);
  }

 private:
  Diagonal recurrence_;
  Inputs value_, forget_;
};

template <class Gate, class Inputs = Projection>
class Hgrn1Mixer : public RecurrentMixer<Hgrn1Core<Gate, Inputs>, GatedOutput> {
 public:
  Hgrn1Mixer(const Shape& shape, Index)
      : RecurrentMixer<Hgrn1Core<Gate, Inputs>, GatedOutput>(
            Hgrn1Core<Gate, Inputs>(shape), {shape.width, shape.heads * shape.head_key_width(), shape.norm_epsilon}) {}
};

}  // namespace rondo

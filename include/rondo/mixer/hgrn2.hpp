// HGRN2's token mixer (Qin et al. 2024, "HGRN2: Gated linear RNNs with state expansion", section 3).
//
//   q = silu(Pq x),  f = Pf x,  v = Pi x          P: a Projection, or a ConvolvedProjection
//   g, k = Gate(f, beta)                          log decay and write strength, k = 1 - exp(g)
//   o = OuterProduct(q, k, g, v),  scale K^-1/2   per head; keys K and values V = width / heads wide
//   y = Wo rms_norm(o)                            one norm over all heads together, epsilon Shape::mixer_norm_epsilon
//
// Saved: q and f before their functions, v, o; q, k and g are formed again in the backward.
#pragma once

#include <array>
#include <cmath>

#include <rondo/core/activation.hpp>
#include <rondo/gate/forget.hpp>
#include <rondo/mixer/output.hpp>
#include <rondo/mixer/projection.hpp>
#include <rondo/mixer/recurrent.hpp>
#include <rondo/recurrence/outer_product.hpp>

namespace rondo {

template <class Gate, class Inputs>
class Hgrn2Core {
 public:
  using Shared = typename Gate::Shared;

  static constexpr void check(const Shape& shape) {
    require_divides(shape.heads, shape.width, "heads", "width");
    if (shape.key_value_head_count() != shape.heads)
      throw error("shape: HGRN2 has as many key as query heads, found ", shape.key_value_head_count(), " for ", shape.heads);
  }
  explicit Hgrn2Core(const Shape& shape)
      : recurrence_{shape.heads, shape.head_key_width(), shape.head_value_width(),
                    1.0 / std::sqrt(static_cast<double>(shape.head_key_width()))},
        query_(shape, shape.width, shape.heads * shape.head_key_width()),
        forget_(shape, shape.width, shape.heads * shape.head_key_width()),
        value_(shape, shape.width, shape.width) {}

  template <class S>
  struct Weights {
    typename Inputs::template Weights<S> query, forget, value;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("query", query_, w.query...), inside("forget", forget_, w.forget...),
                  inside("value", value_, w.value...));
  }
  template <class S>
  struct Saved {
    typename Inputs::template Saved<S> query_input, forget_input, value_input;
    S projected;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("query_input", query_, s.query_input...), inside("forget_input", forget_, s.forget_input...),
                  inside("value_input", value_, s.value_input...),
                  buffer("projected", extent.kept(2 * query_.out() + value_.out()), s.projected...));
  }
  template <class S>
  struct State {
    typename Inputs::template State<S> query, forget, value;
    OuterProduct::State<S> memory;
  };
  auto state_leaves(Extent, auto&... s) const {
    return leaves(inside("query", query_, s.query...), inside("forget", forget_, s.forget...),
                  inside("value", value_, s.value...), inside("", recurrence_, s.memory...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> o, const auto& saved, HandedFor<Hgrn2Core, C> carried) const {
    using S = State<Out<C>>;
    const Parts<Out<C>> p = parts(saved.projected);
    if constexpr (std::is_same_v<Inputs, Projection>) {
      maps_forward(c, std::array{w.query, w.forget, w.value}, x, saved.projected);
    } else {
      query_.forward(c, w.query, x, p.query, saved.query_input, carried.at(&S::query));
      forget_.forward(c, w.forget, x, p.forget, saved.forget_input, carried.at(&S::forget));
      value_.forward(c, w.value, x, p.value, saved.value_input, carried.at(&S::value));
    }
    auto mark = c.mark();
    const Out<C> query = c.matrix(x.rows, query_.out()), key = c.matrix(x.rows, query_.out());
    const WideOut<C> log_decay = c.wide(x.rows, query_.out());
    c.template map<Silu>(p.query, query);
    c.template gate<Gate>(p.forget, carried.share.value, log_decay, key);
    c.recurrence(recurrence_, {}, {.q = query, .k = key, .g = log_decay, .v = p.value}, {o}, carried.at(&S::memory));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> o, In<C> d_o, Out<C> dx, const auto& saved, const auto& dw,
                HandedGradientFor<Hgrn2Core, C> carried, Onto onto) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    const Parts<Out<C>> p = parts(saved.projected);
    const Out<C> d_projected = c.matrix(x.rows, 2 * query_.out() + value_.out());
    const Parts<Out<C>> d = parts(d_projected);
    {
      auto inner = c.mark();
      const Out<C> query = c.matrix(x.rows, query_.out()), key = c.matrix(x.rows, query_.out());
      const Out<C> d_key = c.matrix(x.rows, query_.out());
      const WideOut<C> log_decay = c.wide(x.rows, query_.out()), d_log_decay = c.wide(x.rows, query_.out());
      c.template map<Silu>(p.query, query);
      c.template gate<Gate>(p.forget, carried.share.value, log_decay, key);
      c.recurrence_gradient(recurrence_, {}, {.q = query, .k = key, .g = log_decay, .v = p.value}, {o}, {d_o}, {},
                            {.q = d.query, .k = d_key, .g = d_log_decay, .v = d.value}, carried.at(&S::memory));
      c.template map_gradient<Silu>(p.query, d.query, d.query);
      c.template gate_gradient<Gate>(p.forget, carried.share.value, d_log_decay, d_key, d.forget, carried.share.gradient);
    }
    if constexpr (std::is_same_v<Inputs, Projection>) {
      maps_backward(c, std::array{w.query, w.forget, w.value}, x, d_projected, dx, std::array{dw.query, dw.forget, dw.value}, onto);
    } else {
      query_.backward(c, w.query, x, d.query, dx, saved.query_input, dw.query, carried.at(&S::query), onto);
      forget_.backward(c, w.forget, x, d.forget, dx, saved.forget_input, dw.forget, carried.at(&S::forget), Onto::add);
      value_.backward(c, w.value, x, d.value, dx, saved.value_input, dw.value, carried.at(&S::value), Onto::add);
    }
  }

 private:
  // The columns of q, f and v.
  template <class V>
  struct Parts {
    V query, forget, value;
  };
  template <class V>
  [[nodiscard]] Parts<V> parts(V projected) const {
    const Index keys = query_.out();
    return {projected.middle_columns(0, keys), projected.middle_columns(keys, keys), projected.middle_columns(2 * keys, value_.out())};
  }

  OuterProduct recurrence_;
  Inputs query_, forget_, value_;
};

template <class Gate, class Inputs = Projection>
class Hgrn2Mixer : public RecurrentMixer<Hgrn2Core<Gate, Inputs>, NormedOutput> {
 public:
  Hgrn2Mixer(const Shape& shape, Index)
      : RecurrentMixer<Hgrn2Core<Gate, Inputs>, NormedOutput>(Hgrn2Core<Gate, Inputs>(shape),
                                                              {shape.width, shape.width, shape.mixer_norm_epsilon}) {}
};

}  // namespace rondo

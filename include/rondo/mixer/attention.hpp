// Softmax attention as a token mixer (Vaswani et al. 2017; Llama: Touvron et al. 2023).
//
//   q = Position(Wq x),  k = Position(Wk x),  v = Wv x,   y = Wo SoftmaxAttention(q, k, v),  scale d^-1/2
//
// Wq, Wo^T [heads d, width], Wk, Wv [key_value_heads d, width], d = Shape::head_key_width(). Saved: q and k after the
// positions, v, the attention's output and its log sums. State: the cache of keys and values, Shape::context tokens long;
// a sequence that grows beyond that is an Error.
#pragma once

#include <array>
#include <cmath>

#include <rondo/layer/linear.hpp>
#include <rondo/layer/rotary.hpp>
#include <rondo/recurrence/softmax_attention.hpp>

namespace rondo {

template <class Position = Rotary, Bias bias = Bias::no>
class AttentionMixer {
 public:
  using Shared = NothingShared;

  static constexpr void check(const Shape& shape) {
    if (shape.key_width == 0) require_divides(shape.heads, shape.width, "heads", "width");
    require_divides(shape.key_value_head_count(), shape.heads, "key_value_heads", "heads");
    Position::check(shape);
  }
  AttentionMixer(const Shape& shape, Index, Initial output = normal(0.02))
      : attention_{shape.heads, shape.key_value_head_count(), shape.head_key_width(),
                   1.0 / std::sqrt(static_cast<double>(shape.head_key_width())), shape.window, shape.context},
        position_(shape),
        query_(shape.width, shape.heads * shape.head_key_width()),
        key_(shape.width, attention_.key_value_size()),
        value_(shape.width, attention_.key_value_size()),
        output_(shape.heads * shape.head_key_width(), shape.width, output) {}

  template <class S>
  struct Weights {
    typename Linear<bias>::template Weights<S> query, key, value, output;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("query", query_, w.query...), inside("key", key_, w.key...), inside("value", value_, w.value...),
                  inside("output", output_, w.output...));
  }
  template <class S>
  struct Saved {
    S projected, output;
    Wide<S> log_sum;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", {extent.tokens, query_.out() + 2 * key_.out()}, s.projected...),
                  buffer("output", {extent.tokens, query_.out()}, s.output...),
                  buffer("log_sum", {extent.tokens, attention_.heads}, s.log_sum...));
  }
  template <class S>
  using State = SoftmaxAttention::State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return attention_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<AttentionMixer, C> carried, In<C> plus = {}) const {
    maps_forward(c, std::array{w.query, w.key, w.value}, x, saved.projected);
    const auto in = inputs(saved.projected);
    position_.forward(c, in.q);
    position_.forward(c, in.k);
    c.recurrence(attention_, {}, inputs(In<C>(saved.projected)), {.o = saved.output, .log_sum = saved.log_sum}, carried);
    output_.forward(c, w.output, saved.output, y, plus);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<AttentionMixer, C> carried) const {
    auto mark = c.mark();
    Out<C> d_output = c.matrix(x.rows, query_.out());
    output_.backward(c, w.output, saved.output, dy, d_output, dw.output);
    const Out<C> d_projected = c.matrix(x.rows, query_.out() + 2 * key_.out());
    const auto d_in = inputs(d_projected);
    c.recurrence_gradient(attention_, {}, inputs(In<C>(saved.projected)), {.o = saved.output, .log_sum = saved.log_sum},
                          {.o = d_output, .log_sum = {}}, {}, d_in, carried);
    position_.backward(c, d_in.q);
    position_.backward(c, d_in.k);
    maps_backward(c, std::array{w.query, w.key, w.value}, x, d_projected, dx, std::array{dw.query, dw.key, dw.value});
  }

 private:
  // The columns of what one product makes.
  template <class V>
  [[nodiscard]] SoftmaxAttention::Inputs<V> inputs(V projected) const {
    const Index queries = query_.out(), keys = key_.out();
    return {.q = projected.middle_columns(0, queries), .k = projected.middle_columns(queries, keys),
            .v = projected.middle_columns(queries + keys, keys)};
  }

  SoftmaxAttention attention_;
  Position position_;
  Linear<bias> query_, key_, value_, output_;
};

}  // namespace rondo

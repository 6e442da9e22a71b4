// Softmax attention as a token mixer (Vaswani et al. 2017; Llama: Touvron et al. 2023).
//
//   q, k = Position(Wq x, Wk x),  v = Wv x,  o = SoftmaxAttention(q, k, v),  scale d^-1/2
//
//   AttentionMixer        y = Wo o
//   GatedAttentionMixer   y = Wo (o * s(Wg x)), a gate a channel (Qiu et al. 2025, "Gated attention for large language models")
//
// Wq, Wg, Wo^T [heads d, width], Wk, Wv [key_value_heads d, width], d = Shape::head_key_width(). Position: rondo/layer/rotary.hpp, or
// with norms of q and k rondo/layer/query_key_norm.hpp. Each token sees Shape::window tokens, itself among them, unless the block is one
// of Shape::full_blocks. Saved: q and k after the positions, v, the attention's output and its log sums, and what Position and the end
// save. State: the cache of keys and values, Shape::context tokens long; a sequence that grows beyond that is an Error.
#pragma once

#include <array>
#include <cmath>

#include <rondo/layer/linear.hpp>
#include <rondo/layer/query_key_norm.hpp>
#include <rondo/mixer/output.hpp>
#include <rondo/recurrence/softmax_attention.hpp>

namespace rondo {

// What the mixers of this header are, whatever End makes of o (rondo/mixer/output.hpp).
template <class Position, Bias bias, class End>
class AttentionWith {
 public:
  using Shared = NothingShared;

  static constexpr void check(const Shape& shape) {
    if (shape.key_width == 0) require_divides(shape.heads, shape.width, "heads", "width");
    require_divides(shape.key_value_head_count(), shape.heads, "key_value_heads", "heads");
    Position::check(shape);
  }
  AttentionWith(const Shape& shape, Index block, Initial output = normal(0.02))
      : attention_{shape.heads, shape.key_value_head_count(), shape.head_key_width(),
                   1.0 / std::sqrt(static_cast<double>(shape.head_key_width())), shape.window_of(block), shape.context},
        position_(shape),
        query_(shape.width, shape.heads * shape.head_key_width()),
        key_(shape.width, attention_.key_value_size()),
        value_(shape.width, attention_.key_value_size()),
        end_(shape.width, query_.out(), output) {}

  template <class S>
  struct Weights {
    typename Linear<bias>::template Weights<S> query, key, value;
    typename Position::template Weights<S> position;
    typename End::template Weights<S> end;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("query", query_, w.query...), inside("key", key_, w.key...), inside("value", value_, w.value...),
                  inside("", position_, w.position...), inside("", end_, w.end...));
  }
  template <class S>
  struct Saved {
    S projected, output;
    Wide<S> log_sum;
    typename Position::template Saved<S> position;
    typename End::template Saved<S> end;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", extent.kept(query_.out() + 2 * key_.out()), s.projected...),
                  buffer("output", extent.kept(query_.out()), s.output...),
                  buffer("log_sum", {extent.tokens, attention_.heads}, s.log_sum...), inside("", position_, s.position...),
                  inside("", end_, s.end...));
  }
  template <class S>
  using State = SoftmaxAttention::State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return attention_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<AttentionWith, C> carried, In<C> plus = {}) const {
    maps_forward(c, std::array{w.query, w.key, w.value}, x, saved.projected);
    const auto in = inputs(saved.projected);
    position_.forward(c, w.position, in.q, in.k, saved.position);
    c.recurrence(attention_, {}, inputs(In<C>(saved.projected)), {.o = saved.output, .log_sum = saved.log_sum}, carried);
    end_.forward(c, w.end, x, saved.output, y, saved.end, plus);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<AttentionWith, C> carried) const {
    auto mark = c.mark();
    Out<C> d_output = c.matrix(x.rows, query_.out());
    end_.backward(c, w.end, x, saved.output, dy, dx, d_output, saved.end, dw.end);
    const Out<C> d_projected = c.matrix(x.rows, query_.out() + 2 * key_.out());
    const auto d_in = inputs(d_projected);
    c.recurrence_gradient(attention_, {}, inputs(In<C>(saved.projected)), {.o = saved.output, .log_sum = saved.log_sum},
                          {.o = d_output, .log_sum = {}}, {}, d_in, carried);
    position_.backward(c, w.position, d_in.q, d_in.k, saved.position, dw.position);
    maps_backward(c, std::array{w.query, w.key, w.value}, x, d_projected, dx, std::array{dw.query, dw.key, dw.value},
                  End::reads_input ? Onto::add : Onto::write);
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
  Linear<bias> query_, key_, value_;
  End end_;
};

template <class Position = Rotary, Bias bias = Bias::no>
class AttentionMixer : public AttentionWith<Position, bias, PlainOutput<bias>> {
 public:
  using AttentionWith<Position, bias, PlainOutput<bias>>::AttentionWith;
};
template <class Position = Rotary, Bias bias = Bias::no>
class GatedAttentionMixer : public AttentionWith<Position, bias, SigmoidGatedOutput<bias>> {
 public:
  using AttentionWith<Position, bias, SigmoidGatedOutput<bias>>::AttentionWith;
};

}  // namespace rondo

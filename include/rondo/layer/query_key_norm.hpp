// QueryKeyNorm<Position>: an RMS norm of each head's queries and keys before the positions (Henry et al. 2020; Qwen3).
//
//   q_h -> Position(rms(q_h) wq),   k_h -> Position(rms(k_h) wk),   in place; wq, wk [d], one for all heads
//
// d = Shape::head_key_width(), epsilon = Shape::norm_epsilon. Saved: q and k as they came, and the norms' reciprocals [tokens, heads].
#pragma once

#include <rondo/layer/head_norm.hpp>
#include <rondo/layer/rotary.hpp>

namespace rondo {

template <class Position = Rotary>
class QueryKeyNorm {
 public:
  static constexpr void check(const Shape& shape) { Position::check(shape); }
  constexpr QueryKeyNorm(const Shape& shape)
      : position_(shape), queries_(shape.heads * shape.head_key_width()),
        keys_(shape.key_value_head_count() * shape.head_key_width()), query_(queries_, shape.norm_epsilon, shape.heads),
        key_(keys_, shape.norm_epsilon, shape.key_value_head_count()) {}

  template <class S>
  struct Weights {
    HeadRmsNorm::Weights<S> query, key;
    typename Position::template Weights<S> position;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("query_norm", query_, w.query...), inside("key_norm", key_, w.key...), inside("", position_, w.position...));
  }
  template <class S>
  struct Saved {
    S queries, keys;
    HeadRmsNorm::Saved<S> query, key;
    typename Position::template Saved<S> position;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("queries", extent.kept(queries_), s.queries...), buffer("keys", extent.kept(keys_), s.keys...),
                  inside("query_norm", query_, s.query...), inside("key_norm", key_, s.key...), inside("", position_, s.position...));
  }

  template <class C>
  void forward(C& c, const auto& w, Out<C> q, Out<C> k, const auto& saved) const {
    c.copy(q, saved.queries);
    c.copy(k, saved.keys);
    query_.forward(c, w.query, saved.queries, q, saved.query);
    key_.forward(c, w.key, saved.keys, k, saved.key);
    position_.forward(c, w.position, q, k, saved.position);
  }
  template <class C>
  void backward(C& c, const auto& w, Out<C> dq, Out<C> dk, const auto& saved, const auto& dw) const {
    position_.backward(c, w.position, dq, dk, saved.position, dw.position);
    query_.backward(c, w.query, saved.queries, dq, dq, saved.query, dw.query);
    key_.backward(c, w.key, saved.keys, dk, dk, saved.key, dw.key);
  }

 private:
  Position position_;
  Index queries_, keys_;
  HeadRmsNorm query_, key_;
};

}  // namespace rondo

// QueryKeyNorm<Position>: an RMS norm of each head's queries and keys before the positions (Henry et al. 2020; Qwen3).
//
//   q_h -> Position(rms(q_h) wq),   k_h -> Position(rms(k_h) wk),   in place; wq, wk [d], one for all heads
//
// d = Shape::head_key_width(), epsilon = Shape::norm_epsilon. Saved: q and k as they came, and the norms' reciprocals [tokens, heads].
//
// HeadNorm<N>: a norm N without a mean of every head of x [tokens, heads d], with one weight [d] for all. dx may be dy's memory.
#pragma once

#include <rondo/layer/norm.hpp>
#include <rondo/layer/rotary.hpp>

namespace rondo {

template <class OfOne = RmsNorm>
class HeadNorm : public PlainLayer, public NoState {
 public:
  constexpr HeadNorm(Index heads, Index width, double epsilon) : norm_(width, epsilon), heads_(heads), width_(width) {}

  template <class S>
  using Weights = typename OfOne::template Weights<S>;
  constexpr auto weight_leaves(auto&... w) const { return norm_.weight_leaves(w...); }
  template <class S>
  struct Saved {
    Wide<S> reciprocal;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("reciprocal", {extent.tokens, heads_}, s.reciprocal...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved) const {
    for (Index head = 0; head < heads_; ++head) norm_.forward(c, w, of(head, x), of(head, y), reciprocals(head, saved));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw) const {
    for (Index head = 0; head < heads_; ++head)
      norm_.backward(c, w, of(head, x), of(head, dy), of(head, dx), reciprocals(head, saved), dw);
  }

 private:
  template <class V>
  [[nodiscard]] V of(Index head, V all) const { return all.middle_columns(head * width_, width_); }
  template <class Record>
  static Record reciprocals(Index head, const Record& saved) { return {saved.reciprocal.middle_columns(head, 1)}; }

  OfOne norm_;
  Index heads_, width_;
};

template <class Position = Rotary, class OfOne = RmsNorm>
class QueryKeyNorm {
 public:
  static constexpr void check(const Shape& shape) { Position::check(shape); }
  constexpr QueryKeyNorm(const Shape& shape)
      : position_(shape), query_(shape.heads, shape.head_key_width(), shape.norm_epsilon),
        key_(shape.key_value_head_count(), shape.head_key_width(), shape.norm_epsilon),
        queries_(shape.heads * shape.head_key_width()), keys_(shape.key_value_head_count() * shape.head_key_width()) {}

  template <class S>
  struct Weights {
    typename HeadNorm<OfOne>::template Weights<S> query, key;
    typename Position::template Weights<S> position;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("query_norm", query_, w.query...), inside("key_norm", key_, w.key...), inside("", position_, w.position...));
  }
  template <class S>
  struct Saved {
    S queries, keys;
    typename HeadNorm<OfOne>::template Saved<S> query, key;
    typename Position::template Saved<S> position;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("queries", {extent.tokens, queries_}, s.queries...), buffer("keys", {extent.tokens, keys_}, s.keys...),
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
  HeadNorm<OfOne> query_, key_;
  Index queries_, keys_;
};

}  // namespace rondo

// A nonlinear cell as a token mixer: one product for all inputs, then the cell step by step (torch.nn.LSTM's layer).
//
//   u = Wi x + bi + br   [tokens, gates H],    h = Cell(u, Wr),   y = h
//
// Wi [gates H, in], Wr [gates H, H], two bias vectors [gates H] as published checkpoints have them; all start uniform in
// +-H^-1/2. Saved: the activated gates, c and h of every token. The first layer reads Shape::embedding() channels.
#pragma once

#include <cmath>

#include <rondo/layer/layer.hpp>
#include <rondo/recurrence/cell.hpp>

namespace rondo {

template <class CellType>
class CellMixer {
 public:
  using Shared = NothingShared;
  static constexpr Apart apart = Apart::none;

  static constexpr void check(const Shape&) {}
  CellMixer(const Shape& shape, Index block)
      : cell_{shape.width}, in_(block == 0 ? shape.embedding() : shape.width), rows_(CellType::gates * shape.width) {}

  template <class S>
  struct Weights {
    S input;
    typename Cell<CellType>::template Weights<S> cell;
    S input_bias, recurrent_bias;
  };
  auto weight_leaves(auto&... w) const {
    const Initial initial = uniform(1.0 / std::sqrt(static_cast<double>(cell_.width)));
    return leaves(parameter("input", {rows_, in_}, initial, Decay::yes, w.input...).as(Role::matrix, {cell_.width}),
                  parameter("recurrent", {rows_, cell_.width}, initial, Decay::yes, w.cell.recurrent...).as(Role::matrix, {cell_.width}),
                  parameter("input_bias", {rows_}, initial, Decay::no, w.input_bias...),
                  parameter("recurrent_bias", {rows_}, initial, Decay::no, w.recurrent_bias...));
  }
  template <class S>
  struct Saved {
    S gates;
    Wide<S> cell;
    S hidden;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("gates", extent.kept(rows_), s.gates...), buffer("cell", {extent.tokens, cell_.width}, s.cell...),
                  buffer("hidden", extent.kept(cell_.width), s.hidden...));
  }
  template <class S>
  using State = typename CellType::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return cell_.state_leaves(extent, s...); }

  [[nodiscard]] Index in() const { return in_; }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<CellMixer, C> carried) const {
    c.linear(x, w.input, saved.gates);
    c.add_bias(w.input_bias, saved.gates);
    c.add_bias(w.recurrent_bias, saved.gates);
    c.recurrence(cell_, w.cell, {saved.gates}, {.hidden = saved.hidden, .cell = saved.cell, .gates = saved.gates}, carried);
    c.copy(saved.hidden, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<CellMixer, C> carried) const {
    auto mark = c.mark();
    Out<C> d_gates = c.matrix(x.rows, rows_);
    c.recurrence_gradient(cell_, w.cell, {}, {.hidden = saved.hidden, .cell = saved.cell, .gates = saved.gates},
                          {.hidden = dy, .cell = {}, .gates = {}}, dw.cell, {d_gates}, carried);
    c.linear_input_gradient(d_gates, w.input, dx);
    c.linear_weight_gradient(d_gates, x, dw.input);
    c.bias_gradient(d_gates, dw.input_bias);
    c.bias_gradient(d_gates, dw.recurrent_bias);
  }

 private:
  Cell<CellType> cell_;
  Index in_, rows_;
};

}  // namespace rondo

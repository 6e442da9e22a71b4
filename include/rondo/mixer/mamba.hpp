// Mamba's token mixer (Gu and Dao 2023, figure 3): a short convolution and a selective scan on more channels than the stream has.
//
//   x, z = Wi h                             inner channels each
//   u = silu(convolution(x) + b)
//   s, B, C = Ws u                          rank, states and states numbers a token
//   y = Wo SelectiveScan(u, Wr s, B, C, z)    with its step bias, A_log and skip D
//
// Wi [2 inner, width], Ws [rank + 2 states, inner], Wr [inner, rank], Wo [width, inner]; Shape: inner(), state(16), rank(),
// convolution. Wi and Wo have biases where Shape::projection_bias, the convolution where convolution_bias. Weights start as
// state-spaces/mamba starts them. Saved: x and z, x after the convolution, s, B, C and the scan's output; u and Wr s are formed
// again in the backward.
#pragma once

#include <cmath>

#include <rondo/core/activation.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/short_convolution.hpp>
#include <rondo/recurrence/selective_scan.hpp>

namespace rondo {

class MambaMixer : public PlainLayer {
 public:
  static constexpr Index default_states = 16;

  MambaMixer(const Shape& shape, Index)
      : scan_{shape.inner(), shape.state(default_states)},
        rank_(shape.rank()),
        input_(shape.width, 2 * scan_.channels, as_torch(shape.width), zeros(), Role::matrix, {scan_.channels}, shape.projection_bias),
        convolution_(shape, scan_.channels, as_torch(shape.convolution), as_torch(shape.convolution), shape.convolution_bias),
        selection_(scan_.channels, rank_ + 2 * scan_.states, as_torch(scan_.channels), zeros(), Role::matrix,
                   {rank_, scan_.states, scan_.states}),
        step_(rank_, scan_.channels, as_torch(rank_)),
        output_(scan_.channels, shape.width, as_torch(scan_.channels * shape.depth), zeros(), Role::matrix, {},
                shape.projection_bias) {}

  template <class S>
  struct Weights {
    Linear<Bias::chosen>::Weights<S> input;
    ShortConvolution<Bias::chosen>::Weights<S> convolution;
    Linear<>::Weights<S> selection, step;
    SelectiveScan::Weights<S> scan;
    Linear<Bias::chosen>::Weights<S> output;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("input", input_, w.input...), inside("convolution", convolution_, w.convolution...),
                  inside("selection", selection_, w.selection...), inside("step", step_, w.step...),
                  inside("", scan_, w.scan...), inside("output", output_, w.output...));
  }
  template <class S>
  struct Saved {
    S projected, convolved, selected, output;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", {extent.tokens, input_.out()}, s.projected...),
                  buffer("convolved", {extent.tokens, scan_.channels}, s.convolved...),
                  buffer("selected", {extent.tokens, selection_.out()}, s.selected...),
                  buffer("output", {extent.tokens, scan_.channels}, s.output...));
  }
  template <class S>
  struct State {
    ShortConvolution<Bias::chosen>::State<S> convolution;
    SelectiveScan::State<S> memory;
  };
  auto state_leaves(Extent, auto&... s) const {
    return leaves(inside("convolution", convolution_, s.convolution...), inside("", scan_, s.memory...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<MambaMixer, C> carried, In<C> plus = {}) const {
    using S = State<Out<C>>;
    input_.forward(c, w.input, x, saved.projected);
    convolution_.forward(c, w.convolution, scanned(saved.projected), saved.convolved, carried.at(&S::convolution));
    auto mark = c.mark();
    Out<C> u = c.matrix(x.rows, scan_.channels);
    Out<C> raw_step = c.matrix(x.rows, scan_.channels);
    c.template map<Silu>(saved.convolved, u);
    selection_.forward(c, w.selection, u, saved.selected);
    step_.forward(c, w.step, step_part(saved.selected), raw_step);
    c.recurrence(scan_, w.scan, inputs<In<C>>(u, raw_step, saved.selected, saved.projected), {saved.output}, carried.at(&S::memory));
    output_.forward(c, w.output, saved.output, y, plus);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<MambaMixer, C> carried) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    Out<C> d_projected = c.matrix(x.rows, input_.out());
    {
      auto inner = c.mark();
      Out<C> u = c.matrix(x.rows, scan_.channels);
      Out<C> du = c.matrix(x.rows, scan_.channels);
      Out<C> d_selected = c.matrix(x.rows, selection_.out());
      c.template map<Silu>(saved.convolved, u);
      {
        auto innermost = c.mark();
        Out<C> raw_step = c.matrix(x.rows, scan_.channels);
        Out<C> d_output = c.matrix(x.rows, scan_.channels);
        Out<C> d_raw_step = c.matrix(x.rows, scan_.channels);
        step_.forward(c, w.step, step_part(saved.selected), raw_step);
        output_.backward(c, w.output, saved.output, dy, d_output, dw.output);
        c.recurrence_gradient(scan_, w.scan, inputs<In<C>>(u, raw_step, saved.selected, saved.projected), {saved.output}, {d_output},
                              dw.scan, inputs<Out<C>>(du, d_raw_step, d_selected, d_projected), carried.at(&S::memory));
        step_.backward(c, w.step, step_part(saved.selected), d_raw_step, step_part(d_selected), dw.step);
      }
      selection_.backward(c, w.selection, u, d_selected, du, dw.selection, Onto::add);
      c.template map_gradient<Silu>(saved.convolved, du, du);
      convolution_.backward(c, w.convolution, scanned(saved.projected), du, scanned(d_projected), dw.convolution,
                            carried.at(&S::convolution));
    }
    input_.backward(c, w.input, x, d_projected, dx, dw.input);
  }

 private:
  // As torch.nn.Linear and torch.nn.Conv1d start.
  static Initial as_torch(Index inputs) { return uniform(1.0 / std::sqrt(static_cast<double>(inputs))); }

  // Columns of the matrices that one product makes.
  template <class V>
  [[nodiscard]] V scanned(V projected) const { return projected.middle_columns(0, scan_.channels); }
  template <class V>
  [[nodiscard]] V step_part(V selected) const { return selected.middle_columns(0, rank_); }
  template <class V>
  [[nodiscard]] SelectiveScan::Inputs<V> inputs(V u, V raw_step, V selected, V projected) const {
    return {.u = u,
            .raw_step = raw_step,
            .B = selected.middle_columns(rank_, scan_.states),
            .C = selected.middle_columns(rank_ + scan_.states, scan_.states),
            .z = projected.middle_columns(scan_.channels, scan_.channels)};
  }

  SelectiveScan scan_;
  Index rank_;
  Linear<Bias::chosen> input_;
  ShortConvolution<Bias::chosen> convolution_;
  Linear<> selection_, step_;
  Linear<Bias::chosen> output_;
};

}  // namespace rondo

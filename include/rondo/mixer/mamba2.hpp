// Mamba-2's token mixer (Dao and Gu 2024, "Transformers are SSMs", figure 6; Di = inner channels, H heads, G groups, N states):
//
//   [z, u, s] = Wi h                         h [tokens, width], z [tokens, Di], u [tokens, Di + 2 G N], s [tokens, H]
//   [x, B, C] = silu(convolution(u) + b)     x [tokens, Di], B, C [tokens, G N]
//   g, w = SoftplusStep(s + step_bias, A_log)                    decay and write strength, a number a head each
//   o = ScalarOuterProduct(C, B, g, w, x) + D x                  D a number a head
//   y = Wo rms_norm(silu(z) o)               one norm for each group of heads, epsilon Shape::norm_epsilon
//
// Di = Shape::inner(), a head is Di / H wide, N = Shape::state(128), G = Shape::groups; the step is kept between Shape::step_low and
// Shape::step_high. Wi and Wo have biases where Shape::projection_bias, the convolution where convolution_bias. Weights start
// as state-spaces/mamba starts them. Saved: z, u, s with its bias, u after the convolution, o with the skip; all else is formed
// again in the backward.
#pragma once

#include <cmath>

#include <rondo/core/activation.hpp>
#include <rondo/gate/softplus_step.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/layer/short_convolution.hpp>
#include <rondo/layer/skip.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>

namespace rondo {

class Mamba2Mixer {
 public:
  using Shared = NothingShared;
  static constexpr Index default_states = 128;

  static constexpr void check(const Shape& shape) {
    require_divides(shape.heads, shape.inner(), "heads", "inner_width");
    require_divides(shape.groups, shape.heads, "groups", "heads");
  }
  Mamba2Mixer(const Shape& shape, Index)
      : recurrence_{shape.heads, shape.groups, shape.state(default_states), shape.inner() / shape.heads},
        gate_{shape.step_low, shape.step_limit()},
        inner_(shape.inner()),
        keys_(shape.groups * shape.state(default_states)),
        input_(shape.width, 2 * inner_ + 2 * keys_ + shape.heads, as_torch(shape.width), zeros(), Role::matrix,
               {inner_, inner_, keys_, keys_, shape.heads}, shape.projection_bias),
        convolution_(shape, inner_ + 2 * keys_, as_torch(shape.convolution), as_torch(shape.convolution), shape.convolution_bias),
        skip_(shape.heads),
        norm_(inner_, shape.norm_epsilon, shape.groups),
        output_(inner_, shape.width, as_torch(inner_ * shape.depth), zeros(), Role::matrix, {}, shape.projection_bias) {}

  template <class S>
  struct Weights {
    Linear<Bias::chosen>::Weights<S> input;
    ShortConvolution<Bias::chosen>::Weights<S> convolution;
    S step_bias, A_log;
    Skip::Weights<S> skip;
    RmsNorm::Weights<S> norm;
    Linear<Bias::chosen>::Weights<S> output;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("input", input_, w.input...), inside("convolution", convolution_, w.convolution...),
                  parameter("step_bias", {recurrence_.heads}, time_step(0.001, 0.1), Decay::no, w.step_bias...),
                  parameter("A_log", {recurrence_.heads}, log_uniform(1, 16), Decay::no, w.A_log...),
                  inside("skip", skip_, w.skip...), inside("output_norm", norm_, w.norm...),
                  inside("output", output_, w.output...));
  }
  template <class S>
  struct Saved {
    S projected, convolved, mixed;
    RmsNorm::Saved<S> norm;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", extent.kept(input_.out()), s.projected...),
                  buffer("convolved", extent.kept(inner_ + 2 * keys_), s.convolved...),
                  buffer("mixed", extent.kept(inner_), s.mixed...), inside("output_norm", norm_, s.norm...));
  }
  template <class S>
  struct State {
    ShortConvolution<Bias::chosen>::State<S> convolution;
    ScalarOuterProduct::State<S> memory;
  };
  auto state_leaves(Extent, auto&... s) const {
    return leaves(inside("convolution", convolution_, s.convolution...), inside("", recurrence_, s.memory...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<Mamba2Mixer, C> carried, In<C> plus = {}) const {
    using S = State<Out<C>>;
    input_.forward(c, w.input, x, saved.projected);
    convolution_.forward(c, w.convolution, convolved_part(saved.projected), saved.convolved, carried.at(&S::convolution));
    c.add_bias(w.step_bias, step_part(saved.projected));
    auto mark = c.mark();
    {
      auto inner = c.mark();
      const Out<C> active = c.matrix(x.rows, inner_ + 2 * keys_);
      const WideOut<C> log_decay = c.wide(x.rows, recurrence_.heads), write = c.wide(x.rows, recurrence_.heads);
      c.template map<Silu>(saved.convolved, active);
      c.gate(step_part(saved.projected), w.A_log, log_decay, write, gate_);
      c.recurrence(recurrence_, {}, inputs<In<C>>(active, log_decay, write), {saved.mixed}, carried.at(&S::memory));
      skip_.forward(c, w.skip, value_part(active), saved.mixed);
    }
    const Out<C> gated = c.matrix(x.rows, inner_);
    c.template gated<Silu>(gate_part(saved.projected), saved.mixed, gated);
    norm_.forward(c, w.norm, gated, gated, saved.norm);
    output_.forward(c, w.output, gated, y, plus);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<Mamba2Mixer, C> carried) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    const Out<C> d_projected = c.matrix(x.rows, input_.out());
    const Out<C> d_mixed = c.matrix(x.rows, inner_);
    {
      auto inner = c.mark();
      const Out<C> gated = c.matrix(x.rows, inner_), normalised = c.matrix(x.rows, inner_), d_normalised = c.matrix(x.rows, inner_);
      c.template gated<Silu>(gate_part(saved.projected), saved.mixed, gated);
      norm_.forward(c, w.norm, gated, normalised, saved.norm);
      output_.backward(c, w.output, normalised, dy, d_normalised, dw.output);
      const Out<C> d_gated = normalised;  // no longer needed
      norm_.backward(c, w.norm, gated, d_normalised, d_gated, saved.norm, dw.norm);
      c.template gated_gradient<Silu>(gate_part(saved.projected), saved.mixed, d_gated, gate_part(d_projected), d_mixed);
    }
    {
      auto inner = c.mark();
      const Out<C> active = c.matrix(x.rows, inner_ + 2 * keys_), d_active = c.matrix(x.rows, inner_ + 2 * keys_);
      const WideOut<C> log_decay = c.wide(x.rows, recurrence_.heads), write = c.wide(x.rows, recurrence_.heads);
      const WideOut<C> d_log_decay = c.wide(x.rows, recurrence_.heads), d_write = c.wide(x.rows, recurrence_.heads);
      c.template map<Silu>(saved.convolved, active);
      c.gate(step_part(saved.projected), w.A_log, log_decay, write, gate_);
      c.recurrence_gradient(recurrence_, {}, inputs<In<C>>(active, log_decay, write), {}, {d_mixed}, {},
                            inputs<Out<C>>(d_active, d_log_decay, d_write), carried.at(&S::memory));
      skip_.backward(c, w.skip, value_part(active), d_mixed, value_part(d_active), dw.skip);
      c.gate_gradient(step_part(saved.projected), w.A_log, d_log_decay, d_write, step_part(d_projected), dw.A_log, gate_);
      c.bias_gradient(step_part(d_projected), dw.step_bias);
      c.template map_gradient<Silu>(saved.convolved, d_active, d_active);
      convolution_.backward(c, w.convolution, convolved_part(saved.projected), d_active, convolved_part(d_projected),
                            dw.convolution, carried.at(&S::convolution));
    }
    input_.backward(c, w.input, x, d_projected, dx, dw.input);
  }

 private:
  // As torch.nn.Linear and torch.nn.Conv1d start.
  static Initial as_torch(Index inputs) { return uniform(1.0 / std::sqrt(static_cast<double>(inputs))); }

  // Columns of the matrices that one product, or one convolution, makes.
  template <class V>
  [[nodiscard]] V gate_part(V projected) const { return projected.middle_columns(0, inner_); }
  template <class V>
  [[nodiscard]] V convolved_part(V projected) const { return projected.middle_columns(inner_, inner_ + 2 * keys_); }
  template <class V>
  [[nodiscard]] V step_part(V projected) const { return projected.middle_columns(2 * (inner_ + keys_), recurrence_.heads); }
  template <class V>
  [[nodiscard]] V value_part(V active) const { return active.middle_columns(0, inner_); }
  template <class V>
  [[nodiscard]] ScalarOuterProduct::Inputs<V> inputs(V active, Wide<V> log_decay, Wide<V> write) const {
    return {.q = active.middle_columns(inner_ + keys_, keys_), .k = active.middle_columns(inner_, keys_), .g = log_decay, .w = write,
            .v = value_part(active)};
  }

  ScalarOuterProduct recurrence_;
  SoftplusStep gate_;
  Index inner_, keys_;
  Linear<Bias::chosen> input_;
  ShortConvolution<Bias::chosen> convolution_;
  Skip skip_;
  RmsNorm norm_;
  Linear<Bias::chosen> output_;
};

}  // namespace rondo

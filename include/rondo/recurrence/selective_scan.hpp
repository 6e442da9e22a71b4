// Selective scan (Gu and Dao 2023, "Mamba: Linear-time sequence modeling with selective state spaces", algorithm 2):
//
//   step_t[d] = softplus(raw_step_t[d] + step_bias[d]),     A = -exp(A_log)                  per sequence and channel d
//   h_t[d, n] = exp(step_t[d] A[d, n]) h_{t-1}[d, n] + step_t[d] B_t[n] u_t[d]
//   y_t[d]    = (sum_n C_t[n] h_t[d, n] + D[d] u_t[d]) silu(z_t[d])
//
// u, raw_step, z, y [tokens, channels], B, C [tokens, states], shared by all channels; step_bias, D [1, channels],
// A_log [channels, states]; states h [sequences, channels states]. The rate of decay is discretised exactly, the input by Euler's
// rule. Bias, skip and gate are part of it because each would be another pass over [tokens, channels].
// Backward, with v the output before the gate (y is not looked at):  dz = dy v silu'(z),  dv = dy silu(z),  dh += dv C;  dC += dv h;
//   g = exp(step A) dh h_{t-1};   d step = sum_n dh B u + g A;   du = dv D + sum_n dh step B;   dB += dh step u;
//   dA_log += g step A;   dh = exp(step A) dh;   d raw_step = d step softplus'(raw_step + step_bias), which also adds to d step_bias.
#pragma once

#include <rondo/core/activation.hpp>
#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

struct SelectiveScan {
  Index channels = 0;
  Index states = 0;  // numbers a channel remembers

  template <class V>
  struct Weights {
    V step_bias, A_log, D;
  };
  // As state-spaces/mamba starts them.
  auto weight_leaves(auto&... w) const {
    return leaves(parameter("step_bias", {channels}, time_step(0.001, 0.1), Decay::no, w.step_bias...),
                  parameter("A_log", {channels, states}, log_count(), Decay::no, w.A_log...).as(Role::vector),
                  parameter("D", {channels}, ones(), Decay::no, w.D...));
  }
  template <class V>
  struct Inputs {
    V u, raw_step, B, C, z;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    const Dimensions wide{extent.tokens, channels}, shared{extent.tokens, states};
    return leaves(buffer("u", wide, in.u...), buffer("raw_step", wide, in.raw_step...), buffer("B", shared, in.B...),
                  buffer("C", shared, in.C...), buffer("z", wide, in.z...));
  }
  template <class V>
  struct Outputs {
    V y;
  };
  auto output_leaves(Extent extent, auto&... out) const { return leaves(buffer("y", {extent.tokens, channels}, out.y...)); }
  template <class V>
  struct State {
    Wide<V> memory;
  };
  auto state_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("memory", {extent.sequences, channels * states}, s.memory...));
  }

  // Three of the decay, two of the input, two of the update, two of the output.
  [[nodiscard]] constexpr double operations(Index) const { return 9.0 * static_cast<double>(channels * states); }
  static constexpr double gradient_cost = 2;

  template <class C>
  void forward(C& c, const auto& pass) const {
    auto mark = c.mark();
    const auto h = c.matrix(1, states), y = pass.out.y;
    c.zero(y);
    each_sequence(pass.sequences, channels, [&](Index s, const Sequence& sequence, Index d) {
      load_state(or_none(pass.carried.initial).memory, s, d * states, h);
      each_row_of(sequence, [&](Index t) {
        advance(pass, t, d, h, h);
        y(t, d) = output(pass, t, d, h) * silu(pass.in.z(t, d));
      });
      store_state(h, or_none(pass.carried.final).memory, s, d * states);
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto& in = pass.in;
    const auto& w = pass.weights;
    const auto &d_in = pass.d_in;
    const auto &d_w = pass.d_weights;
    const auto dy = pass.d_out.y;
    const auto zero = [&](const auto&... written) { (c.zero(written), ...); };
    zero(d_in.u, d_in.raw_step, d_in.B, d_in.C, d_in.z);
    each_sequence(pass.sequences, channels, [&](Index s, const Sequence& sequence, Index d) {
      auto mark = c.mark();
      const auto all = c.matrix(sequence.length + 1, states);  // h_0 .. h_T
      const auto dh = c.matrix(1, states);
      load_state(or_none(pass.carried.initial).memory, s, d * states, all.middle_rows(0, 1));
      load_state(or_none(pass.carried.d_final).memory, s, d * states, dh);
      const auto before = [&](Index t) { return all.middle_rows(t - sequence.begin, 1); };
      each_row_of(sequence, [&](Index t) { advance(pass, t, d, before(t), before(t + 1)); });
      each_row_back(sequence, [&](Index t) {
        const T u = in.u(t, d), step = step_of(pass, t, d), dv = dy(t, d) * silu(in.z(t, d));
        d_in.z(t, d) = dy(t, d) * output(pass, t, d, before(t + 1)) * silu_derivative(in.z(t, d));
        d_in.u(t, d) = dv * w.D(0, d);
        d_w.D(0, d) += dv * u;
        T d_step(0);
        for (Index n = 0; n < states; ++n) {
          const T A = -exponential(w.A_log(d, n)), decay = exponential(step * A);
          dh(0, n) += dv * in.C(t, n);
          d_in.C(t, n) += dv * before(t + 1)(0, n);
          d_in.B(t, n) += dh(0, n) * step * u;
          d_in.u(t, d) += dh(0, n) * step * in.B(t, n);
          const T g = decay * dh(0, n) * before(t)(0, n);
          d_step += dh(0, n) * in.B(t, n) * u + g * A;
          d_w.A_log(d, n) += g * step * A;
          dh(0, n) *= decay;
        }
        d_in.raw_step(t, d) = d_step * Softplus::derivative(in.raw_step(t, d) + w.step_bias(0, d));
        d_w.step_bias(0, d) += d_in.raw_step(t, d);
      });
      store_state(dh, or_none(pass.carried.d_initial).memory, s, d * states);
    });
  }

 private:
  static auto step_of(const auto& pass, Index t, Index d) {
    return Softplus::apply(pass.in.raw_step(t, d) + pass.weights.step_bias(0, d));
  }
  static void advance(const auto& pass, Index t, Index d, const auto& before, const auto& after) {
    const auto step = step_of(pass, t, d);
    for (Index n = 0; n < after.columns; ++n)
      after(0, n) = exponential(-step * exponential(pass.weights.A_log(d, n))) * before(0, n) + step * pass.in.B(t, n) * pass.in.u(t, d);
  }
  static auto output(const auto& pass, Index t, Index d, const auto& h) {
    auto sum = pass.weights.D(0, d) * pass.in.u(t, d);
    for (Index n = 0; n < h.columns; ++n) sum += pass.in.C(t, n) * h(0, n);
    return sum;
  }
};

}  // namespace rondo

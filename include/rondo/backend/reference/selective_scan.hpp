// Reference back-end: the selective scan, channel by channel and token by token.
//
// Backward, with v the output before the gate:  dz = dy v silu'(z),  dv = dy silu(z),  dh += dv C;  dC += dv h;
//   g = exp(step A) dh h_{t-1};   d step = sum_n dh B u + g A;   du = dv D + sum_n dh step B;   dB += dh step u;
//   dA_log += g step A;   dh = exp(step A) dh;   d raw = d step softplus'(raw + step_bias), which also adds to d step_bias.
#pragma once

#include <rondo/backend/reference/sequence.hpp>
#include <rondo/core/activation.hpp>
#include <rondo/recurrence/selective_scan.hpp>

namespace rondo {

template <class C>
struct SelectiveScanLoop {
  using T = typename C::Scalar;
  using Input = View<const T>;
  using Output = View<T>;
  using Inputs = SelectiveScanInputs<Input>;
  using Weights = SelectiveScanWeights<Input>;

  static void forward(C& c, const SelectiveScan& p, const Inputs& in, const Weights& w, Output y, Input initial, Output final) {
    const Index N = p.states;
    auto mark = c.mark();
    const Output h = c.matrix(1, N);
    c.zero(y);
    each_channel(c, p, [&](Index s, const Sequence& sequence, Index d) {
      load(c, initial, s, d, h);
      for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t) {
        advance(in, w, t, d, h, h);
        y(t, d) = output(in, w, t, d, h) * silu(in.z(t, d));
      }
      store(c, h, final, s, d);
    });
  }

  static void gradient(C& c, const SelectiveScan& p, const Inputs& in, const Weights& w, Input dy, Input initial, Input d_final,
                       const SelectiveScanInputs<Output>& d_in, const SelectiveScanWeights<Output>& d_w, Output d_initial) {
    const Index N = p.states;
    const Output written[] = {d_in.u, d_in.raw_step, d_in.B, d_in.C, d_in.z};
    for (const Output out : written) c.zero(out);
    each_channel(c, p, [&](Index s, const Sequence& sequence, Index d) {
      auto mark = c.mark();
      const Output states = c.matrix(sequence.length + 1, N);  // h_0 .. h_T
      const Output dh = c.matrix(1, N);
      load(c, initial, s, d, states.middle_rows(0, 1));
      load(c, d_final, s, d, dh);
      for (Index i = 0; i < sequence.length; ++i)
        advance(in, w, sequence.begin + i, d, states.middle_rows(i, 1), states.middle_rows(i + 1, 1));
      for (Index i = sequence.length - 1; i >= 0; --i) {
        const Index t = sequence.begin + i;
        const T u = in.u(t, d), step = step_of(in, w, t, d), dv = dy(t, d) * silu(in.z(t, d));
        d_in.z(t, d) = dy(t, d) * output(in, w, t, d, states.middle_rows(i + 1, 1)) * silu_derivative(in.z(t, d));
        d_in.u(t, d) = dv * w.D(0, d);
        d_w.D(0, d) += dv * u;
        T d_step(0);
        for (Index n = 0; n < N; ++n) {
          const T A = -exponential(w.A_log(d, n)), decay = exponential(step * A);
          dh(0, n) += dv * in.C(t, n);
          d_in.C(t, n) += dv * states(i + 1, n);
          d_in.B(t, n) += dh(0, n) * step * u;
          d_in.u(t, d) += dh(0, n) * step * in.B(t, n);
          const T g = decay * dh(0, n) * states(i, n);
          d_step += dh(0, n) * in.B(t, n) * u + g * A;
          d_w.A_log(d, n) += g * step * A;
          dh(0, n) *= decay;
        }
        d_in.raw_step(t, d) = d_step * Softplus::derivative(in.raw_step(t, d) + w.step_bias(0, d));
        d_w.step_bias(0, d) += d_in.raw_step(t, d);
      }
      store(c, dh, d_initial, s, d);
    });
  }

 private:
  static T step_of(const Inputs& in, const Weights& w, Index t, Index d) {
    return Softplus::apply(in.raw_step(t, d) + w.step_bias(0, d));
  }
  static void advance(const Inputs& in, const Weights& w, Index t, Index d, Input before, Output after) {
    const T step = step_of(in, w, t, d);
    for (Index n = 0; n < after.columns; ++n)
      after(0, n) = exponential(-step * exponential(w.A_log(d, n))) * before(0, n) + step * in.B(t, n) * in.u(t, d);
  }
  static T output(const Inputs& in, const Weights& w, Index t, Index d, Input h) {
    T sum = w.D(0, d) * in.u(t, d);
    for (Index n = 0; n < h.columns; ++n) sum += in.C(t, n) * h(0, n);
    return sum;
  }
  static void load(C& c, Input states, Index s, Index d, Output h) {
    if (states)
      c.copy(states.middle_rows(s, 1).middle_columns(d * h.columns, h.columns), h);
    else
      c.zero(h);
  }
  static void store(C& c, Input h, Output states, Index s, Index d) {
    if (states) c.copy(h, states.middle_rows(s, 1).middle_columns(d * h.columns, h.columns));
  }
  template <class Act>
  static void each_channel(C& c, const SelectiveScan& p, Act act) {
    for (Index s = 0; s < std::ssize(c.sequences()); ++s)
      for (Index d = 0; d < p.channels; ++d) act(s, c.sequences()[static_cast<std::size_t>(s)], d);
  }
};

template <class T>
class ReferenceContext;
template <class T>
struct Recurrence<ReferenceContext<T>, SelectiveScan> : SelectiveScanLoop<ReferenceContext<T>> {};

}  // namespace rondo

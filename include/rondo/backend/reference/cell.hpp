// Reference back-end: the LSTM cell, token by token (equations in rondo/recurrence/cell.hpp).
//
// Backward, with tc = tanh c:  dh += R^T da of the next token;  dc += dh o (1 - tc^2);
//   da = [dc g i(1-i), dc c_{t-1} f(1-f), dc i (1-g^2), dh tc o(1-o)];  dc *= f;  dR += da h_{t-1}^T
#pragma once

#include <rondo/backend/reference/sequence.hpp>
#include <rondo/recurrence/cell.hpp>

namespace rondo {

template <class C>
struct LstmLoop {
  using T = typename C::Scalar;
  using Input = View<const T>;
  using Output = View<T>;

  // gates: on entry the input's part, on return the activated i, f, g, o.
  static void forward(C& c, const Cell<LstmCell>& p, Output gates, Input recurrent, Output hidden, Output cell, Input h_initial,
                      Input c_initial, Output h_final, Output c_final) {
    const Index H = p.width;
    c.zero(hidden);
    c.zero(cell);
    each_sequence(c, [&](Index s, const Sequence& sequence) {
      auto mark = c.mark();
      const Output h = row(c, h_initial, s, H), state = row(c, c_initial, s, H);
      for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t) {
        for (Index r = 0; r < 4 * H; ++r) {
          T a = gates(t, r);
          for (Index i = 0; i < H; ++i) a += recurrent(r, i) * h(0, i);
          gates(t, r) = r / H == 2 ? hyperbolic_tangent(a) : sigmoid(a);
        }
        for (Index i = 0; i < H; ++i) {
          state(0, i) = gates(t, H + i) * state(0, i) + gates(t, i) * gates(t, 2 * H + i);
          h(0, i) = gates(t, 3 * H + i) * hyperbolic_tangent(state(0, i));
        }
        c.copy(h, hidden.middle_rows(t, 1));
        c.copy(state, cell.middle_rows(t, 1));
      }
      if (h_final) c.copy(h, h_final.middle_rows(s, 1));
      if (c_final) c.copy(state, c_final.middle_rows(s, 1));
    });
  }

  static void gradient(C& c, const Cell<LstmCell>& p, Input gates, Input recurrent, Input hidden, Input cell, Input h_initial,
                       Input c_initial, Input d_hidden, Input dh_final, Input dc_final, Output d_gates, Output d_recurrent,
                       Output dh_initial, Output dc_initial) {
    const Index H = p.width;
    c.zero(d_gates);
    each_sequence(c, [&](Index s, const Sequence& sequence) {
      auto mark = c.mark();
      const Output dh = row(c, dh_final, s, H), dc = row(c, dc_final, s, H);
      for (Index t = sequence.begin + sequence.length - 1; t >= sequence.begin; --t) {
        const Input h_before = t > sequence.begin ? hidden.middle_rows(t - 1, 1) : row(c, h_initial, s, H);
        const Input c_before = t > sequence.begin ? cell.middle_rows(t - 1, 1) : row(c, c_initial, s, H);
        for (Index i = 0; i < H; ++i) {
          const T in = gates(t, i), forget = gates(t, H + i), g = gates(t, 2 * H + i), out = gates(t, 3 * H + i);
          const T tc = hyperbolic_tangent(cell(t, i)), one(1);
          dh(0, i) += d_hidden(t, i);
          dc(0, i) += dh(0, i) * out * (one - tc * tc);
          d_gates(t, i) = dc(0, i) * g * in * (one - in);
          d_gates(t, H + i) = dc(0, i) * c_before(0, i) * forget * (one - forget);
          d_gates(t, 2 * H + i) = dc(0, i) * in * (one - g * g);
          d_gates(t, 3 * H + i) = dh(0, i) * tc * out * (one - out);
          dc(0, i) *= forget;
        }
        c.zero(dh);
        for (Index r = 0; r < 4 * H; ++r)
          for (Index i = 0; i < H; ++i) {
            dh(0, i) += recurrent(r, i) * d_gates(t, r);
            d_recurrent(r, i) += d_gates(t, r) * h_before(0, i);
          }
      }
      if (dh_initial) c.copy(dh, dh_initial.middle_rows(s, 1));
      if (dc_initial) c.copy(dc, dc_initial.middle_rows(s, 1));
    });
  }

 private:
  // A copy of row s, zero where there is none.
  static Output row(C& c, Input states, Index s, Index width) {
    const Output result = c.matrix(1, width);
    if (states)
      c.copy(states.middle_rows(s, 1), result);
    else
      c.zero(result);
    return result;
  }
  template <class Act>
  static void each_sequence(C& c, Act act) {
    for (Index s = 0; s < std::ssize(c.sequences()); ++s) act(s, c.sequences()[static_cast<std::size_t>(s)]);
  }
};

template <class T>
class ReferenceContext;
template <class T>
struct Recurrence<ReferenceContext<T>, Cell<LstmCell>> : LstmLoop<ReferenceContext<T>> {};

}  // namespace rondo

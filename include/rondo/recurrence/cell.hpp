// Nonlinear recurrences: gates that see the previous output, so that time cannot be parallelised.
//
//   a_t = u_t + R h_{t-1}        four gates a unit; R is one matrix for each of `heads` groups of units
//
// Cell<LstmCell> (Hochreiter and Schmidhuber 1997, with forget gates; gates i, f, g, o as in torch.nn.LSTM):
//   i, f, o = s(a), g = tanh(a);   c_t = f c_{t-1} + i g;   h_t = o tanh(c_t)
//
// Cell<SlstmCell> (Beck et al. 2024, "xLSTM", section 2.2; gates i, f, z, o), exponential input gates and a normaliser:
//   N_t = s(f) N_{t-1} + e^i,   C_t = s(f) C_{t-1} + e^i tanh(z),   h_t = s(o) C_t / N_t
// is kept as n = log N and the mean c = C / N, which no gate can make overflow:
//   w = s(i - log s(f) - n_{t-1});   c_t = c_{t-1} + w (tanh(z) - c_{t-1});   n_t = log(e^i + s(f) e^{n_{t-1}});   h_t = s(o) c_t
// The paper's stabilised (c', n', m) say the same by c = c' / n', n = m + log n'; its m cancels in h, whose gradient does
// not depend on how m is chosen. Here there is no m to leave out: gradients are exact, those of initial states included.
//
// u [tokens, 4 H] holds the input's part with all biases, gate by gate; R [heads, 4 d, d], H = heads d; h, c [tokens, H]; states
// [sequences, H]. A state of zeros is that before the first token: a stored n of 0 means log 0.
// Backward:  da from dh, dc (and dn) step by step, dh_{t-1} = R^T da_t, then dR += da^T h_prev as products over all tokens.
#pragma once

#include <rondo/core/math.hpp>
#include <rondo/core/record.hpp>

namespace rondo {

// A cell says what its state is and what one token does to one unit, for any scalar:
//   forward    gates: sums on entry, on return what the backward needs of them; the state moves on
//   backward   gates: those, on return their gradient; d: gradient of the state, on return of the state before (but for hidden,
//              which only R sends back)
struct LstmCell {
  static constexpr Index gates = 4;
  static constexpr bool normalised = false;
  template <class S>
  struct State {
    S hidden, cell;
  };
  static auto state_leaves(Dimensions size, auto&... s) {
    return leaves(buffer("hidden", size, s.hidden...), buffer("cell", size, s.cell...));
  }

  template <class T>
  [[gnu::always_inline]] static inline void forward(T& i, T& f, T& g, T& o, State<T>& state) {
    i = sigmoid(i), f = sigmoid(f), g = hyperbolic_tangent(g), o = sigmoid(o);
    state.cell = f * state.cell + i * g;
    state.hidden = o * hyperbolic_tangent(state.cell);
  }
  template <class T>
  [[gnu::always_inline]] static inline void backward(T& i, T& f, T& g, T& o, T cell, T cell_before, State<T>& d) {
    const T one(1), tc = hyperbolic_tangent(cell), dc = d.cell + d.hidden * o * (one - tc * tc), kept = f;
    const T di = dc * g * i * (one - i), df = dc * cell_before * f * (one - f), dg = dc * i * (one - g * g);
    o = d.hidden * tc * o * (one - o);
    i = di, f = df, g = dg;
    d.cell = dc * kept;
  }
};

// Gates are left as w, 1 - s(f), tanh(z), s(o).
struct SlstmCell {
  static constexpr Index gates = 4;
  static constexpr bool normalised = true;
  template <class S>
  struct State {
    S hidden, cell, normaliser;
  };
  static auto state_leaves(Dimensions size, auto&... s) {
    return leaves(buffer("hidden", size, s.hidden...), buffer("cell", size, s.cell...), buffer("normaliser", size, s.normaliser...));
  }

  template <class T>
  [[gnu::always_inline]] static inline void forward(T& i, T& f, T& z, T& o, State<T>& state) {
    const T kept = log_sigmoid(f) + or_else(state.normaliser, T(log_of_nothing));
    state.normaliser = or_else(log_of_sum(i, kept), T(nearly_zero));
    i = sigmoid(i - kept), f = sigmoid(-f), z = hyperbolic_tangent(z), o = sigmoid(o);
    state.cell = state.cell + i * (z - state.cell);
    state.hidden = o * state.cell;
  }
  template <class T>
  [[gnu::always_inline]] static inline void backward(T& w, T& f, T& z, T& o, T cell, T cell_before, State<T>& d) {
    const T one(1), stay = one - w, dc = d.cell + d.hidden * o;
    const T dp = dc * (z - cell_before) * w * stay, d_kept = stay * d.normaliser - dp;
    o = d.hidden * cell * o * (one - o);
    z = dc * w * (one - z * z);
    w = dp + w * d.normaliser;
    f = d_kept * f;
    d.cell = stay * dc;
    d.normaliser = d_kept;
  }

 private:
  static constexpr double log_of_nothing = -1e30;
  static constexpr double nearly_zero = 1e-30;  // stored in place of a logarithm that is zero

  template <class T>
  [[gnu::always_inline]] static inline T or_else(T x, T otherwise) {
    if constexpr (std::is_same_v<T, float>)
      return select(x == 0.0F, otherwise, x);
    else
      return real_part(x) == 0 ? otherwise : x;
  }
};

template <class CellType>
struct Cell {
  Index width = 0;  // H
  Index heads = 1;

  [[nodiscard]] constexpr Index head_width() const { return width / heads; }
  [[nodiscard]] constexpr Index weights() const { return CellType::gates * width * head_width(); }
  // The [4 d, d] of one head.
  template <class T>
  [[nodiscard]] constexpr View<T> of_head(View<T> recurrent, Index head) const {
    const Index d = head_width(), rows = CellType::gates * d;
    return {recurrent.data + head * rows * d, rows, d};
  }

  template <class S>
  using State = typename CellType::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return CellType::state_leaves({extent.sequences, width}, s...); }
};

}  // namespace rondo

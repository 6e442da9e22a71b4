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
// u [tokens, 4 H], the sums, holds the input's part with all biases, gate by gate; R [heads, 4 d, d], H = heads d; h, c [tokens, H]
// and the gates [tokens, 4 H], as the cell leaves them for the backward, which may be the memory of the sums (and are anything in rows
// of no sequence); states [sequences, H].
// A state of zeros is that before the first token: a stored n of 0 means log 0.
// Backward (u is not looked at, and only h has a gradient; du may be the memory of the gates):
//   da from dh, dc (and dn) step by step, dh_{t-1} = R^T da_t, then dR += da^T h_prev as products over all tokens
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/recurrence/recurrence.hpp>

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
    S hidden;
    Wide<S> cell;
  };
  static auto state_leaves(Dimensions size, auto&... s) {
    return leaves(buffer("hidden", size, s.hidden...), buffer("cell", size, s.cell...));
  }

  template <class T>
  [[gnu::always_inline]] static inline RONDO_ANYWHERE void forward(T& i, T& f, T& g, T& o, State<T>& state) {
    i = sigmoid(i), f = sigmoid(f), g = hyperbolic_tangent(g), o = sigmoid(o);
    state.cell = f * state.cell + i * g;
    state.hidden = o * hyperbolic_tangent(state.cell);
  }
  template <class T>
  [[gnu::always_inline]] static inline RONDO_ANYWHERE void backward(T& i, T& f, T& g, T& o, T cell, T cell_before, State<T>& d) {
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
    S hidden;
    Wide<S> cell, normaliser;
  };
  static auto state_leaves(Dimensions size, auto&... s) {
    return leaves(buffer("hidden", size, s.hidden...), buffer("cell", size, s.cell...), buffer("normaliser", size, s.normaliser...));
  }

  template <class T>
  [[gnu::always_inline]] static inline RONDO_ANYWHERE void forward(T& i, T& f, T& z, T& o, State<T>& state) {
    const T kept = log_sigmoid(f) + or_else(state.normaliser, T(log_of_nothing));
    state.normaliser = or_else(log_of_sum(i, kept), T(nearly_zero));
    i = sigmoid(i - kept), f = sigmoid(-f), z = hyperbolic_tangent(z), o = sigmoid(o);
    state.cell = state.cell + i * (z - state.cell);
    state.hidden = o * state.cell;
  }
  template <class T>
  [[gnu::always_inline]] static inline RONDO_ANYWHERE void backward(T& w, T& f, T& z, T& o, T cell, T cell_before, State<T>& d) {
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
  [[gnu::always_inline]] static inline RONDO_ANYWHERE T or_else(T x, T otherwise) {
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
  // The [4 d, d] of one head.
  template <class T>
  [[nodiscard]] constexpr View<T> of_head(View<T> recurrent, Index head) const {
    const Index d = head_width(), rows = CellType::gates * d;
    return {recurrent.data + head * rows * d, rows, d};
  }

  template <class V>
  struct Weights {
    V recurrent;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(parameter("recurrent", {heads, CellType::gates * head_width(), head_width()}, zeros(), Decay::no, w.recurrent...)
                      .as(Role::block_diagonal, {head_width()}));
  }
  template <class V>
  struct Inputs {
    V sums;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    return leaves(buffer("sums", {extent.tokens, CellType::gates * width}, in.sums...));
  }
  template <class V>
  struct Outputs {
    V hidden;
    Wide<V> cell;
    V gates;
  };
  auto output_leaves(Extent extent, auto&... out) const {
    return leaves(buffer("hidden", {extent.tokens, width}, out.hidden...), buffer("cell", {extent.tokens, width}, out.cell...),
                  buffer("gates", {extent.tokens, CellType::gates * width}, out.gates...));
  }
  template <class V>
  using State = typename CellType::template State<V>;
  auto state_leaves(Extent extent, auto&... s) const { return CellType::state_leaves({extent.sequences, width}, s...); }
  void check(const auto& pass) const {
    require(heads > 0 && width % heads == 0, "cell: a width of ", width, " in ", heads, " heads");
    require(pass.weights.recurrent.contiguous(), "cell: the recurrent weight has gaps between its rows");
  }

  // The recurrent product.
  [[nodiscard]] constexpr double operations(Index) const { return 2.0 * static_cast<double>(CellType::gates * width * head_width()); }
  static constexpr double gradient_cost = 2;

  template <class C>
  void forward(C& c, const auto& pass) const {
    const Index H = width, d = head_width();
    const auto gates = pass.out.gates, hidden = pass.out.hidden, cell = pass.out.cell;
    if (gates.data != pass.in.sums.data) c.copy(pass.in.sums, gates);
    c.zero(hidden);
    c.zero(cell);
    each_sequence(pass.sequences, [&](Index s, const Sequence& sequence) {
      auto mark = c.mark();
      const auto state = row_of(c, pass.carried.initial, s);
      const auto before = c.matrix(1, H);
      each_row_of(sequence, [&](Index t) {
        c.copy(state.hidden, before);
        for (Index r = 0; r < 4 * H; ++r) {
          const Index head = r % H / d;
          const auto* weight = of_head(pass.weights.recurrent, head).row(r / H * d + r % d);
          for (Index i = 0; i < d; ++i) gates(t, r) += weight[i] * before(0, head * d + i);
        }
        for (Index i = 0; i < H; ++i) {
          auto unit = unit_of(state, i);
          CellType::forward(gates(t, i), gates(t, H + i), gates(t, 2 * H + i), gates(t, 3 * H + i), unit);
          set_unit(unit, state, i);
        }
        c.copy(state.hidden, hidden.middle_rows(t, 1));
        c.copy(state.cell, cell.middle_rows(t, 1));
      });
      set_row(c, state, pass.carried.final, s);
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    const Index H = width, d = head_width();
    const auto hidden = pass.out.hidden, cell = pass.out.cell;
    const auto d_gates = pass.d_in.sums, d_recurrent = pass.d_weights.recurrent;
    auto outer = c.mark();
    const auto gates = c.matrix(d_gates.rows, d_gates.columns);
    c.copy(pass.out.gates, gates);
    c.zero(d_gates);
    each_sequence(pass.sequences, [&](Index s, const Sequence& sequence) {
      auto mark = c.mark();
      const auto initial = row_of(c, pass.carried.initial, s), d_state = row_of(c, pass.carried.d_final, s);
      each_row_back(sequence, [&](Index t) {
        const auto h_before = t > sequence.begin ? hidden.middle_rows(t - 1, 1) : initial.hidden;
        const auto c_before = t > sequence.begin ? cell.middle_rows(t - 1, 1) : initial.cell;
        c.add(pass.d_out.hidden.middle_rows(t, 1), d_state.hidden);
        c.copy(gates.middle_rows(t, 1), d_gates.middle_rows(t, 1));
        for (Index i = 0; i < H; ++i) {
          auto unit = unit_of(d_state, i);
          CellType::backward(d_gates(t, i), d_gates(t, H + i), d_gates(t, 2 * H + i), d_gates(t, 3 * H + i), cell(t, i),
                             c_before(0, i), unit);
          set_unit(unit, d_state, i);
        }
        c.zero(d_state.hidden);
        for (Index r = 0; r < 4 * H; ++r) {
          const Index head = r % H / d, row = r / H * d + r % d;
          for (Index i = 0; i < d; ++i) {
            d_state.hidden(0, head * d + i) += of_head(pass.weights.recurrent, head)(row, i) * d_gates(t, r);
            of_head(d_recurrent, head)(row, i) += d_gates(t, r) * h_before(0, head * d + i);
          }
        }
      });
      set_row(c, d_state, pass.carried.d_initial, s);
    });
  }

 private:
  static constexpr StateRecords one{Extent{1, 1}};
  void each_member(auto act, auto&... states) const {
    walk(one, *this, Path{}, [&](const Path&, const Leaf&, auto&... members) { act(members...); }, states...);
  }

  // A copy of a sequence's state, zero where there is none; and back.
  template <class C, class Record>
  auto row_of(C& c, const Record* states, Index s) const {
    const auto result = c.record(one, *this);
    if (states == nullptr)
      each_member([&](const auto& to) { c.zero(to); }, result);
    else
      each_member([&](const auto& from, const auto& to) { c.copy(from.middle_rows(s, 1), to); }, *states, result);
    return result;
  }
  template <class C, class Record>
  void set_row(C& c, const Record& state, const Record* states, Index s) const {
    if (states != nullptr) each_member([&](const auto& from, const auto& to) { c.copy(from, to.middle_rows(s, 1)); }, state, *states);
  }
  auto unit_of(const auto& state, Index i) const {
    State<std::remove_cvref_t<decltype(*state.hidden.data)>> unit{};
    each_member([&](const auto& from, auto& to) { to = from(0, i); }, state, unit);
    return unit;
  }
  void set_unit(const auto& unit, const auto& state, Index i) const {
    each_member([&](const auto& from, const auto& to) { to(0, i) = from; }, unit, state);
  }
};

}  // namespace rondo

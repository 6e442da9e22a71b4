// Matrix memory with an exponential input gate, a normaliser and a stabiliser (mLSTM; Beck et al. 2024, "xLSTM", eq. 19 to 27):
//
//   m_t = max(lf_t + m_{t-1}, i_t),   keep = exp(lf_t + m_{t-1} - m_t),   write = exp(i_t - m_t),      lf = log s(f)
//   C_t = keep C_{t-1} + write k_t v_t^T,      n_t = keep n_{t-1} + write k_t                          C [K, V], n [K]
//   h_t = c C_t^T q_t / (max(|c n_t . q_t|, exp(-m_t)) + epsilon)                                      per sequence and head
//
// q, k [tokens, heads K], v, h [tokens, heads V], i, f [tokens, heads] before their functions; c = scale. States C [sequences,
// heads K V], n [sequences, heads K], m [sequences, heads]. Keys are kept unscaled.
//
// C and n mean something only together with their m: e^m C and e^m n are what the gates and keys define, and h depends on m through
// epsilon e^m alone. Gradients are exact in all of it. With C, n, m taken as they are stored and D the denominator,
//   backward with m held constant, then along m:  dm_t -= epsilon (dh_t . h_t) / D_t, handed to lf_t and m_{t-1}, or to i_t,
//   whichever was the larger;  dm_T -= <C_T, dC_T> + n_T . dn_T,  dm_0 += <C_0, dC_0> + n_0 . dn_0
//
// `start`: m before the first token of a fresh sequence, 0 (xLSTM-large) or minus infinity, m_1 = i_1 (the small xLSTM, as it is
// trained). A fresh state is all zeros in both; with Start::unbounded, zeros in n and m are read as m = -infinity.
//
// Backward, step by step, with D the denominator, r = c n_t . q, dnum = dh / D and dr = -sign(r) (dh . h) / D where |r| > exp(-m), else 0:
//   dC += c q dnum^T;  dn += c dr q;   dq = c (C dnum + dr n);  dk = write (dC v + dn);  dv = write dC^T k;   di = k . dk;
//   dlf = keep (<C_{t-1}, dC> + n_{t-1} . dn);   dC *= keep;  dn *= keep;   and dm beside it
#pragma once

#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

struct MatrixMemory {
  enum class Start : bool { zero, unbounded };

  Index heads = 0;
  Index key_width = 0;    // K
  Index value_width = 0;  // V
  double scale = 1;
  double epsilon = 1e-6;
  Start start = Start::zero;

  template <class V>
  struct Inputs {
    V q, k, v, i, f;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    const Dimensions keys{extent.tokens, heads * key_width}, numbers{extent.tokens, heads};
    return leaves(buffer("q", keys, in.q...), buffer("k", keys, in.k...), buffer("v", {extent.tokens, heads * value_width}, in.v...),
                  buffer("i", numbers, in.i...), buffer("f", numbers, in.f...));
  }
  template <class V>
  struct Outputs {
    V h;
  };
  auto output_leaves(Extent extent, auto&... out) const {
    return leaves(buffer("h", {extent.tokens, heads * value_width}, out.h...));
  }
  template <class V>
  struct State {
    Wide<V> memory, normaliser, stabiliser;
  };
  auto state_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("memory", {extent.sequences, heads * key_width * value_width}, s.memory...),
                  buffer("normaliser", {extent.sequences, heads * key_width}, s.normaliser...),
                  buffer("stabiliser", {extent.sequences, heads}, s.stabiliser...));
  }

  // k v^T into the state and q times the state.
  [[nodiscard]] constexpr double operations(Index) const { return 4.0 * static_cast<double>(heads * key_width * value_width); }
  static constexpr double gradient_cost = 2;

  template <class C>
  void forward(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto& in = pass.in;
    const auto h = pass.out.h;
    c.zero(h);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index head) {
      auto mark = c.mark();
      Cell<T> cell = load(c, pass.carried.initial, s, head);
      each_row_of(sequence, [&](Index t) {
        advance(in, t, head, open(cell, in.i(t, head), in.f(t, head)), cell, cell);
        const T denominator = divide_by(in, t, head, cell).denominator;
        for (Index a = 0; a < key_width; ++a)
          for (Index b = 0; b < value_width; ++b)
            h(t, value(head, b)) += as_scalar<T>(scale) * in.q(t, key(head, a)) * cell.memory(a, b) / denominator;
      });
      store(cell, pass.carried.final, s, head);
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const Index K = key_width, V = value_width;
    const auto& in = pass.in;
    const auto h = pass.out.h, dh = pass.d_out.h;
    const auto dq = pass.d_in.q, dk = pass.d_in.k, dv = pass.d_in.v, di = pass.d_in.i, df = pass.d_in.f;
    for (const auto& d : {dq, dk, dv, di, df}) c.zero(d);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index head) {
      auto mark = c.mark();
      const auto memories = c.matrix((sequence.length + 1) * K, V), normalisers = c.matrix(sequence.length + 1, K);
      const auto stabilisers = c.matrix(sequence.length + 1, 1);
      bool fresh = false;
      // The state before token number n of the sequence.
      const auto before = [&](Index n) {
        return Cell<T>{memories.middle_rows(n * K, K), normalisers.middle_rows(n, 1), stabilisers(n, 0), fresh && n == 0};
      };
      {
        const Cell<T> first = load(c, pass.carried.initial, s, head);
        c.copy(first.memory, before(0).memory);
        c.copy(first.normaliser, before(0).normaliser);
        stabilisers(0, 0) = first.stabiliser;
        fresh = first.fresh;
      }
      for (Index n = 0; n < sequence.length; ++n) {
        const Index t = sequence.begin + n;
        Cell<T> after = before(n + 1);
        advance(in, t, head, open(before(n), in.i(t, head), in.f(t, head)), before(n), after);
        stabilisers(n + 1, 0) = after.stabiliser;
      }

      Cell<T> d = load(c, pass.carried.d_final, s, head);  // of the state before the token that comes next in the loop
      T dm = pass.carried.d_final ? d.stabiliser - product(before(sequence.length), d) : T(0);
      for (Index n = sequence.length; n-- > 0;) {
        const Index t = sequence.begin + n;
        const Cell<T> old = before(n), now = before(n + 1);
        const Gates<T> gates = open(old, in.i(t, head), in.f(t, head));
        const Divisor<T> divisor = divide_by(in, t, head, now);
        T size(0);
        for (Index b = 0; b < V; ++b) size += dh(t, value(head, b)) * h(t, value(head, b));
        const T dr = -divisor.slope * size / divisor.denominator;
        dm -= as_scalar<T>(epsilon) * size / divisor.denominator;
        for (Index a = 0; a < K; ++a) {
          const T query = as_scalar<T>(scale) * in.q(t, key(head, a));
          T to_q = dr * now.normaliser(0, a);
          d.normaliser(0, a) += query * dr;
          T to_k = d.normaliser(0, a);
          for (Index b = 0; b < V; ++b) {
            const T d_numerator = dh(t, value(head, b)) / divisor.denominator;
            d.memory(a, b) += query * d_numerator;
            to_q += now.memory(a, b) * d_numerator;
            to_k += d.memory(a, b) * in.v(t, value(head, b));
            dv(t, value(head, b)) += gates.write * d.memory(a, b) * in.k(t, key(head, a));
          }
          dq(t, key(head, a)) = as_scalar<T>(scale) * to_q;
          dk(t, key(head, a)) = gates.write * to_k;
          di(t, head) += gates.write * to_k * in.k(t, key(head, a));
        }
        T d_log_forget = gates.keep * product(old, d);
        (gates.forgets ? d_log_forget : di(t, head)) += dm;
        if (!gates.forgets) dm = T(0);
        df(t, head) = d_log_forget * sigmoid(-in.f(t, head));
        const auto decay = [&](const auto& part) {
          for (Index entry = 0; entry < part.size(); ++entry) part.data[entry] *= gates.keep;
        };
        decay(d.memory);
        decay(d.normaliser);
      }
      if (pass.carried.d_initial) {
        d.stabiliser = dm + product(before(0), d);
        store(d, pass.carried.d_initial, s, head);
      }
    });
  }

 private:
  // One head's state; `fresh`: its stabiliser counts as minus infinity.
  template <class T>
  struct Cell {
    View<T> memory, normaliser;
    T stabiliser;
    bool fresh;
  };
  template <class T>
  struct Gates {
    T keep, write, stabiliser;
    bool forgets;  // whether the stabiliser comes from the forget gate
  };
  template <class T>
  struct Divisor {
    T denominator, slope;  // slope by r
  };

  // Where one head's channels lie.
  [[nodiscard]] Index key(Index head, Index a) const { return head * key_width + a; }
  [[nodiscard]] Index value(Index head, Index b) const { return head * value_width + b; }

  template <class T>
  static Gates<T> open(const Cell<T>& before, T i, T f) {
    if (before.fresh) return {T(0), T(1), i, false};
    const T carried = log_sigmoid(f) + before.stabiliser;
    const bool forgets = real_part(carried) >= real_part(i);
    const T m = forgets ? carried : i;
    return {exponential(carried - m), exponential(i - m), m, forgets};
  }
  template <class T>
  void advance(const auto& in, Index t, Index head, const Gates<T>& gates, const Cell<T>& before, Cell<T>& after) const {
    for (Index a = 0; a < key_width; ++a) {
      const T written = gates.write * in.k(t, key(head, a));
      after.normaliser(0, a) = gates.keep * before.normaliser(0, a) + written;
      for (Index b = 0; b < value_width; ++b)
        after.memory(a, b) = gates.keep * before.memory(a, b) + written * in.v(t, value(head, b));
    }
    after.stabiliser = gates.stabiliser;
    after.fresh = false;
  }
  template <class T>
  Divisor<T> divide_by(const auto& in, Index t, Index head, const Cell<T>& now) const {
    T r(0);
    for (Index a = 0; a < key_width; ++a) r += as_scalar<T>(scale) * now.normaliser(0, a) * in.q(t, key(head, a));
    const T sign(static_cast<Real<T>>(real_part(r) < 0 ? -1 : 1)), floor = exponential(-now.stabiliser);
    const bool above = real_part(sign * r) > real_part(floor);
    return {(above ? sign * r : floor) + as_scalar<T>(epsilon), above ? sign : T(0)};
  }
  template <class T>
  static T product(const Cell<T>& x, const Cell<T>& y) {
    T sum(0);
    for (Index a = 0; a < x.memory.rows; ++a) {
      sum += x.normaliser(0, a) * y.normaliser(0, a);
      for (Index b = 0; b < x.memory.columns; ++b) sum += x.memory(a, b) * y.memory(a, b);
    }
    return sum;
  }
  template <class C, class Record>
  auto load(C& c, const Record* states, Index s, Index head) const {
    using T = typename C::Scalar;
    const Record from = or_none(states);
    Cell<T> cell{c.matrix(key_width, value_width), c.matrix(1, key_width), T(0), start == Start::unbounded};
    load_state(from.memory, s, head * cell.memory.size(), cell.memory);
    load_state(from.normaliser, s, head * key_width, cell.normaliser);
    load_state(from.stabiliser, s, head, View<T>{&cell.stabiliser, 1, 1});
    for (Index a = 0; a < key_width; ++a)
      if (real_part(cell.normaliser(0, a)) != 0) cell.fresh = false;
    if (real_part(cell.stabiliser) != 0) cell.fresh = false;
    return cell;
  }
  template <class T, class Record>
  void store(const Cell<T>& cell, const Record* states, Index s, Index head) const {
    const Record to = or_none(states);
    store_state(cell.memory, to.memory, s, head * cell.memory.size());
    store_state(cell.normaliser, to.normaliser, s, head * key_width);
    store_state(View<const T>{&cell.stabiliser, 1, 1}, to.stabiliser, s, head);
  }
};

}  // namespace rondo

// Reference back-end: the matrix memory of mLSTM, token by token (equations in rondo/recurrence/matrix_memory.hpp).
//
// Backward, with D the denominator, r = c n_t . q, dnum = dh / D and dr = -sign(r) (dh . h) / D where |r| > exp(-m), else 0:
//   dC += c q dnum^T;  dn += c dr q;   dq = c (C dnum + dr n);  dk = write (dC v + dn);  dv = write dC^T k;   di = k . dk;
//   dlf = keep (<C_{t-1}, dC> + n_{t-1} . dn);   dC *= keep;  dn *= keep;   and dm beside it
#pragma once

#include <rondo/backend/reference/sequence.hpp>
#include <rondo/recurrence/matrix_memory.hpp>

namespace rondo {

template <class C>
struct MatrixMemoryLoop {
  using T = typename C::Scalar;
  using Input = View<const T>;
  using Output = View<T>;
  using State = MatrixMemory::State<Output>;

  static void forward(C& c, const MatrixMemory& p, Input q, Input k, Input v, Input i, Input f, Output h, Carried<State> carried) {
    c.zero(h);
    each_head(c, p, [&](Index s, const Sequence& sequence, Index head) {
      auto mark = c.mark();
      Cell cell = load(c, p, carried.initial, s, head);
      const Row row{p, head, q, k, v, h};
      for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t) {
        const Gates gates = open(cell, i(t, head), f(t, head));
        advance(row, t, gates, cell, cell);
        const T denominator = divide_by(row, t, cell).denominator;
        for (Index a = 0; a < p.key_width; ++a)
          for (Index b = 0; b < p.value_width; ++b)
            h(t, row.value(b)) += real(p.scale) * q(t, row.key(a)) * cell.memory(a, b) / denominator;
      }
      store(cell, carried.final, s, head);
    });
  }

  static void gradient(C& c, const MatrixMemory& p, Input q, Input k, Input v, Input i, Input f, Input h, Input dh, Output dq,
                       Output dk, Output dv, Output di, Output df, CarriedGradient<State> carried) {
    const Index K = p.key_width, V = p.value_width;
    for (const Output out : {dq, dk, dv, di, df}) c.zero(out);
    each_head(c, p, [&](Index s, const Sequence& sequence, Index head) {
      auto mark = c.mark();
      const Row row{p, head, q, k, v, h};
      const Output memories = c.matrix((sequence.length + 1) * K, V), normalisers = c.matrix(sequence.length + 1, K);
      const Output stabilisers = c.matrix(sequence.length + 1, 1);
      bool fresh = false;
      // The state before token number n of the sequence.
      const auto before = [&](Index n) {
        return Cell{memories.middle_rows(n * K, K), normalisers.middle_rows(n, 1), stabilisers(n, 0), fresh && n == 0};
      };
      {
        const Cell first = load(c, p, carried.initial, s, head);
        c.copy(first.memory, before(0).memory);
        c.copy(first.normaliser, before(0).normaliser);
        stabilisers(0, 0) = first.stabiliser;
        fresh = first.fresh;
      }
      for (Index n = 0; n < sequence.length; ++n) {
        const Index t = sequence.begin + n;
        Cell after = before(n + 1);
        advance(row, t, open(before(n), i(t, head), f(t, head)), before(n), after);
        stabilisers(n + 1, 0) = after.stabiliser;
      }

      Cell d = load(c, p, carried.d_final, s, head);  // of the state before the token that comes next in the loop
      T dm = carried.d_final ? d.stabiliser - product(before(sequence.length), d) : T(0);
      for (Index n = sequence.length; n-- > 0;) {
        const Index t = sequence.begin + n;
        const Cell old = before(n), now = before(n + 1);
        const Gates gates = open(old, i(t, head), f(t, head));
        const Divisor divisor = divide_by(row, t, now);
        T size(0);
        for (Index b = 0; b < V; ++b) size += dh(t, row.value(b)) * h(t, row.value(b));
        const T dr = -divisor.slope * size / divisor.denominator;
        dm -= real(p.epsilon) * size / divisor.denominator;
        for (Index a = 0; a < K; ++a) {
          const T query = real(p.scale) * q(t, row.key(a));
          T to_q = dr * now.normaliser(0, a);
          d.normaliser(0, a) += query * dr;
          T to_k = d.normaliser(0, a);
          for (Index b = 0; b < V; ++b) {
            const T d_numerator = dh(t, row.value(b)) / divisor.denominator;
            d.memory(a, b) += query * d_numerator;
            to_q += now.memory(a, b) * d_numerator;
            to_k += d.memory(a, b) * v(t, row.value(b));
            dv(t, row.value(b)) += gates.write * d.memory(a, b) * k(t, row.key(a));
          }
          dq(t, row.key(a)) = real(p.scale) * to_q;
          dk(t, row.key(a)) = gates.write * to_k;
          di(t, head) += gates.write * to_k * k(t, row.key(a));
        }
        T d_log_forget = gates.keep * product(old, d);
        (gates.forgets ? d_log_forget : di(t, head)) += dm;
        if (!gates.forgets) dm = T(0);
        df(t, head) = d_log_forget * sigmoid(-f(t, head));
        const auto decay = [&](Output part) {
          for (Index entry = 0; entry < part.size(); ++entry) part.data[entry] *= gates.keep;
        };
        decay(d.memory);
        decay(d.normaliser);
      }
      if (carried.d_initial) {
        d.stabiliser = dm + product(before(0), d);
        store(d, carried.d_initial, s, head);
      }
    });
  }

 private:
  // One head's state; `fresh`: its stabiliser counts as minus infinity.
  struct Cell {
    Output memory, normaliser;
    T stabiliser;
    bool fresh;
  };
  struct Gates {
    T keep, write, stabiliser;
    bool forgets;  // whether the stabiliser comes from the forget gate
  };
  struct Divisor {
    T denominator, slope;  // slope by r
  };
  // Where one head's channels lie.
  struct Row {
    const MatrixMemory& sizes;
    Index head;
    Input q, k, v, h;
    [[nodiscard]] Index key(Index a) const { return head * sizes.key_width + a; }
    [[nodiscard]] Index value(Index b) const { return head * sizes.value_width + b; }
  };

  static T real(double value) { return T(static_cast<Real<T>>(value)); }
  template <class Act>
  static void each_head(C& c, const MatrixMemory& p, Act act) {
    for (Index s = 0; s < std::ssize(c.sequences()); ++s)
      for (Index head = 0; head < p.heads; ++head) act(s, c.sequences()[static_cast<std::size_t>(s)], head);
  }

  static Gates open(const Cell& before, T i, T f) {
    if (before.fresh) return {T(0), T(1), i, false};
    const T carried = log_sigmoid(f) + before.stabiliser;
    const bool forgets = real_part(carried) >= real_part(i);
    const T m = forgets ? carried : i;
    return {exponential(carried - m), exponential(i - m), m, forgets};
  }
  static void advance(const Row& row, Index t, const Gates& gates, const Cell& before, Cell& after) {
    for (Index a = 0; a < row.sizes.key_width; ++a) {
      const T key = gates.write * row.k(t, row.key(a));
      after.normaliser(0, a) = gates.keep * before.normaliser(0, a) + key;
      for (Index b = 0; b < row.sizes.value_width; ++b)
        after.memory(a, b) = gates.keep * before.memory(a, b) + key * row.v(t, row.value(b));
    }
    after.stabiliser = gates.stabiliser;
    after.fresh = false;
  }
  static Divisor divide_by(const Row& row, Index t, const Cell& now) {
    T r(0);
    for (Index a = 0; a < row.sizes.key_width; ++a) r += real(row.sizes.scale) * now.normaliser(0, a) * row.q(t, row.key(a));
    const T sign(real_part(r) < 0 ? -1 : 1), floor = exponential(-now.stabiliser);
    const bool above = real_part(sign * r) > real_part(floor);
    return {(above ? sign * r : floor) + real(row.sizes.epsilon), above ? sign : T(0)};
  }
  static T product(const Cell& x, const Cell& y) {
    T sum(0);
    for (Index a = 0; a < x.memory.rows; ++a) {
      sum += x.normaliser(0, a) * y.normaliser(0, a);
      for (Index b = 0; b < x.memory.columns; ++b) sum += x.memory(a, b) * y.memory(a, b);
    }
    return sum;
  }
  static Cell load(C& c, const MatrixMemory& p, const State* states, Index s, Index head) {
    const Index K = p.key_width, V = p.value_width;
    Cell cell{c.matrix(K, V), c.matrix(1, K), T(0), p.start == MatrixMemory::Start::unbounded};
    for (Index a = 0; a < K; ++a) {
      cell.normaliser(0, a) = states ? states->normaliser(s, head * K + a) : T(0);
      if (real_part(cell.normaliser(0, a)) != 0) cell.fresh = false;
      for (Index b = 0; b < V; ++b) cell.memory(a, b) = states ? states->memory(s, (head * K + a) * V + b) : T(0);
    }
    if (states) cell.stabiliser = states->stabiliser(s, head);
    if (real_part(cell.stabiliser) != 0) cell.fresh = false;
    return cell;
  }
  static void store(const Cell& cell, const State* states, Index s, Index head) {
    if (!states) return;
    const Index K = cell.memory.rows, V = cell.memory.columns;
    for (Index a = 0; a < K; ++a) {
      states->normaliser(s, head * K + a) = cell.normaliser(0, a);
      for (Index b = 0; b < V; ++b) states->memory(s, (head * K + a) * V + b) = cell.memory(a, b);
    }
    states->stabiliser(s, head) = cell.stabiliser;
  }
};

template <class T>
class ReferenceContext;
template <class T>
struct Recurrence<ReferenceContext<T>, MatrixMemory> : MatrixMemoryLoop<ReferenceContext<T>> {};

}  // namespace rondo

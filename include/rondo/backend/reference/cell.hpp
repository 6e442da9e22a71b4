// Reference back-end: nonlinear cells, unit by unit and token by token (equations in rondo/recurrence/cell.hpp).
#pragma once

#include <rondo/backend/reference/sequence.hpp>
#include <rondo/recurrence/cell.hpp>

namespace rondo {

template <class C, class CellType>
struct CellLoop {
  using T = typename C::Scalar;
  using Tag = Cell<CellType>;
  using Input = View<const T>;
  using Output = View<T>;
  using State = typename Tag::template State<Output>;
  using Unit = typename Tag::template State<T>;

  // gates: on entry the input's part, on return what the backward needs of them.
  static void forward(C& c, const Tag& p, Output gates, Input recurrent, Output hidden, Output cell, const Carried<State>& carried) {
    const Index H = p.width, d = p.head_width();
    c.zero(hidden);
    c.zero(cell);
    each_sequence(c, [&](Index s, const Sequence& sequence) {
      auto mark = c.mark();
      const State state = row_of(c, p, carried.initial, s);
      const Output before = c.matrix(1, H);
      for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t) {
        c.copy(state.hidden, before);
        for (Index r = 0; r < 4 * H; ++r) {
          const Index head = r % H / d;
          const auto weight = p.of_head(recurrent, head).row(r / H * d + r % d);
          for (Index i = 0; i < d; ++i) gates(t, r) += weight[i] * before(0, head * d + i);
        }
        for (Index i = 0; i < H; ++i) {
          Unit unit = unit_of(p, state, i);
          CellType::forward(gates(t, i), gates(t, H + i), gates(t, 2 * H + i), gates(t, 3 * H + i), unit);
          set_unit(p, unit, state, i);
        }
        c.copy(state.hidden, hidden.middle_rows(t, 1));
        c.copy(state.cell, cell.middle_rows(t, 1));
      }
      set_row(c, p, state, carried.final, s);
    });
  }

  static void gradient(C& c, const Tag& p, Input gates, Input recurrent, Input hidden, Input cell, Input d_hidden,
                       const CarriedGradient<State>& carried, Output d_gates, Output d_recurrent) {
    const Index H = p.width, d = p.head_width();
    c.zero(d_gates);
    each_sequence(c, [&](Index s, const Sequence& sequence) {
      auto mark = c.mark();
      const State initial = row_of(c, p, carried.initial, s), d_state = row_of(c, p, carried.d_final, s);
      for (Index t = sequence.begin + sequence.length - 1; t >= sequence.begin; --t) {
        const Input h_before = t > sequence.begin ? hidden.middle_rows(t - 1, 1) : initial.hidden;
        const Input c_before = t > sequence.begin ? cell.middle_rows(t - 1, 1) : initial.cell;
        c.add(d_hidden.middle_rows(t, 1), d_state.hidden);
        c.copy(gates.middle_rows(t, 1), d_gates.middle_rows(t, 1));
        for (Index i = 0; i < H; ++i) {
          Unit unit = unit_of(p, d_state, i);
          CellType::backward(d_gates(t, i), d_gates(t, H + i), d_gates(t, 2 * H + i), d_gates(t, 3 * H + i), cell(t, i),
                             c_before(0, i), unit);
          set_unit(p, unit, d_state, i);
        }
        c.zero(d_state.hidden);
        for (Index r = 0; r < 4 * H; ++r) {
          const Index head = r % H / d, row = r / H * d + r % d;
          for (Index i = 0; i < d; ++i) {
            d_state.hidden(0, head * d + i) += p.of_head(recurrent, head)(row, i) * d_gates(t, r);
            p.of_head(d_recurrent, head)(row, i) += d_gates(t, r) * h_before(0, head * d + i);
          }
        }
      }
      set_row(c, p, d_state, carried.d_initial, s);
    });
  }

 private:
  static constexpr StateRecords one{Extent{1, 1}};

  // A copy of a sequence's state, zero where there is none; and back.
  static State row_of(C& c, const Tag& p, const State* states, Index s) {
    State result = c.record(one, p);
    if (states == nullptr)
      walk(one, p, Path{}, [&](const Path&, const Leaf&, const Output& to) { c.zero(to); }, result);
    else
      walk(one, p, Path{}, [&](const Path&, const Leaf&, const Output& from, const Output& to) { c.copy(from.middle_rows(s, 1), to); },
           *states, result);
    return result;
  }
  static void set_row(C& c, const Tag& p, const State& state, const State* states, Index s) {
    if (states != nullptr)
      walk(one, p, Path{}, [&](const Path&, const Leaf&, const Output& from, const Output& to) { c.copy(from, to.middle_rows(s, 1)); },
           state, *states);
  }
  static Unit unit_of(const Tag& p, const State& state, Index i) {
    Unit unit{};
    walk(one, p, Path{}, [&](const Path&, const Leaf&, const Output& from, T& to) { to = from(0, i); }, state, unit);
    return unit;
  }
  static void set_unit(const Tag& p, const Unit& unit, const State& state, Index i) {
    walk(one, p, Path{}, [&](const Path&, const Leaf&, const T& from, const Output& to) { to(0, i) = from; }, unit, state);
  }
  template <class Act>
  static void each_sequence(C& c, Act act) {
    for (Index s = 0; s < std::ssize(c.sequences()); ++s) act(s, c.sequences()[static_cast<std::size_t>(s)]);
  }
};

template <class T>
class ReferenceContext;
template <class T, class CellType>
struct Recurrence<ReferenceContext<T>, Cell<CellType>> : CellLoop<ReferenceContext<T>, CellType> {};

}  // namespace rondo

// Rows by number, positions and rotary embeddings (contracts: rondo/backend/backend.hpp).
//
// A row of a table may be named by many tokens. Its gradient is their sum without atomics: tokens sorted by the row they name, stably;
// pieces of 64 neighbours that name the same row are summed first, then the pieces of a row, both in order.
#pragma once

#include <cmath>

#include <rondo/backend/kernel/elementwise.hpp>
#include <rondo/backend/kernel/work.hpp>
#include <rondo/core/rotation.hpp>

namespace rondo::kernel {

template <class X, class Y>
struct GatherRows {
  Tokens rows;
  View<const X> x;
  View<Y> y;
  RONDO_ANYWHERE void operator()(Index t, Index c) const { store(y(t, c), number(x(rows(0, t), c))); }
};

// Tokens sorted by the row they name: `row(p)`, and whether at place p another row, or another piece of the same, begins.
struct SortedRows {
  static constexpr Index piece = 64;
  Tokens rows, order;
  [[nodiscard]] RONDO_ANYWHERE Index size() const { return order.columns; }
  [[nodiscard]] RONDO_ANYWHERE Token row(Index p) const { return rows(0, order(0, p)); }
  [[nodiscard]] RONDO_ANYWHERE bool begins_row(Index p) const { return p == 0 || row(p - 1) != row(p); }
  [[nodiscard]] RONDO_ANYWHERE bool begins_piece(Index p) const { return p % piece == 0 || begins_row(p); }
};
template <class T>
struct PieceSums {
  SortedRows sorted;
  View<const T> dy;
  View<float> sums;  // where a piece begins
  RONDO_ANYWHERE void operator()(Index p, Index c) const {
    if (!sorted.begins_piece(p)) return;
    float sum = 0;
    Index next = p;
    do sum += number(dy(sorted.order(0, next), c));
    while (++next < sorted.size() && !sorted.begins_piece(next));
    sums(p, c) = sum;
  }
};
template <class T>
struct RowSums {
  SortedRows sorted;
  View<const float> sums;
  View<T> dx;
  RONDO_ANYWHERE void operator()(Index p, Index c) const {
    if (!sorted.begins_row(p)) return;
    float sum = sums(p, c);
    for (Index next = (p / SortedRows::piece + 1) * SortedRows::piece; next < sorted.size() && sorted.row(next) == sorted.row(p);
         next += SortedRows::piece)
      sum += sums(next, c);
    T& to = dx(sorted.row(p), c);
    store(to, number(to) + sum);
  }
};

// Row `first` of a table is that of position 0.
template <class T, class P>
struct AddPositions {
  Owners work;
  Index first;
  View<const P> table;
  View<T> y;
  RONDO_ANYWHERE void operator()(Index t, Index c) const {
    if (const Sequence* s = work.of(t)) store(y(t, c), number(y(t, c)) + number(table(first + s->position + t - s->begin, c)));
  }
};
template <class T, class D>
struct PositionsGradient {  // a row of the table: all sequences that reach it, in order
  Owners work;
  Index first;
  View<const T> dy;
  View<D> d_table;
  RONDO_ANYWHERE void operator()(Index row, Index c) const {
    float sum = 0;
    for (Index s = 0; s < work.sequences.columns; ++s) {
      const Sequence& sequence = work.sequences(0, s);
      const Index t = row - first - sequence.position;
      if (0 <= t && t < sequence.length) sum += number(dy(sequence.begin + t, c));
    }
    store(d_table(row, c), number(d_table(row, c)) + sum);
  }
};

// Turns pair j of every head, rows by rows: frequencies [sequences, pairs] in turns a token, in double, so that the angle within a turn
// is exact to float's last digit at any position.
template <class T>
struct Rotate {
  Owners work;
  View<const double> frequencies;
  View<T> x;
  Index head_width;
  float amplitude;
  int direction;
  RONDO_ANYWHERE void operator()(Index t, Index place) const {
    const Token owner = work.owners(0, t);
    if (owner == of_no_sequence) return;
    const Sequence& sequence = work.sequences(0, owner);
    const Index half = frequencies.columns, head = place / half, j = place % half;
    const double turns =
        static_cast<double>(direction) * static_cast<double>(sequence.position + t - sequence.begin) * frequencies(owner, j);
    float cosine, sine;
    cosine_and_sine(turns - floor(turns + 0.5), cosine, sine);
    cosine *= amplitude, sine *= amplitude;
    T& a = x(t, head * head_width + j);
    T& b = x(t, head * head_width + j + half);
    const float first = number(a), second = number(b);
    store(a, first * cosine - second * sine);
    store(b, second * cosine + first * sine);
  }
};

}  // namespace rondo::kernel

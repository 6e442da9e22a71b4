// Loops over the elements of matrices without a team: device.each(count, f) runs f(i) for all i < count, each by itself.
//
//   EachElement{rule, x, y, ...}     rule(x_rc, y_rc, ...) for every element of matrices of one size; one row for all: every_row(b, rows)
//   EachPlace{f, columns}            f(r, c)
//   ColumnSums                       sums over the rows, for each column, of f(r, c): a kernel, in parts of rows, in a fixed order
#pragma once

#include <tuple>

#include <rondo/backend/kernel/team.hpp>

namespace rondo::kernel {

// A view as kernels see it, whose memory it is.
template <class T>
constexpr View<T> here(const View<T, Place::device>& view) {
  return {view.data, view.rows, view.columns, view.stride};
}

// A row as a matrix of as many rows as wanted, all in its memory.
template <class T>
constexpr View<T> every_row(const View<T>& row, Index rows) {
  return {row.data, rows, row.columns, 0};
}

template <class Rule, class... T>
struct EachElement {
  Rule rule;
  Index columns;
  std::tuple<View<T>...> views;
  RONDO_ANYWHERE void operator()(Index i) const {
    const Index r = i / columns, c = i % columns;
    std::apply([&](const auto&... view) { rule(view(r, c)...); }, views);
  }
};

template <class F>
struct EachPlace {
  F f;
  Index columns;
  RONDO_ANYWHERE void operator()(Index i) const { f(i / columns, i % columns); }
};

// sums(part, c) = sum of f(r, c) over the part's rows: a team for 32 columns and a part of `rows_each` rows. Float32 sums, eight at a time.
template <class F>
struct ColumnSums {
  static constexpr int threads = 256, width = 32, lines = threads / width, rows_each = 256;
  F f;
  int rows, columns;
  View<float> sums;

  [[nodiscard]] Index blocks() const { return parts_of(columns, width); }
  template <class Team>
  struct Memory {
    typename Team::template Tile<float, lines, width> sums;
  };
  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int all = (columns + width - 1) / width, part = team.number() / all, first = team.number() % all * width;
    const int end = (part + 1) * rows_each < rows ? (part + 1) * rows_each : rows;
    auto& memory = team.template memory<Memory<Team>>();
    team.each(threads, [&](int i) {
      const int c = first + i % width;
      float sum = 0;
      if (c < columns)
        for (int r = part * rows_each + i / width; r < end; r += lines) sum += f(r, c);
      memory.sums(i / width, i % width) = sum;
    });
    team.sync();
    team.each(width, [&](int i) {
      float sum = 0;
      for (int line = 0; line < lines; ++line) sum += memory.sums(line, i);
      if (first + i < columns) sums(part, first + i) = sum;
    });
  }
};

// What the parts come to, in order, added to where the sums go: a matrix whose elements are the columns, row after row.
template <class T>
struct AddParts {
  View<const float> parts;
  View<T> to;
  RONDO_ANYWHERE void operator()(Index c) const {
    float sum = 0;
    for (Index part = 0; part < parts.rows; ++part) sum += parts(part, c);
    T& total = to(c / to.columns, c % to.columns);
    total = narrow<T>(static_cast<float>(total) + sum);
  }
};

}  // namespace rondo::kernel

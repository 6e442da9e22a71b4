// Work on all rows of a matrix, shared among threads where it is worth starting them.
//
//   each_row_range(rows, columns, [&](index begin, index end) { ... })       rows [begin, end) for one thread
//   each_column_range(rows, columns, [&](index begin, index end) { ... })    columns, in steps of a cache line
//
// The split depends only on the sizes and the number of threads, so the same number of threads gives the same bits.
#pragma once

#include <rondo/backend/cpu/threads.hpp>

namespace rondo {

inline constexpr index elements_worth_a_thread = 32768;

[[nodiscard]] inline index threads_for(index elements) { return elements < elements_worth_a_thread ? 1 : thread_count(); }

// act(begin, end) for parts of [0, count), whose lengths are multiples of `step`, as many as threads are worth it.
template <class Act>
void each_part(index count, index step, index elements, Act&& act) {
  const index threads = threads_for(elements);
  if (threads == 1) return act(index{0}, count);
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads))
  for (index part = 0; part < threads; ++part) {
    const Range range = share_of(count, threads, part, step);
    if (range.begin < range.end) act(range.begin, range.end);
  }
}
template <class Act>
void each_row_range(index rows, index columns, Act&& act) {
  each_part(rows, 1, rows * columns, act);
}
template <class Act>
void each_column_range(index rows, index columns, Act&& act) {
  each_part(columns, 16, rows * columns, act);
}

// act(row pointers..., columns) for each row of views of the same size.
template <class Act, class First, class... Views>
void each_row(Act&& act, const View<First>& first, const Views&... views) {
  each_row_range(first.rows, first.columns, [&](index begin, index end) {
    for (index r = begin; r < end; ++r) act(first.columns, first.row(r), views.row(r)...);
  });
}

}  // namespace rondo

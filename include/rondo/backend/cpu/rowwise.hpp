// Work on all rows of a matrix, shared among threads where it is worth starting them.
//
//   each_row_range(rows, columns, [&](Index begin, Index end) { ... })       rows [begin, end) for one thread
//   each_run(act, views...)                                                  elements, as long runs as the views have
//   each_column_range(rows, columns, [&](Index begin, Index end) { ... })    columns, in steps of a cache line
//
// The split depends only on the sizes and the number of threads, so the same number of threads gives the same bits.
#pragma once

#include <rondo/backend/cpu/threads.hpp>

namespace rondo {

inline constexpr Index elements_worth_a_thread = 32768;

[[nodiscard]] inline Index threads_for(Index elements) { return elements < elements_worth_a_thread ? 1 : thread_count(); }

// act(begin, end) for parts of [0, count), whose lengths are multiples of `step`, as many as threads are worth it.
template <class Act>
void each_part(Index count, Index step, Index elements, Act&& act) {
  const Index threads = threads_for(elements);
  if (threads == 1) return act(Index{0}, count);
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads))
  for (Index part = 0; part < threads; ++part) {
    const Range range = share_of(count, threads, part, step);
    if (range.begin < range.end) act(range.begin, range.end);
  }
}
template <class Act>
void each_row_range(Index rows, Index columns, Act&& act) {
  each_part(rows, 1, rows * columns, act);
}
template <class Act>
void each_column_range(Index rows, Index columns, Act&& act) {
  each_part(columns, 16, rows * columns, act);
}

// act(row pointers..., columns) for each row of views of the same size.
template <class Act, class First, class... Views>
void each_row(Act&& act, const View<First>& first, const Views&... views) {
  each_row_range(first.rows, first.columns, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) act(first.columns, first.row(r), views.row(r)...);
  });
}

// The same for element-wise work, act(count, pointers...): where all matrices are in one piece, on parts of that, however few its rows.
template <class Act, class First, class... Views>
void each_run(Act&& act, const View<First>& first, const Views&... views) {
  if (!(first.contiguous() && ... && views.contiguous()))
    return each_row([&](Index, auto*... rows) { act(first.columns, rows...); }, first, views...);
  each_part(first.size(), 16, first.size(), [&](Index begin, Index end) { act(end - begin, first.data + begin, (views.data + begin)...); });
}

}  // namespace rondo

// Work on many threads.
//
//   run_on_threads(threads, [&](Index worker) { ... });          // worker 0 <= worker < threads, all at once
//   for_each_task(threads, tasks, [&](Index worker, Index task) { ... });   // each task once, the next free worker takes it
//
// Both return when all is done. The first exception that a worker throws is thrown again; later tasks are not begun then.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include <rondo/core/view.hpp>

namespace rondo {

template <class Work>
void run_on_threads(Index threads, Work&& work) {
  if (threads <= 1) return work(Index{0});
  std::exception_ptr problem;
  std::mutex problem_mutex;
  const auto guarded = [&](Index worker) {
    try {
      work(worker);
    } catch (...) {
      const std::lock_guard lock(problem_mutex);
      if (!problem) problem = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (Index worker = 1; worker < threads; ++worker) others.emplace_back(guarded, worker);
  guarded(0);
  for (std::thread& other : others) other.join();
  if (problem) std::rethrow_exception(problem);
}

template <class Work>
void for_each_task(Index threads, Index tasks, Work&& work) {
  std::atomic<Index> next{0};
  run_on_threads(std::min(threads, tasks), [&](Index worker) {
    try {
      for (Index task = next++; task < tasks; task = next++) work(worker, task);
    } catch (...) {
      next = tasks;
      throw;
    }
  });
}

}  // namespace rondo

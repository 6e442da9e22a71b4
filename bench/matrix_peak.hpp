// What the machine's matrix product reaches, the measure of everything else: GFLOP/s of the best of several float32
// products of 2048 x 2048 x 2048 by the library that rondo is built with, with all OpenMP threads.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include <rondo/backend/cpu/kernels.hpp>

namespace rondo::bench {

// Seconds that `work` takes, the shortest of `repetitions` after one that does not count.
template <class Work>
[[nodiscard]] double shortest_seconds(int repetitions, Work&& work) {
  work();
  double shortest = 1e30;
  for (int i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    shortest = std::min(shortest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return shortest;
}

[[nodiscard]] inline double matrix_peak(int repetitions = 10) {
  constexpr Index n = 2048;
  const std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f);
  std::vector<float> c(n * n);
  const double seconds = shortest_seconds(repetitions, [&] {
    multiply({a.data(), n, n}, Transpose::no, {b.data(), n, n}, Transpose::no, {c.data(), n, n});
  });
  return 2.0 * n * n * n / seconds * 1e-9;
}

}  // namespace rondo::bench

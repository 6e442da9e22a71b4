// What the machine's memory delivers: GB/s of the triad a = b + s c (McCalpin 1995, STREAM) over arrays beyond every cache, with
// all OpenMP threads. What memory moves are 16 bytes an element, the line of `a` that is read before it is written included; STREAM
// and those who quote it count the 12 that the program asks for.
#pragma once

#include <memory>

#include "matrix_peak.hpp"

namespace rondo::bench {

struct Bandwidth {
  double triad;  // as STREAM counts
  double moved;  // 4/3 of it
};

[[nodiscard]] inline Bandwidth triad_bandwidth(int repetitions = 10) {
  constexpr Index n = Index{1} << 25;
  const auto array = [] { return std::unique_ptr<float[]>(new float[n]); };
  const auto memory_a = array(), memory_b = array(), memory_c = array();
  float *a = memory_a.get(), *b = memory_b.get(), *c = memory_c.get();
#pragma omp parallel for simd schedule(static)  // each thread touches the pages that it will read
  for (Index i = 0; i < n; ++i) a[i] = 0, b[i] = 1, c[i] = 2;
  const double seconds = shortest_seconds(repetitions, [&] {
#pragma omp parallel for simd schedule(static)
    for (Index i = 0; i < n; ++i) a[i] = b[i] + 3 * c[i];
  });
  const double rate = sizeof(float) * n / seconds * 1e-9;
  return {3 * rate, 4 * rate};
}

}  // namespace rondo::bench

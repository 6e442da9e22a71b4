// What the machine's memory delivers: GB/s of the triad a = b + s c (McCalpin 1995, STREAM) over arrays beyond every cache, with
// all OpenMP threads; 16 bytes an element, the line read before it is written included.
#pragma once

#include <memory>

#include "matrix_peak.hpp"

namespace rondo::bench {

[[nodiscard]] inline double triad_bandwidth(int repetitions = 10) {
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
  return 4.0 * sizeof(float) * n / seconds * 1e-9;
}

}  // namespace rondo::bench

// What the machine's product of bf16 matrices reaches: GFLOP/s of the best of several products of 2048 x 2048 x 2048 with float32 results,
// with all OpenMP threads: by rondo, which is given float32 and rounds it, or by oneDNN, which is given bf16, one of them in the order that
// it likes best; whichever is faster.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#if defined(RONDO_ONEDNN)
#include <dnnl.hpp>
#endif

#include "matrix_peak.hpp"

namespace rondo::bench {

#if defined(RONDO_ONEDNN)
// Seconds of a product by oneDNN; none where it has no product of bf16 for this processor.
[[nodiscard]] inline double onednn_bf16_seconds(Index n, int repetitions) {
  using namespace dnnl;
  try {
    engine processor{engine::kind::cpu, 0};
    stream work{processor};
    const memory::dims sizes{n, n};
    const memory::desc plain{sizes, memory::data_type::bf16, memory::format_tag::ab};
    const memory::desc any{sizes, memory::data_type::bf16, memory::format_tag::any};
    const memory::desc sums{sizes, memory::data_type::f32, memory::format_tag::ab};
#if DNNL_VERSION_MAJOR >= 3
    const matmul::primitive_desc chosen{processor, plain, any, sums};
#else
    const matmul::primitive_desc chosen{matmul::desc{plain, any, sums}, processor};
#endif
    memory a{plain, processor}, b{chosen.weights_desc(), processor}, c{sums, processor};
    for (memory* one : {&a, &b}) std::fill_n(static_cast<std::uint16_t*>(one->get_data_handle()), n * n, std::uint16_t{0x3f00});
    matmul product{chosen};
    const std::unordered_map<int, memory> operands{{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}};
    return shortest_seconds(repetitions, [&] {
      product.execute(work, operands);
      work.wait();
    });
  } catch (const dnnl::error&) {
    return 1e30;
  }
}
#else
[[nodiscard]] inline double onednn_bf16_seconds(Index, int) { return 1e30; }
#endif

[[nodiscard]] inline double bf16_matrix_peak(int repetitions = 10) {
  constexpr Index n = 2048;
  const std::vector<float> a(n * n, 0.5F), b(n * n, 0.25F);
  std::vector<float> c(n * n);
  const double seconds = shortest_seconds(repetitions, [&] {
    multiply_bf16({a.data(), n, n}, Transpose::no, {b.data(), n, n}, Transpose::no, {c.data(), n, n});
  });
  return 2.0 * n * n * n / std::min(seconds, onednn_bf16_seconds(n, repetitions)) * 1e-9;
}

}  // namespace rondo::bench

// bench_matrix: the products of a training step and of decoding, as fractions of the machine's matrix peak and bandwidth.
//
//   bench_matrix [repetitions]
//
// A line each product: who the back-end picks, what that reaches, and what every implementation reaches.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <rondo/backend/cpu/bf16_product.hpp>
#include <rondo/backend/cpu/eigen_product.hpp>
#include <rondo/backend/cpu/matrix_product.hpp>
#include <rondo/core/arena.hpp>

#include "bandwidth.hpp"
#include "matrix_peak.hpp"

namespace rondo::bench {

// Memory for the largest operands, aligned as a workspace is.
struct Operands {
  explicit Operands(Index count) : a(arena.take<float>(count)), b(arena.take<float>(count)), c(arena.take<float>(count)) {
    for (Index i = 0; i < count; ++i) a[i] = static_cast<float>(i % 7) - 3, b[i] = static_cast<float>(i % 11) - 5, c[i] = 0;
  }
  Arena arena;
  float *a, *b, *c;
};

void time_product(Operands& memory, const char* name, Index m, Index n, Index k, Transpose ta, Transpose tb, float beta,
                  double peak, int repetitions) {
  const View<const float> a = ta == Transpose::no ? View<const float>{memory.a, m, k} : View<const float>{memory.a, k, m};
  const View<const float> b = tb == Transpose::no ? View<const float>{memory.b, k, n} : View<const float>{memory.b, n, k};
  const View<float> c{memory.c, m, n};
  const double work = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) * 1e-9;
  const auto rate = [&](auto product) { return work / shortest_seconds(repetitions, [&] { product(a, ta, b, tb, c, beta); }); };
  const double chosen = rate(multiply);
  std::printf("%-9s %5td x %5td x %5td  %6.1f GFLOP/s  %.2f of peak  | sliced %6.1f  eigen %6.1f  bf16 %6.1f", name, m, k, n, chosen,
              chosen / peak, rate(sliced_multiply), rate(eigen_multiply), rate(multiply_bf16));
#ifdef RONDO_ONEDNN
  std::printf("  onednn %6.1f", rate(onednn_multiply));
#endif
  std::printf("\n");
  std::fflush(stdout);
}

void time_layer(Operands& memory, Index tokens, Index in, Index out, double peak, int repetitions) {
  time_product(memory, "y = x w'", tokens, out, in, Transpose::no, Transpose::yes, 0, peak, repetitions);
  time_product(memory, "dx = dy w", tokens, in, out, Transpose::no, Transpose::no, 0, peak, repetitions);
  time_product(memory, "dw += dy'x", out, in, tokens, Transpose::yes, Transpose::no, 1, peak, repetitions);
}

template <class Element>
void time_few_rows(const char* name, Index out, Index in, double bandwidth, int repetitions) {
  const std::vector<Element> w(static_cast<std::size_t>(out * in), Element{0.5f});
  const std::vector<float> x(static_cast<std::size_t>(few_rows * in), 1.0f);
  std::vector<float> y(static_cast<std::size_t>(few_rows * out));
  for (Index rows = 1; rows <= few_rows; ++rows) {
    const double seconds = shortest_seconds(repetitions, [&] {
      multiply_few_rows(View<const float>{x.data(), rows, in}, View<const Element>{w.data(), out, in},
                        View<float>{y.data(), rows, out});
    });
    const double reached = static_cast<double>(out * in) * sizeof(Element) / seconds * 1e-9;
    std::printf("%td rows, %s %td x %td: %.1f GB/s, %.2f of the triad\n", rows, name, out, in, reached, reached / bandwidth);
  }
}

int matrix_main(int repetitions) {
  Operands memory{16000 * 1024};
  const double peak = matrix_peak(repetitions);
  std::printf("%td threads, peak %.1f GFLOP/s\n", thread_count(), peak);
  for (const auto& [tokens, in, out] : std::vector<std::array<Index, 3>>{{4096, 512, 512},
                                                                         {4096, 512, 1536},
                                                                         {4096, 1536, 512},
                                                                         {4096, 512, 2048},
                                                                         {256, 512, 16000},
                                                                         {512, 512, 16000},
                                                                         {1024, 512, 16000},
                                                                         {2048, 256, 256},
                                                                         {2048, 256, 768},
                                                                         {2048, 768, 256},
                                                                         {256, 256, 8192},
                                                                         {512, 256, 8192},
                                                                         {1024, 256, 8192}})
    time_layer(memory, tokens, in, out, peak, repetitions);
  std::printf("peak again %.1f GFLOP/s\n", matrix_peak(repetitions));
  const auto [bandwidth, moved] = triad_bandwidth(repetitions);
  std::printf("triad %.1f GB/s as STREAM counts, %.1f moved\n", bandwidth, moved);
  time_few_rows<float>("float", 32000, 2048, bandwidth, repetitions);
  time_few_rows<bf16>("bf16", 32000, 4096, bandwidth, repetitions);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) {
  return rondo::bench::matrix_main(argc > 1 ? std::atoi(argv[1]) : 10);
}

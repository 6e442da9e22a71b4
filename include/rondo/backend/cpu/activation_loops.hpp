// The loops of activation functions and gates (core/activation.hpp, gate/forget.hpp; contracts: rondo/backend/backend.hpp).
//
//   map_rows<F>              y = F(x)                        map_rows_gradient     dx = dy F'(x); dx may be dy's memory
//   gated_rows<F>            y = F(p) u                      gated_rows_gradient   dp = dy u F'(p), du = dy F(p)
//   each_element_of(rule, x, y, ...)    an optimiser's rule, element by element
//   gate_rows<G>             log decay, write = G(f, beta)   gate_rows_gradient    df is written, dbeta added to; no beta: 0
//
// Those of rondo's own functions are compiled once; a function of your own is compiled where it is used.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/core/activation.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// Flattened: a function that is called, not inlined, keeps its loop from being vectorised.
template <class Function>
void map_rows(View<const float> x, View<float> y) {
  each_row(
      [](Index n, const float* from, float* to) __attribute__((flatten)) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] = Function::apply(from[i]);
      },
      x, y);
}

template <class Function>
void map_rows_gradient(View<const float> x, View<const float> dy, View<float> dx) {
  each_row(
      [](Index n, const float* from, const float* d, float* to) __attribute__((flatten)) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] = d[i] * Function::derivative(from[i]);
      },
      x, dy, dx);
}

template <class Function>
void gated_rows(View<const float> p, View<const float> u, View<float> y) {
  each_row(
      [](Index n, const float* gate, const float* up, float* to) __attribute__((flatten)) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] = Function::apply(gate[i]) * up[i];
      },
      p, u, y);
}

template <class Function>
void gated_rows_gradient(View<const float> p, View<const float> u, View<const float> dy, View<float> dp, View<float> du) {
  each_row(
      [](Index n, const float* gate, const float* up, const float* d, float* to_gate, float* to_up) __attribute__((flatten)) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
          const float value = d[i], active = Function::apply(gate[i]), slope = Function::derivative(gate[i]);
          to_gate[i] = value * up[i] * slope;
          to_up[i] = value * active;
        }
      },
      p, u, dy, dp, du);
}

template <class Gate>
void gate_rows(const Gate& settings, View<const float> f, View<const float> beta, View<float> log_decay, View<float> write) {
  each_row(
      [&](Index n, const float* from, float* decay, float* strength) __attribute__((flatten)) {
        const float* bounds = beta.data;
        if (bounds == nullptr) {
#pragma omp simd
          for (Index i = 0; i < n; ++i) {
            const auto out = settings.template apply<float>(from[i], 0.0F);
            decay[i] = out.log_decay;
            strength[i] = out.write;
          }
        } else {
#pragma omp simd
          for (Index i = 0; i < n; ++i) {
            const auto out = settings.template apply<float>(from[i], bounds[i]);
            decay[i] = out.log_decay;
            strength[i] = out.write;
          }
        }
      },
      f, log_decay, write);
}

template <class Gate>
void gate_rows_gradient(const Gate& settings, View<const float> f, View<const float> beta, View<const float> d_log_decay,
                        View<const float> d_write, View<float> df, View<float> d_beta, Arena& scratch) {
  const Arena::Mark mark{scratch};
  float* bounds = scratch.take<float>(2 * f.columns);  // bounds, and their gradient
  float* d_bounds = bounds + f.columns;
  std::fill_n(bounds, 2 * f.columns, 0.0F);
  if (beta) std::copy_n(beta.data, f.columns, bounds);
  each_column_range(
      f.rows, f.columns, [&](Index begin, Index end) __attribute__((flatten)) {
        for (Index t = 0; t < f.rows; ++t) {
          const float *from = f.row(t), *d_decay = d_log_decay.row(t), *d_strength = d_write.row(t);
          float* to = df.row(t);
#pragma omp simd
          for (Index i = begin; i < end; ++i) {
            const auto d = settings.template backward<float>(from[i], bounds[i], d_decay[i], d_strength[i]);
            to[i] = d.d_pre_activation;
            d_bounds[i] += d.d_bound;
          }
        }
      });
  if (d_beta)
    for (Index i = 0; i < f.columns; ++i) d_beta.data[i] += d_bounds[i];
}

// rule(x_i, y_i, ...) for the elements of matrices of one size.
template <class Rule, class... Elements>
void each_element_of(const Rule& rule, const View<Elements>&... views) {
  const auto act = [&](Index n, Elements*... elements) __attribute__((flatten)) {
    const Rule here = rule;
#pragma omp simd
    for (Index i = 0; i < n; ++i) here(elements[i]...);
  };
  each_run(act, views...);
}

#if !RONDO_HEADER_ONLY
#define RONDO_LOOPS_OF(F)                                                                                                      \
  RONDO_COMPILED_ONCE(activation_loops) template void map_rows<F>(View<const float>, View<float>);                             \
  RONDO_COMPILED_ONCE(activation_loops) template void map_rows_gradient<F>(View<const float>, View<const float>, View<float>); \
  RONDO_COMPILED_ONCE(activation_loops) template void gated_rows<F>(View<const float>, View<const float>, View<float>);        \
  RONDO_COMPILED_ONCE(activation_loops)                                                                                        \
  template void gated_rows_gradient<F>(View<const float>, View<const float>, View<const float>, View<float>, View<float>);
RONDO_LOOPS_OF(Silu)
RONDO_LOOPS_OF(Gelu)
RONDO_LOOPS_OF(GeluTanh)
RONDO_LOOPS_OF(Relu)
RONDO_LOOPS_OF(SquaredRelu)
RONDO_LOOPS_OF(Sigmoid)
RONDO_LOOPS_OF(Softplus)
RONDO_LOOPS_OF(Tanh)
RONDO_LOOPS_OF(Identity)
#undef RONDO_LOOPS_OF
#endif

}  // namespace rondo

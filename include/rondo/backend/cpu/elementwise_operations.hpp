// Cpu back-end, part 1: element-wise operations, gates, embeddings, dropout and sums (contracts: rondo/backend/backend.hpp).
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/context.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/backend/options.hpp>
#include <rondo/core/math.hpp>

namespace rondo {

template <class Backend>
class CpuElementwise : public ContextBase<Backend, float, Arena> {
 public:
  using Input = View<const float>;
  using Output = View<float>;

  void zero(Output y) {
    each_row([](Index n, float* to) { std::fill_n(to, n, 0.0F); }, y);
  }
  void copy(Input x, Output y) {
    if (x.data == y.data) return;
    each_row([](Index n, const float* from, float* to) { std::copy_n(from, n, to); }, x, y);
  }
  void add(Input x, Output y) {
    each_row([](Index n, const float* from, float* to) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] += from[i];
    }, x, y);
  }
  void scale(Output x, double factor) {
    const auto s = static_cast<float>(factor);
    each_row([s](Index n, float* to) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] *= s;
    }, x);
  }
  void blend(Input x, Output average, double share) {
    const auto s = static_cast<float>(share);
    each_row([s](Index n, const float* from, float* to) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] += s * (from[i] - to[i]);
    }, x, average);
  }
  void add_bias(Input bias, Output y) {
    each_row([&](Index n, float* to) {
      const float* b = bias.data;
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] += b[i];
    }, y);
  }
  void bias_gradient(Input dy, Output d_bias) {
    each_column_range(dy.rows, dy.columns, [&](Index begin, Index end) {
      float* to = d_bias.data;
      for (Index t = 0; t < dy.rows; ++t) {
        const float* from = dy.row(t);
#pragma omp simd
        for (Index i = begin; i < end; ++i) to[i] += from[i];
      }
    });
  }

  void add_scaled(Input weight, Input x, Output y) {
    const Index width = x.columns / weight.columns;
    each_row([&](Index n, const float* from, float* to) {
      const float* w = weight.data;
      if (width == 1) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] += w[i] * from[i];
      } else {
        for (Index group = 0; group < weight.columns; ++group) {
          const float factor = w[group];
#pragma omp simd
          for (Index i = group * width; i < (group + 1) * width; ++i) to[i] += factor * from[i];
        }
      }
    }, x, y);
  }
  // Threads own groups, so that no two of them add to the same weight.
  void add_scaled_gradient(Input weight, Input x, Input dy, Output dx, Output d_weight) {
    const Index width = x.columns / weight.columns;
    each_part(weight.columns, width == 1 ? 16 : 1, x.size(), [&](Index begin, Index end) {
      for (Index t = 0; t < x.rows; ++t) {
        const float *from = x.row(t), *d = dy.row(t), *w = weight.data;
        float *to = dx.row(t), *to_weight = d_weight.data;
        if (width == 1) {
#pragma omp simd
          for (Index i = begin; i < end; ++i) {
            to[i] += w[i] * d[i];
            to_weight[i] += from[i] * d[i];
          }
        } else {
          for (Index group = begin; group < end; ++group) {
            float sum = 0;
#pragma omp simd reduction(+ : sum)
            for (Index i = group * width; i < (group + 1) * width; ++i) {
              to[i] += w[group] * d[i];
              sum += from[i] * d[i];
            }
            to_weight[group] += sum;
          }
        }
      }
    });
  }

  template <class W>
  void embedding(Tokens ids, View<W> table, Output y) {
    each_row_range(y.rows, y.columns, [&](Index begin, Index end) {
      for (Index t = begin; t < end; ++t) {
        const auto* from = table.row(ids(0, t));
        float* to = y.row(t);
        for (Index i = 0; i < y.columns; ++i) to[i] = static_cast<float>(from[i]);
      }
    });
  }
  // Threads own columns, so that no two of them add to the same number.
  void embedding_gradient(Tokens ids, Input dy, Output d_table) {
    each_column_range(dy.rows, dy.columns, [&](Index begin, Index end) {
      for (Index t = 0; t < dy.rows; ++t) {
        float* to = d_table.row(ids(0, t));
        const float* from = dy.row(t);
#pragma omp simd
        for (Index i = begin; i < end; ++i) to[i] += from[i];
      }
    });
  }
  template <class W>
  void add_positions(Index first, View<W> table, Output y) {
    each_column_range(y.rows, y.columns, [&](Index begin, Index end) {
      for (const Sequence& sequence : this->sequences())
        for (Index t = 0; t < sequence.length; ++t) {
          const auto* from = table.row(first + sequence.position + t);
          float* to = y.row(sequence.begin + t);
#pragma omp simd
          for (Index i = begin; i < end; ++i) to[i] += static_cast<float>(from[i]);
        }
    });
  }
  void positions_gradient(Index first, Input dy, Output d_table) {
    each_column_range(dy.rows, dy.columns, [&](Index begin, Index end) {
      for (const Sequence& sequence : this->sequences())
        for (Index t = 0; t < sequence.length; ++t) {
          float* to = d_table.row(first + sequence.position + t);
          const float* from = dy.row(sequence.begin + t);
#pragma omp simd
          for (Index i = begin; i < end; ++i) to[i] += from[i];
        }
    });
  }

  // Flattened: a function that is called, not inlined, keeps its loop from being vectorised.
  template <class Function>
  void map(Input x, Output y) {
    each_row([](Index n, const float* from, float* to) __attribute__((flatten)) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] = Function::apply(from[i]);
    }, x, y);
  }
  template <class Function>
  void map_gradient(Input x, Input dy, Output dx) {
    each_row([](Index n, const float* from, const float* d, float* to) __attribute__((flatten)) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] = d[i] * Function::derivative(from[i]);
    }, x, dy, dx);
  }
  template <class Function>
  void gated(Input p, Input u, Output y) {
    each_row([](Index n, const float* gate, const float* up, float* to) __attribute__((flatten)) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] = Function::apply(gate[i]) * up[i];
    }, p, u, y);
  }
  template <class Function>
  void gated_gradient(Input p, Input u, Input dy, Output dp, Output du) {
    each_row([](Index n, const float* gate, const float* up, const float* d, float* to_gate, float* to_up) __attribute__((flatten)) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) {
        const float value = d[i], active = Function::apply(gate[i]), slope = Function::derivative(gate[i]);
        to_gate[i] = value * up[i] * slope;
        to_up[i] = value * active;
      }
    }, p, u, dy, dp, du);
  }

  void soft_cap(double cap, Input x, Output y) {
    const auto a = static_cast<float>(cap), inverse = 1 / a;
    each_row([a, inverse](Index n, const float* from, float* to) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] = a * hyperbolic_tangent(from[i] * inverse);
    }, x, y);
  }
  void soft_cap_gradient(double cap, Input y, Input dy, Output dx) {
    const float inverse = 1 / static_cast<float>(cap);
    each_row([inverse](Index n, const float* capped, const float* d, float* to) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) {
        const float ratio = capped[i] * inverse;
        to[i] = d[i] * (1 - ratio * ratio);
      }
    }, y, dy, dx);
  }

  template <class Gate>
  void gate(Input f, Input beta, Output log_decay, Output write, const Gate& settings = {}) {
    each_row([&](Index n, const float* from, float* decay, float* strength) __attribute__((flatten)) {
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
    }, f, log_decay, write);
  }
  template <class Gate>
  void gate_gradient(Input f, Input beta, Input d_log_decay, Input d_write, Output df, Output d_beta, const Gate& settings = {}) {
    auto mark = this->mark();
    float* bounds = this->scratch.template take<float>(2 * f.columns);  // bounds, and their gradient
    float* d_bounds = bounds + f.columns;
    std::fill_n(bounds, 2 * f.columns, 0.0F);
    if (beta) std::copy_n(beta.data, f.columns, bounds);
    each_column_range(f.rows, f.columns, [&](Index begin, Index end) __attribute__((flatten)) {
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
  void lower_bounds(Input raw, Output bounds) {
    for (Index i = 0; i < raw.columns; ++i) {
      const float highest = column_maximum(raw, i), total = column_total(raw, i, highest);
      float sum = 0;
      for (Index l = 0; l < raw.rows; ++l) {
        if (l > 0) sum += std::exp(raw(l, i) - highest) / total;
        bounds(l, i) = sum;
      }
    }
  }
  void lower_bounds_gradient(Input raw, Input d_bounds, Output d_raw) {
    for (Index i = 0; i < raw.columns; ++i) {
      const float highest = column_maximum(raw, i), total = column_total(raw, i, highest);
      const auto share = [&](Index l) { return std::exp(raw(l, i) - highest) / total; };
      float mean = 0, dp = 0;
      for (Index l = raw.rows - 1; l > 0; --l) mean += (dp += d_bounds(l, i)) * share(l);
      d_raw(0, i) -= mean * share(0);
      dp = 0;
      for (Index l = raw.rows - 1; l > 0; --l) {
        dp += d_bounds(l, i);
        d_raw(l, i) += share(l) * (dp - mean);
      }
    }
  }
  void dropout(double rate, std::uint64_t stream, Output x) {
    const RandomKey mask{this->key.value + stream * 0x9e3779b97f4a7c15ULL};
    const auto kept = static_cast<float>(1 / (1 - rate));
    each_row_range(x.rows, x.columns, [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r)
        for (Index i = 0; i < x.columns; ++i)
          x(r, i) *= uniform_number(mask, static_cast<std::uint64_t>(r * x.columns + i)) < rate ? 0.0F : kept;
    });
  }

  [[nodiscard]] double sum(Input x) {
    double total = 0;
    for (Index r = 0; r < x.rows; ++r)
      for (Index i = 0; i < x.columns; ++i) total += static_cast<double>(x(r, i));
    return total;
  }
  // Partial sums of fixed blocks, so that the result does not depend on the number of threads.
  [[nodiscard]] double sum_of_squares(Input x) {
    constexpr Index block = 1 << 16;
    const Index per_row = (x.columns + block - 1) / block, blocks = per_row * x.rows;
    auto mark = this->mark();
    double* partial = this->scratch.template take<double>(blocks);
#pragma omp parallel for schedule(static) if (blocks > 1)
    for (Index b = 0; b < blocks; ++b) {
      const float* from = x.row(b / per_row);
      double total = 0;
      const Index begin = b % per_row * block, end = std::min(begin + block, x.columns);
#pragma omp simd reduction(+ : total)
      for (Index i = begin; i < end; ++i) total += static_cast<double>(from[i]) * static_cast<double>(from[i]);
      partial[b] = total;
    }
    double total = 0;
    for (Index b = 0; b < blocks; ++b) total += partial[b];
    return total;
  }
  [[nodiscard]] bool finite(Input x) { return std::isfinite(sum_of_squares(x)); }

 private:
  static float column_maximum(Input raw, Index i) {
    float highest = raw(0, i);
    for (Index l = 1; l < raw.rows; ++l) highest = std::max(highest, raw(l, i));
    return highest;
  }
  static float column_total(Input raw, Index i, float highest) {
    float total = 0;
    for (Index l = 0; l < raw.rows; ++l) total += std::exp(raw(l, i) - highest);
    return total;
  }
};

}  // namespace rondo

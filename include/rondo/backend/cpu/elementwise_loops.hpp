// The loops of the Cpu back-end's element-wise operations (elementwise_operations.hpp), compiled once.
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/cpu/elementwise_operations.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/words.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/core/math.hpp>
#include <rondo/core/random.hpp>

namespace rondo {

RONDO_DEFINED_ONCE void compiled_for(std::integral_constant<int, sizeof(Lanes)>) {}

RONDO_DEFINED_ONCE void CpuElementwise::zero(Output y) {
  each_run([](Index n, float* to) { std::fill_n(to, n, 0.0F); }, y);
}

RONDO_DEFINED_ONCE void CpuElementwise::copy(Input x, Output y) {
  if (x.data == y.data) return;
  each_run([](Index n, const float* from, float* to) { std::copy_n(from, n, to); }, x, y);
}

RONDO_DEFINED_ONCE void CpuElementwise::add(Input x, Output y) {
  each_run(
      [](Index n, const float* from, float* to) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] += from[i];
      },
      x, y);
}

RONDO_DEFINED_ONCE void CpuElementwise::scale(Output x, double factor) {
  const auto s = static_cast<float>(factor);
  each_run(
      [s](Index n, float* to) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] *= s;
      },
      x);
}

RONDO_DEFINED_ONCE void CpuElementwise::round(Input x, Output words) {
  each_row_range(x.rows, x.columns, [&](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) pair_neighbours(x.row(t), x.columns, words.row(t));
  });
}
RONDO_DEFINED_ONCE void CpuElementwise::widen(Input words, Output x) {
  each_row_range(x.rows, x.columns, [&](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) part_neighbours(words.row(t), x.columns, x.row(t));
  });
}

RONDO_DEFINED_ONCE void CpuElementwise::blend(Input x, Output average, double share) {
  const auto s = static_cast<float>(share);
  each_run(
      [s](Index n, const float* from, float* to) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] += s * (from[i] - to[i]);
      },
      x, average);
}

RONDO_DEFINED_ONCE void CpuElementwise::add_bias(Input bias, Output y) {
  each_row(
      [&](Index n, float* to) {
        const float* b = bias.data;
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] += b[i];
      },
      y);
}

RONDO_DEFINED_ONCE void CpuElementwise::bias_gradient(Input dy, Output d_bias) {
  each_column_range(dy.rows, dy.columns, [&](Index begin, Index end) {
    float* to = d_bias.data;
    for (Index t = 0; t < dy.rows; ++t) {
      const float* from = dy.row(t);
#pragma omp simd
      for (Index i = begin; i < end; ++i) to[i] += from[i];
    }
  });
}

RONDO_DEFINED_ONCE void CpuElementwise::add_scaled(Input weight, Input x, Output y) {
  const Index width = x.columns / weight.columns;
  each_row(
      [&](Index n, const float* from, float* to) {
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
      },
      x, y);
}

// Threads own groups, so that no two of them add to the same weight.
RONDO_DEFINED_ONCE void CpuElementwise::add_scaled_gradient(Input weight, Input x, Input dy, Output dx, Output d_weight) {
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

// Threads own columns, so that no two of them add to the same number.
RONDO_DEFINED_ONCE void CpuElementwise::scatter_rows(Tokens rows, Input dy, Output dx) {
  each_column_range(dy.rows, dy.columns, [&](Index begin, Index end) {
    for (Index t = 0; t < dy.rows; ++t) {
      float* to = dx.row(rows(0, t));
      const float* from = dy.row(t);
#pragma omp simd
      for (Index i = begin; i < end; ++i) to[i] += from[i];
    }
  });
}

RONDO_DEFINED_ONCE void CpuElementwise::positions_gradient(Index first, Input dy, Output d_table) {
  each_column_range(dy.rows, dy.columns, [&](Index begin, Index end) {
    for (const Sequence& sequence : sequences())
      for (Index t = 0; t < sequence.length; ++t) {
        float* to = d_table.row(first + sequence.position + t);
        const float* from = dy.row(sequence.begin + t);
#pragma omp simd
        for (Index i = begin; i < end; ++i) to[i] += from[i];
      }
  });
}

RONDO_DEFINED_ONCE void CpuElementwise::soft_cap(double cap, Input x, Output y) {
  const auto a = static_cast<float>(cap), inverse = 1 / a;
  each_row(
      [a, inverse](Index n, const float* from, float* to) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] = a * hyperbolic_tangent(from[i] * inverse);
      },
      x, y);
}

RONDO_DEFINED_ONCE void CpuElementwise::soft_cap_gradient(double cap, Input y, Input dy, Output dx) {
  const float inverse = 1 / static_cast<float>(cap);
  each_row(
      [inverse](Index n, const float* capped, const float* d, float* to) {
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
          const float ratio = capped[i] * inverse;
          to[i] = d[i] * (1 - ratio * ratio);
        }
      },
      y, dy, dx);
}

inline float column_maximum(View<const float> raw, Index i) {
  float highest = raw(0, i);
  for (Index l = 1; l < raw.rows; ++l) highest = std::max(highest, raw(l, i));
  return highest;
}
inline float column_total(View<const float> raw, Index i, float highest) {
  float total = 0;
  for (Index l = 0; l < raw.rows; ++l) total += std::exp(raw(l, i) - highest);
  return total;
}

RONDO_DEFINED_ONCE void CpuElementwise::lower_bounds(Input raw, Output bounds) {
  for (Index i = 0; i < raw.columns; ++i) {
    const float highest = column_maximum(raw, i), total = column_total(raw, i, highest);
    float sum = 0;
    for (Index l = 0; l < raw.rows; ++l) {
      if (l > 0) sum += std::exp(raw(l, i) - highest) / total;
      bounds(l, i) = std::min(sum, 1.0F);  // rounding must not make a decay of it that grows
    }
  }
}

RONDO_DEFINED_ONCE void CpuElementwise::lower_bounds_gradient(Input raw, Input d_bounds, Output d_raw) {
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

RONDO_DEFINED_ONCE void CpuElementwise::dropout(double rate, std::uint64_t stream, Output x) {
  const RandomKey mask = key.at(stream);
  const auto kept = static_cast<float>(1 / (1 - rate));
  const std::int64_t last = largest_word_below(rate);
  if (last < 0) return;
  const auto dropped = static_cast<std::uint32_t>(last);
  // Elements `number`, ... of the matrix, which follow each other in memory.
  const auto drop = [&](float* to, Index number, Index count) {
    constexpr Index at_once = 1024;
    std::uint32_t words[at_once];
    for (Index part; count > 0; to += part, number += part, count -= part) {
      const Index before = number % 4;  // words of the first block that stand for earlier elements
      part = std::min(at_once - before, count);
      philox_words(mask, static_cast<std::uint64_t>(number / 4), (before + part + 3) / 4, words);
#pragma omp simd
      for (Index j = 0; j < part; ++j) to[j] *= select(words[before + j] <= dropped, 0.0F, kept);
    }
  };
  each_row_range(x.rows, x.columns, [&](Index begin, Index end) {
    if (x.contiguous()) return drop(x.row(begin), begin * x.columns, (end - begin) * x.columns);
    for (Index r = begin; r < end; ++r) drop(x.row(r), r * x.columns, x.columns);
  });
}

RONDO_DEFINED_ONCE double CpuElementwise::sum(Input x) {
  double total = 0;
  for (Index r = 0; r < x.rows; ++r)
    for (Index i = 0; i < x.columns; ++i) total += static_cast<double>(x(r, i));
  return total;
}

// Partial sums of fixed blocks, so that the result does not depend on the number of threads.
RONDO_DEFINED_ONCE double CpuElementwise::sum_of_squares(Input x) {
  constexpr Index block = 1 << 16;
  const Index per_row = (x.columns + block - 1) / block, blocks = per_row * x.rows;
  const Arena::Mark mark{scratch};
  double* partial = scratch.take<double>(blocks);
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

RONDO_DEFINED_ONCE bool CpuElementwise::finite(Input x) {
  return std::isfinite(sum_of_squares(x));
}

RONDO_DEFINED_ONCE void CpuElementwise::gather_rows(Tokens rows, Input x, Output y) {
  look_up(rows, x, y);
}

RONDO_DEFINED_ONCE void CpuElementwise::add_positions(Index first, Input table, Output y) {
  add_rows_at_positions(sequences(), first, table, y);
}

}  // namespace rondo

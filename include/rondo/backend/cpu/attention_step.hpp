// Softmax attention of one query a sequence (decoding), as in attention.hpp.
//
//   o = sum_u softmax(s)_u v_u,   s_u = scale q . k_u
//
// Bound by the memory that holds keys and values: they are read once, whole rows in order (a head's part of a row is too short for
// the processor's own prefetching), in blocks of keys, so that threads share one long sequence. A block's sums are relative to its
// own largest score and joined at the end (Dao, Haziza, Massa, Sizov, Flash-Decoding, 2023). The result does not depend on the number of
// threads.
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/cpu/attention_tile.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/vector_math.hpp>

namespace rondo {

inline constexpr Index attention_step_keys = 64;  // of a block

// What a block of keys gives every head of a query.
struct AttentionStepBlock {
  float* output;   // [heads d]: sum_u e^(s_u - highest) v_u
  float* highest;  // [heads]: largest s_u
  float* sum;      // [heads]: sum_u e^(s_u - highest)
  float* weights;  // [heads, keys]: e^(s_u - highest)

  static Index floats(const SoftmaxAttention& p) { return p.heads * (p.head_width + 2 + attention_step_keys); }
  AttentionStepBlock(float* memory, const SoftmaxAttention& p)
      : output(memory),
        highest(output + p.heads * p.head_width),
        sum(highest + p.heads),
        weights(sum + p.heads) {}
};

// The values of keys u, ..., u + Rows - 1 of the block that begins at `begin`, added to its output.
template <Index Rows>
void add_values(const SoftmaxAttention& p, const AttentionSequence& at, Index begin, Index u, const AttentionStepBlock& block) {
  const Index d = p.head_width, group = p.heads / p.key_value_heads;
  const float* values[Rows];
  unrolled<Rows>([&](auto r) { values[r] = at.values.row(begin + u + r); });
  for (Index h = 0; h < p.heads; ++h) {
    const float* weights = block.weights + h * attention_step_keys + u;
    const Index column = h / group * d;
    float* output = block.output + h * d;
#pragma omp simd
    for (Index c = 0; c < d; ++c) {
      float sum = output[c];
      unrolled<Rows>([&](auto r) __attribute__((always_inline)) { sum += weights[r] * values[r][column + c]; });
      output[c] = sum;
    }
  }
}

// The keys [begin, begin + count) of a sequence; `at` is that of its first head.
inline void attend_block(const SoftmaxAttention& p, const AttentionSequence& at, Index begin, Index count,
                         const AttentionStepBlock& block) {
  const Index d = p.head_width, group = p.heads / p.key_value_heads;
  const float scale = static_cast<float>(p.scale);
  for (Index u = 0; u < count; ++u) {
    const float* key = at.keys.row(begin + u);
    for (Index h = 0; h < p.heads; ++h) {
      const float *query = at.queries.data + h * d, *part = key + h / group * d;
      float score = 0;
#pragma omp simd reduction(+ : score)
      for (Index c = 0; c < d; ++c) score += query[c] * part[c];
      block.weights[h * attention_step_keys + u] = scale * score;
    }
  }
  for (Index h = 0; h < p.heads; ++h) {
    float* weights = block.weights + h * attention_step_keys;
    float highest = attention_lowest, sum = 0;
    for (Index u = 0; u < count; ++u) highest = std::max(highest, weights[u]);
#pragma omp simd reduction(+ : sum)
    for (Index u = 0; u < count; ++u) {
      weights[u] = exponential(weights[u] - highest);
      sum += weights[u];
    }
    block.highest[h] = highest;
    block.sum[h] = sum;
  }
  std::fill_n(block.output, p.heads * d, 0.0F);
  Index u = 0;
  for (; u + 4 <= count; u += 4) add_values<4>(p, at, begin, u, block);
  for (; u < count; ++u) add_values<1>(p, at, begin, u, block);
}

// o [heads d] and log_sum [heads] (or none) of the blocks that lie one after the other from `memory` on.
inline void join_blocks(const SoftmaxAttention& p, float* memory, Index blocks, float* o, float* log_sum) {
  const Index d = p.head_width, stride = AttentionStepBlock::floats(p);
  const AttentionStepBlock first{memory, p};
  for (Index h = 0; h < p.heads; ++h) {
    float highest = attention_lowest, sum = 0;
    for (Index b = 0; b < blocks; ++b) highest = std::max(highest, first.highest[b * stride + h]);
    float* output = o + h * d;
    std::fill_n(output, d, 0.0F);
    for (Index b = 0; b < blocks; ++b) {
      const float factor = exponential(first.highest[b * stride + h] - highest);
      const float* part = first.output + b * stride + h * d;
      sum += factor * first.sum[b * stride + h];
#pragma omp simd
      for (Index c = 0; c < d; ++c) output[c] += factor * part[c];
    }
    if (log_sum) log_sum[h] = highest + std::log(sum);
    const float share = 1 / sum;
#pragma omp simd
    for (Index c = 0; c < d; ++c) output[c] *= share;
  }
}

// Every sequence one row or none, of at most `most_keys` keys.
inline void attention_step(const CpuForward<SoftmaxAttention>& pass, Index most_keys, Arena& arena) {
  const SoftmaxAttention& p = pass.tag;
  const Sequences sequences = pass.sequences;
  const Index seen = p.window > 0 ? std::min(p.window, most_keys) : most_keys;
  const Index blocks = (seen + attention_step_keys - 1) / attention_step_keys;
  const Index count = static_cast<Index>(sequences.size()), stride = AttentionStepBlock::floats(p), threads = thread_count();
  Arena::Mark mark{arena};
  float* scratch = arena.take<float>(count * blocks * stride);
  // The keys that sequence s sees begin here, and are so many.
  const auto keys_of = [&](const AttentionSequence& at) {
    const Index all = at.keys.count();
    return p.window > 0 ? Range{std::max<Index>(0, all - p.window), all} : Range{0, all};
  };
  [[maybe_unused]] const bool together = count * blocks > 1 && threads > 1;
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads)) if (together)
  for (Index task = 0; task < count * blocks; ++task) {
    const Index s = task / blocks;
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    if (sequence.length == 0) continue;
    const AttentionSequence at{pass, s, 0};
    const Range keys = keys_of(at);
    const Index begin = keys.begin + task % blocks * attention_step_keys;
    if (begin < keys.end)
      attend_block(p, at, begin, std::min(attention_step_keys, keys.end - begin),
                   AttentionStepBlock{scratch + task * stride, p});
  }
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads)) if (count > 1 && threads > 1)
  for (Index s = 0; s < count; ++s) {
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    if (sequence.length == 0) continue;
    const Range keys = keys_of(AttentionSequence{pass, s, 0});
    join_blocks(p, scratch + s * blocks * stride, (keys.end - keys.begin + attention_step_keys - 1) / attention_step_keys,
                pass.out.o.row(sequence.begin), pass.out.log_sum ? pass.out.log_sum.row(sequence.begin) : nullptr);
  }
}

}  // namespace rondo

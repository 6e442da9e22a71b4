// Causal softmax attention with grouped queries, forward (Dao, FlashAttention-2, 2023, algorithm 1; Milakov and
// Gimelshein 2018 for the running sum).
//
//   s_tu = scale q_t . k_u for u <= t (and t - u < window);   o_t = sum_u softmax(s_t)_u v_u;   log_sum_t = log sum_u e^s_tu
//
// Shapes and contract: rondo/recurrence/softmax_attention.hpp; log_sum may be without data. q, k, v may be columns of one matrix.
// Scores are held transposed, keys
// by queries, so that a lane of a register is a query: maxima and sums along keys need no shuffling, and of the operands of
// the products only the queries are rearranged. No matrix of tokens x tokens exists; scratch is a few tiles a thread.
// A single query a sequence (decoding) is attention_step.hpp's.
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/cpu/attention_step.hpp>
#include <rondo/backend/cpu/attention_tile.hpp>
#include <rondo/backend/cpu/direct_product.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/vector_math.hpp>

namespace rondo {

// A thread's share of scratch for one tile of queries.
struct AttentionForwardTile {
  float* queries;    // [d, lanes], scaled
  float* scores;     // [keys, lanes]
  float* output;     // [d, lanes]
  float* reference;  // [lanes]: what is subtracted from scores
  float* sum;        // [lanes]
  float* change;     // [lanes]: what a raised reference multiplies earlier sums by
  float* values;     // [keys, d]

  static constexpr Index floats(Index d) { return attention_lanes * (2 * d + attention_keys + 3) + attention_keys * d; }
  AttentionForwardTile(float* memory, Index d)
      : queries(memory),
        scores(queries + d * attention_lanes),
        output(scores + attention_keys * attention_lanes),
        reference(output + d * attention_lanes),
        sum(reference + attention_lanes),
        change(sum + attention_lanes),
        values(change + attention_lanes) {}
};

// The column maxima of scores [keys, lanes], into `highest`.
inline void largest_scores(const float* scores, Index keys, Index lanes, float* highest) {
  for (Index j = 0; j < lanes; j += tile_columns) {
    Lanes largest[2][2];  // of even and of odd keys
    unrolled<2>([&](auto r) { largest[0][r] = largest[1][r] = load_lanes(scores + j + r * lane_count); });
    for (Index u = 0; u < keys; u += 2)
      unrolled<2>([&](auto odd) {
        if (u + odd >= keys) return;
        unrolled<2>([&](auto r) {
          const Lanes score = load_lanes(scores + (u + odd) * attention_lanes + j + r * lane_count);
          largest[odd][r] = score > largest[odd][r] ? score : largest[odd][r];
        });
      });
    unrolled<2>([&](auto r) {
      store_lanes(highest + j + r * lane_count, largest[0][r] > largest[1][r] ? largest[0][r] : largest[1][r]);
    });
  }
}

// Scores [keys, lanes] become e^(score - reference); the references, which are subtracted so that nothing overflows, and
// the sums follow. A reference is raised only where a score exceeds it by `slack`; true if one was, and then `change` is what
// earlier sums are to be multiplied by.
inline bool running_softmax(float* scores, Index keys, Index lanes, float* reference, float* sum, float* change) {
  constexpr Index L = attention_lanes;
  constexpr float slack = 8;
  largest_scores(scores, keys, lanes, change);
  int raised = 0;
#pragma omp simd reduction(| : raised)
  for (Index j = 0; j < lanes; ++j) {
    const float before = reference[j], now = select(change[j] > before + slack, change[j], before);
    raised |= static_cast<int>(now != before);
    reference[j] = now;
    change[j] = exponential(before - now);
    sum[j] *= change[j];
  }
  for (Index u = 0; u < keys; ++u)
#pragma omp simd
    for (Index j = 0; j < lanes; ++j) {
      const float e = exponential(scores[u * L + j] - reference[j]);
      scores[u * L + j] = e;
      sum[j] += e;
    }
  return raised != 0;
}

// The queries [first, first + count) of one sequence and head: o and log_sum written.
inline void attend(const SoftmaxAttention& p, const TileProduct& product, const AttentionSequence& at, Index first, Index count,
                   const AttentionForwardTile& tile, View<float> o, float* log_sum, Index log_sum_stride) {
  constexpr Index L = attention_lanes;
  const Index d = p.head_width, lanes = padded_lanes(count);
  transpose_rows(at.queries.middle_rows(first, count), static_cast<float>(p.scale), tile.queries, lanes);
  std::fill_n(tile.output, d * L, 0.0F);
  std::fill_n(tile.reference, lanes, attention_lowest);
  std::fill_n(tile.sum, lanes, 0.0F);
  for_each_key_tile(p, at.keys.past.rows, first, count, [&](const AttentionKeyTile& keys) {
    const Index from = keys.first_lane, width = lanes - from;
    const View<float> scores{tile.scores + from, keys.count, width, L}, output{tile.output + from, d, width, L};
    product(at.keys.rows(keys.begin, keys.count), Transpose::no, View<const float>{tile.queries + from, d, width, L},
                   scores, 1, false);
    keys.mask(tile.scores, lanes);
    if (running_softmax(scores.data, keys.count, width, tile.reference + from, tile.sum + from, tile.change + from))
      for (Index c = 0; c < d; ++c)
#pragma omp simd
        for (Index j = from; j < lanes; ++j) tile.output[c * L + j] *= tile.change[j];
    product(copied_rows(at.values.rows(keys.begin, keys.count), tile.values), Transpose::yes, scores, output, 1, true);
  });
  for (Index j = 0; j < count; ++j) {
    if (log_sum) log_sum[j * log_sum_stride] = tile.reference[j] + std::log(tile.sum[j]);
    tile.sum[j] = 1 / tile.sum[j];
  }
  for (Index c = 0; c < d; ++c)
#pragma omp simd
    for (Index j = 0; j < lanes; ++j) tile.output[c * L + j] *= tile.sum[j];
  transpose_back(tile.output, o);
}

// final = initial with the rows of each sequence behind its first `position` entries.
inline void extend_cache(Sequences sequences, View<const float> rows, View<const float> initial, View<float> final) {
  const Index width = rows.columns;
  for (Index s = 0; final && s < std::ssize(sequences); ++s) {
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    float* to = final.row(s);
    if (!initial)
      std::fill_n(to, sequence.position * width, 0.0F);
    else if (initial.row(s) != to)
      std::copy_n(initial.row(s), sequence.position * width, to);
    for (Index t = 0; t < sequence.length; ++t)
      std::copy_n(rows.row(sequence.begin + t), width, to + (sequence.position + t) * width);
  }
}

inline void attention_tiles(const CpuForward<SoftmaxAttention>& pass, Arena& arena) {
  const SoftmaxAttention& p = pass.tag;
  const View<float> o = pass.out.o, log_sum = pass.out.log_sum;
  const Index d = p.head_width, threads = thread_count(), longest = longest_sequence(pass.sequences);
  Arena::Mark mark{arena};
  const Index share = AttentionForwardTile::floats(d);
  float* scratch = arena.take<float>(threads * share);
  const Index tiles = (longest + attention_lanes - 1) / attention_lanes, tasks = tiles * p.heads * std::ssize(pass.sequences);
#pragma omp parallel for schedule(dynamic, 1) num_threads(static_cast <int>(threads))
  for (Index task = 0; task < tasks; ++task) {
    // One after the other the tiles that share keys and values, those with the most keys first.
    const Index s = task / tiles / p.heads, head = task / tiles % p.heads;
    const Index first = (tiles - 1 - task % tiles) * attention_lanes;
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
    if (first >= sequence.length) continue;
    const Index count = std::min(attention_lanes, sequence.length - first);
    attend(p, {pass.precision}, AttentionSequence{pass, s, head}, first, count, AttentionForwardTile{scratch + thread_number() * share, d},
           o.middle_rows(sequence.begin + first, count).middle_columns(head * d, d),
           log_sum ? log_sum.row(sequence.begin + first) + head : nullptr, log_sum.stride);
  }
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<SoftmaxAttention>& pass, Arena& scratch) {
  const auto initial = or_none(pass.carried.initial), final = or_none(pass.carried.final);
  zero_padding(pass.sequences, pass.out.o);
  if (pass.out.log_sum) zero_padding(pass.sequences, pass.out.log_sum);
  Index most_keys = 0;
  for (const Sequence& sequence : pass.sequences)
    most_keys = std::max(most_keys, sequence.length + (initial.keys ? sequence.position : 0));
  if (longest_sequence(pass.sequences) == 1)
    attention_step(pass, most_keys, scratch);
  else
    attention_tiles(pass, scratch);
  extend_cache(pass.sequences, pass.in.k, initial.keys, final.keys);
  extend_cache(pass.sequences, pass.in.v, initial.values, final.values);
}

}  // namespace rondo

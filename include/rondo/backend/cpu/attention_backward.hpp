// Causal softmax attention with grouped queries, backward (Dao, FlashAttention-2, 2023, algorithm 2).
//
//   delta_t = d_o_t . o_t;   p_tu = e^(s_tu - log_sum_t);   ds_tu = p_tu (d_o_t . v_u - delta_t)
//   dq_t = scale sum_u ds_tu k_u;   dk_u = scale sum_t ds_tu q_t;   dv_u = sum_t p_tu d_o_t   (t over a group's query heads too)
//
// Scores are computed again from log_sum, tile by tile; a thread works through one sequence and key/value head, so that no
// two threads add to the same gradient. Shapes and contract: rondo/recurrence/softmax_attention.hpp.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/attention_tile.hpp>
#include <rondo/backend/cpu/direct_product.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/rows.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/vector_math.hpp>

namespace rondo {

// A thread's share of scratch for one tile of queries.
struct AttentionBackwardTile {
  float* queries;    // [d, lanes], scaled
  float* d_output;   // [d, lanes]
  float* d_queries;  // [d, lanes]
  float* weights;    // [keys, lanes]: p
  float* d_scores;   // [keys, lanes]: ds
  float* log_sum;    // [lanes]
  float* delta;      // [lanes]
  float* keys;       // [keys, d]
  float* rows;       // [lanes, 2 d]: the queries, and d_o beside them

  static constexpr Index floats(Index d) { return attention_lanes * (5 * d + 2 * attention_keys + 2) + attention_keys * d; }
  AttentionBackwardTile(float* memory, Index d)
      : queries(memory),
        d_output(queries + d * attention_lanes),
        d_queries(d_output + d * attention_lanes),
        weights(d_queries + d * attention_lanes),
        d_scores(weights + attention_keys * attention_lanes),
        log_sum(d_scores + attention_keys * attention_lanes),
        delta(log_sum + attention_lanes),
        keys(delta + attention_lanes),
        rows(keys + attention_keys * d) {}
};

// The gradients of one sequence's keys and values of one head; a past without data is not wanted.
struct AttentionGradients {
  PastAndPresent<float> keys, values;
};

// The queries [first, first + o.rows) of one sequence and head: dq written, the gradients of keys and values added to.
inline void attend_backward(const SoftmaxAttention& p, const TileProduct& product, const AttentionSequence& at, Index first,
                            View<const float> o,
                            View<const float> d_o, const float* log_sum, Index log_sum_stride, const AttentionBackwardTile& tile,
                            View<float> dq, const AttentionGradients& gradients) {
  constexpr Index L = attention_lanes;
  const Index d = p.head_width, count = o.rows, lanes = padded_lanes(count);
  const float scale = static_cast<float>(p.scale);
  const View<const float> queries = copied_rows(at.queries.middle_rows(first, count), tile.rows);
  const View<const float> d_rows = copied_rows(d_o, tile.rows + attention_lanes * d);
  transpose_rows(queries, scale, tile.queries, lanes);
  transpose_rows(d_o, 1, tile.d_output, lanes);
  std::fill_n(tile.d_queries, d * L, 0.0F);
  for (Index j = 0; j < lanes; ++j) {
    float delta = 0;
    if (j < count)
#pragma omp simd reduction(+ : delta)
      for (Index c = 0; c < d; ++c) delta += o(j, c) * d_o(j, c);
    tile.delta[j] = delta;
    tile.log_sum[j] = j < count ? log_sum[j * log_sum_stride] : -attention_lowest;  // lanes of no query weigh nothing
  }
  for_each_key_tile(p, at.keys.past.rows, first, count, [&](const AttentionKeyTile& tile_keys) {
    const Index from = tile_keys.first_lane, width = lanes - from, begin = tile_keys.begin, keys = tile_keys.count;
    const View<float> weights{tile.weights + from, keys, width, L}, d_scores{tile.d_scores + from, keys, width, L};
    const View<const float> key = copied_rows(at.keys.rows(begin, keys), tile.keys), value = at.values.rows(begin, keys);
    product(key, Transpose::no, View<const float>{tile.queries + from, d, width, L}, weights, 1, false);
    product(value, Transpose::no, View<const float>{tile.d_output + from, d, width, L}, d_scores, 1, false);
    tile_keys.mask(tile.weights, lanes);
    for (Index u = 0; u < keys; ++u) {
      float *weight = tile.weights + u * L, *d_score = tile.d_scores + u * L;
#pragma omp simd
      for (Index j = from; j < lanes; ++j) {
        weight[j] = exponential(weight[j] - tile.log_sum[j]);
        d_score[j] = weight[j] * (d_score[j] - tile.delta[j]);
      }
    }
    product(key, Transpose::yes, d_scores, View<float>{tile.d_queries + from, d, width, L}, scale, true);
    if (begin < at.keys.past.rows && !gradients.keys.past) return;
    const Index seen = count - from;
    product(d_scores.middle_columns(0, seen), Transpose::no, queries.middle_rows(from, seen),
                   gradients.keys.rows(begin, keys), scale, true);
    product(weights.middle_columns(0, seen), Transpose::no, d_rows.middle_rows(from, seen),
                   gradients.values.rows(begin, keys), 1, true);
  });
  transpose_back(tile.d_queries, dq);
}

// The transpose of extend_cache: the gradient of the appended rows and of the earlier entries, both added to.
inline void extend_cache_gradient(Sequences sequences, View<const float> d_final, View<float> d_rows, View<float> d_initial) {
  const Index width = d_rows.columns;
  for (Index s = 0; d_final && s < std::ssize(sequences); ++s) {
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    const float* from = d_final.row(s);
    if (d_initial) add_row(1, from, d_initial.row(s), sequence.position * width);
    for (Index t = 0; t < sequence.length; ++t)
      add_row(1, from + (sequence.position + t) * width, d_rows.row(sequence.begin + t), width);
  }
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<SoftmaxAttention>& pass, Arena& arena) {
  const SoftmaxAttention& p = pass.tag;
  const View<float> dq = pass.d_in.q, dk = pass.d_in.k, dv = pass.d_in.v;
  const View<const float> o = pass.out.o, log_sum = pass.out.log_sum, d_o = pass.d_out.o;
  const auto d_final = or_none(pass.carried.d_final), d_initial = or_none(pass.carried.d_initial);
  for (const View<float>& d : {dq, dk, dv}) zero_padding(pass.sequences, d);
  for (const View<float>& d : {d_initial.keys, d_initial.values})
    if (d) zero_rows(d);
  const Index d = p.head_width, group = p.heads / p.key_value_heads, threads = thread_count();
  const Index share = AttentionBackwardTile::floats(d), tasks = std::ssize(pass.sequences) * p.key_value_heads;
  Arena::Mark mark{arena};
  float* scratch = arena.take<float>(threads * share);
#pragma omp parallel for schedule(dynamic, 1) num_threads(static_cast <int>(threads))
  for (Index task = 0; task < tasks; ++task) {
    const Index s = task / p.key_value_heads, source = task % p.key_value_heads;
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
    const Index begin = sequence.begin, length = sequence.length;
    const auto part = [&](auto x, Index head) { return x.middle_rows(begin, length).middle_columns(head * d, d); };
    const Index past = pass.carried.initial ? sequence.position : 0;
    const auto past_part = [&](View<float> x) {
      View<float> rows = cache_rows(p, x, sequence, s, source);
      rows.rows = past;
      return rows;
    };
    const AttentionGradients gradients{{past_part(d_initial.keys), part(dk, source)}, {past_part(d_initial.values), part(dv, source)}};
    zero_rows(gradients.keys.present);
    zero_rows(gradients.values.present);
    for (Index head = source * group; head < (source + 1) * group; ++head) {
      const AttentionSequence at{pass, s, head};
      for (Index first = 0; first < length; first += attention_lanes) {
        const Index count = std::min(attention_lanes, length - first);
        const auto tile_part = [&](auto x) { return part(x, head).middle_rows(first, count); };
        attend_backward(p, {pass.precision}, at, first, tile_part(o), tile_part(d_o), log_sum.row(begin + first) + head, log_sum.stride,
                        AttentionBackwardTile{scratch + thread_number() * share, d}, tile_part(dq), gradients);
      }
    }
  }
  extend_cache_gradient(pass.sequences, d_final.keys, dk, d_initial.keys);
  extend_cache_gradient(pass.sequences, d_final.values, dv, d_initial.values);
}

}  // namespace rondo

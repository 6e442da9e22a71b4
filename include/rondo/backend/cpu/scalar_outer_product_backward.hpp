// Outer-product recurrence with one decay a head and keys shared by groups of heads (Mamba-2), backward, in chunks.
//
// With dS the gradient of a chunk's end state, S its first state, weights and to_end without the write strengths w:
//
//   P = dO V^T,   X = products * weights,   Z = X * P                      below and on the diagonal
//   dA = P * weights * w_j, summed over the heads of a group:   dq = c dA K,   dk = c dA^T Q
//   through the first state:  dq += c through (dO S^T)                                  r_t = q_t . (this head's part)
//   to the end state:         dk += w to_end (V dS^T)      dv = w (X^T dO + to_end K dS)    e_t = k_t . to_end (V dS^T)
//   dw_j = sum_i Z_ij + e_j
//   dg_t = sum_{u >= t} (sum_{j<u} Z_uj w_j - sum_{i>u} Z_iu w_u + r_u - w_u e_u) + sum of all w e + whole <S, dS>
//   dS of the first state = whole dS + (c through dO)^T Q
//
// The terms Z_tt cancel in dg and are left out of it. Nothing is saved by the forward pass: the chunks' first states are computed
// again from `initial` and kept, as [V, K], in scratch.
//
// Shapes and contract: rondo/recurrence/scalar_outer_product.hpp. Parallel over sequences, groups and, where these are few, parts of
// a group's heads; sums over heads are in the order of heads, part by part: they do not depend on the number of threads.
#pragma once

#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/scalar_outer_product_chunk.hpp>

namespace rondo {

// So many pieces of work at least, however few sequences and groups there are; each has gradients of q and k of its own.
inline constexpr Index group_tasks = 8;

// Memory of one thread, taken once.
struct ScalarOuterProductBackward {
  ScalarOuterProductBackward() = default;
  ScalarOuterProductBackward(const ScalarOuterProduct& p, Index longest, Precision precision, Arena& arena)
      : product{precision}, decay(arena) {
    const Index K = p.key_width, V = p.value_width;
    states = arena.take<float>(chunks_of(longest) * V * K);
    d_state_memory = arena.take<float>(V * K);
    for (float** array : {&scores, &d_scores}) *array = arena.take<float>(chunk_rows * chunk_rows);
    values = arena.take<float>(chunk_rows * V);
    keys = arena.take<float>(chunk_rows * K);
    for (float** array : {&to_decay, &to_write}) *array = arena.take<float>(chunk_rows);
  }

  ChunkProduct product;
  HeadDecay decay;
  float *states = nullptr, *d_state_memory = nullptr, *scores = nullptr, *d_scores = nullptr, *values = nullptr, *keys = nullptr;
  float *to_decay = nullptr, *to_write = nullptr;  // dg before it is summed up, and dw
};

// What the heads of a group add up: dq, dk [tokens, groups K] and the matrices dA of all chunks.
struct GroupGradients {
  View<float> q, k;
  float* products;
};

// What passes through the chunk's first state, [V, K].
inline void add_first_state_gradients(ScalarOuterProductBackward& work, float scale, const ScalarOuterProductRows& in,
                                      View<const float> d_o, View<const float> state, View<float> dq) {
  const View<float> rows{work.keys, d_o.rows, state.columns};
  work.product(d_o, Transpose::no, state, Transpose::no, rows);
  for (Index t = 0; t < rows.rows; ++t) {
    const float factor = scale * work.decay.through[t];
    work.to_decay[t] += factor * row_product(in.q.row(t), rows.row(t), rows.columns);
    add_row(factor, rows.row(t), dq.row(t), rows.columns);
  }
}
// What passes through its end state; writes dv / w. Returns the sum of w e.
inline float add_end_state_gradients(ScalarOuterProductBackward& work, const ScalarOuterProductRows& in, View<const float> d_state,
                                     View<float> dk, View<float> dv) {
  const View<float> rows{work.keys, dv.rows, d_state.columns};
  const float *to_end = work.decay.to_end(), *write = work.decay.write;
  float sum = 0;
  work.product(in.v, Transpose::no, d_state, Transpose::no, rows);
  work.product(in.k, Transpose::no, d_state, Transpose::yes, dv);
  for (Index t = 0; t < rows.rows; ++t) {
    const float product = to_end[t] * row_product(in.k.row(t), rows.row(t), rows.columns);
    work.to_write[t] += product;
    work.to_decay[t] -= write[t] * product;
    sum += write[t] * product;
    add_row(to_end[t] * write[t], rows.row(t), dk.row(t), rows.columns);
    scale_row(to_end[t], dv.row(t), dv.row(t), dv.columns);
  }
  return sum;
}
// What passes within the chunk; d_products is added to, and dv / w where `onto` says so.
inline void add_product_gradients(ScalarOuterProductBackward& work, View<const float> products, const ScalarOuterProductRows& in,
                                  View<const float> d_o, View<float> d_products, View<float> dv, bool onto) {
  each_triangle_block(d_o.rows, [&](Index begin, Index end, bool whole) {
    const Index rows = end - begin;
    const View<float> scores{work.scores, rows, end, chunk_rows}, d_scores{work.d_scores, rows, end, chunk_rows};
    const View<const float> d_output = d_o.middle_rows(begin, rows);
    work.product(d_output, Transpose::no, in.v.middle_rows(0, end), Transpose::yes, d_scores);
    for (Index t = begin; t < end; ++t) {
      const float *product = products.row(t), *d_score = d_scores.row(t - begin), *write = work.decay.write;
      float* weight = work.decay.weights().row(t);
      float *score = scores.row(t - begin), *d_product = d_products.row(t), *to_write = work.to_write, *to_decay = work.to_decay;
      float sum = 0;
      weight[t] = 0;  // of the row with itself, which comes below: weights beyond it are zero too, so that registers are whole
      const Index width = std::min(end, padded_width(t));
#pragma omp simd reduction(+ : sum)
      for (Index j = 0; j < width; ++j) {
        const float x = product[j] * weight[j], z = x * d_score[j], through_write = z * write[j];
        score[j] = x;
        d_product[j] += d_score[j] * weight[j] * write[j];
        to_write[j] += z;
        to_decay[j] -= through_write;
        sum += through_write;
      }
      weight[t] = 1;
      to_decay[t] += sum;
      score[t] = product[t];
      d_product[t] += d_score[t] * write[t];
      to_write[t] += product[t] * d_score[t];
      std::fill(score + std::max(width, t + 1), score + end, 0.0F);
    }
    work.product(scores, Transpose::yes, d_output, Transpose::no, dv.middle_rows(0, end), 1, whole && !onto ? 0 : 1);
  });
}

// One sequence, one head; dq, dk and dA are added to.
inline void scalar_outer_product_backward_head(ScalarOuterProductBackward& work, const GroupChunks& chunks,
                                               const CpuGradient<ScalarOuterProduct>& pass, Index sequence, Index head,
                                               const GroupGradients& d_group) {
  const ScalarOuterProduct& p = pass.tag;
  const auto& d = pass.d_in;
  const View<const float> initial = head_state(or_none(pass.carried.initial).memory, sequence, p, head);
  const View<const float> d_final = head_state(or_none(pass.carried.d_final).memory, sequence, p, head);
  const View<float> d_initial = head_state(or_none(pass.carried.d_initial).memory, sequence, p, head);
  const Range range{chunks.first(sequence), chunks.first(sequence + 1)};
  const Index K = p.key_width, V = p.value_width, group = head / (p.heads / p.groups);
  const float scale = static_cast<float>(p.scale);
  const View<float> d_state{work.d_state_memory, V, K};
  const auto state = [&](Index chunk) { return View<float>{work.states + (chunk - range.begin) * V * K, V, K}; };
  const auto cut = [&](auto view, ChunkRows at, Index column, Index width) {
    return view.middle_rows(at.begin, at.rows).middle_columns(column, width);
  };
  HeadDecay& decay = work.decay;
  if (initial && range.begin < range.end) transpose_matrix(initial, state(range.begin));
  for (Index chunk = range.begin; chunk + 1 < range.end; ++chunk) {
    const Index rows = chunks.rows(chunk).rows;
    const ScalarOuterProductRows here = head_rows(p, pass.in, head, chunks.rows(chunk));
    const View<float> values{work.values, rows, V};
    const bool zero = chunk == range.begin && !initial;
    decay.open(here.g.rows, here.g, here.w, true);
    for (Index t = 0; t < rows; ++t) scale_row(decay.to_end()[t], here.v.row(t), values.row(t), V);
    if (!zero) scale_row(decay.whole(), state(chunk).data, state(chunk + 1).data, V * K);
    chunks.product(values, Transpose::yes, here.k, Transpose::no, state(chunk + 1), 1, zero ? 0 : 1);
  }
  bool flows = static_cast<bool>(d_final);  // whether anything comes from behind the chunk
  if (flows) transpose_matrix(d_final, d_state);
  for (Index chunk = range.end; chunk-- > range.begin; flows = true) {
    const ChunkRows at = chunks.rows(chunk);
    const ScalarOuterProductRows here = head_rows(p, pass.in, head, at);
    const View<const float> d_output = cut(pass.d_out.o, at, head * V, V);
    const View<float> dv = cut(d.v, at, head * V, V), dg = cut(d.g, at, head, 1), dw = cut(d.w, at, head, 1);
    const bool zero = chunk == range.begin && !initial;
    float at_end = 0;  // what is the same for dg of the whole chunk
    decay.open(here.g.rows, here.g, here.w, false);
    std::fill_n(work.to_decay, at.rows, 0.0F);
    std::fill_n(work.to_write, at.rows, 0.0F);
    if (!zero)
      add_first_state_gradients(work, scale, here, d_output, state(chunk), chunks.part(d_group.q, chunk, group));
    if (flows) {
      at_end = add_end_state_gradients(work, here, d_state, chunks.part(d_group.k, chunk, group), dv);
      if (!zero) at_end += decay.whole() * row_product(state(chunk).data, d_state.data, V * K);
    }
    add_product_gradients(work, chunks.products(chunk, group), here, d_output, chunks.matrix_of(d_group.products, chunk, group), dv,
                          flows);
    float sum = at_end;
    for (Index t = at.rows; t-- > 0;) {
      dg(t, 0) = sum += work.to_decay[t];
      dw(t, 0) = work.to_write[t];
      scale_row(decay.write[t], dv.row(t), dv.row(t), V);
    }
    if (chunk == range.begin && !d_initial) break;
    const View<float> values{work.values, at.rows, V};
    for (Index t = 0; t < at.rows; ++t) scale_row(scale * decay.through[t], d_output.row(t), values.row(t), V);
    chunks.product(values, Transpose::yes, here.q, Transpose::no, d_state, 1, flows ? decay.whole() : 0);
  }
  if (!d_initial) return;
  if (flows)
    transpose_matrix(d_state, d_initial);
  else
    std::fill_n(d_initial.data, K * V, 0.0F);
}

// The sums over parts of a group's heads, and what passes through the products q . k.
inline void close_group(const GroupChunks& chunks, const ScalarOuterProductRows& in, float scale, const GroupGradients* parts,
                        Index count, Index chunk, Index group) {
  const View<float> dq = chunks.part(parts[0].q, chunk, group), dk = chunks.part(parts[0].k, chunk, group);
  const View<float> d_products = chunks.matrix_of(parts[0].products, chunk, group);
  for (Index number = 1; number < count; ++number) {
    const auto add = [](View<const float> from, View<float> to) {
      for (Index t = 0; t < to.rows; ++t) add_row(1, from.row(t), to.row(t), to.columns);
    };
    add(chunks.part(parts[number].q, chunk, group), dq);
    add(chunks.part(parts[number].k, chunk, group), dk);
    add(chunks.matrix_of(parts[number].products, chunk, group), d_products);
  }
  each_triangle_block(d_products.rows, [&](Index begin, Index end, bool) {
    const View<const float> block = d_products.middle_rows(begin, end - begin).middle_columns(0, end);
    chunks.product(block, Transpose::no, chunks.part(in.k, chunk, group).middle_rows(0, end), Transpose::no,
                  dq.middle_rows(begin, end - begin), scale, 1);
    chunks.product(block, Transpose::yes, chunks.part(in.q, chunk, group).middle_rows(begin, end - begin), Transpose::no,
                  dk.middle_rows(0, end), scale, 1);
  });
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<ScalarOuterProduct>& pass, Arena& scratch) {
  const ScalarOuterProduct& p = pass.tag;
  const auto& d = pass.d_in;
  for (const View<float>& gradient : {d.g, d.w, d.v}) zero_padding(pass.sequences, gradient);
  for (const View<float>& gradient : {d.q, d.k}) zero_rows(gradient);
  const Index per_group = p.heads / p.groups, groups = std::ssize(pass.sequences) * p.groups;
  const Index parts = groups == 0 ? 1 : std::clamp<Index>((group_tasks + groups - 1) / groups, 1, per_group);
  const Index tasks = groups * parts, threads = head_threads(pass.sequences, p, tasks);
  const Arena::Mark mark{scratch};
  const GroupChunks chunks{pass.sequences, p, pass.precision, scratch};
  const Index size = chunks.count() * p.groups * chunk_rows * chunk_rows;
  auto* sums = scratch.take<GroupGradients>(parts);
  for (Index number = 0; number < parts; ++number) {
    const auto like = [&](View<float> gradient) {
      if (number == 0) return gradient;
      const View<float> more{scratch.take<float>(gradient.size()), gradient.rows, gradient.columns};
      std::fill_n(more.data, more.size(), 0.0F);
      return more;
    };
    sums[number] = {like(d.q), like(d.k), scratch.take<float>(size)};
    std::fill_n(sums[number].products, size, 0.0F);
  }
  chunks.each([&](Index chunk, Index group) { chunks.form_products(pass.in.q, pass.in.k, chunk, group); });
  auto* work = scratch.take<ScalarOuterProductBackward>(threads);
  for (Index thread = 0; thread < threads; ++thread)
    work[thread] = ScalarOuterProductBackward(p, longest_sequence(pass.sequences), pass.precision, scratch);
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index task = 0; task < tasks; ++task) {
    const Index number = task / (p.groups * parts), group = task / parts % p.groups, part = task % parts;
    const Range heads = share_of(per_group, parts, part);
    for (Index head = group * per_group + heads.begin; head < group * per_group + heads.end; ++head)
      scalar_outer_product_backward_head(work[thread_number()], chunks, pass, number, head, sums[part]);
  }
  chunks.each([&](Index chunk, Index group) { close_group(chunks, pass.in, static_cast<float>(p.scale), sums, parts, chunk, group); });
}

}  // namespace rondo

// Mamba-3's state space in chunks, forward and backward: the outer product with one decay a head, over keys that were turned before.
//
//   n_t = (1 - l_{t+1}) step_{t+1}, nothing after the last token;   w_t = l_t step_t + n_t,   g_t = rate_t step_t
//   S'_0 = S_0 + (1 - l_1) step_1 k'_0 v_0^T;   o' = ScalarOuterProduct(q', k', g, w, v) from S'_0;   o_t = o'_t - n_t (q'_t . k'_t) v_t
//
// The part of a token that the next one writes is written at once, and what its own output must not see of it is taken away again.
// Backward, with a_t = q'_t . k'_t and b_t = v_t . do_t:
//   dn_t = dw_t - a_t b_t,  dn_0 = k'_0^T dS'_0 v_0;   dq'_t -= n_t b_t k'_t,  dk'_t -= n_t b_t q'_t,  dv_t -= n_t a_t do_t
//   d trapezoid_t = l_t (1 - l_t) step_t (dw_t - dn_{t-1}),   d step_t = l_t dw_t + (1 - l_t) dn_{t-1} + rate_t dg_t + what turns
//
// Shapes, contract and what is left: rondo/recurrence/trapezoidal_outer_product.hpp. Parallel over sequences and heads; sums over the heads
// of a group and over tokens are in one order.
#pragma once

#include <cmath>
#include <numbers>

#include <rondo/backend/cpu/head_chunks.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/rows.hpp>
#include <rondo/core/vector_math.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>
#include <rondo/recurrence/trapezoidal_outer_product.hpp>

namespace rondo {

void run_recurrence(const CpuForward<ScalarOuterProduct>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<ScalarOuterProduct>& pass, Arena& scratch);

// x (1 + ...) = sin x on |x| <= pi / 2, to 1.2e-7; then of 0 <= angle <= 2 pi.
[[gnu::always_inline]] inline float sine_of_quarter(float x) {
  const float square = x * x;
  float q = 2.605780622e-6F;
  q = q * square - 1.980960289e-4F;
  q = q * square + 8.333066246e-3F;
  q = q * square - 1.666665955e-1F;
  return x * square * q + x;
}
inline constexpr float half_turn = std::numbers::pi_v<float>;
[[gnu::always_inline]] inline float cosine_of_turn(float angle) {
  return sine_of_quarter(std::abs(angle - half_turn) - half_turn / 2);
}
[[gnu::always_inline]] inline float sine_of_turn(float angle) {
  const float centred = angle - half_turn, size = std::abs(centred);
  return std::copysign(sine_of_quarter(at_most(size, half_turn - size)), -centred);
}

// The pairs of x by angles of which these are the cosines and sines; direction -1: back.
inline void turn_pairs(const float* cosine, const float* sine, Index angles, float direction, float* x) {
#pragma omp simd
  for (Index p = 0; p < angles; ++p) {
    const float first = x[2 * p], second = x[2 * p + 1], s = direction * sine[p];
    x[2 * p] = cosine[p] * first - s * second;
    x[2 * p + 1] = s * first + cosine[p] * second;
  }
}

inline View<float> scratch_matrix(Arena& scratch, Index rows, Index columns) {
  return {scratch.take<float>(rows * columns), rows, columns};
}

// What both passes form of the tokens first, in scratch memory.
struct TurnedTokens {
  View<float> theta, cosine, sine, q, k, g, w, next;  // theta: of every sequence after its last token; next: n
  ScalarOuterProduct tag;
  Index threads;

  template <class Pass>
  TurnedTokens(const Pass& pass, Index rows, Arena& scratch)
      : tag{pass.tag.heads, pass.tag.heads, pass.tag.key_width, pass.tag.value_width},
        threads(head_threads(pass.sequences, tag, std::ssize(pass.sequences) * tag.heads)) {
    const auto matrix = [&](Index count, Index columns) { return scratch_matrix(scratch, count, columns); };
    const Index heads = tag.heads, turning = heads * pass.tag.angles;
    theta = matrix(std::ssize(pass.sequences), turning);
    cosine = matrix(rows, turning), sine = matrix(rows, turning);
    q = matrix(rows, heads * tag.key_width), k = matrix(rows, heads * tag.key_width);
    g = matrix(rows, heads), w = matrix(rows, heads), next = matrix(rows, heads);
    each_head_of(pass.sequences, heads, threads, [&](Index, Index s, Index h) { form(pass, s, h); });
  }

  [[nodiscard]] ScalarOuterProduct::Inputs<View<const float>> inputs(View<const float> v) const {
    return {.q = q, .k = k, .g = g, .w = w, .v = v};
  }

 private:
  void form(const auto& pass, Index s, Index h) const {
    const TrapezoidalOuterProduct& p = pass.tag;
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
    const Index first = h * p.angles, key = h * p.key_width, end = sequence.begin + sequence.length;
    float* angle = theta.row(s) + first;
    const View<const float> before = or_none(pass.carried.initial).theta;
    for (Index i = 0; i < p.angles; ++i) angle[i] = before ? before(s, first + i) : 0;
    for (Index t = sequence.begin; t < end; ++t) {
      const float step = pass.in.step(t, h);
      const float* faster = pass.in.angle.row(t);
      const float *query = pass.in.q.row(t) + p.keys_of(h), *written = pass.in.k.row(t) + p.keys_of(h);
      const float *query_bias = pass.weights.query_bias.row(h), *key_bias = pass.weights.key_bias.row(h);
      float *c = cosine.row(t) + first, *si = sine.row(t) + first, *turned_q = q.row(t) + key, *turned_k = k.row(t) + key;
#pragma omp simd
      for (Index i = 0; i < p.angles; ++i) {
        const float sum = angle[i] + half_turn * step * hyperbolic_tangent(faster[i]);
        const float within = sum - 2 * half_turn * std::floor(sum / (2 * half_turn));
        angle[i] = within;
        c[i] = cosine_of_turn(within);
        si[i] = sine_of_turn(within);
      }
#pragma omp simd
      for (Index i = 0; i < p.key_width; ++i) {
        turned_q[i] = query[i] + query_bias[i];
        turned_k[i] = written[i] + key_bias[i];
      }
      turn_pairs(c, si, p.angles, 1, turned_q);
      turn_pairs(c, si, p.angles, 1, turned_k);
      g(t, h) = pass.in.rate(t, h) * step;
      next(t, h) = t + 1 < end ? sigmoid(-pass.in.trapezoid(t + 1, h)) * pass.in.step(t + 1, h) : 0;
      w(t, h) = sigmoid(pass.in.trapezoid(t, h)) * step + next(t, h);
    }
  }
};

// How much of what a sequence brings is written by its first token: 0 where there is none.
template <class Pass>
float first_early(const Pass& pass, Index s, Index h) {
  const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
  return sequence.length > 0 ? sigmoid(-pass.in.trapezoid(sequence.begin, h)) * pass.in.step(sequence.begin, h) : 0;
}
// S'_0 of all sequences, in scratch memory; nothing where they bring nothing.
template <class Pass>
ScalarOuterProduct::State<View<float>> states_with_first_write(const Pass& pass, const TurnedTokens& tokens, Arena& scratch) {
  const auto initial = or_none(pass.carried.initial);
  if (!initial.memory) return {};
  const TrapezoidalOuterProduct& p = pass.tag;
  const View<float> start{scratch.take<float>(initial.memory.size()), initial.memory.rows, initial.memory.columns};
  each_head_of(pass.sequences, p.heads, tokens.threads, [&](Index, Index s, Index h) {
    const View<float> state = head_state(start, s, p, h), before = head_state(initial.memory, s, p, h);
    const float early = first_early(pass, s, h);
    const float *key = initial.key.row(s) + h * p.key_width, *value = initial.value.row(s) + h * p.value_width;
    for (Index i = 0; i < p.key_width; ++i) {
      std::copy_n(before.row(i), p.value_width, state.row(i));
      add_row(early * key[i], value, state.row(i), p.value_width);
    }
  });
  return {start};
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<TrapezoidalOuterProduct>& pass, Arena& scratch) {
  using State = ScalarOuterProduct::State<View<float>>;
  const TrapezoidalOuterProduct& p = pass.tag;
  const Arena::Mark mark{scratch};
  const View<float> o = pass.out.o;
  const TurnedTokens tokens{pass, o.rows, scratch};
  const State start = states_with_first_write(pass, tokens, scratch), last{or_none(pass.carried.final).memory};
  const Carried<State> carried{start.memory ? &start : nullptr, last.memory ? &last : nullptr};
  run_recurrence(CpuForward<ScalarOuterProduct>{tokens.tag, pass.sequences, {}, tokens.inputs(pass.in.v), {o}, carried, pass.precision},
                 scratch);
  const auto initial = or_none(pass.carried.initial), final = or_none(pass.carried.final);
  each_head_of(pass.sequences, p.heads, tokens.threads, [&](Index, Index s, Index h) {
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
    const Index end = sequence.begin + sequence.length, keys = h * p.key_width, values = h * p.value_width;
    for (Index t = sequence.begin; t + 1 < end; ++t)
      add_row(-tokens.next(t, h) * row_product(tokens.q.row(t) + keys, tokens.k.row(t) + keys, p.key_width),
                   pass.in.v.row(t) + values, o.row(t) + values, p.value_width);
    const auto pass_on = [&](View<const float> newest, View<const float> before, View<float> to, Index first, Index count) {
      if (!to) return;
      if (sequence.length > 0)
        std::copy_n(newest.row(end - 1) + first, count, to.row(s) + first);
      else
        for (Index i = 0; i < count; ++i) to(s, first + i) = before ? before(s, first + i) : 0;
    };
    pass_on(tokens.k, initial.key, final.key, keys, p.key_width);
    pass_on(pass.in.v, initial.value, final.value, values, p.value_width);
    if (final.theta) std::copy_n(tokens.theta.row(s) + h * p.angles, p.angles, final.theta.row(s) + h * p.angles);
  });
}

// Gradients of turned keys and queries, and of the angles a token adds, each head by itself.
struct TurnedGradients {
  View<float> q, k, g, w, angle;
};

// One head of a sequence, back from its last token: dq', dk' become those of what was turned.
inline void trapezoid_backward_head(const CpuGradient<TrapezoidalOuterProduct>& pass, const TurnedTokens& tokens, const TurnedGradients& d,
                                    View<float> d_start, Index s, Index h, float* d_theta) {
  const TrapezoidalOuterProduct& p = pass.tag;
  const auto initial = or_none(pass.carried.initial);
  const auto d_final = or_none(pass.carried.d_final), d_initial = or_none(pass.carried.d_initial);
  const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
  const Index begin = sequence.begin, end = begin + sequence.length, K = p.key_width, V = p.value_width, keys = h * K, values = h * V;
  const auto load = [&](View<const float> from, Index first, Index count, float* to) {
    for (Index i = 0; i < count; ++i) to[i] = from ? from(s, first + i) : 0;
  };
  load(d_final.theta, h * p.angles, p.angles, d_theta);
  if (end > begin) {
    if (d_final.key) add_row(1, d_final.key.row(s) + keys, d.k.row(end - 1) + keys, K);
    if (d_final.value) add_row(1, d_final.value.row(s) + values, pass.d_in.v.row(end - 1) + values, V);
  }
  // dn of the token before the first, and what its key and value get.
  float d_early = 0;
  const float early = first_early(pass, s, h);
  if (d_initial.key) std::fill_n(d_initial.key.row(s) + keys, K, 0.0F);
  if (d_initial.value) std::fill_n(d_initial.value.row(s) + values, V, 0.0F);
  if (d_start) {
    const float *key = initial.key.row(s) + keys, *value = initial.value.row(s) + values;
    const View<const float> dS = head_state(d_start, s, p, h);
    for (Index i = 0; i < K; ++i) {
      const float along = row_product(dS.row(i), value, V);
      d_early += key[i] * along;
      if (d_initial.key) d_initial.key(s, keys + i) = early * along;
      if (d_initial.value) add_row(early * key[i], dS.row(i), d_initial.value.row(s) + values, V);
    }
  }
  const auto d_next_of = [&](Index t) {  // dn_t
    if (t < begin) return d_early;
    return d.w(t, h) - row_product(tokens.q.row(t) + keys, tokens.k.row(t) + keys, K) *
                           row_product(pass.in.v.row(t) + values, pass.d_out.o.row(t) + values, V);
  };
  for (Index t = end; t-- > begin;) {
    const float step = pass.in.step(t, h), late = sigmoid(pass.in.trapezoid(t, h)), next = tokens.next(t, h);
    const float *q = tokens.q.row(t) + keys, *k = tokens.k.row(t) + keys;
    const float *v = pass.in.v.row(t) + values, *d_o = pass.d_out.o.row(t) + values;
    const float *cosine = tokens.cosine.row(t) + h * p.angles, *sine = tokens.sine.row(t) + h * p.angles;
    float *dq = d.q.row(t) + keys, *dk = d.k.row(t) + keys, *d_angle = d.angle.row(t) + h * p.angles;
    if (next != 0) {
      const float b = next * row_product(v, d_o, V);
      add_row(-b, k, dq, K);
      add_row(-b, q, dk, K);
      add_row(-next * row_product(q, k, K), d_o, pass.d_in.v.row(t) + values, V);
    }
    const float d_before = d_next_of(t - 1);
    float d_step = late * d.w(t, h) + (1 - late) * d_before + pass.in.rate(t, h) * d.g(t, h);
    const float* faster = pass.in.angle.row(t);
#pragma omp simd reduction(+ : d_step)
    for (Index i = 0; i < p.angles; ++i) {
      d_theta[i] += q[2 * i] * dq[2 * i + 1] - q[2 * i + 1] * dq[2 * i] + k[2 * i] * dk[2 * i + 1] - k[2 * i + 1] * dk[2 * i];
      const float turn = hyperbolic_tangent(faster[i]);
      d_angle[i] = half_turn * step * (1 - turn * turn) * d_theta[i];
      d_step += half_turn * turn * d_theta[i];
    }
    turn_pairs(cosine, sine, p.angles, -1, dq);
    turn_pairs(cosine, sine, p.angles, -1, dk);
    pass.d_in.rate(t, h) = step * d.g(t, h);
    pass.d_in.step(t, h) = d_step;
    pass.d_in.trapezoid(t, h) = late * (1 - late) * step * (d.w(t, h) - d_before);
  }
  if (d_initial.theta) std::copy_n(d_theta, p.angles, d_initial.theta.row(s) + h * p.angles);
  if (end == begin) {  // the state passes on
    if (d_initial.key) load(d_final.key, keys, K, d_initial.key.row(s) + keys);
    if (d_initial.value) load(d_final.value, values, V, d_initial.value.row(s) + values);
  }
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<TrapezoidalOuterProduct>& pass, Arena& scratch) {
  using State = ScalarOuterProduct::State<View<float>>;
  const TrapezoidalOuterProduct& p = pass.tag;
  const Index rows = pass.in.q.rows, H = p.heads, K = p.key_width;
  const Arena::Mark mark{scratch};
  const auto matrix = [&](Index count, Index columns) { return scratch_matrix(scratch, count, columns); };
  const TurnedTokens tokens{pass, rows, scratch};
  const TurnedGradients d{matrix(rows, H * K), matrix(rows, H * K), matrix(rows, H), matrix(rows, H), matrix(rows, H * p.angles)};
  const State start = states_with_first_write(pass, tokens, scratch), last{or_none(pass.carried.d_final).memory};
  State first{or_none(pass.carried.d_initial).memory};
  if (start.memory && !first.memory) first.memory = matrix(start.memory.rows, start.memory.columns);
  const CarriedGradient<State> carried{start.memory ? &start : nullptr, last.memory ? &last : nullptr, first.memory ? &first : nullptr};
  run_recurrence(CpuGradient<ScalarOuterProduct>{tokens.tag, pass.sequences, {}, tokens.inputs(pass.in.v), {}, {pass.d_out.o}, {},
                                                 {d.q, d.k, d.g, d.w, pass.d_in.v}, carried, pass.precision},
                 scratch);
  for (const View<float>& written : {pass.d_in.rate, pass.d_in.step, pass.d_in.trapezoid}) zero_padding(pass.sequences, written);
  zero_padding(pass.sequences, d.angle);
  float* d_theta = scratch.take<float>(tokens.threads * p.angles);
  each_head_of(pass.sequences, H, tokens.threads, [&](Index thread, Index s, Index h) {
    trapezoid_backward_head(pass, tokens, d, start.memory ? first.memory : View<float>{}, s, h, d_theta + thread * p.angles);
  });
  // Sums over the heads of a group, over all heads, and over tokens.
  const Index per_group = H / p.groups;
  each_task(rows, tokens.threads, [&](Index, Index t) {
    const auto sum_of = [&](const float* parts, Index count, Index size, float* to) {
      std::fill_n(to, size, 0.0F);
      for (Index i = 0; i < count; ++i) add_row(1, parts + i * size, to, size);
    };
    for (Index group = 0; group < p.groups; ++group) {
      sum_of(d.q.row(t) + group * per_group * K, per_group, K, pass.d_in.q.row(t) + group * K);
      sum_of(d.k.row(t) + group * per_group * K, per_group, K, pass.d_in.k.row(t) + group * K);
    }
    sum_of(d.angle.row(t), H, p.angles, pass.d_in.angle.row(t));
  });
  each_task(H, tokens.threads, [&](Index, Index h) {
    for (Index t = 0; t < rows; ++t) {
      add_row(1, d.q.row(t) + h * K, pass.d_weights.query_bias.row(h), K);
      add_row(1, d.k.row(t) + h * K, pass.d_weights.key_bias.row(h), K);
    }
  });
}

}  // namespace rondo

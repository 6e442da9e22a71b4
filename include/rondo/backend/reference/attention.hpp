// Reference back-end: causal softmax attention, query by query.
//
// Backward, with p_j the weights and delta = do . o:   dv_j += p_j do;  ds_j = p_j (do . v_j - delta) scale;
// dq += ds_j k_j;  dk_j += ds_j q. Gradients of the cache are added to.
#pragma once

#include <limits>

#include <rondo/backend/reference/sequence.hpp>
#include <rondo/recurrence/softmax_attention.hpp>

namespace rondo {

template <class C>
struct AttentionLoop {
  using T = typename C::Scalar;
  using Input = View<const T>;
  using Output = View<T>;

  static void forward(C& c, const SoftmaxAttention& p, Input q, Input k, Input v, Input past_keys, Input past_values, Output o,
                      Output log_sum) {
    const Index d = p.head_width;
    c.zero(o);
    for (Index s = 0; s < std::ssize(c.sequences()); ++s) {
      auto mark = c.mark();
      const Index past = past_length(c, s, past_keys);
      const Output keys = gather(c, s, past, past_keys, k), values = gather(c, s, past, past_values, v);
      each_query(c, p, s, past, [&](Index t, Index h, Index column, Index first, Index last) {
        Real<T> highest = -std::numeric_limits<Real<T>>::infinity();
        for (Index j = first; j <= last; ++j) highest = std::max(highest, real_part(score(p, q, keys, t, h, column, j)));
        T sum(0);
        for (Index j = first; j <= last; ++j) {
          const T weight = exponential(score(p, q, keys, t, h, column, j) - T(highest));
          sum += weight;
          for (Index i = 0; i < d; ++i) o(t, h * d + i) += weight * values(j, column + i);
        }
        for (Index i = 0; i < d; ++i) o(t, h * d + i) /= sum;
        log_sum(t, h) = T(highest) + logarithm(sum);
      });
    }
  }

  static void gradient(C& c, const SoftmaxAttention& p, Input q, Input k, Input v, Input past_keys, Input past_values, Input o,
                       Input log_sum, Input d_o, Output dq, Output dk, Output dv, Output d_past_keys, Output d_past_values) {
    const Index d = p.head_width;
    for (const Output out : {dq, dk, dv}) c.zero(out);
    for (Index s = 0; s < std::ssize(c.sequences()); ++s) {
      auto mark = c.mark();
      const Index past = past_length(c, s, past_keys);
      const Output keys = gather(c, s, past, past_keys, k), values = gather(c, s, past, past_values, v);
      const Output d_keys = c.matrix(keys.rows, keys.columns), d_values = c.matrix(keys.rows, keys.columns);
      c.zero(d_keys);
      c.zero(d_values);
      each_query(c, p, s, past, [&](Index t, Index h, Index column, Index first, Index last) {
        T delta(0);
        for (Index i = 0; i < d; ++i) delta += d_o(t, h * d + i) * o(t, h * d + i);
        for (Index j = first; j <= last; ++j) {
          const T weight = exponential(score(p, q, keys, t, h, column, j) - log_sum(t, h));
          T d_weight(0);
          for (Index i = 0; i < d; ++i) {
            d_weight += d_o(t, h * d + i) * values(j, column + i);
            d_values(j, column + i) += weight * d_o(t, h * d + i);
          }
          const T d_score = weight * (d_weight - delta) * T(static_cast<Real<T>>(p.scale));
          for (Index i = 0; i < d; ++i) {
            dq(t, h * d + i) += d_score * keys(j, column + i);
            d_keys(j, column + i) += d_score * q(t, h * d + i);
          }
        }
      });
      scatter(c, s, past, d_keys, dk, d_past_keys);
      scatter(c, s, past, d_values, dv, d_past_values);
    }
  }

 private:
  static Index past_length(C& c, Index s, Input past_keys) {
    return past_keys ? c.sequences()[static_cast<std::size_t>(s)].position : 0;
  }
  // The cached entries of sequence s and its own rows, one below the other.
  static Output gather(C& c, Index s, Index past, Input cache, Input own) {
    const Sequence& sequence = c.sequences()[static_cast<std::size_t>(s)];
    const Output all = c.matrix(past + sequence.length, own.columns);
    for (Index i = 0; i < past * own.columns; ++i) all.data[i] = cache(s, i);
    c.copy(own.middle_rows(sequence.begin, sequence.length), all.middle_rows(past, sequence.length));
    return all;
  }
  static void scatter(C& c, Index s, Index past, Input all, Output own, Output cache) {
    const Sequence& sequence = c.sequences()[static_cast<std::size_t>(s)];
    if (cache)
      for (Index i = 0; i < past * own.columns; ++i) cache(s, i) += all.data[i];
    c.copy(all.middle_rows(past, sequence.length), own.middle_rows(sequence.begin, sequence.length));
  }
  // act(row, head, first column of its keys, first and last key it sees)
  template <class Act>
  static void each_query(C& c, const SoftmaxAttention& p, Index s, Index past, Act act) {
    const Sequence& sequence = c.sequences()[static_cast<std::size_t>(s)];
    for (Index t = 0; t < sequence.length; ++t)
      for (Index h = 0; h < p.heads; ++h)
        act(sequence.begin + t, h, h / (p.heads / p.key_value_heads) * p.head_width,
            p.window > 0 ? std::max<Index>(0, past + t - p.window + 1) : 0, past + t);
  }
  static T score(const SoftmaxAttention& p, Input q, Input keys, Index t, Index h, Index column, Index j) {
    T sum(0);
    for (Index i = 0; i < p.head_width; ++i) sum += q(t, h * p.head_width + i) * keys(j, column + i);
    return sum * T(static_cast<Real<T>>(p.scale));
  }
};

template <class T>
class ReferenceContext;
template <class T>
struct Recurrence<ReferenceContext<T>, SoftmaxAttention> : AttentionLoop<ReferenceContext<T>> {};

}  // namespace rondo

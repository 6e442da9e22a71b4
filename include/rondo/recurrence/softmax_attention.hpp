// Causal softmax attention with grouped queries (Vaswani et al. 2017; Ainslie et al. 2023), as a recurrence whose state is the
// cache of keys and values:
//
//   o_i = sum_j p_ij v_j,   p_i = softmax over j <= i of scale q_i . k_j        (j > i - window where window > 0)
//
// q, o [tokens, heads d], k, v [tokens, key_value_heads d], log_sum [tokens, heads]; query head h reads key head
// h / (heads / key_value_heads). Caches [sequences, capacity key_value_heads d]: the first `position` entries of the initial one are
// filled, and the final one holds those and this pass's behind them. Back-ends never hold a tokens x tokens matrix (Dao et al. 2022):
// the backward forms p again from log_sum, which has no gradient. Throws Error where a sequence outgrows its cache.
// Backward, with delta = do . o:   dv_j += p_j do;  ds_j = p_j (do . v_j - delta) scale;  dq += ds_j k_j;  dk_j += ds_j q
#pragma once

#include <limits>

#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

struct SoftmaxAttention {
  Index heads = 0;
  Index key_value_heads = 0;
  Index head_width = 0;  // d
  double scale = 1;
  Index window = 0;    // 0: no limit
  Index capacity = 0;  // tokens that a cache holds

  [[nodiscard]] constexpr Index key_value_size() const { return key_value_heads * head_width; }

  template <class V>
  struct Inputs {
    V q, k, v;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    const Dimensions keys{extent.tokens, key_value_size()};
    return leaves(buffer("q", {extent.tokens, heads * head_width}, in.q...), buffer("k", keys, in.k...), buffer("v", keys, in.v...));
  }
  template <class V>
  struct Outputs {
    V o;
    Wide<V> log_sum;
  };
  auto output_leaves(Extent extent, auto&... out) const {
    return leaves(buffer("o", {extent.tokens, heads * head_width}, out.o...),
                  buffer("log_sum", {extent.tokens, heads}, out.log_sum...));
  }
  template <class V>
  struct State {
    V keys, values;
  };
  auto state_leaves(Extent extent, auto&... s) const {
    const Dimensions cache{extent.sequences, capacity * key_value_size()};
    return leaves(buffer("keys", cache, s.keys...), buffer("values", cache, s.values...));
  }
  void check(const auto& pass) const {
    require(key_value_heads > 0 && heads % key_value_heads == 0, "attention: ", heads, " heads do not divide among ", key_value_heads,
            " key/value heads");
    const bool extended = is_extended(pass.carried);
    for (const Sequence& sequence : pass.sequences) {
      const Index held = (pass.carried.initial || extended ? sequence.position : 0) + (extended ? sequence.length : 0);
      require(held <= capacity, "attention: the cache holds ", capacity, " tokens, not ", held);
    }
  }

  // q k^T and p v over the causal half of the square.
  [[nodiscard]] constexpr double operations(Index length) const {
    return 2.0 * static_cast<double>(length) * static_cast<double>(heads * head_width);
  }
  static constexpr double gradient_cost = 2.5;

  template <class C>
  void forward(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const Index d = head_width;
    const auto q = pass.in.q;
    const auto o = pass.out.o, log_sum = pass.out.log_sum;
    const auto initial = or_none(pass.carried.initial), final = or_none(pass.carried.final);
    c.zero(o);
    if (log_sum) c.zero(log_sum);
    each_sequence(pass.sequences, [&](Index s, const Sequence& sequence) {
      auto mark = c.mark();
      const Index past = initial.keys ? sequence.position : 0;
      const auto keys = gather(c, s, sequence, past, initial.keys, pass.in.k);
      const auto values = gather(c, s, sequence, past, initial.values, pass.in.v);
      each_query(sequence, past, [&](Index t, Index h, Index column, Index first, Index last) {
        Real<T> highest = -std::numeric_limits<Real<T>>::infinity();
        for (Index j = first; j <= last; ++j) highest = std::max(highest, real_part(score<T>(q, keys, t, h, column, j)));
        T sum(0);
        for (Index j = first; j <= last; ++j) {
          const T weight = exponential(score<T>(q, keys, t, h, column, j) - T(highest));
          sum += weight;
          for (Index i = 0; i < d; ++i) o(t, h * d + i) += weight * values(j, column + i);
        }
        for (Index i = 0; i < d; ++i) o(t, h * d + i) /= sum;
        if (log_sum) log_sum(t, h) = T(highest) + logarithm(sum);
      });
      extend(s, sequence, pass.in.k, initial.keys, final.keys);
      extend(s, sequence, pass.in.v, initial.values, final.values);
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const Index d = head_width;
    const auto q = pass.in.q, o = pass.out.o, log_sum = pass.out.log_sum, d_o = pass.d_out.o;
    const auto dq = pass.d_in.q, dk = pass.d_in.k, dv = pass.d_in.v;
    const auto initial = or_none(pass.carried.initial), d_final = or_none(pass.carried.d_final);
    const auto d_initial = or_none(pass.carried.d_initial);
    const auto zero = [&](const auto&... written) { ((written ? c.zero(written) : void()), ...); };
    zero(dq, dk, dv, d_initial.keys, d_initial.values);
    each_sequence(pass.sequences, [&](Index s, const Sequence& sequence) {
      auto mark = c.mark();
      const Index past = initial.keys ? sequence.position : 0;
      const auto keys = gather(c, s, sequence, past, initial.keys, pass.in.k);
      const auto values = gather(c, s, sequence, past, initial.values, pass.in.v);
      const auto d_keys = c.matrix(keys.rows, keys.columns), d_values = c.matrix(keys.rows, keys.columns);
      c.zero(d_keys);
      c.zero(d_values);
      each_query(sequence, past, [&](Index t, Index h, Index column, Index first, Index last) {
        T delta(0);
        for (Index i = 0; i < d; ++i) delta += d_o(t, h * d + i) * o(t, h * d + i);
        for (Index j = first; j <= last; ++j) {
          const T weight = exponential(score<T>(q, keys, t, h, column, j) - log_sum(t, h));
          T d_weight(0);
          for (Index i = 0; i < d; ++i) {
            d_weight += d_o(t, h * d + i) * values(j, column + i);
            d_values(j, column + i) += weight * d_o(t, h * d + i);
          }
          const T d_score = weight * (d_weight - delta) * as_scalar<T>(scale);
          for (Index i = 0; i < d; ++i) {
            dq(t, h * d + i) += d_score * keys(j, column + i);
            d_keys(j, column + i) += d_score * q(t, h * d + i);
          }
        }
      });
      const auto scatter = [&](const auto& all, const auto& d_cache, const auto& d_rows, const auto& d_before) {
        for (Index i = 0; d_before && i < past * all.columns; ++i) d_before(s, i) += all.data[i];
        c.copy(all.middle_rows(past, sequence.length), d_rows.middle_rows(sequence.begin, sequence.length));
        extend_gradient(s, sequence, d_cache, d_rows, d_before);
      };
      scatter(d_keys, d_final.keys, dk, d_initial.keys);
      scatter(d_values, d_final.values, dv, d_initial.values);
    });
  }

 private:
  template <class State>
  static bool is_extended(const Carried<State>& carried) { return carried.final != nullptr; }
  template <class State>
  static bool is_extended(const CarriedGradient<State>& carried) { return carried.d_final != nullptr; }

  // The cached entries of sequence s and its own rows, one below the other.
  static auto gather(auto& c, Index s, const Sequence& sequence, Index past, const auto& cache, const auto& rows) {
    const auto all = c.matrix(past + sequence.length, rows.columns);
    for (Index i = 0; i < past * rows.columns; ++i) all.data[i] = cache(s, i);
    c.copy(rows.middle_rows(sequence.begin, sequence.length), all.middle_rows(past, sequence.length));
    return all;
  }
  // final = initial with the rows behind its first `position` entries; and its transpose, added to both.
  static void extend(Index s, const Sequence& sequence, const auto& rows, const auto& initial, const auto& final) {
    if (!final) return;
    using T = std::remove_cvref_t<decltype(*final.data)>;
    const Index width = rows.columns;
    for (Index i = 0; i < sequence.position * width; ++i) final(s, i) = initial ? initial(s, i) : T(0);
    for (Index t = 0; t < sequence.length; ++t)
      for (Index i = 0; i < width; ++i) final(s, (sequence.position + t) * width + i) = rows(sequence.begin + t, i);
  }
  static void extend_gradient(Index s, const Sequence& sequence, const auto& d_final, const auto& d_rows, const auto& d_initial) {
    if (!d_final) return;
    const Index width = d_rows.columns;
    for (Index i = 0; d_initial && i < sequence.position * width; ++i) d_initial(s, i) += d_final(s, i);
    for (Index t = 0; t < sequence.length; ++t)
      for (Index i = 0; i < width; ++i) d_rows(sequence.begin + t, i) += d_final(s, (sequence.position + t) * width + i);
  }
  // act(row, head, first column of its keys, first and last key it sees)
  template <class Act>
  void each_query(const Sequence& sequence, Index past, Act act) const {
    for (Index t = 0; t < sequence.length; ++t)
      for (Index h = 0; h < heads; ++h)
        act(sequence.begin + t, h, h / (heads / key_value_heads) * head_width,
            window > 0 ? std::max<Index>(0, past + t - window + 1) : 0, past + t);
  }
  template <class T>
  T score(const auto& q, const auto& keys, Index t, Index h, Index column, Index j) const {
    T sum(0);
    for (Index i = 0; i < head_width; ++i) sum += q(t, h * head_width + i) * keys(j, column + i);
    return sum * as_scalar<T>(scale);
  }
};

}  // namespace rondo

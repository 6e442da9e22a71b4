// The same as compared_rows.hpp where of the teacher k outcomes and the rest are known: their log-probabilities at the temperature, which
// are normalised again, for they were rounded.
//
//   CompareStoredRow   student [V], ids [k], log_p [k + 1], kept [2 (k + 1)], label [1], statistics: the student's logits become dL/dz
//
// The rest's g is g_r = derivative of the outcome {log_p_rest, log q of all others}; it moves them as a whole: of such an outcome
// g_j - q_j sum g = (q_j / q_rest) (g_r - q_rest sum g). `kept`: scratch.
#pragma once

#include <rondo/objective/compared_rows.hpp>

namespace rondo {

// What becomes of the outcomes that are not stored.
//   bucket             one outcome more, with the mass of all of them, for both models
//   truncated          left out of the sum; p is as stored
//   renormalised       left out; p is divided by the stored mass
//   renormalised_both  left out; p and q are divided by their masses on the stored outcomes
enum class Rest { bucket, truncated, renormalised, renormalised_both };

template <class D>
struct CompareStoredRow : TaughtTerms {
  D divergence{};
  Rest rest = Rest::bucket;

  template <class T>
  void operator()(View<T> student, View<const Token> ids, View<const T> log_p, View<T> kept, View<const Token> label,
                  View<T> statistics) const {
    static_assert(!OfLogits<D>, "rondo: stored log-probabilities are no logits");
    const View<const T> whole = student;
    const Index k = ids.columns;
    const bool others = k < student.columns, bucket = others && rest == Rest::bucket;
    measure(whole, label, statistics);
    const View<T> z = kept.middle_columns(0, k);
    T* const u = kept.data + k + 1;
    for (Index i = 0; i < k; ++i) z(0, i) = student(0, ids(0, i));

    LogSum<T> all = log_sum_at(statistics, RowStatistics::student), of_others = all, of_stored;
    if (rest == Rest::renormalised_both) all = {}, all.add(k, ScaledLogits<T>{z.data, temperature});
    if (bucket) {
      for (Index i = 0; i < k; ++i) student(0, ids(0, i)) = T(std::numeric_limits<Real<T>>::lowest());
      of_others = {};
      of_others.add(student.columns, ScaledLogits<T>{student.data, temperature});
    }
    of_stored.add(others && (bucket || rest == Rest::truncated) ? k + 1 : k, ScaledLogits<T>{log_p.data, 1});

    // Logits at the temperature less the largest; the rest's is a log-sum.
    const LogProbability<T> log_q{LogSum<T>{0, all.sum}};
    for (Index i = 0; i < k; ++i) u[i] = z(0, i) * scalar_of<T>(1 / temperature) - T(all.largest);
    if (bucket) u[k] = T(of_others.largest - all.largest) + logarithm(of_others.sum);
    const T q_rest = bucket ? exponential(log_q(u[k])) : T(0);
    const RowOfOutcomes<D, T> row{bucket ? k + 1 : k, {u, 1}, {log_p.data, 1}, log_q, LogProbability<T>{of_stored}};
    const RowSums<T> sums = derive(divergence, row, T(1), u);
    statistics(0, RowStatistics::value) = sums.value;

    // What is not stored keeps its shape.
    const T sum = bucket ? q_rest * sums.derivative - u[k] : rest == Rest::renormalised_both ? T(0) : sums.derivative;
    if (others) combine<T>(whole, [](Index) { return T(0); }, sum, LogProbability<T>{of_others}, statistics, student.data);
    combine<T>(z, [u](Index i) { return u[i]; }, sums.derivative, LogProbability<T>{all}, statistics, u);
    for (Index i = 0; i < k; ++i) student(0, ids(0, i)) = u[i];
    subtract_label(label, statistics, student);
  }
};

}  // namespace rondo

// What rows of a student's and a teacher's logits come to, as rules that a context runs row by row (c.row_by_row):
//
//   z, t: logits of the student (capped, where they are) and the teacher;   q = softmax(z / T), p = softmax(t / T), s = softmax(z)
//   L = b CE(z, y) + a D(p, q),    g_j = dD / d log q_j,    CE with label smoothing and z-loss (CrossEntropyOptions), V outcomes
//   dL/dz_j = slope_j ((a / T) (g_j - q_j sum_i g_i) + b (s_j (1 + 2 z_loss log sum exp z) - smoothing / V - (1 - smoothing) [j = y]))
//
// slope_j: of the soft cap, so that the gradient is by the logits before it. One softmax serves both terms where T is 1.
//
//   CompareRow   student [V], teacher [V], label [1], statistics: the teacher's logits become dL/dz of a whole row
//   FinishRow    statistics, cross-entropy [1], divergence [1]: their values, without a and b
//
// Of several voices (rondo/objective/teacher.hpp) each leaves its share of the g_j, and CombineRow makes dL/dz of their sum. Where a part
// of the outcomes exists at a time (distillation_in_parts.hpp) MeasureRow and MeasureTeacherRow see all parts before the first DeriveRow,
// and that sees all before the first CombineRow.
#pragma once

#include <rondo/backend/options.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/objective/divergence.hpp>
#include <rondo/objective/log_sum.hpp>

namespace rondo {

// Columns of what is kept of a row; of each pair that is a log-sum the second holds the sum.
struct RowStatistics {
  static constexpr Index student = 0, labels = 2, at_label = 4, total = 5, value = 6, derivative = 7, teachers = 8;
  static constexpr Index count(Index voices) { return teachers + 2 * voices; }
};
template <class T>
LogSum<T> log_sum_at(View<T> statistics, Index first) {
  return {real_part(statistics(0, first)), statistics(0, first + 1)};
}
template <class T>
void add_log_sum(View<T> statistics, Index first, Index count, const auto& u) {
  LogSum<T> sum = log_sum_at(statistics, first);
  sum.add(count, u);
  statistics(0, first) = T(sum.largest);
  statistics(0, first + 1) = sum.sum;
}

// Outcomes of a row, or of a part of it.
template <class D, class T>
struct RowOfOutcomes {
  Index count;
  ScaledLogits<T> student, teacher;
  LogProbability<T> log_q, log_p;

  [[nodiscard]] Index size() const { return count; }
  [[nodiscard]] Outcome<T> operator()(Index j) const { return at<T>(j); }
  // One outcome, or as many as N has lanes.
  template <class N>
  [[nodiscard]] [[gnu::always_inline]] Outcome<N> at(Index j) const {
    const N u = numbers_at<N>(student.z + j) * student.share, v = numbers_at<N>(teacher.z + j) * teacher.share;
    if constexpr (OfLogits<D>) {
      return {v, u, N(0), N(0)};
    } else {
      const N p = (v - log_p.largest) - log_p.log_sum, q = (u - log_q.largest) - log_q.log_sum;
      return {p, q, exponential(p), exponential(q)};
    }
  }
};
// act(j, outcomes) for all j of a row: of a register of numbers at a time where they are float, then one by one.
template <class D, class T>
[[gnu::always_inline]] inline void each_outcome(const RowOfOutcomes<D, T>& row, const auto& act) {
  const Index together = std::same_as<T, float> ? row.count / lane_count * lane_count : 0;
  if constexpr (std::same_as<T, float>)
    for (Index j = 0; j < together; j += lane_count) act(j, row.template at<FloatLanes>(j));
  for (Index j = together; j < row.count; ++j) act(j, row(j));
}

template <class T>
struct RowSums {
  T value{}, derivative{};
};
// (By value: what the loop reads of them then lies where the numbers that it writes cannot.)
template <class D, class T>
[[gnu::flatten]] RowSums<T> write_derivatives(const auto divergence, const RowOfOutcomes<D, T> row, const T share, T* const to) {
  RowSums<T> sums;
  RowSums<FloatLanes> lanes;
  each_outcome(row, [&]<class N>(Index j, const Outcome<N>& o) __attribute__((always_inline)) {
    const N g = divergence.derivative(o) * share;
    put_numbers(to + j, g);
    auto& here = [&]() -> auto& {
      if constexpr (std::same_as<N, T>)
        return sums;
      else
        return lanes;
    }();
    here.value += divergence.value(o);
    here.derivative += g;
  });
  if constexpr (std::same_as<T, float>) sums.value += sum_of(lanes.value), sums.derivative += sum_of(lanes.derivative);
  sums.value *= share;
  return sums;
}
// Writes share * g_j, where the student's or the teacher's logits may have been, and returns the sums of values and of those.
template <class D, class T>
RowSums<T> derive(const D& divergence, const RowOfOutcomes<D, T>& row, T share, T* to) {
  if constexpr (requires { divergence.of_row(row); })
    return write_derivatives(divergence.of_row(row), row, share, to);
  else
    return write_derivatives(divergence, row, share, to);
}

// L and its terms, of a row or of the part of it that begins with outcome `first`.
struct TaughtTerms {
  double temperature = 1, soft_cap = 0;
  double of_teacher = 1, of_labels = 1;  // a, b, of gradients
  CrossEntropyOptions cross_entropy{};
  Index outcomes = 0, first = 0;  // of a whole row
  Index voices = 1;

  [[nodiscard]] TaughtTerms from(Index first_outcome) const {
    TaughtTerms part = *this;
    part.first = first_outcome;
    return part;
  }
  [[nodiscard]] Index labels_at() const { return temperature == 1 ? RowStatistics::student : RowStatistics::labels; }

  template <class T>
  void measure(View<const T> student, View<const Token> label, View<T> statistics) const {
    const Index count = student.columns, y = label(0, 0) - first;
    if (first == 0) start(statistics);
    add_log_sum(statistics, RowStatistics::student, count, ScaledLogits<T>{student.data, temperature});
    const ScaledLogits<T> z{student.data, 1};
    if (temperature != 1) add_log_sum(statistics, RowStatistics::labels, count, z);
    if (y >= 0 && y < count) statistics(0, RowStatistics::at_label) = z(y);
    if (cross_entropy.label_smoothing > 0) statistics(0, RowStatistics::total) += sum_of_terms<T>(count, z);
  }
  template <class T>
  void measure_teacher(Index voice, View<const T> teacher, View<T> statistics) const {
    add_log_sum(statistics, RowStatistics::teachers + 2 * voice, teacher.columns, ScaledLogits<T>{teacher.data, temperature});
  }

  // Writes dL/dz_j but for the label's part, of g_j = derivative(j) and their sum; `to` may be the student's row.
  template <class T>
  [[gnu::flatten]] void combine(View<const T> student, const auto derivative, T sum, const LogProbability<T> log_q, View<T> statistics,
                                T* const to) const {
    const T* const z = student.data;
    const Index count = student.columns;
    const LogProbability<T> log_s{log_sum_at(statistics, labels_at())};
    const T a = scalar_of<T>(of_teacher / temperature), b = scalar_of<T>(of_labels), share = scalar_of<T>(1 / temperature);
    const T of_q = -a * sum, of_s = b * (T(1) + scalar_of<T>(2 * cross_entropy.z_loss) * log_s.total());
    const T less = scalar_of<T>(of_labels * cross_entropy.label_smoothing / static_cast<double>(outcomes));
    const auto slope = slope_of<T>();
    if (temperature == 1) {  // s_j = q_j times the same for all j
      const T of_both = of_q + of_s * exponential((log_q.largest - log_s.largest) + (log_q.log_sum - log_s.log_sum));
#pragma omp simd
      for (Index j = 0; j < count; ++j) to[j] = slope(z[j]) * (a * derivative(j) + of_both * exponential(log_q(z[j])) - less);
    } else {
#pragma omp simd
      for (Index j = 0; j < count; ++j)
        to[j] = slope(z[j]) * (a * derivative(j) + of_q * exponential(log_q(z[j] * share)) + of_s * exponential(log_s(z[j])) - less);
    }
  }
  template <class T>
  void subtract_label(View<const Token> label, View<T> statistics, View<T> gradient) const {
    const Index y = label(0, 0) - first;
    if (y >= 0 && y < gradient.columns)
      gradient(0, y) -= scalar_of<T>(of_labels * (1 - cross_entropy.label_smoothing)) *
                        slope_of<T>()(statistics(0, RowStatistics::at_label));
  }

  template <class T>
  [[nodiscard]] T cross_entropy_of(View<T> statistics) const {
    const T lse = LogProbability<T>{log_sum_at(statistics, labels_at())}.total();
    const T mean = statistics(0, RowStatistics::total) / scalar_of<T>(static_cast<double>(outcomes));
    return lse - scalar_of<T>(1 - cross_entropy.label_smoothing) * statistics(0, RowStatistics::at_label) -
           scalar_of<T>(cross_entropy.label_smoothing) * mean + scalar_of<T>(cross_entropy.z_loss) * lse * lse;
  }

 private:
  template <class T>
  void start(View<T> statistics) const {
    for (Index i = 0; i < statistics.columns; ++i) statistics(0, i) = T(0);
    const auto nothing = [&](Index at) { statistics(0, at) = T(-std::numeric_limits<Real<T>>::infinity()); };
    nothing(RowStatistics::student), nothing(RowStatistics::labels);
    for (Index voice = 0; voice < voices; ++voice) nothing(RowStatistics::teachers + 2 * voice);
  }
  // By a capped logit: 1 - (z / cap)^2
  template <class T>
  [[nodiscard]] auto slope_of() const {
    return [share = scalar_of<T>(soft_cap > 0 ? 1 / soft_cap : 0)](T z) { return T(1) - (z * share) * (z * share); };
  }
};

struct MeasureRow : TaughtTerms {
  template <class T>
  void operator()(View<const T> student, View<const Token> label, View<T> statistics) const {
    measure(student, label, statistics);
  }
};
struct MeasureTeacherRow : TaughtTerms {
  Index voice = 0;
  template <class T>
  void operator()(View<const T> teacher, View<T> statistics) const {
    measure_teacher(voice, teacher, statistics);
  }
};
// The teacher's logits become the voice's share of the g_j.
template <class D>
struct DeriveRow : TaughtTerms {
  D divergence{};
  Index voice = 0;
  double share = 1;
  bool again = false;  // whether it has seen this part before

  template <class T>
  void operator()(View<const T> student, View<T> teacher, View<T> statistics) const {
    const RowOfOutcomes<D, T> row{student.columns,
                                  {student.data, this->temperature},
                                  {teacher.data, this->temperature},
                                  LogProbability<T>{log_sum_at(statistics, RowStatistics::student)},
                                  LogProbability<T>{log_sum_at(statistics, RowStatistics::teachers + 2 * voice)}};
    const double part = OfLogits<D> ? share / static_cast<double>(this->outcomes) : share;
    const RowSums<T> sums = derive(divergence, row, scalar_of<T>(part), teacher.data);
    T& derivative = statistics(0, RowStatistics::derivative);
    if constexpr (HasConstantSum<D>) derivative = scalar_of<T>(D::constant_sum);
    if (again) return;
    if constexpr (!HasConstantSum<D> && !OfLogits<D>) derivative += sums.derivative;
    statistics(0, RowStatistics::value) += sums.value;
  }
};
struct CombineRow : TaughtTerms {
  template <class T>
  void operator()(View<const T> student, View<T> derivatives, View<const Token> label, View<T> statistics) const {
    const T* const g = derivatives.data;
    combine<T>(student, [g](Index j) { return g[j]; }, statistics(0, RowStatistics::derivative),
               LogProbability<T>{log_sum_at(statistics, RowStatistics::student)}, statistics, derivatives.data);
    subtract_label(label, statistics, derivatives);
  }
};

template <class D>
struct CompareRow : DeriveRow<D> {
  template <class T>
  void operator()(View<const T> student, View<T> teacher, View<const Token> label, View<T> statistics) const {
    if (this->voice == 0) this->measure(student, label, statistics);
    if constexpr (!OfLogits<D>) this->measure_teacher(this->voice, View<const T>(teacher), statistics);
    DeriveRow<D>::operator()(student, teacher, statistics);
    if (this->voices == 1) CombineRow{*this}(student, teacher, label, statistics);
  }
};
struct FinishRow : TaughtTerms {
  template <class T>
  void operator()(View<T> statistics, View<T> of_labels_here, View<T> of_teacher_here) const {
    of_labels_here(0, 0) = cross_entropy_of(statistics);
    of_teacher_here(0, 0) = statistics(0, RowStatistics::value);
  }
};

}  // namespace rondo

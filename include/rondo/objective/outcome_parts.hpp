// Divergence and cross-entropy of rows of which a part of the outcomes exists at a time: for a large vocabulary, where even a few whole
// rows of logits are too much. Rules for c.row_by_row, of passes that read all parts one after the other:
//
//   1  MeasureRow    largest logits and sums of exponentials so far, of both models; the student's at T = 1 for cross-entropy
//   2  SumRow        sums of the divergence's values and derivatives; no pass where the latter is known (constant_sum) or not needed
//   3  GradientRow   the teacher's logits become the gradient by the student's
//   -  FinishRow     the row's divergence; FinishLabelRow its cross-entropy
//
// A sum that grows is scaled by exp(old largest - new largest), never more than 1. statistics [row_statistics] is what is kept of a row.
#pragma once

#include <rondo/objective/compared_rows.hpp>

namespace rondo {

// Columns of a row's statistics; of each pair of a log-sum the second holds the sum.
struct StatisticsAt {
  static constexpr Index student = 0, teacher = 2, value = 4, derivative = 5, labels = 6, at_label = 8, total = 9;
};
inline constexpr Index row_statistics = 10;

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

struct StartRow {
  template <class T>
  void operator()(View<T> statistics) const {
    const T lowest(-std::numeric_limits<Real<T>>::infinity());
    for (Index i = 0; i < row_statistics; ++i)
      statistics(0, i) = i == StatisticsAt::student || i == StatisticsAt::teacher || i == StatisticsAt::labels ? lowest : T(0);
  }
};

template <class D>
inline constexpr bool needs_sums = !HasConstantSum<D> && !OfLogits<D>;

template <class D>
struct MeasureRow : Comparison<D> {
  template <class T>
  void operator()(View<const T> student, View<const T> teacher, View<T> statistics) const {
    if constexpr (!OfLogits<D>)
      this->with_scaled(student, teacher.data, [&](const auto& of_student, const auto& of_teacher) {
        add_log_sum(statistics, StatisticsAt::student, student.columns, of_student);
        add_log_sum(statistics, StatisticsAt::teacher, student.columns, of_teacher);
      });
  }
};
template <class D>
struct SumRow : Comparison<D> {
  template <class T>
  void operator()(View<const T> student, View<const T> teacher, View<T> statistics) const {
    this->with_scaled(student, teacher.data, [&](const auto& of_student, const auto& of_teacher) {
      const auto row = this->template row<T>(student.columns, of_student, of_teacher, log_sum_at(statistics, StatisticsAt::student),
                                             log_sum_at(statistics, StatisticsAt::teacher));
      const RowSums<T> sums = sums_of<T>(this->divergence, row);
      statistics(0, StatisticsAt::value) += sums.value;
      statistics(0, StatisticsAt::derivative) += sums.derivative;
    });
  }
};
template <class D>
struct GradientRow : Comparison<D> {
  template <class T>
  void operator()(View<const T> student, View<T> teacher, View<T> statistics) const {
    this->with_scaled(student, teacher.data, [&](const auto& of_student, const auto& of_teacher) {
      const auto row = this->template row<T>(student.columns, of_student, of_teacher, log_sum_at(statistics, StatisticsAt::student),
                                             log_sum_at(statistics, StatisticsAt::teacher));
      T derivatives = statistics(0, StatisticsAt::derivative);
      if constexpr (!needs_sums<D>)
        statistics(0, StatisticsAt::value) += sum_of_terms<T>(student.columns, [&](Index j) { return this->divergence.value(row(j)); });
      if constexpr (HasConstantSum<D>) derivatives = scalar_of<T>(D::constant_sum);
      this->write_gradient(this->divergence, row, derivatives, teacher.data);
    });
  }
};

// The same of cross-entropy with its options; `first`: number of the part's first outcome.
struct LabelRow {
  CrossEntropyOptions options{};
  double soft_cap = 0, scale = 1;
  Index outcomes = 0, first = 0;

  template <class T>
  void with_logits(const T* z, auto act) const {
    soft_cap > 0 ? act(ScaledLogits<T, true>{z, 1, soft_cap}) : act(ScaledLogits<T, false>{z, 1, 0});
  }
  [[nodiscard]] bool holds(Token label, Index count) const { return label >= first && label < first + count; }
};
struct MeasureLabelRow : LabelRow {
  template <class T>
  void operator()(View<const T> student, View<const Token> label, View<T> statistics) const {
    with_logits(student.data, [&](const auto& z) {
      add_log_sum(statistics, StatisticsAt::labels, student.columns, z);
      if (holds(label(0, 0), student.columns)) statistics(0, StatisticsAt::at_label) = z(label(0, 0) - first);
      if (options.label_smoothing > 0) statistics(0, StatisticsAt::total) += sum_of_terms<T>(student.columns, z);
    });
  }
};
// Adds to the gradient.
struct LabelGradientRow : LabelRow {
  template <class T>
  void operator()(View<const T> student, View<const Token> label, View<T> statistics, View<T> gradient) const {
    with_logits(student.data, [&](const auto& z) {
      const LogSum<T> all = log_sum_at(statistics, StatisticsAt::labels);
      const LogProbability<T> log_q{all};
      const T lse = T(all.largest) + logarithm(all.sum), factor = scalar_of<T>(scale);
      const T of_q = T(1) + scalar_of<T>(2 * options.z_loss) * lse;
      const T share = scalar_of<T>(options.label_smoothing / static_cast<double>(outcomes));
      const Index count = student.columns;
      T* to = gradient.data;
#pragma omp simd
      for (Index j = 0; j < count; ++j) to[j] += factor * z.slope(j) * (exponential(log_q(z(j))) * of_q - share);
      if (holds(label(0, 0), count)) {
        const Index j = label(0, 0) - first;
        to[j] -= factor * z.slope(j) * scalar_of<T>(1 - options.label_smoothing);
      }
    });
  }
};

template <class D>
struct FinishRow : Comparison<D> {
  template <class T>
  void operator()(View<T> statistics, View<T> value) const {
    this->put(statistics(0, StatisticsAt::value), value);
  }
};
struct FinishLabelRow : LabelRow {
  template <class T>
  void operator()(View<T> statistics, View<T> value) const {
    const LogSum<T> all = log_sum_at(statistics, StatisticsAt::labels);
    const T lse = T(all.largest) + logarithm(all.sum);
    const T mean = statistics(0, StatisticsAt::total) / scalar_of<T>(static_cast<double>(outcomes));
    value(0, 0) = lse - scalar_of<T>(1 - options.label_smoothing) * statistics(0, StatisticsAt::at_label) -
                  scalar_of<T>(options.label_smoothing) * mean + scalar_of<T>(options.z_loss) * lse * lse;
  }
};

}  // namespace rondo

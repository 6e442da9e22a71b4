// How good predicted classes are, from how often each class was predicted for each label.
//
//   accuracy = sum_k n_kk / n,   standard error sqrt(a (1 - a) / n)
//   F1       = 2 n_11 / (labels 1 + predictions 1)      of class 1; 0 where there is neither
//   macro F1 = mean over classes of theirs
//   MCC      = (n sum_k n_kk - sum_k t_k p_k) / sqrt((n^2 - sum_k p_k^2) (n^2 - sum_k t_k^2)),  t_k labels, p_k predictions of class k
//
//   LabelCounts counts{2};
//   counts.add(label, predicted);
//   counts.f1(), counts.error_of([](const LabelCounts& of) { return of.f1(); })
//
// MCC: Matthews 1975, for any number of classes Gorodkin 2004; 0 where one class has all labels or all predictions. Without anything
// counted all three are 0. What is no mean has the jackknife's error (Efron 1982, 3): sqrt((n - 1) / n sum (m_i - mean of m)^2), m_i the
// measure without item i. Throws Error for a class outside [0, classes).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

class LabelCounts {
 public:
  explicit LabelCounts(Index classes) : classes_(classes) {
    require(classes > 0, "labels: expected at least 1 class, found ", classes);
    counts_.resize(static_cast<std::size_t>(classes * classes));
  }

  void add(Index label, Index predicted, Index times = 1) {
    for (const Index each : {label, predicted})
      require(each >= 0 && each < classes_, "labels: class ", each, ": expected 0 to ", classes_ - 1);
    counts_[static_cast<std::size_t>(label * classes_ + predicted)] += times;
    all_ += times;
  }

  [[nodiscard]] Index classes() const { return classes_; }
  [[nodiscard]] Index all() const { return all_; }
  [[nodiscard]] Index count(Index label, Index predicted) const { return counts_[static_cast<std::size_t>(label * classes_ + predicted)]; }
  [[nodiscard]] Index right() const {
    Index sum = 0;
    for (Index k = 0; k < classes_; ++k) sum += count(k, k);
    return sum;
  }
  [[nodiscard]] Index labelled(Index k) const {
    Index sum = 0;
    for (Index other = 0; other < classes_; ++other) sum += count(k, other);
    return sum;
  }
  [[nodiscard]] Index predicted(Index k) const {
    Index sum = 0;
    for (Index other = 0; other < classes_; ++other) sum += count(other, k);
    return sum;
  }

  [[nodiscard]] double accuracy() const { return all_ > 0 ? static_cast<double>(right()) / static_cast<double>(all_) : 0; }
  [[nodiscard]] double standard_error() const {
    return all_ > 0 ? std::sqrt(accuracy() * (1 - accuracy()) / static_cast<double>(all_)) : 0;
  }
  [[nodiscard]] double f1() const {
    require(classes_ > 1, "labels: F1 is of class 1, there is class 0 alone");
    return f1_of(1);
  }
  [[nodiscard]] double macro_f1() const {
    double sum = 0;
    for (Index k = 0; k < classes_; ++k) sum += f1_of(k);
    return sum / static_cast<double>(classes_);
  }
  [[nodiscard]] double mcc() const {
    const auto n = static_cast<double>(all_);
    double products = 0, labels = n * n, predictions = n * n;
    for (Index k = 0; k < classes_; ++k) {
      const auto t = static_cast<double>(labelled(k)), p = static_cast<double>(predicted(k));
      products += t * p;
      labels -= t * t;
      predictions -= p * p;
    }
    const double scale = labels * predictions;
    return scale > 0 ? (n * static_cast<double>(right()) - products) / std::sqrt(scale) : 0;
  }

  // The error of measure(counts).
  template <class Measure>
  [[nodiscard]] double error_of(Measure measure) const {
    if (all_ < 2) return 0;
    const auto n = static_cast<double>(all_);
    double sum = 0, squares = 0;
    const double centre = measure(*this);
    for (std::size_t cell = 0; cell < counts_.size(); ++cell) {
      if (counts_[cell] == 0) continue;
      LabelCounts without = *this;
      --without.counts_[cell];
      --without.all_;
      const double change = measure(without) - centre;
      sum += static_cast<double>(counts_[cell]) * change;
      squares += static_cast<double>(counts_[cell]) * change * change;
    }
    return std::sqrt(std::max(0.0, (n - 1) / n * (squares - sum * sum / n)));
  }

 private:
  [[nodiscard]] double f1_of(Index k) const {
    const Index both = labelled(k) + predicted(k);
    return both > 0 ? 2 * static_cast<double>(count(k, k)) / static_cast<double>(both) : 0;
  }

  Index classes_;
  Index all_ = 0;
  std::vector<Index> counts_;  // [labels, predictions]
};

}  // namespace rondo

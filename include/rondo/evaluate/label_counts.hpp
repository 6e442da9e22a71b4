// How good predicted classes are, from how often each class was predicted for each label.
//
//   accuracy = sum_k n_kk / n,   standard error sqrt(a (1 - a) / n)
//   F1       = 2 n_11 / (labels 1 + predictions 1)      of class 1; 0 where there is neither
//   MCC      = (n sum_k n_kk - sum_k t_k p_k) / sqrt((n^2 - sum_k p_k^2) (n^2 - sum_k t_k^2)),  t_k labels, p_k predictions of class k
//
//   LabelCounts counts{2};
//   counts.add(label, predicted);
//   counts.f1();
//
// MCC: Matthews 1975, for any number of classes Gorodkin 2004; 0 where one class has all labels or all predictions. Without anything
// counted all three are 0. Throws Error for a class outside [0, classes).
#pragma once

#include <cmath>
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

  void add(Index label, Index predicted) {
    for (const Index each : {label, predicted})
      require(each >= 0 && each < classes_, "labels: class ", each, ": expected 0 to ", classes_ - 1);
    ++counts_[static_cast<std::size_t>(label * classes_ + predicted)];
    ++all_;
  }

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
    const Index both = labelled(1) + predicted(1);
    return both > 0 ? 2 * static_cast<double>(count(1, 1)) / static_cast<double>(both) : 0;
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

 private:
  Index classes_;
  Index all_ = 0;
  std::vector<Index> counts_;  // [labels, predictions]
};

}  // namespace rondo

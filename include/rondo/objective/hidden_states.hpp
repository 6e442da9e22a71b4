// Hidden states of a student near those of a teacher (FitNets, Romero et al. 2015; DistilBERT, Sanh et al. 2019):
//
//   a = P h_student + b  (a = h_student without a projection)
//   mse      mean over channels of (a - h_teacher)^2
//   cosine   1 - a . h_teacher / (|a| |h_teacher|)
//
// h_student [rows, width], h_teacher [rows, teacher's width], P [teacher's width, width], b [teacher's width].
#pragma once

#include <cmath>

#include <rondo/layer/linear.hpp>
#include <rondo/objective/log_sum.hpp>
#include <rondo/objective/logit_blocks.hpp>

namespace rondo {

enum class HiddenDistance { mse, cosine };

// The first becomes the gradient by itself, times scale.
struct HiddenRow {
  HiddenDistance distance;
  double scale;
  template <class T>
  void operator()(View<T> row, View<const T> target, View<T> value) const {
    const Index count = row.columns;
    T* a = row.data;
    const T* t = target.data;
    const auto sum = [&](auto term) { return sum_of_terms<T>(count, term); };
    const T factor = scalar_of<T>(scale);
    if (distance == HiddenDistance::mse) {
      const T share = T(1) / scalar_of<T>(static_cast<double>(count));
      value(0, 0) = share * sum([&](Index i) { return (a[i] - t[i]) * (a[i] - t[i]); });
#pragma omp simd
      for (Index i = 0; i < count; ++i) a[i] = factor * T(2) * share * (a[i] - t[i]);
    } else {
      const T of_a = reciprocal_root(sum([&](Index i) { return a[i] * a[i]; }) + scalar_of<T>(1e-30));
      const T of_t = reciprocal_root(sum([&](Index i) { return t[i] * t[i]; }) + scalar_of<T>(1e-30));
      const T cosine = sum([&](Index i) { return a[i] * of_a * (t[i] * of_t); });
      value(0, 0) = T(1) - cosine;
#pragma omp simd
      for (Index i = 0; i < count; ++i) a[i] = factor * of_a * (cosine * (a[i] * of_a) - t[i] * of_t);
    }
  }
};

// The sum over rows of x, the student's; target [rows, teacher's width]. Adds scale times the gradients: to d_x, and to the projection's
// where there is one.
template <class C>
auto match_hidden(C& c, HiddenDistance distance, const ChosenRows<C::place>& rows, In<C> x, In<C> target,
                  const WeightAndBias<In<C>, Bias::chosen>& projection, const WeightAndBias<WideOut<C>, Bias::chosen>& d_projection,
                  double scale, Out<C> d_x) {
  auto mark = c.mark();
  const WideOut<C> values = c.wide(1, rows.count());
  const In<C> chosen = rows.of(c, x);
  const Out<C> a = c.matrix(rows.count(), target.columns);
  if (projection.weight)
    c.linear(chosen, projection.weight, projection.bias, a, In<C>{});
  else
    c.copy(chosen, a);
  c.row_by_row(HiddenRow{distance, scale}, a, target, values.reshaped(rows.count(), 1));
  if (projection.weight) {
    const Out<C> d_chosen = c.matrix(rows.count(), x.columns);
    c.linear_weight_gradient(a, chosen, d_projection.weight);
    if (d_projection.bias) c.bias_gradient(a, d_projection.bias);
    c.linear_input_gradient(a, projection.weight, d_chosen);
    rows.add(c, d_chosen, d_x);
  } else {
    rows.add(c, a, d_x);
  }
  return c.sum(values);
}

}  // namespace rondo

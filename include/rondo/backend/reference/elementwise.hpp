// Reference back-end, part 1: products, embeddings, element-wise operations, losses and the optimiser's update as plain loops.
//
// Contracts of the operations: rondo/backend/backend.hpp. The scalar T is float, double or std::complex<double>.
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/host_context.hpp>
#include <rondo/backend/options.hpp>
#include <rondo/core/math.hpp>

namespace rondo {

template <class Backend, class T>
class ReferenceElementwise : public HostContext<Backend, T> {
 public:
  using Input = View<const T>;
  using Output = View<T>;
  using Composed = ComposedOperations<Backend, Input, Output>;
  using Composed::each_element;
  using Composed::linear;
  using Composed::linear_input_gradient;
  using Composed::linear_weight_gradient;

  [[gnu::noinline]] void zero(Output y) {
    each(y, [](T& value) { value = T(0); });
  }
  [[gnu::noinline]] void copy(Input x, Output y) {
    pairs(x, y, [](const T& from, T& to) { to = from; });
  }
  [[gnu::noinline]] void add(Input x, Output y) {
    pairs(x, y, [](const T& from, T& to) { to += from; });
  }
  [[gnu::noinline]] void scale(Output x, double factor) {
    each(x, [&](T& value) { value *= T(static_cast<Real<T>>(factor)); });
  }
  [[gnu::noinline]] void blend(Input x, Output average, double share) {
    const T s(static_cast<Real<T>>(share));
    pairs(x, average, [&](const T& from, T& to) { to += s * (from - to); });
  }

  [[gnu::noinline]] void linear(Input x, Input weight, Output y) {
    for (Index t = 0; t < x.rows; ++t)
      for (Index o = 0; o < weight.rows; ++o) {
        T sum(0);
        for (Index i = 0; i < weight.columns; ++i) sum += x(t, i) * weight(o, i);
        y(t, o) = sum;
      }
  }
  [[gnu::noinline]] void linear_input_gradient(Input dy, Input weight, Output dx, Onto onto = Onto::write) {
    if (onto == Onto::write) zero(dx);
    for (Index t = 0; t < dy.rows; ++t)
      for (Index o = 0; o < weight.rows; ++o)
        for (Index i = 0; i < weight.columns; ++i) dx(t, i) += dy(t, o) * weight(o, i);
  }
  [[gnu::noinline]] void linear_weight_gradient(Input dy, Input x, Output d_weight) {
    for (Index t = 0; t < dy.rows; ++t)
      for (Index o = 0; o < dy.columns; ++o)
        for (Index i = 0; i < x.columns; ++i) d_weight(o, i) += dy(t, o) * x(t, i);
  }
  [[gnu::noinline]] void add_bias(Input bias, Output y) {
    for (Index t = 0; t < y.rows; ++t)
      for (Index o = 0; o < y.columns; ++o) y(t, o) += bias(0, o);
  }
  [[gnu::noinline]] void bias_gradient(Input dy, Output d_bias) {
    for (Index t = 0; t < dy.rows; ++t)
      for (Index o = 0; o < dy.columns; ++o) d_bias(0, o) += dy(t, o);
  }

  [[gnu::noinline]] void block_linear(Input x, Input weight, Output y) {
    const Index blocks = weight.rows, in = x.columns / blocks, out = y.columns / blocks;
    for (Index b = 0; b < blocks; ++b)
      linear(x.middle_columns(b * in, in), weight.middle_rows(b, 1).reshaped(out, in), y.middle_columns(b * out, out));
  }
  [[gnu::noinline]] void block_linear_input_gradient(Input dy, Input weight, Output dx, Onto onto = Onto::write) {
    const Index blocks = weight.rows, in = dx.columns / blocks, out = dy.columns / blocks;
    for (Index b = 0; b < blocks; ++b)
      linear_input_gradient(dy.middle_columns(b * out, out), weight.middle_rows(b, 1).reshaped(out, in),
                            dx.middle_columns(b * in, in), onto);
  }
  [[gnu::noinline]] void block_linear_weight_gradient(Input dy, Input x, Output d_weight) {
    const Index blocks = d_weight.rows, in = x.columns / blocks, out = dy.columns / blocks;
    for (Index b = 0; b < blocks; ++b)
      linear_weight_gradient(dy.middle_columns(b * out, out), x.middle_columns(b * in, in),
                             d_weight.middle_rows(b, 1).reshaped(out, in));
  }
  [[gnu::noinline]] void add_scaled(Input weight, Input x, Output y) {
    const Index width = x.columns / weight.columns;
    for (Index t = 0; t < x.rows; ++t)
      for (Index i = 0; i < x.columns; ++i) y(t, i) += weight(0, i / width) * x(t, i);
  }
  [[gnu::noinline]] void add_scaled_gradient(Input weight, Input x, Input dy, Output dx, Output d_weight) {
    const Index width = x.columns / weight.columns;
    for (Index t = 0; t < x.rows; ++t)
      for (Index i = 0; i < x.columns; ++i) {
        dx(t, i) += weight(0, i / width) * dy(t, i);
        d_weight(0, i / width) += x(t, i) * dy(t, i);
      }
  }

  [[gnu::noinline]] void gather_rows(Tokens rows, Input x, Output y) {
    for (Index t = 0; t < y.rows; ++t)
      for (Index i = 0; i < y.columns; ++i) y(t, i) = x(rows(0, t), i);
  }
  [[gnu::noinline]] void scatter_rows(Tokens rows, Input dy, Output dx) {
    for (Index t = 0; t < dy.rows; ++t)
      for (Index i = 0; i < dy.columns; ++i) dx(rows(0, t), i) += dy(t, i);
  }
  // Row `first` of the table is that of position 0; rows of no sequence stay as they are.
  [[gnu::noinline]] void add_positions(Index first, Input table, Output y) {
    for (const Sequence& sequence : this->sequences())
      for (Index t = 0; t < sequence.length; ++t)
        for (Index i = 0; i < y.columns; ++i) y(sequence.begin + t, i) += table(first + sequence.position + t, i);
  }
  [[gnu::noinline]] void positions_gradient(Index first, Input dy, Output d_table) {
    for (const Sequence& sequence : this->sequences())
      for (Index t = 0; t < sequence.length; ++t)
        for (Index i = 0; i < dy.columns; ++i) d_table(first + sequence.position + t, i) += dy(sequence.begin + t, i);
  }

  template <class Function>
  [[gnu::noinline]] void map(Input x, Output y) {
    pairs(x, y, [](const T& from, T& to) { to = Function::apply(from); });
  }
  template <class Function>
  [[gnu::noinline]] void map_gradient(Input x, Input dy, Output dx) {
    for (Index r = 0; r < x.rows; ++r)
      for (Index i = 0; i < x.columns; ++i) dx(r, i) = dy(r, i) * Function::derivative(x(r, i));
  }
  template <class Function>
  [[gnu::noinline]] void gated(Input p, Input u, Output y) {
    for (Index r = 0; r < p.rows; ++r)
      for (Index i = 0; i < p.columns; ++i) y(r, i) = Function::apply(p(r, i)) * u(r, i);
  }
  template <class Function>
  [[gnu::noinline]] void gated_gradient(Input p, Input u, Input dy, Output dp, Output du) {
    for (Index r = 0; r < p.rows; ++r)
      for (Index i = 0; i < p.columns; ++i) {
        const T d = dy(r, i);
        dp(r, i) = d * u(r, i) * Function::derivative(p(r, i));
        du(r, i) = d * Function::apply(p(r, i));
      }
  }
  [[gnu::noinline]] void soft_cap(double cap, Input x, Output y) {
    const T a(static_cast<Real<T>>(cap));
    pairs(x, y, [&](const T& from, T& to) { to = a * hyperbolic_tangent(from / a); });
  }
  [[gnu::noinline]] void soft_cap_gradient(double cap, Input y, Input dy, Output dx) {
    const T a(static_cast<Real<T>>(cap));
    for (Index r = 0; r < y.rows; ++r)
      for (Index i = 0; i < y.columns; ++i) dx(r, i) = dy(r, i) * (T(1) - y(r, i) / a * (y(r, i) / a));
  }
  template <class Gate>
  [[gnu::noinline]] void gate(Input f, Input beta, Output log_decay, Output write, const Gate& settings = {}) {
    for (Index r = 0; r < f.rows; ++r)
      for (Index i = 0; i < f.columns; ++i) {
        const auto out = settings.template apply<T>(f(r, i), beta ? beta(0, i) : T(0));
        log_decay(r, i) = out.log_decay;
        write(r, i) = out.write;
      }
  }
  template <class Gate>
  [[gnu::noinline]] void gate_gradient(Input f, Input beta, Input d_log_decay, Input d_write, Output df, Output d_beta,
                                       const Gate& settings = {}) {
    for (Index r = 0; r < f.rows; ++r)
      for (Index i = 0; i < f.columns; ++i) {
        const auto d = settings.template backward<T>(f(r, i), beta ? beta(0, i) : T(0), d_log_decay(r, i), d_write(r, i));
        df(r, i) = d.d_pre_activation;
        if (d_beta) d_beta(0, i) += d.d_bound;
      }
  }
  [[gnu::noinline]] void lower_bounds(Input raw, Output bounds) {
    for (Index i = 0; i < raw.columns; ++i) {
      const ColumnShares share(raw, i);
      T sum(0);
      for (Index l = 0; l < raw.rows; ++l) {
        if (l > 0) sum += share(l);
        bounds(l, i) = at_most(sum, 1);  // rounding must not make a decay of it that grows
      }
    }
  }
  [[gnu::noinline]] void lower_bounds_gradient(Input raw, Input d_bounds, Output d_raw) {
    for (Index i = 0; i < raw.columns; ++i) {
      const ColumnShares share(raw, i);
      T mean(0), dp(0);
      for (Index l = raw.rows - 1; l > 0; --l) mean += (dp += d_bounds(l, i)) * share(l);
      d_raw(0, i) -= mean * share(0);
      dp = T(0);
      for (Index l = raw.rows - 1; l > 0; --l) {
        dp += d_bounds(l, i);
        d_raw(l, i) += share(l) * (dp - mean);
      }
    }
  }
  [[gnu::noinline]] void dropout(double rate, std::uint64_t stream, Output x) {
    const RandomKey mask = this->key.at(stream);
    const T kept(static_cast<Real<T>>(1 / (1 - rate)));
    for (Index r = 0; r < x.rows; ++r)
      for (Index i = 0; i < x.columns; ++i)
        x(r, i) *= uniform_number(mask, static_cast<std::uint64_t>(r * x.columns + i)) < rate ? T(0) : kept;
  }

  [[gnu::noinline]] void cross_entropy(Output logits, Tokens labels, double soft_cap, const CrossEntropyOptions& options, double weight,
                                       Output losses) {
    const Index V = logits.columns;
    const T smoothing(static_cast<Real<T>>(options.label_smoothing)), z_loss(static_cast<Real<T>>(options.z_loss));
    const T cap(static_cast<Real<T>>(soft_cap)), share = smoothing / T(static_cast<Real<T>>(V));
    for (Index t = 0; t < logits.rows; ++t) {
      if (!has_label(labels(0, t))) {
        for (Index r = 0; r < losses.rows; ++r) losses(r, t) = T(0);
        for (Index v = 0; v < V; ++v) logits(t, v) = T(0);
        continue;
      }
      T sum(0), mean(0);
      if (soft_cap > 0)
        for (Index v = 0; v < V; ++v) logits(t, v) = cap * hyperbolic_tangent(logits(t, v) / cap);
      const Real<T> highest = largest(logits.middle_rows(t, 1));
      for (Index v = 0; v < V; ++v) {
        sum += exponential(logits(t, v) - T(highest));
        mean += logits(t, v) * share;
      }
      const T lse = T(highest) + logarithm(sum);
      losses(0, t) = lse - (T(1) - smoothing) * logits(t, labels(0, t)) - mean + z_loss * lse * lse;
      if (losses.rows > 1) losses(1, t) = z_loss * (lse * lse);
      for (Index v = 0; v < V; ++v) {
        const T z = logits(t, v);
        T d = exponential(z - lse) * (T(1) + T(2) * z_loss * lse) - share;
        if (v == labels(0, t)) d -= T(1) - smoothing;
        if (soft_cap > 0) d *= T(1) - (z / cap) * (z / cap);
        logits(t, v) = d * T(static_cast<Real<T>>(weight));
      }
    }
  }
  [[gnu::noinline]] void log_probability(Input logits, Tokens labels, double soft_cap, Output result) {
    const T cap(static_cast<Real<T>>(soft_cap));
    const auto capped = [&](T z) { return soft_cap > 0 ? cap * hyperbolic_tangent(z / cap) : z; };
    for (Index t = 0; t < logits.rows; ++t) {
      T sum(0);
      const T highest = capped(T(largest(logits.middle_rows(t, 1))));
      for (Index v = 0; v < logits.columns; ++v) sum += exponential(capped(logits(t, v)) - highest);
      result(0, t) = !has_label(labels(0, t)) ? T(0) : capped(logits(t, labels(0, t))) - highest - logarithm(sum);
    }
  }

  [[nodiscard]] [[gnu::noinline]] auto sum(Input x) {
    using Total = std::conditional_t<std::is_same_v<T, float>, double, T>;
    Total total(0);
    for (Index r = 0; r < x.rows; ++r)
      for (Index i = 0; i < x.columns; ++i) total += Total(x(r, i));
    return total;
  }
  void sum(Input x, View<double> to) { *to.data = static_cast<double>(real_part(sum(x))); }
  [[nodiscard]] [[gnu::noinline]] double sum_of_squares(Input x) {
    double total = 0;
    for (Index r = 0; r < x.rows; ++r)
      for (Index i = 0; i < x.columns; ++i) total += static_cast<double>(real_part(x(r, i))) * static_cast<double>(real_part(x(r, i)));
    return total;
  }
  void sum_of_squares(Input x, View<double> to) { *to.data = sum_of_squares(x); }
  [[nodiscard]] bool finite(Input x) { return std::isfinite(sum_of_squares(x)); }
  template <class Rule, class First, class... Others>
  [[gnu::noinline]] void each_element(const Rule& rule, View<First> first, View<Others>... others) {
    for (Index r = 0; r < first.rows; ++r)
      for (Index i = 0; i < first.columns; ++i) rule(first(r, i), others(r, i)...);
  }
  template <class Now, class Rule, class... Elements>
  void each_element(View<const Now> now, const Rule& rule, View<Elements>... views) {
    if (takes_place(*now.data)) each_element(rule.at(*now.data), views...);
  }
  template <class Rule, class First, class... Others>
  [[gnu::noinline]] void row_by_row(const Rule& rule, View<First> first, View<Others>... others) {
    for (Index r = 0; r < first.rows; ++r) rule(first.middle_rows(r, 1), others.middle_rows(r, 1)...);
  }

 protected:
  template <class Act>
  static void each(Output x, Act act) {
    for (Index r = 0; r < x.rows; ++r)
      for (Index i = 0; i < x.columns; ++i) act(x(r, i));
  }
  template <class Act>
  static void pairs(Input x, Output y, Act act) {
    for (Index r = 0; r < x.rows; ++r)
      for (Index i = 0; i < x.columns; ++i) act(x(r, i), y(r, i));
  }
  static Real<T> largest(Input row) {
    Real<T> highest = real_part(row(0, 0));
    for (Index i = 1; i < row.columns; ++i) highest = std::max(highest, real_part(row(0, i)));
    return highest;
  }
  // softmax over column i
  struct ColumnShares {
    ColumnShares(Input raw_, Index i_) : raw(raw_), i(i_), highest(raw(0, i)) {
      for (Index l = 1; l < raw.rows; ++l)
        if (real_part(raw(l, i)) > real_part(highest)) highest = raw(l, i);
      for (Index l = 0; l < raw.rows; ++l) total += exponential(raw(l, i) - highest);
    }
    T operator()(Index l) const { return exponential(raw(l, i) - highest) / total; }
    Input raw;
    Index i;
    T highest, total{};
  };
};

}  // namespace rondo

// TwoWidths: a back-end whose stored numbers are narrower than its wide ones (core/wide.hpp), without a device: float beside double.
//
// Numbers are stored as Rounded, a float that no operation takes for a double. Every operation says which of its matrices are wide;
// it computes by Reference<double> on copies, and rounds what is stored. So a layer that keeps a statistic in a narrow member does not
// compile here, and its laws hold to the accuracy of float.
#pragma once

#include <rondo/backend/backend.hpp>
#include <rondo/backend/host_context.hpp>
#include <rondo/backend/reference/exactly.hpp>

namespace rondo {

struct Rounded {
  float value = 0;
  Rounded() = default;
  explicit Rounded(double exact) : value(static_cast<float>(exact)) {}
  explicit operator double() const { return static_cast<double>(value); }
};
template <>
struct WideOf<Rounded> {
  using type = double;
};
template <>
struct RealOf<Rounded> {
  using type = float;
};

class TwoWidthsContext : public HostContext<TwoWidthsContext, Rounded> {
  using In = Input;
  using Out = Output;
  using WideIn = WideInput;
  using WideOut = WideOutput;

 public:
  using Composed::linear;
  using Composed::linear_input_gradient;
  using Composed::linear_weight_gradient;

  void zero(Out y) { exactly([](auto& c, auto... v) { c.zero(v...); }, y); }
  void zero(WideOut y) { exactly([](auto& c, auto... v) { c.zero(v...); }, y); }
#define RONDO_EXACTLY(name, parameters, ...) \
  void name parameters { exactly([&](auto& c, auto... exact) { c.name(exact...); }, __VA_ARGS__); }
  RONDO_EXACTLY(copy, (In x, Out y), x, y)
  RONDO_EXACTLY(copy, (WideIn x, WideOut y), x, y)
  RONDO_EXACTLY(add, (In x, Out y), x, y)
  RONDO_EXACTLY(scale, (Out x, double factor), x, factor)
  RONDO_EXACTLY(blend, (In x, Out y, double share), x, y, share)
  RONDO_EXACTLY(linear, (In x, In w, Out y), x, w, y)
  RONDO_EXACTLY(linear_input_gradient, (In dy, In w, Out dx, Onto onto = Onto::write), dy, w, dx, onto)
  RONDO_EXACTLY(linear_weight_gradient, (In dy, In x, WideOut dw), dy, x, dw)
  RONDO_EXACTLY(add_bias, (In b, Out y), b, y)
  RONDO_EXACTLY(bias_gradient, (In dy, WideOut db), dy, db)
  RONDO_EXACTLY(block_linear, (In x, In w, Out y), x, w, y)
  RONDO_EXACTLY(block_linear_input_gradient, (In dy, In w, Out dx, Onto onto = Onto::write), dy, w, dx, onto)
  RONDO_EXACTLY(block_linear_weight_gradient, (In dy, In x, WideOut dw), dy, x, dw)
  RONDO_EXACTLY(add_scaled, (In w, In x, Out y), w, x, y)
  RONDO_EXACTLY(add_scaled_gradient, (In w, In x, In dy, Out dx, WideOut dw), w, x, dy, dx, dw)
  RONDO_EXACTLY(gather_rows, (Tokens rows, In x, Out y), rows, x, y)
  RONDO_EXACTLY(scatter_rows, (Tokens rows, In dy, Out dx), rows, dy, dx)
  RONDO_EXACTLY(scatter_rows, (Tokens rows, In dy, WideOut dx), rows, dy, dx)
  RONDO_EXACTLY(add_positions, (Index first, In table, Out y), first, table, y)
  RONDO_EXACTLY(positions_gradient, (Index first, In dy, WideOut d_table), first, dy, d_table)
  RONDO_EXACTLY(soft_cap, (double cap, In x, Out y), cap, x, y)
  RONDO_EXACTLY(soft_cap_gradient, (double cap, In y, In dy, Out dx), cap, y, dy, dx)
  RONDO_EXACTLY(lower_bounds, (In raw, WideOut bounds), raw, bounds)
  RONDO_EXACTLY(lower_bounds_gradient, (In raw, WideIn d_bounds, WideOut d_raw), raw, d_bounds, d_raw)
  RONDO_EXACTLY(norm, (const NormSizes& sizes, In x, In w, In b, Out y, WideOut mean, WideOut reciprocal), sizes, x, w, b, y, mean,
                reciprocal)
  RONDO_EXACTLY(norm_gradient,
                (const NormSizes& sizes, In x, In w, WideIn mean, WideIn reciprocal, In dy, Out dx, WideOut dw, WideOut db, In plus = {}),
                sizes, x, w, mean, reciprocal, dy, dx, dw, db, plus)
  RONDO_EXACTLY(rotate, (const Rotation& rotation, Out x, int direction), rotation, x, direction)
  RONDO_EXACTLY(short_convolution, (In x, In w, Out y, In initial, Out final), x, w, y, initial, final)
  RONDO_EXACTLY(short_convolution_gradient, (In x, In w, In dy, Out dx, WideOut dw, In initial, In d_final, Out d_initial), x, w, dy, dx,
                dw, initial, d_final, d_initial)
  RONDO_EXACTLY(dropout, (double rate, std::uint64_t stream, Out x), rate, stream, x)
  RONDO_EXACTLY(cross_entropy,
                (Out logits, Tokens labels, double soft_cap, const CrossEntropyOptions& options, double weight, WideOut losses),
                logits, labels, soft_cap, options, weight, losses)
  RONDO_EXACTLY(log_probability, (In logits, Tokens labels, double soft_cap, WideOut result), logits, labels, soft_cap, result)
#undef RONDO_EXACTLY

  // Log decays are wide; elsewhere results of maps are stored.
  template <class F>
  void map(In x, auto y) {
    exactly([](auto& c, auto... v) { c.template map<F>(v...); }, x, y);
  }
  template <class F>
  void map_gradient(In x, auto dy, Out dx) {
    exactly([](auto& c, auto... v) { c.template map_gradient<F>(v...); }, x, dy, dx);
  }
  template <class F>
  void gated(In p, In u, Out y) {
    exactly([](auto& c, auto... v) { c.template gated<F>(v...); }, p, u, y);
  }
  template <class F>
  void gated_gradient(In p, In u, In dy, Out dp, Out du) {
    exactly([](auto& c, auto... v) { c.template gated_gradient<F>(v...); }, p, u, dy, dp, du);
  }
  // Bounds and parameters differ in width, and so do keys and the write strengths of whole heads.
  template <class Gate>
  void gate(In f, auto beta, WideOut log_decay, auto write, const Gate& settings = {}) {
    exactly([&](auto& c, auto... v) { c.template gate<Gate>(v..., settings); }, f, beta, log_decay, write);
  }
  template <class Gate>
  void gate_gradient(In f, auto beta, WideIn d_log_decay, auto d_write, Out df, WideOut d_beta, const Gate& settings = {}) {
    exactly([&](auto& c, auto... v) { c.template gate_gradient<Gate>(v..., settings); }, f, beta, d_log_decay, d_write, df, d_beta);
  }

  void each_element(const auto& rule, auto... matrices) { exactly_.context().each_element(rule, matrices...); }  // of wide numbers, by any

  void row_by_row(const auto& rule, auto... matrices) {
    exactly([&](auto& c, auto... exact) { c.row_by_row(rule, exact...); }, matrices...);
  }

  [[nodiscard]] double sum(WideIn x) { return exactly_.context().sum(x); }
  template <class T>
  [[nodiscard]] double sum_of_squares(View<T> x) {
    double total = 0;
    exactly([&](auto& c, auto v) { total = c.sum_of_squares(v); }, x);
    return total;
  }
  template <class T>
  void sum_of_squares(View<T> x, View<double> to) {
    *to.data = sum_of_squares(x);
  }
  template <class T>
  [[nodiscard]] bool finite(View<T> x) {
    return std::isfinite(sum_of_squares(x));
  }

  // By Reference<double>, on copies.
  Exactly& exactly() {
    exactly_.begin(*this);
    return exactly_;
  }

 private:
  void exactly(auto act, auto... arguments) { exactly()(act, arguments...); }

  Exactly exactly_;
};

template <class Tag>
struct Recurrence<TwoWidthsContext, Tag> {
  static void forward(TwoWidthsContext& c, const auto& pass) { c.exactly().forward(c, pass); }
  static void gradient(TwoWidthsContext& c, const auto& pass) { c.exactly().gradient(c, pass); }
};

struct TwoWidths {
  using Scalar = Rounded;
  using Memory = Arena;
  using Context = TwoWidthsContext;
};

}  // namespace rondo

// The Trace back-end: touches no memory and counts what a pass would do.
//
//   operations        multiplications and additions of all products and recurrences
//   model_operations  those of the forward pass that the model itself asks for: products with weights, and a recurrence's step
//                     form; nothing for recomputation, norms, gates or chunked forms. Three times that is a training step.
//   bytes             read and written by the operations, each operand once
//   launches          operations called
//   scratch           high water of what layers take, c.scratch.high_water()
//
// Views point nowhere: a layer that looks at memory itself crashes here. Kernels' own scratch is not in the count.
#pragma once

#include <cstdint>

#include <rondo/backend/backend.hpp>

namespace rondo {

// Addresses without memory behind them.
class TraceMemory {
 public:
  static constexpr Place place = Place::device;

  void reserve(std::size_t) {}
  template <class T>
  [[nodiscard]] T* take(Index count) {
    T* result = reinterpret_cast<T*>(std::uintptr_t{1} << 46 | (used_ + arena_alignment));
    const std::size_t bytes = arena_bytes(static_cast<std::size_t>(count_of(count, static_cast<Index>(sizeof(T)))));
    used_ = static_cast<std::size_t>(total_of(static_cast<Index>(used_), static_cast<Index>(bytes)));
    high_water_ = std::max(high_water_, used_);
    return result;
  }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t high_water() const { return high_water_; }

  class Mark {
   public:
    explicit Mark(TraceMemory& memory) : memory_(memory), level_(memory.used_) {}
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { memory_.used_ = level_; }

   private:
    TraceMemory& memory_;
    std::size_t level_;
  };

 private:
  std::size_t used_ = 0;
  std::size_t high_water_ = 0;
};

struct TraceCounts {
  double operations = 0;
  double model_operations = 0;
  double bytes = 0;
  std::int64_t launches = 0;
};

class TraceContext : public ContextBase<TraceContext, float, TraceMemory> {
 public:
  using Composed::each_element;
  using Composed::linear;
  using Composed::linear_input_gradient;
  using Composed::linear_weight_gradient;

  TraceCounts counts;

  void touch(double operations, const auto&... views) {
    counts.operations += operations;
    (also(views ? views.size() : 0), ...);
    ++counts.launches;
  }
  [[nodiscard]] ProductsIn products_in(Precision precision) { return {precision_, precision}; }
  [[nodiscard]] Precision precision() const { return precision_; }
  // One more operand of the operation.
  void also(Index numbers) { counts.bytes += static_cast<double>(numbers) * sizeof(float); }
  // One of the model's own operations: counted as such in a forward pass.
  void model(double operations) { counts.model_operations += operations; }

  void fill(Output y, float) { touch(0, y); }
  void start(Output y, const Initial&, RandomKey) { touch(0, y); }
  template <class T>
  void upload(std::span<const T>, View<T, place>) {}
  template <class T>
  void download(View<const T, place>, std::span<std::type_identity_t<T>> to) {
    std::fill(to.begin(), to.end(), T{});
  }
  void zero(Output y) { touch(0, y); }
  void copy(Input x, Output y) { touch(0, x, y); }
  void add(Input x, Output y) { touch(0, x, y, y); }
  void scale(Output x, double) { touch(0, x, x); }
  void round(Input x, Output words) { touch(0, x, words); }
  void widen(Input words, Output x) { touch(0, words, x); }
  void blend(Input x, Output y, double) { touch(0, x, y, y); }
  void linear(Input x, Input w, Output y) {
    touch(product(x.rows, w), x, w, y);
    model(product(x.rows, w));
  }
  void linear_input_gradient(Input dy, Input w, Output dx, Onto = Onto::write) { touch(product(dy.rows, w), dy, w, dx); }
  void linear_weight_gradient(Input dy, Input x, Output dw) { touch(product(dy.rows, dw), dy, x, dw, dw); }
  void add_bias(Input b, Output y) { touch(0, b, y, y); }
  void bias_gradient(Input dy, Output db) { touch(0, dy, db); }
  void block_linear(Input x, Input w, Output y) {
    touch(product(x.rows, w), x, w, y);
    model(product(x.rows, w));
  }
  void block_linear_input_gradient(Input dy, Input w, Output dx, Onto = Onto::write) { touch(product(dy.rows, w), dy, w, dx); }
  void block_linear_weight_gradient(Input dy, Input x, Output dw) { touch(product(dy.rows, dw), dy, x, dw, dw); }
  void add_scaled(Input w, Input x, Output y) { touch(0, w, x, y, y); }
  void add_scaled_gradient(Input w, Input x, Input dy, Output dx, Output) { touch(0, w, x, dy, dx, dx); }
  void gather_rows(PlacedTokens, Input, Output y) { touch(0, y, y); }
  void scatter_rows(PlacedTokens, Input dy, Output) { touch(0, dy, dy, dy); }
  void add_positions(Index, Input, Output y) { touch(0, y, y, y); }
  void positions_gradient(Index, Input dy, Output) { touch(0, dy, dy, dy); }
  template <class>
  void map(Input x, Output y) {
    touch(0, x, y);
  }
  template <class>
  void map_gradient(Input x, Input dy, Output dx) {
    touch(0, x, dy, dx);
  }
  template <class>
  void gated(Input p, Input u, Output y) {
    touch(0, p, u, y);
  }
  template <class>
  void gated_gradient(Input p, Input u, Input dy, Output dp, Output du) {
    touch(0, p, u, dy, dp, du);
  }
  void soft_cap(double, Input x, Output y) { touch(0, x, y); }
  void soft_cap_gradient(double, Input y, Input dy, Output dx) { touch(0, y, dy, dx); }
  template <class Gate>
  void gate(Input f, Input, Output log_decay, Output write, const Gate& = {}) {
    touch(0, f, log_decay, write);
  }
  template <class Gate>
  void gate_gradient(Input f, Input, Input d_log_decay, Input d_write, Output df, Output, const Gate& = {}) {
    touch(0, f, d_log_decay, d_write, df);
  }
  void lower_bounds(Input raw, Output bounds_out) { touch(0, raw, bounds_out); }
  void lower_bounds_gradient(Input raw, Input d_bounds, Output d_raw) { touch(0, raw, d_bounds, d_raw); }
  void norm(const NormSizes&, Input x, Input w, Input b, Output y, Output m, Output r) { touch(0, x, w, b, y, m, r); }
  void norm_gradient(const NormSizes&, Input x, Input w, Input m, Input r, Input dy, Output dx, Output dw, Output db, Input plus = {}) {
    touch(0, x, w, m, r, dy, dx, dw, db, plus);
  }
  void rotate(const Rotation&, Output x, int) { touch(0, x, x); }
  void short_convolution(Input x, Input w, Output y, Input, Output) { touch(2 * size(x) * size(w.middle_rows(0, 1)), x, y); }
  void short_convolution_gradient(Input x, Input w, Input dy, Output dx, Output, Input, Input, Output) {
    touch(4 * size(x) * size(w.middle_rows(0, 1)), x, dy, dx);
  }
  void dropout(double, std::uint64_t, Output x) { touch(0, x, x); }
  void cross_entropy(Output logits, PlacedTokens, double, const CrossEntropyOptions&, double, Output) { touch(0, logits, logits); }
  void log_probability(Input logits, PlacedTokens, double, Output) { touch(0, logits); }
  using ContextBase::sum;
  void sum(Input x, View<double, place>) { touch(0, x); }
  double sum_of_squares(Input x) { return touch(0, x), 0.0; }
  void sum_of_squares(Input x, View<double, place>) { touch(0, x); }
  bool finite(Input x) { return touch(0, x), true; }
  template <class Rule, class... Elements>
  void each_element(const Rule&, View<Elements, place>... views) {
    touch(0, views..., (std::is_const_v<Elements> ? View<Elements, place>{} : views)...);
  }
  template <class Now, class Rule, class... Elements>
  void each_element(View<const Now, place>, const Rule& rule, View<Elements, place>... views) {
    each_element(rule, views...);
  }
  void row_by_row(const auto&, const auto&... views) { touch(0, views...); }
  void apply(const auto&, const auto&...) { touch(0); }

 private:
  Precision precision_ = Precision::float32;
  static double size(Input x) { return static_cast<double>(x.size()); }
  static double product(Index rows, Input w) { return 2.0 * static_cast<double>(rows) * size(w); }
};

// Operations as the tag counts them, bytes of all that a pass is given.
template <class Tag>
struct Recurrence<TraceContext, Tag> {
  static double operations(TraceContext& c, const Tag& tag) {
    return tag.operations(longest_sequence(c.sequences())) * static_cast<double>(c.extent().tokens);
  }
  static void count(TraceContext& c, double operations, const auto& pass) {
    c.touch(operations);
    each_view(pass, c.extent(), [&](const Path&, const Leaf&, const AnyView& view) { c.also(view ? view.size() : 0); });
  }
  static void forward(TraceContext& c, const auto& pass) {
    count(c, operations(c, pass.tag), pass);
    c.model(operations(c, pass.tag));
  }
  static void gradient(TraceContext& c, const auto& pass) { count(c, Tag::gradient_cost * operations(c, pass.tag), pass); }
};

struct Trace {
  using Scalar = float;
  using Memory = TraceMemory;
  using Context = TraceContext;
};

}  // namespace rondo

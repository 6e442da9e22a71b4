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
  using Composed::linear;
  using Composed::linear_input_gradient;
  using Composed::linear_weight_gradient;

  TraceCounts counts;

  void touch(double operations, const auto&... views) {
    counts.operations += operations;
    counts.bytes += (static_cast<double>(views ? views.size() : 0) + ... + 0.0) * sizeof(float);
    ++counts.launches;
  }
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
  void embedding(Input, Output y) { touch(0, y, y); }
  void embedding_gradient(Input dy, Output) { touch(0, dy, dy, dy); }
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
  void extend_cache(Input rows, Input, Output final) { touch(0, rows, final ? rows : Input{}); }
  void extend_cache_gradient(Input, Output d_rows, Output) { touch(0, d_rows); }
  void dropout(double, std::uint64_t, Output x) { touch(0, x, x); }
  void cross_entropy(Output logits, PlacedTokens, const CrossEntropyOptions&, double, Output) { touch(0, logits, logits); }
  void log_probability(Input logits, PlacedTokens, double, Output) { touch(0, logits); }
  double sum(Input x) { return touch(0, x), 0.0; }
  double sum_of_squares(Input x) { return touch(0, x), 0.0; }
  bool finite(Input x) { return touch(0, x), true; }
  void adamw(const AdamWStep&, Output w, Input g, Output m, Output v) { touch(0, w, w, g, m, m, v, v); }

  [[nodiscard]] Index longest() const {
    Index result = 0;
    for (const Sequence& sequence : sequences()) result = std::max(result, sequence.length);
    return result;
  }

 private:
  static double size(Input x) { return static_cast<double>(x.size()); }
  static double product(Index rows, Input w) { return 2.0 * static_cast<double>(rows) * size(w); }
};

template <>
struct Recurrence<TraceContext, Diagonal> {
  using In = TraceContext::Input;
  using Out = TraceContext::Output;
  static void forward(TraceContext& c, const Diagonal& p, In g, In x, Out h, In initial, Out final) {
    const double operations = p.operations(1) * static_cast<double>(g.rows);
    c.touch(operations, g, x, h, initial, final);
    c.model(operations);
  }
  static void gradient(TraceContext& c, const Diagonal& p, In g, In h, In d_h, In initial, In d_final, Out dg, Out dx,
                       Out d_initial) {
    c.touch(1.5 * p.operations(1) * static_cast<double>(g.rows), g, h, d_h, initial, d_final, dg, dx, d_initial);
  }
};
template <>
struct Recurrence<TraceContext, OuterProduct> {
  using In = TraceContext::Input;
  using Out = TraceContext::Output;
  static void forward(TraceContext& c, const OuterProduct& p, In q, In k, In g, In v, Out o, In initial, Out final) {
    const double operations = p.operations(1) * static_cast<double>(q.rows);
    c.touch(operations, q, k, g, v, o, initial, final);
    c.model(operations);
  }
  static void gradient(TraceContext& c, const OuterProduct& p, In q, In k, In g, In v, In d_o, In initial, In d_final, Out dq,
                       Out dk, Out dg, Out dv, Out d_initial) {
    c.touch(2 * p.operations(1) * static_cast<double>(q.rows), q, k, g, v, d_o, initial, d_final, dq, dk, dg, dv, d_initial);
  }
};
template <>
struct Recurrence<TraceContext, ScalarOuterProduct> {
  using In = TraceContext::Input;
  using Out = TraceContext::Output;
  static void forward(TraceContext& c, const ScalarOuterProduct& p, In q, In k, In g, In w, In v, Out o, In initial, Out final) {
    const double operations = p.operations(1) * static_cast<double>(q.rows);
    c.touch(operations, q, k, g, w, v, o, initial, final);
    c.model(operations);
  }
  static void gradient(TraceContext& c, const ScalarOuterProduct& p, In q, In k, In g, In w, In v, In d_o, In initial, In d_final,
                       Out dq, Out dk, Out dg, Out dw, Out dv, Out d_initial) {
    c.touch(2 * p.operations(1) * static_cast<double>(q.rows), q, k, g, w, v, d_o, initial, d_final, dq, dk, dg, dw, dv,
            d_initial);
  }
};
template <>
struct Recurrence<TraceContext, MatrixMemory> {
  using In = TraceContext::Input;
  using Out = TraceContext::Output;
  using State = MatrixMemory::State<Out>;
  static void forward(TraceContext& c, const MatrixMemory& p, In q, In k, In v, In i, In f, Out h, Carried<State> carried) {
    const double operations = p.operations(1) * static_cast<double>(q.rows);
    c.touch(operations, q, k, v, i, f, h, view_of(carried.initial, &State::memory), view_of(carried.final, &State::memory));
    c.model(operations);
  }
  static void gradient(TraceContext& c, const MatrixMemory& p, In q, In k, In v, In i, In f, In h, In dh, Out dq, Out dk, Out dv,
                       Out di, Out df, CarriedGradient<State> carried) {
    c.touch(2 * p.operations(1) * static_cast<double>(q.rows), q, k, v, i, f, h, dh, dq, dk, dv, di, df,
            view_of(carried.initial, &State::memory), view_of(carried.d_final, &State::memory),
            view_of(carried.d_initial, &State::memory));
  }
};
template <>
struct Recurrence<TraceContext, SelectiveScan> {
  using In = TraceContext::Input;
  using Out = TraceContext::Output;
  static void forward(TraceContext& c, const SelectiveScan& p, const SelectiveScanInputs<In>& in, const SelectiveScanWeights<In>& w,
                      Out y, In initial, Out final) {
    const double operations = p.operations(1) * static_cast<double>(y.rows);
    c.touch(operations, in.u, in.raw_step, in.B, in.C, in.z, w.step_bias, w.A_log, w.D, y, initial, final);
    c.model(operations);
  }
  static void gradient(TraceContext& c, const SelectiveScan& p, const SelectiveScanInputs<In>& in, const SelectiveScanWeights<In>& w,
                       In dy, In initial, In d_final, const SelectiveScanInputs<Out>& d_in, const SelectiveScanWeights<Out>& d_w,
                       Out d_initial) {
    c.touch(2 * p.operations(1) * static_cast<double>(dy.rows), in.u, in.raw_step, in.B, in.C, in.z, w.step_bias, w.A_log, w.D, dy,
            initial, d_final, d_in.u, d_in.raw_step, d_in.B, d_in.C, d_in.z, d_w.step_bias, d_w.A_log, d_w.D, d_initial);
  }
};
template <>
struct Recurrence<TraceContext, SoftmaxAttention> {
  using In = TraceContext::Input;
  using Out = TraceContext::Output;
  static void forward(TraceContext& c, const SoftmaxAttention& p, In q, In k, In v, In, In, Out o, Out log_sum) {
    const double operations = p.operations(c.longest()) * static_cast<double>(q.rows);
    c.touch(operations, q, k, v, o, log_sum);
    c.model(operations);
  }
  static void gradient(TraceContext& c, const SoftmaxAttention& p, In q, In k, In v, In, In, In o, In log_sum, In d_o, Out dq,
                       Out dk, Out dv, Out, Out) {
    c.touch(2.5 * p.operations(c.longest()) * static_cast<double>(q.rows), q, k, v, o, log_sum, d_o, dq, dk, dv);
  }
};
template <class CellType>
struct Recurrence<TraceContext, Cell<CellType>> {
  using In = TraceContext::Input;
  using Out = TraceContext::Output;
  using State = typename CellType::template State<Out>;
  static double operations(const Cell<CellType>& p, In gates) {
    return 2.0 * static_cast<double>(gates.rows) * static_cast<double>(p.weights());
  }
  static void forward(TraceContext& c, const Cell<CellType>& p, Out gates, In recurrent, Out hidden, Out cell, const Carried<State>&) {
    c.touch(operations(p, gates), gates, gates, recurrent, hidden, cell);
    c.model(operations(p, gates));
  }
  static void gradient(TraceContext& c, const Cell<CellType>& p, In gates, In recurrent, In hidden, In cell, In d_hidden,
                       const CarriedGradient<State>&, Out d_gates, Out) {
    c.touch(2 * operations(p, gates), gates, recurrent, hidden, cell, d_hidden, d_gates);
  }
};

struct Trace {
  using Scalar = float;
  using Memory = TraceMemory;
  using Context = TraceContext;
};

}  // namespace rondo

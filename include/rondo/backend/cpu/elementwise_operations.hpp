// Cpu back-end, part 1: element-wise operations, gates, embeddings, dropout and sums (contracts: rondo/backend/backend.hpp).
//
// Loops: elementwise_loops.hpp, compiled once; activation_loops.hpp and lookup_loops.hpp, templates of which the usual are.
#pragma once

#include <concepts>
#include <type_traits>

#include <rondo/backend/host_context.hpp>
#include <rondo/backend/cpu/activation_loops.hpp>
#include <rondo/backend/cpu/lookup_loops.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/backend/options.hpp>

namespace rondo {

class CpuContext;

class CpuElementwise : public HostContext<CpuContext, float> {
 public:
  using Input = View<const float>;
  using Output = View<float>;
  using Composed::each_element;

  void zero(Output y);
  void copy(Input x, Output y);
  void add(Input x, Output y);
  void scale(Output x, double factor);
  void round(Input x, Output words);
  void widen(Input words, Output x);
  void blend(Input x, Output average, double share);
  void add_bias(Input bias, Output y);
  void bias_gradient(Input dy, Output d_bias);

  void add_scaled(Input weight, Input x, Output y);
  void add_scaled_gradient(Input weight, Input x, Input dy, Output dx, Output d_weight);

  void gather_rows(Tokens rows, Input x, Output y);
  template <class W>
    requires(!std::same_as<std::remove_const_t<W>, float>)
  void gather_rows(Tokens rows, View<W> x, Output y) {
    look_up(rows, x, y);
  }
  void scatter_rows(Tokens rows, Input dy, Output dx);
  void add_positions(Index first, Input table, Output y);
  template <class W>
    requires(!std::same_as<std::remove_const_t<W>, float>)
  void add_positions(Index first, View<W> table, Output y) {
    add_rows_at_positions(sequences(), first, table, y);
  }
  void positions_gradient(Index first, Input dy, Output d_table);

  template <class Function>
  void map(Input x, Output y) {
    map_rows<Function>(x, y);
  }
  template <class Function>
  void map_gradient(Input x, Input dy, Output dx) {
    map_rows_gradient<Function>(x, dy, dx);
  }
  template <class Function>
  void gated(Input p, Input u, Output y) {
    gated_rows<Function>(p, u, y);
  }
  template <class Function>
  void gated_gradient(Input p, Input u, Input dy, Output dp, Output du) {
    gated_rows_gradient<Function>(p, u, dy, dp, du);
  }
  void soft_cap(double cap, Input x, Output y);
  void soft_cap_gradient(double cap, Input y, Input dy, Output dx);
  template <class Gate>
  void gate(Input f, Input beta, Output log_decay, Output write, const Gate& settings = {}) {
    gate_rows(settings, f, beta, log_decay, write);
  }
  template <class Gate>
  void gate_gradient(Input f, Input beta, Input d_log_decay, Input d_write, Output df, Output d_beta, const Gate& settings = {}) {
    gate_rows_gradient(settings, f, beta, d_log_decay, d_write, df, d_beta, scratch);
  }
  void lower_bounds(Input raw, Output bounds);
  void lower_bounds_gradient(Input raw, Input d_bounds, Output d_raw);
  template <class Rule, class... Elements>
  void each_element(const Rule& rule, View<Elements>... views) {
    each_element_of(rule, views...);
  }
  template <class Now, class Rule, class... Elements>
  void each_element(View<const Now> now, const Rule& rule, View<Elements>... views) {
    if (takes_place(*now.data)) each_element_of(rule.at(*now.data), views...);
  }
  template <class Rule, class First, class... Others>
  void row_by_row(const Rule& rule, View<First> first, View<Others>... others) {
    each_row_range(first.rows, first.columns, [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) rule(first.middle_rows(r, 1), others.middle_rows(r, 1)...);
    });
  }
  void dropout(double rate, std::uint64_t stream, Output x);

  [[nodiscard]] double sum(Input x);
  [[nodiscard]] double sum_of_squares(Input x);
  void sum_of_squares(Input x, View<double> to) { *to.data = sum_of_squares(x); }
  [[nodiscard]] bool finite(Input x);
};

}  // namespace rondo

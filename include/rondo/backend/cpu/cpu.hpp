// The Cpu back-end: float32, vectorised and threaded (OpenMP); matrix products through oneDNN or Eigen where
// they are built in (RONDO_ONEDNN, RONDO_EIGEN), else rondo's own.
//
//   Parameters<Hgrn2, Cpu> weights{model, Seed{1}};          weights in float32
//   Parameters<Hgrn2, Cpu, bf16> small{model};               weights in bf16, for evaluation and decoding
#pragma once

#include <rondo/backend/backend.hpp>
#include <rondo/backend/cpu/half_weights.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/recurrence/cell.hpp>
#include <rondo/recurrence/diagonal.hpp>
#include <rondo/recurrence/matrix_memory.hpp>
#include <rondo/recurrence/outer_product.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>
#include <rondo/recurrence/selective_scan.hpp>
#include <rondo/recurrence/softmax_attention.hpp>

namespace rondo {

class CpuContext : public CpuWeights {};

template <>
struct Recurrence<CpuContext, SoftmaxAttention> {
  using Input = View<const float>;
  using Output = View<float>;
  static AttentionSizes sizes(const SoftmaxAttention& p) {
    return {p.heads, p.key_value_heads, p.head_width, static_cast<float>(p.scale), p.window};
  }
  static void forward(CpuContext& c, const SoftmaxAttention& p, Input q, Input k, Input v, Input past_keys, Input past_values,
                      Output o, Output log_sum) {
    attention_forward(c.sequences(), sizes(p), q, k, v, past_keys, past_values, o, log_sum, c.scratch);
  }
  static void gradient(CpuContext& c, const SoftmaxAttention& p, Input q, Input k, Input v, Input past_keys, Input past_values,
                       Input o, Input log_sum, Input d_o, Output dq, Output dk, Output dv, Output d_past_keys,
                       Output d_past_values) {
    attention_backward(c.sequences(), sizes(p), q, k, v, past_keys, past_values, o, log_sum, d_o, dq, dk, dv, d_past_keys,
                       d_past_values, c.scratch);
  }
};

template <>
struct Recurrence<CpuContext, Diagonal> {
  using Input = View<const float>;
  using Output = View<float>;
  static void forward(CpuContext& c, const Diagonal&, Input g, Input x, Output h, Input initial, Output final) {
    diagonal_forward(c.sequences(), g, x, h, initial, final);
  }
  static void gradient(CpuContext& c, const Diagonal&, Input g, Input h, Input d_h, Input initial, Input d_final, Output dg,
                       Output dx, Output d_initial) {
    diagonal_backward(c.sequences(), g, h, d_h, initial, d_final, dg, dx, d_initial, c.scratch);
  }
};
template <>
struct Recurrence<CpuContext, OuterProduct> {
  using Input = View<const float>;
  using Output = View<float>;
  static OuterProductSizes sizes(const OuterProduct& p) {
    return {p.heads, p.key_width, p.value_width, static_cast<float>(p.scale)};
  }
  static void forward(CpuContext& c, const OuterProduct& p, Input q, Input k, Input g, Input v, Output o, Input initial,
                      Output final) {
    outer_product_forward(c.sequences(), sizes(p), q, k, g, v, o, initial, final, c.scratch);
  }
  static void gradient(CpuContext& c, const OuterProduct& p, Input q, Input k, Input g, Input v, Input d_o, Input initial,
                       Input d_final, Output dq, Output dk, Output dg, Output dv, Output d_initial) {
    outer_product_backward(c.sequences(), sizes(p), q, k, g, v, d_o, initial, d_final, dq, dk, dg, dv, d_initial, c.scratch);
  }
};
template <>
struct Recurrence<CpuContext, ScalarOuterProduct> {
  using Input = View<const float>;
  using Output = View<float>;
  static ScalarOuterProductSizes sizes(const ScalarOuterProduct& p) {
    return {p.heads, p.groups, p.key_width, p.value_width, static_cast<float>(p.scale)};
  }
  static void forward(CpuContext& c, const ScalarOuterProduct& p, Input q, Input k, Input g, Input w, Input v, Output o,
                      Input initial, Output final) {
    scalar_outer_product_forward(c.sequences(), sizes(p), {q, k, g, w, v}, o, initial, final, c.scratch);
  }
  static void gradient(CpuContext& c, const ScalarOuterProduct& p, Input q, Input k, Input g, Input w, Input v, Input d_o,
                       Input initial, Input d_final, Output dq, Output dk, Output dg, Output dw, Output dv, Output d_initial) {
    scalar_outer_product_backward(c.sequences(), sizes(p), {q, k, g, w, v}, d_o, initial, d_final, {dq, dk, dg, dw, dv},
                                  d_initial, c.scratch);
  }
};
template <>
struct Recurrence<CpuContext, MatrixMemory> {
  using Input = View<const float>;
  using Output = View<float>;
  using State = MatrixMemory::State<Output>;
  static MatrixMemorySizes sizes(const MatrixMemory& p) {
    return {p.heads, p.key_width, p.value_width, static_cast<float>(p.scale), static_cast<float>(p.epsilon),
            p.start == MatrixMemory::Start::unbounded};
  }
  static MatrixMemoryState source(const State* state) {
    return state ? MatrixMemoryState{state->memory, state->normaliser, state->stabiliser} : MatrixMemoryState{};
  }
  static MatrixMemoryStateTarget target(const State* state) {
    return state ? MatrixMemoryStateTarget{state->memory, state->normaliser, state->stabiliser} : MatrixMemoryStateTarget{};
  }
  static void forward(CpuContext& c, const MatrixMemory& p, Input q, Input k, Input v, Input i, Input f, Output h,
                      Carried<State> carried) {
    matrix_memory_forward(c.sequences(), sizes(p), {q, k, v, i, f}, h, source(carried.initial), target(carried.final), c.scratch);
  }
  static void gradient(CpuContext& c, const MatrixMemory& p, Input q, Input k, Input v, Input i, Input f, Input h, Input dh,
                       Output dq, Output dk, Output dv, Output di, Output df, CarriedGradient<State> carried) {
    matrix_memory_backward(c.sequences(), sizes(p), {q, k, v, i, f}, h, dh, source(carried.initial), source(carried.d_final),
                           {dq, dk, dv, di, df}, target(carried.d_initial), c.scratch);
  }
};
template <>
struct Recurrence<CpuContext, SelectiveScan> {
  using Input = View<const float>;
  using Output = View<float>;
  static void forward(CpuContext& c, const SelectiveScan& p, const SelectiveScanInputs<Input>& in,
                      const SelectiveScanWeights<Input>& w, Output y, Input initial, Output final) {
    selective_scan_forward(c.sequences(), p, in, w, y, initial, final, c.scratch);
  }
  template <HalfElement Half>
  static void forward(CpuContext& c, const SelectiveScan& p, const SelectiveScanInputs<Input>& in,
                      const SelectiveScanWeights<View<Half>>& w, Output y, Input initial, Output final) {
    auto mark = c.mark();
    const SelectiveScanWeights<Input> wide{c.widened(w.step_bias), c.widened(w.A_log), c.widened(w.D)};
    forward(c, p, in, wide, y, initial, final);
  }
  static void gradient(CpuContext& c, const SelectiveScan& p, const SelectiveScanInputs<Input>& in,
                       const SelectiveScanWeights<Input>& w, Input dy, Input initial, Input d_final,
                       const SelectiveScanInputs<Output>& d_in, const SelectiveScanWeights<Output>& d_w, Output d_initial) {
    selective_scan_backward(c.sequences(), p, in, w, dy, initial, d_final, d_in, d_w, d_initial, c.scratch);
  }
};
template <class CellType>
struct Recurrence<CpuContext, Cell<CellType>> {
  using Input = View<const float>;
  using Output = View<float>;
  using State = typename CellType::template State<Output>;
  static void forward(CpuContext& c, const Cell<CellType>& p, Output gates, Input recurrent, Output hidden, Output cell,
                      const Carried<State>& carried) {
    cell_forward(c.sequences(), p, gates, recurrent, hidden, cell, carried, c.scratch);
  }
  template <HalfElement Half>
  static void forward(CpuContext& c, const Cell<CellType>& p, Output gates, View<Half> recurrent, Output hidden, Output cell,
                      const Carried<State>& carried) {
    auto mark = c.mark();
    forward(c, p, gates, c.widened(recurrent), hidden, cell, carried);
  }
  static void gradient(CpuContext& c, const Cell<CellType>& p, Input gates, Input recurrent, Input hidden, Input cell,
                       Input d_hidden, const CarriedGradient<State>& carried, Output d_gates, Output d_recurrent) {
    cell_backward(c.sequences(), p, gates, recurrent, cell, d_hidden, carried, d_gates, c.scratch);
    auto mark = c.mark();
    const Output previous = c.matrix(hidden.rows, hidden.columns);
    previous_rows(c.sequences(), hidden, view_of(carried.initial, &State::hidden), previous);
    if (p.heads == 1) return c.linear_weight_gradient(d_gates, previous, p.of_head(d_recurrent, 0));
    const Index d = p.head_width();
    for (Index head = 0; head < p.heads; ++head)
      for (Index gate = 0; gate < CellType::gates; ++gate)
        c.linear_weight_gradient(d_gates.middle_columns(gate * p.width + head * d, d), previous.middle_columns(head * d, d),
                                 p.of_head(d_recurrent, head).middle_rows(gate * d, d));
  }
};

struct Cpu {
  using Scalar = float;
  using Memory = Arena;
  using Context = CpuContext;
};

}  // namespace rondo

#if RONDO_HEADER_ONLY
#include <rondo/backend/cpu/attention.hpp>
#include <rondo/backend/cpu/attention_backward.hpp>
#include <rondo/backend/cpu/cell.hpp>
#include <rondo/backend/cpu/cell_backward.hpp>
#include <rondo/backend/cpu/diagonal.hpp>
#include <rondo/backend/cpu/elementwise_loops.hpp>
#include <rondo/backend/cpu/loss_loops.hpp>
#include <rondo/backend/cpu/matrix_memory.hpp>
#include <rondo/backend/cpu/matrix_memory_backward.hpp>
#include <rondo/backend/cpu/matrix_product.hpp>
#include <rondo/backend/cpu/outer_product.hpp>
#include <rondo/backend/cpu/outer_product_backward.hpp>
#include <rondo/backend/cpu/rotary.hpp>
#include <rondo/backend/cpu/scalar_outer_product.hpp>
#include <rondo/backend/cpu/scalar_outer_product_backward.hpp>
#include <rondo/backend/cpu/selective_scan.hpp>
#include <rondo/backend/cpu/selective_scan_backward.hpp>
#include <rondo/backend/cpu/sequence_loops.hpp>
#include <rondo/backend/cpu/short_convolution.hpp>
#endif

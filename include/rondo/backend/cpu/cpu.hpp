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
#include <rondo/recurrence/matrix_memory.hpp>
#include <rondo/recurrence/outer_product.hpp>
#include <rondo/recurrence/softmax_attention.hpp>

namespace rondo {

class CpuContext : public CpuWeights<CpuContext> {};

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
struct Recurrence<CpuContext, Cell<LstmCell>> {
  using Input = View<const float>;
  using Output = View<float>;
  static void forward(CpuContext& c, const Cell<LstmCell>&, Output gates, Input recurrent, Output hidden, Output cell,
                      Input h_initial, Input c_initial, Output h_final, Output c_final) {
    lstm_forward(c.sequences(), gates, recurrent, {h_initial, c_initial}, hidden, cell, {h_final, c_final}, c.scratch);
  }
  template <HalfElement Half>
  static void forward(CpuContext& c, const Cell<LstmCell>& p, Output gates, View<Half> recurrent, Output hidden, Output cell,
                      Input h_initial, Input c_initial, Output h_final, Output c_final) {
    auto mark = c.mark();
    forward(c, p, gates, c.widened(recurrent), hidden, cell, h_initial, c_initial, h_final, c_final);
  }
  static void gradient(CpuContext& c, const Cell<LstmCell>&, Input gates, Input recurrent, Input hidden, Input cell,
                       Input h_initial, Input c_initial, Input d_hidden, Input dh_final, Input dc_final, Output d_gates,
                       Output d_recurrent, Output dh_initial, Output dc_initial) {
    lstm_backward(c.sequences(), gates, recurrent, {h_initial, c_initial}, cell, d_hidden, {dh_final, dc_final}, d_gates,
                  {dh_initial, dc_initial}, c.scratch);
    auto mark = c.mark();
    const Output previous = c.matrix(hidden.rows, hidden.columns);
    previous_rows(c.sequences(), hidden, h_initial, previous);
    c.linear_weight_gradient(d_gates, previous, d_recurrent);
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
#include <rondo/backend/cpu/lstm_cell.hpp>
#include <rondo/backend/cpu/lstm_cell_backward.hpp>
#include <rondo/backend/cpu/matrix_memory.hpp>
#include <rondo/backend/cpu/matrix_memory_backward.hpp>
#include <rondo/backend/cpu/outer_product.hpp>
#include <rondo/backend/cpu/outer_product_backward.hpp>
#endif

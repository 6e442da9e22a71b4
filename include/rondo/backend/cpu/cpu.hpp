// The Cpu back-end: float32, vectorised and threaded (OpenMP); matrix products through oneDNN or Eigen where
// they are built in (RONDO_ONEDNN, RONDO_EIGEN), else rondo's own.
//
//   Parameters<Hgrn2, Cpu> weights{model, Seed{1}};          weights in float32
//   Parameters<Hgrn2, Cpu, bf16> small{model};               weights in bf16, for evaluation and decoding
#pragma once

#include <rondo/backend/backend.hpp>
#include <rondo/backend/cpu/adaptive_team.hpp>
#include <rondo/backend/cpu/half_weights.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/recurrence/cell.hpp>
#include <rondo/recurrence/delta_rule.hpp>
#include <rondo/recurrence/diagonal.hpp>
#include <rondo/recurrence/matrix_memory.hpp>
#include <rondo/recurrence/outer_product.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>
#include <rondo/recurrence/selective_scan.hpp>
#include <rondo/recurrence/softmax_attention.hpp>
#include <rondo/recurrence/trapezoidal_outer_product.hpp>

namespace rondo {

class CpuContext : public CpuWeights {
 public:
  // One token alone: as its bytes are worth it. (More are products of matrices, which choose for themselves.)
  [[nodiscard]] TimedThreads threads_for(Index tokens, std::size_t bytes) {
    if (tokens > 1) return {nullptr, thread_count(), 1};
    if (bytes != token_bytes_) token_team_ = AdaptiveTeam{AdaptiveTeam::tokens}, token_bytes_ = bytes;
    return adapting(token_team_, decoding_threads(bytes));
  }
  [[nodiscard]] TimedThreads threads_of_scoring(Index tokens) { return adapting(scoring_team_, thread_count(), tokens); }
  [[nodiscard]] TimedThreads threads_of_training(Index tokens) { return adapting(training_team_, thread_count(), tokens); }
  [[nodiscard]] ProductsIn products_in(Precision precision) { return {precision_, precision}; }

 private:
  static TimedThreads adapting(AdaptiveTeam& team, Index most, Index tokens = 1) {
    return {most > 1 && !threads_are_given() ? &team : nullptr, most, tokens};
  }
  AdaptiveTeam token_team_{AdaptiveTeam::tokens}, scoring_team_{AdaptiveTeam::batches}, training_team_{AdaptiveTeam::batches};
  std::size_t token_bytes_ = 0;
};

// The recurrences that have a form of their own here, each defined in the header of its name, backward in NAME_backward.hpp (softmax
// attention in attention.hpp); all others run their plain loops.
void run_recurrence(const CpuForward<Cell<LstmCell>>& pass, Arena& scratch);
void run_recurrence(const CpuForward<Cell<SlstmCell>>& pass, Arena& scratch);
void run_recurrence(const CpuForward<DeltaRule>& pass, Arena& scratch);
void run_recurrence(const CpuForward<Diagonal>& pass, Arena& scratch);
void run_recurrence(const CpuForward<MatrixMemory>& pass, Arena& scratch);
void run_recurrence(const CpuForward<OuterProduct>& pass, Arena& scratch);
void run_recurrence(const CpuForward<ScalarOuterProduct>& pass, Arena& scratch);
void run_recurrence(const CpuForward<SelectiveScan>& pass, Arena& scratch);
void run_recurrence(const CpuForward<SoftmaxAttention>& pass, Arena& scratch);
void run_recurrence(const CpuForward<TrapezoidalOuterProduct>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<Cell<LstmCell>>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<Cell<SlstmCell>>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<DeltaRule>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<Diagonal>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<MatrixMemory>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<OuterProduct>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<ScalarOuterProduct>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<SelectiveScan>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<SoftmaxAttention>& pass, Arena& scratch);
void run_recurrence(const CpuGradient<TrapezoidalOuterProduct>& pass, Arena& scratch);
template <class Tag>
  requires requires(const CpuForward<Tag>& pass, Arena& scratch) { run_recurrence(pass, scratch); }
struct Recurrence<CpuContext, Tag> {
  static void forward(CpuContext& c, const CpuForward<Tag>& pass) { run_recurrence(pass, c.scratch); }
  static void gradient(CpuContext& c, const CpuGradient<Tag>& pass) { run_recurrence(pass, c.scratch); }
};

struct Cpu {
  using Scalar = float;
  using Memory = Arena;
  using Context = CpuContext;
};

// The same with all products in one precision. (A Trainer takes it as an option, for its steps alone: TrainingOptions::precision.)
template <Precision of_products>
struct CpuIn {
  static constexpr Precision precision = of_products;
  using Scalar = float;
  using Memory = Arena;
  struct Context : CpuContext {
    Context() { precision_ = of_products; }
  };
};

}  // namespace rondo

#if RONDO_HEADER_ONLY
#include <rondo/backend/cpu/attention.hpp>
#include <rondo/backend/cpu/attention_backward.hpp>
#include <rondo/backend/cpu/bf16_product.hpp>
#include <rondo/backend/cpu/cell.hpp>
#include <rondo/backend/cpu/cell_backward.hpp>
#include <rondo/backend/cpu/delta_rule.hpp>
#include <rondo/backend/cpu/delta_rule_backward.hpp>
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
#include <rondo/backend/cpu/trapezoidal_outer_product.hpp>
#endif

// rondo's own recurrences on the Cpu, Reference and Trace back-ends, compiled once.
#pragma once

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/backend/trace/trace.hpp>

#if !RONDO_HEADER_ONLY
namespace rondo {

#define RONDO_RECURRENCE_ON(C, ...)                                                                                            \
  RONDO_COMPILED_ONCE(standard_recurrences)                                                                                       \
  template void run_forward<C, __VA_ARGS__>(C&, const ForwardPass<__VA_ARGS__, typename C::Input, typename C::Output>&);       \
  RONDO_COMPILED_ONCE(standard_recurrences)                                                                                       \
  template void run_gradient<C, __VA_ARGS__>(C&, const GradientPass<__VA_ARGS__, typename C::Input, typename C::Output>&);
#define RONDO_RECURRENCE(...)                                \
  RONDO_RECURRENCE_ON(CpuContext, __VA_ARGS__)               \
  RONDO_RECURRENCE_ON(ReferenceContext<double>, __VA_ARGS__) \
  RONDO_RECURRENCE_ON(TraceContext, __VA_ARGS__)
RONDO_RECURRENCE(Cell<LstmCell>)
RONDO_RECURRENCE(Cell<SlstmCell>)
RONDO_RECURRENCE(DeltaRule)
RONDO_RECURRENCE(Diagonal)
RONDO_RECURRENCE(MatrixMemory)
RONDO_RECURRENCE(OuterProduct)
RONDO_RECURRENCE(ScalarOuterProduct)
RONDO_RECURRENCE(SelectiveScan)
RONDO_RECURRENCE(SoftmaxAttention)
RONDO_RECURRENCE(TrapezoidalOuterProduct)
#undef RONDO_RECURRENCE
#undef RONDO_RECURRENCE_ON

}  // namespace rondo
#endif

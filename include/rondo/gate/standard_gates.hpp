// The loops of rondo's own gates on the Cpu back-end, compiled once (rondo/backend/cpu/activation_loops.hpp).
#pragma once

#include <rondo/backend/cpu/activation_loops.hpp>
#include <rondo/gate/decay.hpp>
#include <rondo/gate/forget.hpp>
#include <rondo/gate/softplus_step.hpp>

#if !RONDO_HEADER_ONLY
namespace rondo {

#define RONDO_LOOPS_OF(G)                                                                                                \
  RONDO_COMPILED_ONCE(standard_gates)                                                                                    \
  template void gate_rows(const G&, View<const float>, View<const float>, View<float>, View<float>);                     \
  RONDO_COMPILED_ONCE(standard_gates)                                                                                    \
  template void gate_rows_gradient(const G&, View<const float>, View<const float>, View<const float>, View<const float>, \
                                   View<float>, View<float>, Arena&);
RONDO_LOOPS_OF(LowerBoundedForget)
RONDO_LOOPS_OF(SigmoidForget)
RONDO_LOOPS_OF(SoftplusStep)
#undef RONDO_LOOPS_OF
RONDO_COMPILED_ONCE(standard_gates) template void map_rows<SigmoidRoot<16>>(View<const float>, View<float>);
RONDO_COMPILED_ONCE(standard_gates)
template void map_rows_gradient<SigmoidRoot<16>>(View<const float>, View<const float>, View<float>);

}  // namespace rondo
#endif

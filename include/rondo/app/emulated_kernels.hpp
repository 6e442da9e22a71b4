// The Emulated back-end with the kernels of rondo's own compositions compiled once (backend/kernel/standard_kernels.hpp), for programs.
#pragma once

#include <rondo/backend/emulated/emulated.hpp>
#include <rondo/backend/kernel/standard_kernels.hpp>
#include <rondo/core/activation.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/gate/bounded_decay.hpp>
#include <rondo/gate/forget.hpp>
#include <rondo/gate/softplus_step.hpp>

#if defined(RONDO_EMULATED)
namespace rondo {

#define RONDO_EMULATED_KERNELS(LAUNCH, TOGETHER, EACH, E)   \
  RONDO_ELEMENT_KERNELS(LAUNCH, EACH, E)                    \
  RONDO_ROW_KERNELS(LAUNCH, EACH, E)                        \
  RONDO_ATTENTION_KERNELS(LAUNCH, EACH, E)                  \
  RONDO_OUTER_PRODUCT_KERNELS(LAUNCH, E)                    \
  RONDO_SCALAR_OUTER_PRODUCT_KERNELS(LAUNCH, EACH, E)       \
  RONDO_MATRIX_MEMORY_KERNELS(EACH, E)                      \
  RONDO_SCAN_KERNELS(LAUNCH, EACH, E)                       \
  RONDO_CELL_KERNELS(TOGETHER, EACH, E)
#define RONDO_EMULATED_LAUNCH(group, function, ...) \
  RONDO_COMPILED_ONCE(group) template void EmulatedDevice<false>::function<__VA_ARGS__::threads>(Index, const __VA_ARGS__&) const;
#define RONDO_EMULATED_EACH(group, ...) RONDO_COMPILED_ONCE(group) template void EmulatedDevice<false>::each(Index, const __VA_ARGS__&) const;

#define RONDO_FLOAT_LAUNCH(...) RONDO_EMULATED_LAUNCH(emulated_float, launch, __VA_ARGS__)
#define RONDO_FLOAT_TOGETHER(...) RONDO_EMULATED_LAUNCH(emulated_float, launch_together, __VA_ARGS__)
#define RONDO_FLOAT_EACH(...) RONDO_EMULATED_EACH(emulated_float, __VA_ARGS__)
RONDO_EMULATED_KERNELS(RONDO_FLOAT_LAUNCH, RONDO_FLOAT_TOGETHER, RONDO_FLOAT_EACH, float)

#define RONDO_BF16_LAUNCH(...) RONDO_EMULATED_LAUNCH(emulated_bf16, launch, __VA_ARGS__)
#define RONDO_BF16_TOGETHER(...) RONDO_EMULATED_LAUNCH(emulated_bf16, launch_together, __VA_ARGS__)
#define RONDO_BF16_EACH(...) RONDO_EMULATED_EACH(emulated_bf16, __VA_ARGS__)
RONDO_EMULATED_KERNELS(RONDO_BF16_LAUNCH, RONDO_BF16_TOGETHER, RONDO_BF16_EACH, bf16)
RONDO_MIXED_ELEMENT_KERNELS(RONDO_BF16_LAUNCH, RONDO_BF16_EACH, bf16)
RONDO_MATRIX_MEMORY_STATE_KERNELS(RONDO_BF16_EACH)

}  // namespace rondo
#endif

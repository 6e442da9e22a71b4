// The kernels of the Cpu back-end that are much code for one call: declared here, each defined in the header that is named, which
// also holds its formula, shapes and errors. They depend on no model and are compiled once (rondo/core/compiled.hpp).
#pragma once

#include <type_traits>

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/backend/cpu/transpose.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/core/rotation.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>
#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

// rondo/backend/cpu/elementwise_loops.hpp. Memory is laid out by the width of a register: a unit that is compiled for another one than the
// library does not link.
void compiled_for(std::integral_constant<int, sizeof(Lanes)> register_bytes);
#if !RONDO_HEADER_ONLY
[[gnu::used]] static void (*const same_registers_as_the_library)(std::integral_constant<int, sizeof(Lanes)>) = compiled_for;
#endif

// rondo/backend/cpu/matrix_product.hpp
void multiply(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta = 0);

// rondo/backend/cpu/bf16_product.hpp. Whether the processor that this is compiled for multiplies bf16.
#if defined(__AVX512BF16__)
inline constexpr bool has_bf16_products = true;
#else
inline constexpr bool has_bf16_products = false;
#endif
void multiply_bf16(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta = 0);
void bf16_product(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float alpha = 1, float beta = 0);

// What a recurrence's own form on the Cpu is given (rondo/backend/cpu/cpu.hpp).
template <class Tag>
using CpuForward = ForwardPass<Tag, View<const float>, View<float>>;
template <class Tag>
using CpuGradient = GradientPass<Tag, View<const float>, View<float>>;

// rondo/backend/cpu/rotary.hpp
void rotate(Sequences sequences, View<float> x, const Rotation& rotation, int direction, Arena& arena);

// rondo/backend/cpu/short_convolution.hpp
void short_convolution(Sequences sequences, View<const float> x, View<const float> weight, View<float> y,
                       View<const float> initial, View<float> final, Arena& arena);
void short_convolution_gradient(Sequences sequences, View<const float> x, View<const float> weight, View<const float> dy,
                                View<float> dx, View<float> d_weight, View<const float> initial, View<const float> d_final,
                                View<float> d_initial, Arena& arena);

}  // namespace rondo

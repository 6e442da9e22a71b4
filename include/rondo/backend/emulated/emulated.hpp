// The Emulated back-end: the kernels and the host text of a device's back-end (rondo/backend/kernel), run as plain loops on the host, so
// that they are proven without a device.
//
//   Emulated<float>          computes and stores in float32
//   Emulated<bf16>           stores activations in 16 bits, as a device does
//   Emulated<float, true>    watches every element of shared memory (rondo/backend/emulated/checks.hpp); four times slower
//
// All recurrences have kernels but delta rules; heads wider than 128 (cells: 1024; values of the matrix memory: any) and more than 16 states
// of a scan have none. Those run by their tags' plain loops in double, on copies of their operands.
#pragma once

#include <rondo/backend/emulated/device.hpp>
#include <rondo/backend/kernel/attention_gradient.hpp>
#include <rondo/backend/kernel/cell_gradient.hpp>
#include <rondo/backend/kernel/diagonal.hpp>
#include <rondo/backend/kernel/matrix_memory.hpp>
#include <rondo/backend/kernel/outer_product_gradient.hpp>
#include <rondo/backend/kernel/scalar_outer_product_gradient.hpp>
#include <rondo/backend/kernel/selective_scan.hpp>

namespace rondo {

template <class Element, bool checked = false>
struct Emulated {
  using Scalar = Element;
  using Memory = typename EmulatedDevice<checked>::Memory;
  using Context = KernelContext<EmulatedDevice<checked>, Element>;
};

}  // namespace rondo

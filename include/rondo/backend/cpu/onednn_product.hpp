// Matrix product by oneDNN.
//
//   c [m, n] = beta c + op(a) op(b),   op(a) [m, k], op(b) [k, n]
//
// The only header that includes oneDNN; compiled where RONDO_ONEDNN is defined. dnnl_sgemm works on the calling thread, of which
// multiply_pieces (matrix_product.hpp) has as many as there are. Throws Error when oneDNN refuses.
//
// Before 3.11.2 its kernels for x86-64 let the stack pointer point into the heap, where the frame of a signal handler overwrites
// what lies below (oneDNN's issue 4845). Under these versions signals wait until a product is done.
#pragma once

#include <optional>
#include <tuple>

#include <dnnl.h>

#include <rondo/backend/cpu/blocked_signals.hpp>
#include <rondo/backend/cpu/transpose.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

[[nodiscard]] inline bool onednn_moves_the_stack() {
  const dnnl_version_t& version = *dnnl_version();
  return std::tuple(version.major, version.minor, version.patch) < std::tuple(3, 11, 2);
}

inline void onednn_multiply(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta) {
  const auto letter = [](Transpose transpose) { return transpose == Transpose::no ? 'N' : 'T'; };
  static const bool moves_the_stack = onednn_moves_the_stack();
  std::optional<BlockedSignals> blocked;
  if (moves_the_stack) blocked.emplace();
  const dnnl_status_t status = dnnl_sgemm(letter(ta), letter(tb), c.rows, c.columns, columns_of(a, ta), 1.0f, a.data, a.stride,
                                          b.data, b.stride, beta, c.data, c.stride);
  require(status == dnnl_success, "oneDNN: product of ", c.rows, " x ", columns_of(a, ta), " and ", columns_of(a, ta), " x ",
          c.columns, " refused with status ", static_cast<int>(status));
}

// Whether oneDNN's single-precision product copies its operands into the order in which it reads them. Where it expects
// the copies not to pay it reads the operands as they lie; without AVX-512 this runs at about half the speed, unless
// the left one is read along its rows and the right one along its columns.
[[nodiscard]] inline bool onednn_copies_operands(Index rows, Index columns, Transpose ta, Transpose tb) {
#if defined(__AVX512F__)
  static_cast<void>(rows), static_cast<void>(columns), static_cast<void>(ta), static_cast<void>(tb);
  return true;
#else
  if (ta == Transpose::no && tb == Transpose::yes) return true;
  return 1.0 / static_cast<double>(rows) + 1.0 / static_cast<double>(columns) < 0.0038;
#endif
}

}  // namespace rondo

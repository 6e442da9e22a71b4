// A matrix product as BLAS libraries want it: column-major, c [m, n] = op(a) [m, k] op(b) [k, n] + beta c, op the transpose or not.
//
// A row-major matrix is the column-major one of its transpose, so that y = l r becomes y^T = r^T l^T: the operands change places and are
// transposed as before. product_of is what both back-ends ask; the emulated one runs the description as plain loops, so that strides and
// transposes are proven without a device.
#pragma once

#include <rondo/backend/options.hpp>

namespace rondo::kernel {

struct Product {
  Index m, n, k;
  bool a_transposed, b_transposed;
  Index a_stride, b_stride, c_stride;
  float beta;
};

// y (+)= op(left) op(right), all row-major; a is right's memory, b is left's.
template <class L, class R, class Y>
Product product_of(const L& left, bool left_transposed, const R& right, bool right_transposed, const Y& y, Onto onto) {
  return {y.columns, y.rows, left_transposed ? left.rows : left.columns, right_transposed, left_transposed,
          right.stride, left.stride, y.stride, onto == Onto::add ? 1.0F : 0.0F};
}

}  // namespace rondo::kernel

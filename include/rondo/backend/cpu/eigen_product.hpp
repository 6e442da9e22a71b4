// Matrix product by Eigen.
//
//   c [m, n] = beta c + op(a) op(b),   op(a) [m, k], op(b) [k, n],   beta 0 (written, whatever c held) or 1 (added to)
//
// The only header of the CPU back-end that includes Eigen. Inside a parallel region Eigen computes with the calling thread alone.
#pragma once

#include <cassert>

#include <Eigen/Core>

#include <rondo/backend/cpu/transpose.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

template <class Matrix>
using EigenView = Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
using EigenMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline void eigen_multiply(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta) {
  assert(beta == 0 || beta == 1);
  const EigenView<const EigenMatrix> left(a.data, a.rows, a.columns, Eigen::OuterStride<>(a.stride));
  const EigenView<const EigenMatrix> right(b.data, b.rows, b.columns, Eigen::OuterStride<>(b.stride));
  EigenView<EigenMatrix> to(c.data, c.rows, c.columns, Eigen::OuterStride<>(c.stride));
  if (beta == 0) to.setZero();  // one form of product instead of two: each costs a second of compilation
  const auto add = [&](const auto& product) { to.noalias() += product; };
  if (ta == Transpose::no && tb == Transpose::no)
    add(left * right);
  else if (ta == Transpose::no)
    add(left * right.transpose());
  else if (tb == Transpose::no)
    add(left.transpose() * right);
  else
    add(left.transpose() * right.transpose());
}

}  // namespace rondo

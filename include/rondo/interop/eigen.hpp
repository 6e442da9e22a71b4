// as_eigen: a view's memory as an Eigen matrix, without a copy.
//
//   Eigen::MatrixXf product = as_eigen(x) * as_eigen(weight).transpose();
//   as_eigen(y).colwise() += bias;                       // writes into y's memory
//
// [rows, columns] with the view's stride; row-major, as everything in rondo. A View<const T> gives a read-only map. The
// map is valid as long as the view's memory is; an empty view (no data) gives a 0 x 0 map.
#pragma once

#include <type_traits>

#include <Eigen/Core>

#include <rondo/core/view.hpp>

namespace rondo {

template <class T>
using RowMajorMatrix = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
using RowMajorMap = Eigen::Map<std::conditional_t<std::is_const_v<T>, const RowMajorMatrix<T>, RowMajorMatrix<T>>,
                               Eigen::Unaligned, Eigen::OuterStride<>>;

template <class T>
[[nodiscard]] RowMajorMap<T> as_eigen(View<T> view) {
  if (!view) return RowMajorMap<T>(nullptr, 0, 0, Eigen::OuterStride<>(0));
  return RowMajorMap<T>(view.data, view.rows, view.columns, Eigen::OuterStride<>(view.stride));
}

}  // namespace rondo

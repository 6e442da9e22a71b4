// Whether an operand of a matrix product is read as it lies in memory or transposed.
//
//   op(a) [m, n] = a [m, n]  (Transpose::no)        op(a) [m, n] = a^T, a [n, m]  (Transpose::yes)
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

enum class Transpose { no, yes };

// Rows and columns of op(a).
template <class T>
[[nodiscard]] constexpr Index rows_of(const View<T>& a, Transpose transpose) {
  return transpose == Transpose::no ? a.rows : a.columns;
}
template <class T>
[[nodiscard]] constexpr Index columns_of(const View<T>& a, Transpose transpose) {
  return transpose == Transpose::no ? a.columns : a.rows;
}

}  // namespace rondo

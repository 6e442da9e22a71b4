// Tile<T, R, C>: a matrix in a team's shared memory. Rows are padded by 16 bytes, so that the eight rows a matrix load reads at once lie in
// different banks. What products are given:
//
//   tile                the whole of it            transposed(tile)    read by columns
//   rows<n>(tile, r)    n rows from row r on       (r a multiple of 8)
#pragma once

#include <rondo/core/device.hpp>

namespace rondo::kernel {

template <class T, int R, int C>
class alignas(16) Tile {
 public:
  using Element = T;
  static constexpr int rows = R, columns = C, stride = C + 16 / static_cast<int>(sizeof(T));
  RONDO_ANYWHERE T& operator()(int r, int c) { return data_[r * stride + c]; }
  RONDO_ANYWHERE const T& operator()(int r, int c) const { return data_[r * stride + c]; }

 private:
  T data_[R * stride];
};

template <class T>
struct Transposed {
  static constexpr int rows = T::columns, columns = T::rows;
  const T& tile;
};
template <class T>
RONDO_ANYWHERE Transposed<T> transposed(const T& tile) {
  return {tile};
}

// Some rows of a tile, which may then be transposed.
template <class T, int n>
struct RowsOf {
  using Element = typename T::Element;
  static constexpr int rows = n, columns = T::columns;
  const T& tile;
  int first;
  RONDO_ANYWHERE decltype(auto) operator()(int r, int c) const { return tile(first + r, c); }
};
template <int n, class T>
RONDO_ANYWHERE RowsOf<T, n> rows(const T& tile, int first) {
  return {tile, first};
}

}  // namespace rondo::kernel

// View<T, place>: a row-major matrix somewhere in memory, the host's or a device's; it owns nothing.
//
//   element (r, c) lies at data[r * stride + c],  0 <= r < rows, 0 <= c < columns, stride >= columns
//
// Everything a layer handles has this form: activations [tokens, width], matrices [out, in], vectors [1, n], states
// [sequences, n]. A view without data (`data == nullptr`) stands for "not there": no initial state, no gradient wanted.
// Layers pass views on and cut them; only back-ends look at the memory behind them. Elements of a device's memory are no
// business of the host: it downloads them (rondo/backend/context.hpp).
#pragma once

#include <cassert>
#include <cstddef>
#include <type_traits>

namespace rondo {

using Index = std::ptrdiff_t;

// Whose memory it is.
enum class Place : bool { host, device };

template <class T, Place place = Place::host>
struct View {
  T* data = nullptr;
  Index rows = 0;
  Index columns = 0;
  Index stride = 0;

  constexpr View() = default;
  constexpr View(T* data_, Index rows_, Index columns_) : View(data_, rows_, columns_, columns_) {}
  constexpr View(T* data_, Index rows_, Index columns_, Index stride_)
      : data(data_), rows(rows_), columns(columns_), stride(stride_) {}
  // A view to write through is also a view to read from.
  template <class U>
    requires(std::is_same_v<T, const U>)
  constexpr View(const View<U, place>& other) : View(other.data, other.rows, other.columns, other.stride) {}

  [[nodiscard]] constexpr explicit operator bool() const { return data != nullptr; }
  [[nodiscard]] constexpr Index size() const { return rows * columns; }
  [[nodiscard]] constexpr bool contiguous() const { return stride == columns || rows <= 1; }
  [[nodiscard]] constexpr T* row(Index r) const {
    static_assert(place == Place::host, "rondo: the host cannot look at a device's memory; download it first");
    return data + r * stride;
  }
  [[nodiscard]] constexpr T& operator()(Index r, Index c) const { return row(r)[c]; }

  // Rows [begin, begin + count) and columns [begin, begin + count) of this matrix.
  [[nodiscard]] constexpr View middle_rows(Index begin, Index count) const {
    assert(0 <= begin && 0 <= count && begin + count <= rows);
    return {data ? data + begin * stride : nullptr, count, columns, stride};
  }
  [[nodiscard]] constexpr View middle_columns(Index begin, Index count) const {
    assert(0 <= begin && 0 <= count && begin + count <= columns);
    return {data ? data + begin : nullptr, rows, count, stride};
  }
  // The same contiguous elements as a matrix of another shape.
  [[nodiscard]] constexpr View reshaped(Index new_rows, Index new_columns) const {
    assert(contiguous() && new_rows * new_columns == size());
    return {data, new_rows, new_columns};
  }
};

}  // namespace rondo

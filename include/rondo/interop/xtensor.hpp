// as_xtensor: a view's memory as a two-dimensional xtensor expression, without a copy.
//
//   xt::xtensor<float, 1> mean = xt::mean(as_xtensor(logits), {1});
//   xt::row(as_xtensor(y), 0) = 1.0f;                    // writes into y's memory
//
// Shape {rows, columns}; a row begins view.stride elements after the one before. A View<const T> gives a read-only expression. It
// is valid as long as the view's memory is; an empty view (no data) gives the shape {0, 0}.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <xtensor/xadapt.hpp>
#include <xtensor/xview.hpp>

#include <rondo/core/view.hpp>

namespace rondo {

template <class T>
[[nodiscard]] auto as_xtensor(View<T> view) {
  if (!view) view = View<T>{};
  const std::array<std::size_t, 2> rows_of_stride{static_cast<std::size_t>(view.rows), static_cast<std::size_t>(view.stride)};
  auto memory = xt::adapt(static_cast<T*>(view.data), rows_of_stride[0] * rows_of_stride[1], xt::no_ownership(), rows_of_stride);
  return xt::view(std::move(memory), xt::all(), xt::range(std::ptrdiff_t{0}, view.columns));
}

}  // namespace rondo

// How xLSTM's weights start:
//
//   small_initial(width)                N(0, 2 / (5 width))                 "small init", Nguyen and Salazar 2019
//   output_initial(width, depth)        N(0, (2 / depth)^2 / width)         of projections back to the stream, Wang and Komatsuzaki 2021
#pragma once

#include <cmath>

#include <rondo/core/record.hpp>

namespace rondo {

inline Initial small_initial(Index width) {
  return normal(std::sqrt(2.0 / (5.0 * static_cast<double>(width))));
}
inline Initial output_initial(Index width, Index depth) {
  return normal(2.0 / (static_cast<double>(depth) * std::sqrt(static_cast<double>(width))));
}

}  // namespace rondo

// HostCopy: the numbers of a matrix where the host can look at them: on hosts the matrix itself, else a copy, good until the next one.
#pragma once

#include <span>
#include <vector>

#include <rondo/backend/options.hpp>

namespace rondo {

// Of numbers as they are stored, or of wide ones.
template <class C, class Number = typename C::Scalar>
class HostCopy {
 public:
  View<const Number> operator()(C& c, View<const Number, C::place> matrix) {
    if constexpr (C::place == Place::host) {
      return matrix;
    } else {
      numbers_.resize(static_cast<std::size_t>(matrix.size()));
      c.download(matrix, std::span{numbers_});
      return {numbers_.data(), matrix.rows, matrix.columns};
    }
  }

 private:
  std::vector<Number> numbers_;
};

}  // namespace rondo

// How much of y a linear model explains: R^2 of ordinary least squares with an intercept.
//
//   R^2 = 1 - |y - X b|^2 / |y - mean y|^2,   b = argmin |y - X b|^2,   X [rows, 1 + columns], the first column 1
//
// By Householder reflections of X with columns of unit length (Golub and Van Loan, Matrix Computations, 5.2.1), in double; a column that
// the others explain to 1e-10 adds nothing. 0 where y does not vary. Throws Error where there are fewer rows than columns.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

[[nodiscard]] inline double explained_variance(const std::vector<std::vector<double>>& columns, std::vector<double> y) {
  const std::size_t rows = y.size();
  require(rows > columns.size(), "least squares: ", rows, " rows for ", columns.size() + 1, " coefficients");
  const auto dot = [rows](const std::vector<double>& a, const std::vector<double>& b, std::size_t from) {
    double sum = 0;
    for (std::size_t i = from; i < rows; ++i) sum += a[i] * b[i];
    return sum;
  };
  double mean = 0, total = 0;
  const double squares = dot(y, y, 0);
  for (const double value : y) mean += value / static_cast<double>(rows);
  for (const double value : y) total += (value - mean) * (value - mean);
  if (total <= 1e-24 * squares) return 0;  // what rounding leaves of equal numbers

  std::vector<std::vector<double>> x{std::vector<double>(rows, 1.0)};
  x.insert(x.end(), columns.begin(), columns.end());
  for (auto& column : x) {
    require(column.size() == rows, "least squares: a column of ", column.size(), " numbers for ", rows, " rows");
    const double length = std::sqrt(dot(column, column, 0));
    if (length > 0)
      for (double& value : column) value /= length;
  }
  std::size_t rank = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    std::vector<double> reflector = x[k];
    const double length = std::sqrt(dot(reflector, reflector, rank));
    if (length < 1e-10) continue;
    reflector[rank] += std::copysign(length, reflector[rank]);
    const double squared = dot(reflector, reflector, rank);
    const auto reflect = [&](std::vector<double>& column) {
      const double factor = 2 * dot(reflector, column, rank) / squared;
      for (std::size_t i = rank; i < rows; ++i) column[i] -= factor * reflector[i];
    };
    for (std::size_t j = k + 1; j < x.size(); ++j) reflect(x[j]);
    reflect(y);
    ++rank;
  }
  return 1 - dot(y, y, rank) / total;  // what no column reaches is left
}

}  // namespace rondo

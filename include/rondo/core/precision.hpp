// In which numbers the operands of matrix products are read: as they are stored, or rounded to bf16. Sums and results stay what they are.
//
//   const ProductsIn rounded{precision_of_a_context, Precision::bf16};      until its end
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include <rondo/core/view.hpp>

namespace rondo {

enum class Precision { float32, bf16 };
inline constexpr std::array<std::string_view, 2> precision_names{"float32", "bf16"};

// Two bf16 numbers, neighbours in a row, lie in a word of memory, which is a float by type: moved, never computed with. Words that hold so
// many numbers.
[[nodiscard]] constexpr Index words_of(Index count) { return (count + 1) / 2; }

// Sets a precision for as long as the object lives.
class ProductsIn {
 public:
  ProductsIn(Precision& place, Precision precision) : place_(&place), before_(std::exchange(place, precision)) {}
  ProductsIn(const ProductsIn&) = delete;
  ProductsIn& operator=(const ProductsIn&) = delete;
  ~ProductsIn() { *place_ = before_; }

 private:
  Precision* place_;
  Precision before_;
};

}  // namespace rondo

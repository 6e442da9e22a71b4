// Leaf: one tensor of a record as its layer describes it: name, sizes, how it starts, whether it decays, what it is to the model.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include <rondo/core/count.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// How a parameter starts:
//   constant    value                            normal   N(0, value^2)         uniform   U(-value, value)
//   ramp        from value to last, in equal steps along the last axis
//   power_law   from value to last along the last axis, as the exponent-th power of the way
//   log_count   log(1 + column)
//   log_uniform the logarithm of a number uniform between value and last
//   time_step   the inverse softplus of a step whose logarithm is uniform between those of value and last, at least 1e-4 (Mamba)
struct Initial {
  enum class Kind { constant, normal, uniform, ramp, power_law, log_count, log_uniform, time_step };
  Kind kind = Kind::constant;
  double value = 0;
  double last = 0;
  double exponent = 1;
};
constexpr Initial zeros() { return {Initial::Kind::constant, 0}; }
constexpr Initial ones() { return {Initial::Kind::constant, 1}; }
constexpr Initial normal(double deviation) { return {Initial::Kind::normal, deviation}; }
constexpr Initial uniform(double bound) { return {Initial::Kind::uniform, bound}; }
constexpr Initial ramp(double first, double last) { return {Initial::Kind::ramp, first, last}; }
constexpr Initial power_law(double first, double last, double exponent) {
  return {Initial::Kind::power_law, first, last, exponent};
}
constexpr Initial log_count() { return {Initial::Kind::log_count}; }
constexpr Initial log_uniform(double low, double high) { return {Initial::Kind::log_uniform, low, high}; }
constexpr Initial time_step(double low, double high) { return {Initial::Kind::time_step, low, high}; }

// Whether weight decay applies to a parameter.
enum class Decay : bool { no, yes };

// The sizes of a tensor of one to four dimensions, slowest first.
class Dimensions {
 public:
  constexpr Dimensions(std::initializer_list<Index> sizes) {
    if (sizes.size() > sizes_.size()) throw error("dimensions: a tensor has at most ", sizes_.size(), ", found ", sizes.size());
    for (const Index size : sizes) sizes_[rank_++] = size;
  }
  [[nodiscard]] constexpr std::size_t rank() const { return rank_; }
  [[nodiscard]] constexpr Index operator[](std::size_t axis) const { return sizes_[axis]; }
  [[nodiscard]] constexpr const Index* begin() const { return sizes_.data(); }
  [[nodiscard]] constexpr const Index* end() const { return sizes_.data() + rank_; }
  // Error where it is beyond what any memory holds.
  [[nodiscard]] constexpr Index size() const { return product_from(0); }
  // As the matrix that a View is: a vector is one row, trailing dimensions are merged.
  [[nodiscard]] constexpr Index rows() const { return rank_ <= 1 ? 1 : sizes_[0]; }
  [[nodiscard]] constexpr Index columns() const { return product_from(rank_ <= 1 ? 0 : 1); }
  [[nodiscard]] std::string text() const {
    std::string result = "[";
    for (std::size_t axis = 0; axis < rank_; ++axis) result += (axis ? ", " : "") + std::to_string(sizes_[axis]);
    return result + "]";
  }
  friend constexpr bool operator==(const Dimensions&, const Dimensions&) = default;

 private:
  [[nodiscard]] constexpr Index product_from(std::size_t axis) const {
    Index product = 1;
    for (; axis < rank_; ++axis) product = count_of(product, sizes_[axis]);
    return product;
  }

  std::array<Index, 4> sizes_{};
  std::size_t rank_ = 0;
};

// What a parameter is to its model; optimisers and groups of parameters go by it.
//   matrix          a linear map from hidden channels to hidden channels
//   block_diagonal  one for each block of channels: [blocks, out, in]
//   gate            a linear map to a number or two a head
//   embedding       rows for tokens            positions   rows for positions            head   the linear map to logits
//   taps            of a convolution           vector      biases, gains, decays: what is no linear map, whatever its dimensions
enum class Role { matrix, block_diagonal, gate, embedding, positions, head, taps, vector };
inline constexpr std::array<std::string_view, 8> role_names{"matrix",    "block_diagonal", "gate", "embedding",
                                                            "positions", "head",           "taps", "vector"};
constexpr std::string_view name_of(Role role) { return role_names[static_cast<std::size_t>(role)]; }

// How many rows each matrix of a joint projection has, from the top. {n, m} begins again below m: {n} is as many of n rows as there are.
class Parts {
 public:
  constexpr Parts() = default;
  constexpr Parts(std::initializer_list<Index> rows) {
    for (const Index one : rows)
      if (one > 0) rows_.at(count_++) = one;
  }
  [[nodiscard]] constexpr std::size_t count() const { return count_; }
  [[nodiscard]] constexpr Index operator[](std::size_t i) const { return rows_[i % count_]; }

 private:
  std::array<Index, 8> rows_{};
  std::size_t count_ = 0;
};

struct Leaf {
  std::string_view name;
  Dimensions dimensions;
  Initial initial;
  Decay decay = Decay::no;
  Role role = Role::vector;
  Parts parts{};  // none: one matrix, or one a block

  // act(first, rows, columns) for each of the matrices that lie one after the other in the tensor; `first`: its first element.
  template <class Act>
  constexpr void each_matrix(Act&& act) const {
    const std::size_t rank = dimensions.rank();
    const Index columns = dimensions[rank - 1], all = dimensions.size() / columns;
    for (Index begin = 0, rows = 0, i = 0; begin < all; begin += rows, ++i) {
      rows = parts.count() > 0 ? parts[static_cast<std::size_t>(i)] : rank > 1 ? dimensions[rank - 2] : 1;
      act(begin * columns, rows, columns);
    }
  }
};

}  // namespace rondo

// Cpu back-end, part 4: products with weights, and weights stored in bf16 or fp16 for evaluation and decoding.
//
// A few rows (decoding) read the stored matrix once as it is; for more, blocks of its rows are widened to float32 in scratch.
// Vectors (norms, biases) are widened as a whole. Results are float32 throughout; there are no gradients of stored halves.
#pragma once

#include <rondo/backend/cpu/block_product.hpp>
#include <rondo/backend/cpu/few_rows_product.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/sequence_operations.hpp>

namespace rondo {

template <class T>
concept HalfElement = std::same_as<std::remove_const_t<T>, bf16> || std::same_as<std::remove_const_t<T>, fp16>;

class CpuWeights : public CpuSequence {
  using Base = CpuSequence;

 public:
  using Input = View<const float>;
  using Output = View<float>;
  using Composed::linear;
  using Composed::linear_input_gradient;
  using Composed::linear_weight_gradient;
  using Base::add_bias;
  using Base::add_scaled;
  using Base::gate;
  using Base::lower_bounds;
  using Base::norm;
  using Base::short_convolution;
  using Base::widened;

  void linear(Input x, Input weight, Output y) { product(x, Transpose::no, weight, Transpose::yes, y, 0); }
  void linear_input_gradient(Input dy, Input weight, Output dx, Onto onto = Onto::write) {
    product(dy, Transpose::no, weight, Transpose::no, dx, onto == Onto::add ? 1.0F : 0.0F);
  }
  void linear_weight_gradient(Input dy, Input x, Output d_weight) {
    product(dy, Transpose::yes, x, Transpose::no, d_weight, 1);
  }

  // Weights that are neighbours in memory are one matrix; a copy that makes them so pays from some hundred rows on.
  template <class W, std::size_t n>
  void linear(Input x, const std::array<View<W>, n>& weights, Output y) {
    if (neighbours(weights)) return linear(x, View<W>{weights[0].data, y.columns, x.columns}, y);
    if constexpr (!HalfElement<W>) {
      if (x.rows >= 512) {
        auto here = mark();
        const Output all = matrix(y.columns, x.columns);
        Index begin = 0;
        for (const View<W>& weight : weights) {
          copy(weight, all.middle_rows(begin, weight.rows));
          begin += weight.rows;
        }
        return linear(x, all, y);
      }
    }
    Composed::linear(x, weights, y);
  }
  template <std::size_t n>
  void linear_weight_gradient(Input dy, Input x, const std::array<Output, n>& d_weights) {
    if (neighbours(d_weights)) return linear_weight_gradient(dy, x, Output{d_weights[0].data, dy.columns, x.columns});
    Composed::linear_weight_gradient(dy, x, d_weights);
  }

  template <HalfElement Half>
  void linear(Input x, View<Half> weight, Output y) {
    if (x.rows <= few_rows) return multiply_few_rows(x, View<const std::remove_const_t<Half>>(weight), y, 0);
    constexpr Index block = 256;
    for (Index begin = 0; begin < weight.rows; begin += block) {
      const Index rows = std::min(block, weight.rows - begin);
      auto here = mark();
      linear(x, widened(weight.middle_rows(begin, rows)), y.middle_columns(begin, rows));
    }
  }
  // Blocks as wide as a matrix product is worth starting for are products of their own.
  void block_linear(Input x, Input weight, Output y) {
    const BlockSizes sizes = block_sizes(x, weight, y);
    if (sizes.quads()) {
      auto here = mark();
      return quad_product(x, quad_rows(weight, false, scratch), y, Onto::write);
    }
    if (!sizes.large()) return block_linear_small(x, weight, y);
    for (Index b = 0; b < weight.rows; ++b)
      linear(x.middle_columns(b * sizes.in, sizes.in), block_of(weight, b, sizes), y.middle_columns(b * sizes.out, sizes.out));
  }
  void block_linear_input_gradient(Input dy, Input weight, Output dx, Onto onto = Onto::write) {
    const BlockSizes sizes = block_sizes(dx, weight, dy);
    if (sizes.quads()) {
      auto here = mark();
      return quad_product(dy, quad_rows(weight, true, scratch), dx, onto);
    }
    if (!sizes.large()) return block_linear_small_input_gradient(dy, weight, dx, onto);
    for (Index b = 0; b < weight.rows; ++b)
      linear_input_gradient(dy.middle_columns(b * sizes.out, sizes.out), block_of(weight, b, sizes),
                            dx.middle_columns(b * sizes.in, sizes.in), onto);
  }
  void block_linear_weight_gradient(Input dy, Input x, Output d_weight) {
    const BlockSizes sizes = block_sizes(x, d_weight, dy);
    if (sizes.quads()) return quad_weight_gradient(dy, x, d_weight, scratch);
    if (!sizes.large()) return block_linear_small_weight_gradient(dy, x, d_weight);
    for (Index b = 0; b < d_weight.rows; ++b)
      linear_weight_gradient(dy.middle_columns(b * sizes.out, sizes.out), x.middle_columns(b * sizes.in, sizes.in),
                             block_of(d_weight, b, sizes));
  }
  template <HalfElement Half>
  void block_linear(Input x, View<Half> weight, Output y) {
    auto here = mark();
    block_linear(x, widened(weight), y);
  }
  template <HalfElement Half>
  void add_scaled(View<Half> weight, Input x, Output y) {
    auto here = mark();
    Base::add_scaled(widened(weight), x, y);
  }
  template <HalfElement Half>
  void add_bias(View<Half> bias, Output y) {
    auto here = mark();
    Base::add_bias(widened(bias), y);
  }
  template <HalfElement Half>
  void norm(const NormSizes& sizes, Input x, View<Half> weight, View<Half> bias, Output y, Output mean, Output reciprocal) {
    auto here = mark();
    Base::norm(sizes, x, widened(weight), bias ? widened(bias) : Input{}, y, mean, reciprocal);
  }
  template <class Gate, HalfElement Half>
  void gate(Input f, View<Half> beta, Output log_decay, Output write, const Gate& settings = {}) {
    auto here = mark();
    Base::template gate<Gate>(f, widened(beta), log_decay, write, settings);
  }
  template <HalfElement Half>
  void lower_bounds(View<Half> raw, Output bounds) {
    auto here = mark();
    Base::lower_bounds(widened(raw), bounds);
  }
  template <HalfElement Half>
  void short_convolution(Input x, View<Half> weight, Output y, Input initial, Output final) {
    auto here = mark();
    Base::short_convolution(x, widened(weight), y, initial, final);
  }

  template <class W, std::size_t n>
  [[nodiscard]] static bool neighbours(const std::array<View<W>, n>& weights) {
    for (std::size_t i = 0; i + 1 < n; ++i)
      if (!weights[i].contiguous() || weights[i].data + weights[i].size() != weights[i + 1].data) return false;
    return weights[n - 1].contiguous();
  }

  // A float32 copy in scratch.
  template <HalfElement Half>
  [[nodiscard]] Input widened(View<Half> stored) {
    const Output result = matrix(stored.rows, stored.columns);
    each_row([](Index n, const auto* from, float* to) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) to[i] = static_cast<float>(from[i]);
    }, stored, result);
    return result;
  }

  [[nodiscard]] Precision precision() const { return precision_; }

 protected:
  Precision precision_ = Precision::float32;  // of products, while a training step wants it

 private:
  void product(Input a, Transpose ta, Input b, Transpose tb, Output c, float beta) {
    (precision_ == Precision::bf16 ? multiply_bf16 : multiply)(a, ta, b, tb, c, beta);
  }
};

}  // namespace rondo

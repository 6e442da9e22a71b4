// Backend: what runs the operations of layers.
//
//   struct Cpu { using Scalar = float; using Memory = Arena; using Context = CpuContext; };
//
// The closed list of operations, all on views (rows are tokens unless said otherwise; "dW adds, dx writes"):
//
//   fill(y, value) start(y, initial, key)            every element; the numbers a parameter starts from (core/initial.hpp)
//   upload(span, y) download(x, span)                from and to the host, row after row; here the host's code meets the back-end's memory
//   zero copy add scale blend                        y = 0; y = x; y += x; x *= s; a += s (x - a)
//   round(x, words) widen(words, x)                  where a back-end multiplies in bf16 what it stores in float32: x in words of two bf16
//                                                    numbers, [rows, words_of(columns)], and back
//   linear(x, W, y)                                  y = x W^T
//   linear_input_gradient(dy, W, dx, onto)           dx (+)= dy W
//   linear_weight_gradient(dy, x, dW)                dW += dy^T x
//   the same with a bias and a term, with an activation, of several matrices at once: composed.hpp
//   block_linear and its gradients                   the same with a block-diagonal matrix, W [blocks, out in]; layer/block_linear.hpp
//   add_bias(b, y) bias_gradient(dy, db)             y += b in every row; db += column sums
//   add_scaled(w, x, y) and its gradient             y += w x, w for each channel or group of channels; layer/skip.hpp
//   gather_rows(rows, x, y) scatter_rows(rows, dy, dx)     y_t = x[rows_t]; dx[rows_t] += dy_t; a row may be named more than once. An
//                                                    embedding's rows are the ids of the batch
//   add_positions(first, P, y) positions_gradient(first, dy, dP)      by the sequences' positions (layer/positioned_embedding.hpp)
//   map<F> map_gradient<F> gated<F> gated_gradient<F>      element-wise (core/activation.hpp); results may be operands' memory
//   soft_cap(a, x, y) soft_cap_gradient(a, y, dy, dx)      y = a tanh(x / a); the gradient is by the capped y; y may be x's memory
//   gate<G> gate_gradient<G>                         forget gates (gate/forget.hpp). The settings of G come last. df is written, the
//                                                    bound's gradient is added to. df may have the memory of the log decay's gradient
//   lower_bounds lower_bounds_gradient               bounds of all blocks (layer/lower_bounds.hpp)
//   norm and its gradient                            layer/norm.hpp; without a mean the rms norm; weight, bias and plus may be absent
//   rotate(rotation, x, direction)                   in place, by the sequences' positions (layer/rotary.hpp)
//   short_convolution and its gradient               layer/short_convolution.hpp
//   dropout(rate, stream, x)                         in place, by the context's key
//   recurrence recurrence_gradient                   the open set (rondo/recurrence/recurrence.hpp): Recurrence<Context, Tag>
//   cross_entropy log_probability                    a block of logits and its labels; logits become their gradient
//   sum(x) sum_of_squares(x, to)                     of all elements; the first is a number, on devices one that lies there (PlacedSum),
//                                                    the second is written to the back-end's memory
//   sum_of_squares(x) finite(x)                      for the host, which waits
//   each_element(rule, x, y, ...)                    rule(x_i, y_i, ...) for every element of matrices of one size: an optimiser's update
//   each_element(now, rule, x, y, ...)               the same with rule.at(now), made where the numbers `now` lie; nothing where they say
//                                                    that it does not take place (now.takes_place)
//   row_by_row(rule, x, y, ...)                      rule(x_r, y_r, ...) for every row of matrices of as many rows, each [1, its columns]
//                                                    of any type; no rule reads what another row's writes (objective/compared_rows.hpp)
//   apply(rule, x, y, ...)                           rule(x, y, ...) once, on records of the back-end's memory
//
// Each concept below is one of them, so that the error for a back-end without it names the operation.
#pragma once

#include <concepts>
#include <span>

#include <rondo/backend/context.hpp>
#include <rondo/backend/options.hpp>
#include <rondo/core/activation.hpp>

namespace rondo {

template <class C>
concept HasMemoryOperations = requires(C& c, In<C> x, Out<C> y, std::span<typename C::Scalar> numbers, Initial initial) {
  c.fill(y, typename C::Scalar{});
  c.start(y, initial, RandomKey{});
  c.upload(std::span<const typename C::Scalar>{numbers}, y);
  c.download(x, numbers);
  c.zero(y);
  c.copy(x, y);
  c.add(x, y);
  c.scale(y, 1.0);
  c.blend(x, y, 0.5);
};
template <class C>
concept HasLinear = requires(C& c, In<C> x, Out<C> y, WideOut<C> v) {
  c.linear(x, x, y);
  c.linear_input_gradient(x, x, y, Onto::add);
  c.linear_weight_gradient(x, x, v);
  c.add_bias(x, y);
  c.bias_gradient(x, v);
};
template <class C>
concept HasComposedLinear = requires(C& c, In<C> x, Out<C> y, WideOut<C> v) {
  c.linear(x, x, x, y, x);
  c.template linear_map<Silu>(x, x, x, y, y);
  c.linear(x, std::array{x, x}, y);
  c.linear_input_gradient(x, std::array{x, x}, y, Onto::add);
  c.linear_weight_gradient(x, x, std::array{v, v});
};
template <class C>
concept HasBlockLinear = requires(C& c, In<C> x, Out<C> y, WideOut<C> v) {
  c.block_linear(x, x, y);
  c.block_linear_input_gradient(x, x, y, Onto::add);
  c.block_linear_weight_gradient(x, x, v);
};
template <class C>
concept HasSkip = requires(C& c, In<C> x, Out<C> y, WideOut<C> v) {
  c.add_scaled(x, x, y);
  c.add_scaled_gradient(x, x, x, y, v);
};
template <class C>
concept HasEmbedding = requires(C& c, In<C> x, Out<C> y, WideOut<C> v) {
  c.gather_rows(c.ids(), x, y);
  c.scatter_rows(c.ids(), x, y);
  c.scatter_rows(c.ids(), x, v);
  c.add_positions(0, x, y);
  c.positions_gradient(0, x, v);
};
template <class C>
concept HasElementwise = requires(C& c, In<C> x, Out<C> y) {
  c.template map<Silu>(x, y);
  c.template map_gradient<Silu>(x, x, y);
  c.template gated<Silu>(x, x, y);
  c.template gated_gradient<Silu>(x, x, x, y, y);
};
template <class C>
concept HasSoftCap = requires(C& c, In<C> x, Out<C> y) {
  c.soft_cap(30.0, x, y);
  c.soft_cap_gradient(30.0, x, x, y);
};
struct AnyGate {};  // stands for a gate where none is run
template <class C>
concept HasGates = requires(C& c, In<C> x, Out<C> y, WideIn<C> u, WideOut<C> v) {
  c.template gate<AnyGate>(x, u, v, y);
  c.template gate_gradient<AnyGate>(x, u, u, x, y, v);
  c.lower_bounds(x, v);
  c.lower_bounds_gradient(x, u, v);
};
template <class C>
concept HasNorms = requires(C& c, NormSizes sizes, In<C> x, Out<C> y, WideIn<C> u, WideOut<C> v) {
  c.norm(sizes, x, x, x, y, v, v);
  c.norm_gradient(sizes, x, x, u, u, x, y, v, v, x);
};
template <class C>
concept HasSequenceOperations = requires(C& c, const Rotation& rotation, In<C> x, Out<C> y, WideOut<C> v) {
  c.rotate(rotation, y, 1);
  c.short_convolution(x, x, y, x, y);
  c.short_convolution_gradient(x, x, x, y, v, x, x, y);
  c.dropout(0.1, 0, y);
};
template <class C>
concept HasLosses = requires(C& c, typename C::PlacedTokens labels, CrossEntropyOptions options, In<C> x, Out<C> y, WideIn<C> u,
                             WideOut<C> v) {
  c.cross_entropy(y, labels, 0.0, options, 1.0, v);
  c.log_probability(x, labels, 0.0, v);
  c.sum(u);
  { c.sum_of_squares(u) } -> std::convertible_to<double>;
  c.sum_of_squares(u, View<double, C::place>{});
  { c.finite(x) } -> std::same_as<bool>;
  { c.finite(u) } -> std::same_as<bool>;
};
struct AnyRule {};  // stands for an optimiser's rule where none is run
template <class C>
concept HasEachElement = requires(C& c, WideIn<C> u, WideOut<C> v, View<const double, C::place> now, View<double, C::place> record) {
  c.each_element(AnyRule{}, v, u);
  c.copy(u, v);
  c.each_element(now, AnyRule{}, v, u);
  c.apply(AnyRule{}, record);
};
template <class C>
concept HasRowByRow = requires(C& c, typename C::PlacedTokens tokens, In<C> x, Out<C> y, WideOut<C> v) {
  c.row_by_row(AnyRule{}, x, tokens, y, v);
};

template <class B>
concept Backend = requires {
  typename B::Scalar;
  typename B::Memory;
  typename B::Context;
} && HasMemoryOperations<typename B::Context> && HasLinear<typename B::Context> && HasComposedLinear<typename B::Context> &&
    HasBlockLinear<typename B::Context> && HasSkip<typename B::Context> && HasEmbedding<typename B::Context> &&
    HasElementwise<typename B::Context> && HasSoftCap<typename B::Context> && HasGates<typename B::Context> &&
    HasNorms<typename B::Context> && HasSequenceOperations<typename B::Context> && HasLosses<typename B::Context> &&
    HasEachElement<typename B::Context> && HasRowByRow<typename B::Context>;

}  // namespace rondo

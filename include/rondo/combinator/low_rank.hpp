// LowRank<Inner, rank, alpha>: a layer whose matrices have low-rank adapters (LoRA; Hu et al. 2021, equation 3):
//
//   W' = W + alpha / rank  B A          W [out, in] of Inner, A [rank, in], B [out, rank]
//
//   using Adapted = LanguageModel<Block<RmsNorm, LowRank<Hgrn2Mixer<LowerBoundedForget>, 8, 16>, LowRank<GatedMlp<Silu>, 8, 16>>>;
//   TrainingOptions options{.groups = adapters_alone()};                    rondo/optimizer/groups.hpp
//
// It stands around a linear map or around a whole mixer or MLP, all of whose matrices (Role::matrix) it adapts, whatever the layer does
// with them: it hands Inner the matrices W', formed in scratch, and takes the gradient by them apart:  dA += s B^T dW',  dB += s dW' A^T.
// A starts as U(+-in^-1/2), B at zero, so that the layer begins as Inner. Inner's weights keep their paths and can be read from any
// checkpoint; adapters have "adapters.N.down" (A) and "adapters.N.up" (B), N counting the matrices in the order of Inner's list.
//
// Inner's weights are frozen: no gradient is added to theirs. (With Trained::all it is: then the gradient is that of all weights.)
// merge_adapters (rondo/model/adapters.hpp) puts W' in place of W.
#pragma once

#include <cmath>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/layer/layer.hpp>

namespace rondo {

enum class Trained : unsigned char { adapters, all };

// The two factors of one matrix.
class LowRankPair : public PlainLayer, public NothingSaved, public NoState {
 public:
  LowRankPair(Index in, Index out, Index rank) : in_(in), out_(out), rank_(rank) {}
  template <class S>
  struct Weights {
    S down, up;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(parameter("down", {rank_, in_}, uniform(1 / std::sqrt(static_cast<double>(in_))), Decay::yes, w.down...),
                  parameter("up", {out_, rank_}, zeros(), Decay::yes, w.up...));
  }

 private:
  Index in_, out_, rank_;
};

[[nodiscard]] inline bool is_adapted(const Leaf& leaf) { return leaf.role == Role::matrix && leaf.dimensions.rank() == 2; }

inline constexpr std::string_view adapters_word = "adapters.";
[[nodiscard]] inline bool is_adapter(std::string_view path) { return path.find(adapters_word) != path.npos; }

// factor B, in scratch.
template <class C>
[[nodiscard]] Out<C> scaled_up(C& c, In<C> up, double factor) {
  const Out<C> result = c.matrix(up.rows, up.columns);
  c.copy(up, result);
  c.scale(result, factor);
  return result;
}
// W + factor B A, in scratch.
template <class C>
[[nodiscard]] Out<C> adapted_matrix(C& c, In<C> matrix, const auto& pair, double factor) {
  const Out<C> sum = c.matrix(matrix.rows, matrix.columns);
  auto mark = c.mark();
  c.copy(matrix, sum);
  c.linear_input_gradient(scaled_up(c, In<C>(pair.up), factor), pair.down, sum, Onto::add);
  return sum;
}
// From the gradient by W + factor B A: adds to those by A and B.
template <class C>
void add_pair_gradient(C& c, WideIn<C> d, const auto& pair, const auto& d_pair, double factor) {
  auto mark = c.mark();
  c.linear_weight_gradient(scaled_up(c, In<C>(pair.up), factor), d, d_pair.down);
  const Out<C> d_up = c.matrix(d.rows, pair.down.rows);
  c.linear(d, pair.down, d_up);
  c.scale(d_up, factor);
  c.add(d_up, d_pair.up);
}

template <class Inner, Index rank = 8, Index alpha = 2 * rank, Trained trained = Trained::adapters>
class LowRank : public RecordsOf<Inner> {
  using RecordsOf<Inner>::inner_;
  static_assert(rank > 0 && alpha > 0, "rondo: adapters need a rank and an alpha of at least 1");
  static_assert(!requires { Inner::drops_inside; }, "rondo: adapters stand inside a layer with dropout of its own, not around it");

 public:
  static constexpr double factor = static_cast<double>(alpha) / static_cast<double>(rank);

  explicit LowRank(Inner inner) : RecordsOf<Inner>(std::move(inner)) {
    each_leaf_of(WeightRecords{}, inner_, [&](const Path&, const Leaf& leaf) {
      if (is_adapted(leaf)) adapters_.emplace_back(leaf.dimensions.columns(), leaf.dimensions.rows(), rank);
    });
  }
  LowRank(const Shape& shape, Index block, auto... more) : LowRank(Inner(shape, block, more...)) {}

  template <class S>
  struct Weights {
    typename Inner::template Weights<S> inner;
    std::vector<LowRankPair::Weights<S>> adapters;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("", inner_, w.inner...), repeated("adapters", adapters_, w.adapters...)); }

  template <class C, class... Rest>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const Rest&... rest) const
    requires requires { inner_.forward(c, w.inner, x, y, rest...); }
  {
    auto mark = c.mark();
    inner_.forward(c, adapted(c, w), x, y, rest...);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw, const auto& carried) const
    requires requires { inner_.backward(c, w.inner, x, dy, dx, saved, dw.inner, carried); }
  {
    with_gradient(c, w, dw, [&](const auto& whole, const auto& d_whole) {
      inner_.backward(c, whole, x, dy, dx, saved, d_whole, carried);
    });
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& dw) const
    requires requires { inner_.backward(c, w.inner, x, dy, dx, dw.inner); }
  {
    with_gradient(c, w, dw, [&](const auto& whole, const auto& d_whole) { inner_.backward(c, whole, x, dy, dx, d_whole); });
  }

 private:
  // Inner's weights with W' for W, in scratch.
  template <class C>
  auto adapted(C& c, const auto& w) const {
    auto whole = w.inner;
    std::size_t number = 0;
    walk(WeightRecords{}, inner_, Path{}, [&](const Path&, const Leaf& leaf, auto& matrix) {
      if (!is_adapted(leaf)) return;
      static_assert(std::is_convertible_v<decltype(matrix), In<C>>, "rondo: adapters need weights of the back-end's own numbers");
      matrix = adapted_matrix(c, In<C>(matrix), w.adapters[number++], factor);
    }, whole);
    return whole;
  }
  template <class C, class Backward>
  void with_gradient(C& c, const auto& w, const auto& dw, const Backward& backward) const {
    auto mark = c.mark();
    const auto whole = adapted(c, w);
    auto d_whole = c.template record<WideOut<C>>(WeightRecords{}, inner_);
    each_leaf<WideOut<C>>(WeightRecords{}, inner_, d_whole, [&](const Path&, const Leaf&, WideOut<C>& d) { c.zero(d); });
    backward(whole, d_whole);
    std::size_t number = 0;
    auto d_inner = dw.inner;
    walk(WeightRecords{}, inner_, Path{}, [&](const Path&, const Leaf& leaf, const auto& d, [[maybe_unused]] auto& sum) {
      if constexpr (trained == Trained::all) c.add(d, sum);
      if (!is_adapted(leaf)) return;
      add_pair_gradient(c, d, w.adapters[number], dw.adapters[number], factor);
      ++number;
    }, d_whole, d_inner);
  }

  std::vector<LowRankPair> adapters_;
};

}  // namespace rondo

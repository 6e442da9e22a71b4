// AdaptedTrunk<Trunk>: a trunk all of whose matrices have low-rank adapters (rondo/combinator/low_rank.hpp), of a rank and an alpha that
// are chosen at run time, whatever the trunk is made of:
//
//   W' = W + alpha / rank  B A
//
//   const AdaptedTrunk trunk{host_model<Hgrn2::TrunkType>(shape), {.rank = 8, .alpha = 16}};
//   TrainingOptions options{.groups = adapters_alone({"score.*"})};
//
// The trunk's tensors keep their names; adapters have "adapters.N.down" and "adapters.N.up", N counting its matrices. Its own weights are
// frozen: no gradient is added to theirs. Each pass forms W' in scratch, the backward the gradient by it, too: as much memory
// again as weights and their gradient. merge_adapters and merged_tensors (rondo/model/adapters.hpp) give the plain trunk's weights.
#pragma once

#include <utility>
#include <vector>

#include <rondo/combinator/low_rank.hpp>
#include <rondo/combinator/taps.hpp>

namespace rondo {

struct AdapterOptions {
  Index rank = 8;
  double alpha = 16;

  [[nodiscard]] double factor() const { return alpha / static_cast<double>(rank); }
  void check() const {
    require(rank > 0 && alpha > 0, "adapters: expected a rank and an alpha above 0, found ", rank, " and ", alpha);
  }
};

template <class Trunk>
class AdaptedTrunk {
 public:
  AdaptedTrunk(Trunk trunk, const AdapterOptions& options) : trunk_(std::move(trunk)), options_(options) {
    options.check();
    each_leaf_of(WeightRecords{}, trunk_, [&](const Path& path, const Leaf& leaf) {
      require(!is_adapter(path.text()), "adapters: the trunk has some already: ", path.text());
      if (is_adapted(leaf)) adapters_.emplace_back(leaf.dimensions.columns(), leaf.dimensions.rows(), options.rank);
    });
  }

  [[nodiscard]] const Shape& shape() const { return trunk_.shape(); }
  [[nodiscard]] AdaptedTrunk with_shape(const Shape& shape) const { return {rondo::with_shape(trunk_, shape), options_}; }

  template <class S>
  struct Weights {
    typename Trunk::template Weights<S> trunk;
    std::vector<LowRankPair::Weights<S>> adapters;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("", trunk_, w.trunk...), repeated("adapters", adapters_, w.adapters...)); }
  template <class S>
  using Saved = typename Trunk::template Saved<S>;
  auto saved_leaves(Extent extent, auto&... s) const { return trunk_.saved_leaves(extent, s...); }
  template <class S>
  using State = typename Trunk::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return trunk_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, Out<C> hidden, const auto& saved, const CarriedFor<Trunk, C>& carried) const {
    auto mark = c.mark();
    trunk_.forward(c, adapted(c, w), hidden, saved, carried);
  }
  template <class C>
  void evaluate(C& c, const auto& w, Out<C> hidden, const CarriedFor<Trunk, C>& carried) const {
    auto mark = c.mark();
    trunk_.evaluate(c, adapted(c, w), hidden, carried);
  }
  // Adds to the gradients of the adapters.
  template <class C>
  void backward(C& c, const auto& w, In<C> d_hidden, const auto& saved, const auto& dw, const CarriedGradientFor<Trunk, C>& carried,
                const Taps<C>& taps = {}) const {
    auto mark = c.mark();
    const auto whole = adapted(c, w);
    auto d_whole = c.template record<WideOut<C>>(WeightRecords{}, trunk_);
    each_leaf<WideOut<C>>(WeightRecords{}, trunk_, d_whole, [&](const Path&, const Leaf&, WideOut<C>& d) { c.zero(d); });
    trunk_.backward(c, whole, d_hidden, saved, d_whole, carried, taps);
    std::size_t number = 0;
    each_leaf<WideOut<C>>(WeightRecords{}, trunk_, d_whole, [&](const Path&, const Leaf& leaf, WideOut<C>& d) {
      if (!is_adapted(leaf)) return;
      add_pair_gradient(c, d, w.adapters[number], dw.adapters[number], options_.factor());
      ++number;
    });
  }
  [[nodiscard]] auto stream(const auto& saved, Index block) const { return trunk_.stream(saved, block); }

 private:
  // The trunk's weights with W' for W, in scratch.
  template <class C>
  auto adapted(C& c, const auto& w) const {
    std::vector<Out<C>> tensors;
    walk(WeightRecords{}, trunk_, Path{}, [&](const Path&, const Leaf&, const Out<C>& tensor) { tensors.push_back(tensor); }, w.trunk);
    typename Trunk::template Weights<Out<C>> whole{};
    std::size_t number = 0, pair = 0;
    each_leaf<Out<C>>(WeightRecords{}, trunk_, whole, [&](const Path&, const Leaf& leaf, Out<C>& tensor) {
      tensor = tensors[number++];
      if (is_adapted(leaf)) tensor = adapted_matrix(c, In<C>(tensor), w.adapters[pair++], options_.factor());
    });
    return whole;
  }

  Trunk trunk_;
  AdapterOptions options_;
  std::vector<LowRankPair> adapters_;
};

}  // namespace rondo

// Parallel<First, Second, Combine>: two token mixers side by side on the same normalised input, as one mixer.
//
//   a = First(x),  b = Second(x),  y = Combine(a, b)          x, a, b, y [tokens, width]
//
//   EqualParts   y = (a + b) / 2
//   LearnedSum   y = wa a + wb b, one number a channel each, 1/2 at first
//   DynamicMix   y = m a + (1 - m) b,  m = s(Wm x + bm), one number a token and channel; bm is zero at first
//
//   using Mixer = Parallel<Hgrn2Mixer<LowerBoundedForget>, AttentionMixer<>>;      with Shape::window: a recurrence beside near attention
//
// After the idea of BLaLM (2025): a recurrence beside attention in a window, mixed by the token; there both have their queries, keys and
// values in common and mix before the last map. Second sees Shape::second(), so that it may have heads and taps of its own. The state is
// that of both. Saved: what both save, and a and b (LearnedSum) or a - b and Wm x + bm (DynamicMix).
#pragma once

#include <rondo/combinator/block_choice.hpp>
#include <rondo/core/activation.hpp>
#include <algorithm>

#include <rondo/layer/linear.hpp>

namespace rondo {

// Where the two mixers write.
template <class V>
struct Pair {
  V first, second;
};

struct EqualParts : NoWeights, NothingSaved {
  static constexpr bool reads_input = false;
  constexpr explicit EqualParts(Index) {}

  template <class C>
  [[nodiscard]] Pair<Out<C>> places(C& c, Out<C> y, const auto&) const {
    return {y, c.matrix(y.rows, y.columns)};
  }
  // What was written at the places becomes y.
  template <class C>
  void forward(C& c, const auto&, In<C>, const Pair<Out<C>>& of, Out<C> y, const auto&) const {
    c.blend(of.second, y, 0.5);
  }
  // The gradients of a and b, and the mix's own part of dx, are written; dw is added to.
  template <class C>
  void backward(C& c, const auto&, In<C>, In<C> dy, const Pair<Out<C>>& d_of, Out<C>, const auto&, const auto&) const {
    c.copy(dy, d_of.first);
    c.scale(d_of.first, 0.5);
    c.copy(d_of.first, d_of.second);
  }
};

class LearnedSum {
 public:
  static constexpr bool reads_input = false;
  constexpr explicit LearnedSum(Index width) : width_(width) {}

  template <class S>
  struct Weights {
    S first, second;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(parameter("first_weight", {width_}, Initial{Initial::Kind::constant, 0.5}, Decay::no, w.first...),
                  parameter("second_weight", {width_}, Initial{Initial::Kind::constant, 0.5}, Decay::no, w.second...));
  }
  template <class S>
  struct Saved {
    S first, second;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("a", extent.kept(width_), s.first...), buffer("b", extent.kept(width_), s.second...));
  }

  template <class C>
  [[nodiscard]] Pair<Out<C>> places(C&, Out<C>, const auto& saved) const {
    return {saved.first, saved.second};
  }
  template <class C>
  void forward(C& c, const auto& w, In<C>, const Pair<Out<C>>& of, Out<C> y, const auto&) const {
    c.zero(y);
    c.add_scaled(w.first, of.first, y);
    c.add_scaled(w.second, of.second, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C>, In<C> dy, const Pair<Out<C>>& d_of, Out<C>, const auto& saved, const auto& dw) const {
    c.zero(d_of.first);
    c.zero(d_of.second);
    c.add_scaled_gradient(w.first, saved.first, dy, d_of.first, dw.first);
    c.add_scaled_gradient(w.second, saved.second, dy, d_of.second, dw.second);
  }

 private:
  Index width_;
};

class DynamicMix {
 public:
  static constexpr bool reads_input = true;
  constexpr explicit DynamicMix(Index width) : mix_(width, width) {}

  template <class S>
  struct Weights {
    Linear<Bias::yes>::Weights<S> mix;
  };
  constexpr auto weight_leaves(auto&... w) const { return leaves(inside("mix", mix_, w.mix...)); }
  template <class S>
  struct Saved {
    S difference, mix;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("difference", extent.kept(mix_.out()), s.difference...), buffer("mix", extent.kept(mix_.out()), s.mix...));
  }

  template <class C>
  [[nodiscard]] Pair<Out<C>> places(C& c, Out<C> y, const auto& saved) const {
    return {saved.difference, c.matrix(y.rows, y.columns)};
  }
  template <class C>
  void forward(C& c, const auto& w, In<C> x, const Pair<Out<C>>& of, Out<C> y, const auto& saved) const {
    mix_.forward(c, w.mix, x, saved.mix);
    c.copy(of.second, y);
    c.scale(y, -1);
    c.add(y, saved.difference);
    c.template gated<Sigmoid>(saved.mix, saved.difference, y);
    c.add(of.second, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, const Pair<Out<C>>& d_of, Out<C> dx, const auto& saved, const auto& dw) const {
    const Out<C> d_mix = d_of.second;  // until that is written
    c.template gated_gradient<Sigmoid>(saved.mix, saved.difference, dy, d_mix, d_of.first);
    mix_.backward(c, w.mix, x, d_mix, dx, dw.mix);
    c.copy(d_of.first, d_of.second);
    c.scale(d_of.second, -1);
    c.add(dy, d_of.second);
  }

 private:
  Linear<Bias::yes> mix_;
};

template <class First, class Second, class Combine = DynamicMix>
class Parallel {
 public:
  using Shared = typename SharedByAll<First, Second>::type;
  static constexpr Apart apart = std::min(apart_of<First>(), apart_of<Second>());

  static constexpr void check(const Shape& shape) {
    First::check(shape);
    Second::check(shape.second());
  }
  Parallel(const Shape& shape, Index block) : first_(shape, block), second_(shape.second(), block), combine_(shape.width) {}

  template <class S>
  struct Weights {
    typename First::template Weights<S> first;
    typename Second::template Weights<S> second;
    typename Combine::template Weights<S> combine;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("first", first_, w.first...), inside("second", second_, w.second...), inside("combine", combine_, w.combine...));
  }
  template <class S>
  struct Saved {
    typename First::template Saved<S> first;
    typename Second::template Saved<S> second;
    typename Combine::template Saved<S> combine;
  };
  auto saved_leaves(Extent, auto&... s) const {
    return leaves(inside("first", first_, s.first...), inside("second", second_, s.second...), inside("combine", combine_, s.combine...));
  }
  template <class S>
  struct State {
    typename First::template State<S> first;
    typename Second::template State<S> second;
  };
  auto state_leaves(Extent, auto&... s) const {
    return leaves(inside("first", first_, s.first...), inside("second", second_, s.second...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, HandedFor<Parallel, C> carried) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    const Pair<Out<C>> of = combine_.places(c, y, saved.combine);
    first_.forward(c, w.first, x, of.first, saved.first, HandedFor<First, C>{carried.at(&S::first), share_of<First>(carried.share)});
    second_.forward(c, w.second, x, of.second, saved.second,
                    HandedFor<Second, C>{carried.at(&S::second), share_of<Second>(carried.share)});
    combine_.forward(c, w.combine, x, of, y, saved.combine);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                HandedGradientFor<Parallel, C> carried) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    const Pair<Out<C>> d_of{c.matrix(dy.rows, dy.columns), c.matrix(dy.rows, dy.columns)};
    const Out<C> more = c.matrix(x.rows, x.columns);
    combine_.backward(c, w.combine, x, dy, d_of, more, saved.combine, dw.combine);
    first_.backward(c, w.first, x, d_of.first, dx, saved.first, dw.first,
                    HandedGradientFor<First, C>{carried.at(&S::first), share_of<First>(carried.share)});
    if (Combine::reads_input) c.add(more, dx);
    second_.backward(c, w.second, x, d_of.second, more, saved.second, dw.second,
                     HandedGradientFor<Second, C>{carried.at(&S::second), share_of<Second>(carried.share)});
    c.add(more, dx);
  }

 private:
  First first_;
  Second second_;
  Combine combine_;
};

}  // namespace rondo

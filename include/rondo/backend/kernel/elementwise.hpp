// Rules of element-wise operations (contracts: rondo/backend/backend.hpp): numbers are read as they are stored, computed with in float32,
// rounded once. Activations and gates are rondo's own functions of a float, or yours.
#pragma once

#include <rondo/backend/kernel/flat.hpp>
#include <rondo/backend/kernel/scalar.hpp>
#include <rondo/core/random.hpp>
#include <rondo/core/sequence.hpp>

namespace rondo::kernel {

template <class T>
RONDO_ANYWHERE constexpr float number(const T& stored) {
  return static_cast<float>(stored);
}
template <class T>
RONDO_ANYWHERE void store(T& to, float value) {
  to = narrow<T>(value);
}

template <class T>
struct Fill {
  T value;
  RONDO_ANYWHERE void operator()(T& y) const { y = value; }
};
struct Copy {
  RONDO_ANYWHERE void operator()(const auto& x, auto& y) const { store(y, number(x)); }
};
struct Add {
  RONDO_ANYWHERE void operator()(const auto& x, auto& y) const { store(y, number(y) + number(x)); }
};
struct Scale {
  float factor;
  RONDO_ANYWHERE void operator()(auto& x) const { store(x, number(x) * factor); }
};
struct Blend {
  float share;
  RONDO_ANYWHERE void operator()(const auto& x, auto& average) const {
    store(average, number(average) + share * (number(x) - number(average)));
  }
};

template <class F>
struct Map {
  RONDO_ANYWHERE void operator()(const auto& x, auto& y) const { store(y, F::apply(number(x))); }
};
template <class F>
struct MapGradient {
  RONDO_ANYWHERE void operator()(const auto& x, const auto& dy, auto& dx) const { store(dx, number(dy) * F::derivative(number(x))); }
};
template <class F>
struct Gated {
  RONDO_ANYWHERE void operator()(const auto& p, const auto& u, auto& y) const { store(y, F::apply(number(p)) * number(u)); }
};
template <class F>
struct GatedGradient {
  RONDO_ANYWHERE void operator()(const auto& p, const auto& u, const auto& dy, auto& dp, auto& du) const {
    const float x = number(p), d = number(dy), other = number(u);  // results may be operands' memory
    store(dp, d * other * F::derivative(x));
    store(du, d * F::apply(x));
  }
};
struct SoftCap {
  float cap;
  RONDO_ANYWHERE void operator()(const auto& x, auto& y) const { store(y, cap * hyperbolic_tangent(number(x) / cap)); }
};
struct SoftCapGradient {
  float cap;
  RONDO_ANYWHERE void operator()(const auto& y, const auto& dy, auto& dx) const {
    const float share = number(y) / cap;
    store(dx, number(dy) * (1 - share * share));
  }
};

// A gate of each pre-activation, with the bound of its column or none.
template <class Gate>
struct GateRule {
  Gate settings;
  RONDO_ANYWHERE void operator()(const auto& f, const auto& bound, auto& log_decay, auto& write) const {
    const auto out = settings.template apply<float>(number(f), number(bound));
    store(log_decay, out.log_decay);
    store(write, out.write);
  }
  RONDO_ANYWHERE void operator()(const auto& f, auto& log_decay, auto& write) const { (*this)(f, 0.0F, log_decay, write); }
};
template <class Gate>
struct GateGradientRule {
  Gate settings;
  RONDO_ANYWHERE void operator()(const auto& f, const auto& bound, const auto& d_log_decay, const auto& d_write, auto& df) const {
    store(df, settings.template backward<float>(number(f), number(bound), number(d_log_decay), number(d_write)).d_pre_activation);
  }
  RONDO_ANYWHERE void operator()(const auto& f, const auto& d_log_decay, const auto& d_write, auto& df) const {
    (*this)(f, 0.0F, d_log_decay, d_write, df);
  }
};
// What an element adds to its bound's gradient.
template <class Gate, class F, class B, class G, class W>
struct BoundGradient {
  Gate settings;
  View<const F> f;
  View<const B> bound;
  View<const G> d_log_decay;
  View<const W> d_write;
  RONDO_ANYWHERE float operator()(Index r, Index c) const {
    return settings.template backward<float>(number(f(r, c)), bound ? number(bound(0, c)) : 0.0F, number(d_log_decay(r, c)),
                                             number(d_write(r, c))).d_bound;
  }
};

// y_rc += w_i x_rc, i the group of channel c; what an element adds to dw.
template <class X, class W, class Y>
struct AddScaled {
  View<const W> weight;
  View<const X> x;
  View<Y> y;
  Index width;
  RONDO_ANYWHERE void operator()(Index r, Index c) const {
    store(y(r, c), number(y(r, c)) + number(weight(0, c / width)) * number(x(r, c)));
  }
};
template <class X, class Y>
struct AddScaledWeight {  // by rows and groups
  View<const X> x;
  View<const Y> dy;
  Index width;
  RONDO_ANYWHERE float operator()(Index r, Index group) const {
    float sum = 0;
    for (Index c = group * width; c < (group + 1) * width; ++c) sum += number(x(r, c)) * number(dy(r, c));
    return sum;
  }
};

template <class T>
struct Element {  // column sums of a matrix itself
  View<const T> x;
  RONDO_ANYWHERE float operator()(Index r, Index c) const { return number(x(r, c)); }
};

// Zero for the elements whose random word is at most `dropped`, else x / (1 - rate): the same mask everywhere.
template <class T>
struct Dropout {
  View<T> x;
  RandomKey mask;
  std::int64_t dropped;
  float kept;
  RONDO_ANYWHERE void operator()(Index r, Index c) const {
    const auto i = static_cast<std::uint64_t>(r * x.columns + c);
    const auto words = philox(mask, i / 4);  // chosen, not indexed: registers have no addresses
    const std::uint32_t word = i % 4 == 0 ? words[0] : i % 4 == 1 ? words[1] : i % 4 == 2 ? words[2] : words[3];
    const bool drop = static_cast<std::int64_t>(word) <= dropped;
    store(x(r, c), drop ? 0.0F : number(x(r, c)) * kept);
  }
};

// Lower bounds of all blocks (rondo/layer/lower_bounds.hpp), a column each; softmax over the rows by its highest entry and its sum.
template <class T>
struct ColumnShares {
  View<const T> raw;
  Index c;
  float highest = 0, total = 0;
  RONDO_ANYWHERE ColumnShares(const View<const T>& raw_, Index c_) : raw(raw_), c(c_), highest(number(raw_(0, c_))) {
    for (Index l = 1; l < raw.rows; ++l) highest = number(raw(l, c)) > highest ? number(raw(l, c)) : highest;
    for (Index l = 0; l < raw.rows; ++l) total += exponential(number(raw(l, c)) - highest);
  }
  RONDO_ANYWHERE float operator()(Index l) const { return exponential(number(raw(l, c)) - highest) / total; }
};
template <class T, class B>
struct LowerBoundsRule {
  View<const T> raw;
  View<B> bounds;
  RONDO_ANYWHERE void operator()(Index c) const {
    const ColumnShares<T> share(raw, c);
    float sum = 0;
    for (Index l = 0; l < raw.rows; ++l) {
      if (l > 0) sum += share(l);
      store(bounds(l, c), sum < 1 ? sum : 1.0F);  // rounding must not make a decay of it that grows
    }
  }
};
template <class T, class B, class D>
struct LowerBoundsGradient {
  View<const T> raw;
  View<const B> d_bounds;
  View<D> d_raw;
  RONDO_ANYWHERE void operator()(Index c) const {
    const ColumnShares<T> share(raw, c);
    float mean = 0, dp = 0;
    for (Index l = raw.rows - 1; l > 0; --l) mean += (dp += number(d_bounds(l, c))) * share(l);
    store(d_raw(0, c), number(d_raw(0, c)) - mean * share(0));
    dp = 0;
    for (Index l = raw.rows - 1; l > 0; --l) {
      dp += number(d_bounds(l, c));
      store(d_raw(l, c), number(d_raw(l, c)) + share(l) * (dp - mean));
    }
  }
};

}  // namespace rondo::kernel

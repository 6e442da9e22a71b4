// Rules that others bring - optimisers' updates, what compares rows, sums of a step's numbers - where the memory is.
#pragma once

#include <rondo/backend/kernel/elementwise.hpp>
#include <rondo/backend/options.hpp>

namespace rondo::kernel {

// rule.at(*now) for every element of matrices of one size, made once a team; nothing where *now says that it does not take place.
template <class Now, class Rule, class... T>
struct UpdateEach {
  static constexpr int threads = 256, elements = 16 * threads;
  const Now* now;
  Rule rule;
  Index size, columns;
  std::tuple<View<T>...> views;

  [[nodiscard]] Index teams() const { return parts_of(size, elements); }
  template <class Team>
  using Memory = NoMemory;
  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    if (!takes_place(*now)) return;
    const auto current = rule.at(*now);
    const Index first = Index{team.number()} * elements;
    team.each(static_cast<int>(size - first < elements ? size - first : elements), [&](int i) {
      const Index r = (first + i) / columns, c = (first + i) % columns;
      std::apply([&](const auto&... view) { current(view(r, c)...); }, views);
    });
  }
};

template <class Rule, class... T>
struct EachRow {
  Rule rule;
  std::tuple<View<T>...> views;
  RONDO_ANYWHERE void operator()(Index r) const {
    std::apply([&](const auto&... view) { rule(view.middle_rows(r, 1)...); }, views);
  }
};

template <class Rule, class... T>
struct ApplyOnce {
  Rule rule;
  std::tuple<T*...> records;
  RONDO_ANYWHERE void operator()(Index) const {
    std::apply([&](auto*... record) { rule(*record...); }, records);
  }
};

// Elements or their squares, for sums in double.
template <class T, bool squares>
struct ElementOf {
  View<const T> x;
  RONDO_ANYWHERE double operator()(Index i) const {
    const auto value = static_cast<double>(x(i / x.columns, i % x.columns));
    return squares ? value * value : value;
  }
};

}  // namespace rondo::kernel

// HostContext: the operations on whole tensors that are the same wherever the host computes: how tensors are filled and started, and how
// numbers come and go (contracts: rondo/backend/backend.hpp). The elements may be of any type: weights are kept as halves, too.
#pragma once

#include <algorithm>
#include <span>

#include <rondo/backend/context.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/core/initial.hpp>

namespace rondo {

template <class Backend, class Scalar>
class HostContext : public ContextBase<Backend, Scalar, Arena> {
 public:
  template <class S>
  void fill(View<S> y, std::type_identity_t<S> value) {
    each_run([value](Index n, S* to) { std::fill_n(to, n, value); }, y);
  }
  template <class S>
  void start(View<S> y, const Initial& initial, RandomKey random) {
    const auto part = [&](Index begin, Index end, S* to) { start_numbers(initial, random, y.columns, begin, end, to); };
    if (y.contiguous()) return each_part(y.size(), 16, y.size(), [&](Index begin, Index end) { part(begin, end, y.data + begin); });
    for (Index row = 0; row < y.rows; ++row) part(row * y.columns, (row + 1) * y.columns, y.row(row));
  }
  template <class S>
  void upload(std::span<const S> from, View<S> to) {
    const S* next = from.data();
    for (Index row = 0; row < to.rows; ++row, next += to.columns) std::copy_n(next, to.columns, to.row(row));
  }
  template <class Rule, class... Records>
  void apply(const Rule& rule, const View<Records>&... records) {
    rule(*records.data...);
  }
  template <class S>
  void download(View<const S> from, std::span<std::type_identity_t<S>> to) {
    S* next = to.data();
    for (Index row = 0; row < from.rows; ++row, next += from.columns) std::copy_n(from.row(row), from.columns, next);
  }
};

}  // namespace rondo

// The k most probable outcomes of a row of logits, and what is left: a rule that a context runs row by row.
//
//   u = z / T,   log p_j = (u_j - m) - log sum_i exp(u_i - m)
//   z [outcomes] -> ids [k], most probable first, of equal logits the smaller id; log_p [k + 1]: theirs, then log sum of p over all others
//
//   c.row_by_row(TopOutcomesRow{temperature}, logits, ids, log_p);
//
// The rest is a sum over the others, not one less the sum of the k: that would cancel. -infinity where there are none.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include <rondo/core/sequence.hpp>
#include <rondo/objective/log_sum.hpp>

namespace rondo {

struct TopOutcomesRow {
  double temperature = 1;

  template <class T>
  void operator()(View<const T> z, View<Token> ids, View<T> log_p) const {
    const Index count = z.columns, k = ids.columns;
    const T* logits = z.data;
    Token* heap = ids.data;  // the least probable in front
    const auto before = [&](Token a, Token b) { return logits[a] > logits[b] || (logits[a] == logits[b] && a < b); };
    std::iota(heap, heap + k, Token{0});
    std::make_heap(heap, heap + k, before);
    for (Index j = k; j < count; ++j) {
      if (!(logits[j] > logits[heap[0]])) continue;
      std::pop_heap(heap, heap + k, before);
      heap[k - 1] = static_cast<Token>(j);
      std::push_heap(heap, heap + k, before);
    }
    std::sort_heap(heap, heap + k, before);

    const T share = scalar_of<T>(1 / temperature), largest = logits[heap[0]];
    const auto term = [&](Index j) { return exponential((logits[j] - largest) * share); };
    std::vector<Token> stored(heap, heap + k);
    std::sort(stored.begin(), stored.end());
    T inside(0), outside(0);
    Index next = 0;
    for (const Token id : stored) {
      inside += term(id);
      outside += sum_of_terms<T>(id - next, [&](Index j) { return term(next + j); });
      next = id + 1;
    }
    outside += sum_of_terms<T>(count - next, [&](Index j) { return term(next + j); });
    const T log_sum = logarithm(inside + outside);
    for (Index i = 0; i < k; ++i) log_p.data[i] = (logits[heap[i]] - largest) * share - log_sum;
    log_p.data[k] = k < count ? logarithm(outside) - log_sum : -std::numeric_limits<T>::infinity();
  }
};

}  // namespace rondo

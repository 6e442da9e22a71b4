// Logits exist for one block of rows at a time: no matrix of tokens x outputs, which for a large vocabulary is far larger than all else
// (Wijmans et al. 2024; fla's fused linear cross-entropy).
//
//   each_block(c, rows, 512, model.outputs(), [&](Index begin, Out<C> logits) { ... });      rows begin .. begin + logits.rows
//
// Rows without a label cost nothing: an objective goes over those that have one.
//
//   const auto [rows, labels] = labelled_rows(c);
//   rows.clear(c, d_hidden);
//   each_block(c, rows.count(), 512, model.outputs(), [&](Index begin, Out<C> logits) {
//     const ChosenRows block = rows.middle(begin, logits.rows);
//     In<C> x = block.of(c, hidden);                where all rows have a label those themselves, else gathered in scratch;
//     Out<C> dx = block.place_of(c, d_hidden); ...  likewise where their gradient is to be written,
//     block.put(c, dx, d_hidden);                   and how it comes to d_hidden from there
//   });
#pragma once

#include <algorithm>

#include <rondo/layer/layer.hpp>

namespace rondo {

// act(begin, logits) for rows [begin, begin + logits.rows) at a time; what it takes of the scratch is free again after it.
template <class C, class Act>
void each_block(C& c, Index rows, Index rows_at_once, Index outputs, Act act) {
  require(rows_at_once > 0, "logits: a block must have at least 1 row, found ", rows_at_once);
  auto mark = c.mark();
  const Out<C> logits = c.matrix(std::min(rows_at_once, rows), outputs);
  for (Index begin = 0; begin < rows; begin += rows_at_once) {
    auto inner = c.mark();
    act(begin, logits.middle_rows(0, std::min(rows_at_once, rows - begin)));
  }
}

// Some rows of a batch: consecutive ones, or those of a list.
template <Place place>
class ChosenRows {
 public:
  constexpr ChosenRows(Index begin, Index count) : begin_(begin), count_(count) {}
  explicit constexpr ChosenRows(View<const Token, place> list) : list_(list), count_(list.columns) {}

  [[nodiscard]] constexpr Index count() const { return count_; }
  [[nodiscard]] constexpr ChosenRows middle(Index begin, Index count) const {
    return list_ ? ChosenRows{list_.middle_columns(begin, count)} : ChosenRows{begin_ + begin, count};
  }
  template <class C>
  [[nodiscard]] In<C> of(C& c, In<C> x) const {
    if (!list_) return x.middle_rows(begin_, count_);
    const Out<C> gathered = c.matrix(count_, x.columns);
    c.gather_rows(list_, x, gathered);
    return gathered;
  }

  // The gradient by all rows, before that by the chosen ones is put there.
  template <class C>
  void clear(C& c, Out<C> dx) const {
    if (list_) c.zero(dx);
  }
  template <class C>
  [[nodiscard]] Out<C> place_of(C& c, Out<C> dx) const {
    return list_ ? c.matrix(count_, dx.columns) : dx.middle_rows(begin_, count_);
  }
  template <class C>
  void put(C& c, In<C> placed, Out<C> dx) const {
    if (list_) c.scatter_rows(list_, placed, dx);
  }
  // Added to what is there.
  template <class C>
  void add(C& c, In<C> dy, Out<C> dx) const {
    if (list_)
      c.scatter_rows(list_, dy, dx);
    else
      c.add(dy, dx.middle_rows(begin_, count_));
  }

 private:
  View<const Token, place> list_;
  Index begin_ = 0, count_ = 0;
};

template <Place place>
struct LabelledRows {
  ChosenRows<place> rows;
  View<const Token, place> labels;  // of those rows
};
// Of the batch that the context has begun.
template <class C>
LabelledRows<C::place> labelled_rows(C& c) {
  const Tokens labels = c.labels();
  const Index count = std::count_if(labels.data, labels.data + labels.size(), has_label);
  if (count == labels.columns) return {{0, count}, c.placed(labels)};
  const auto of_each = [&](auto value) {
    return c.numbers(count, [&, t = Index{-1}](Index) mutable {
      do ++t;
      while (!has_label(labels(0, t)));
      return value(t);
    });
  };
  return {ChosenRows{of_each([](Index t) { return t; })}, of_each([&](Index t) { return labels(0, t); })};
}

}  // namespace rondo

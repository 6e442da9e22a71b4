// Poolings: which hidden vector stands for a sequence.
//
//   LastToken       that of its last token
//   FirstToken      that of its first; of a causal model it has seen one token
//   MeanOfTokens    the mean of all of them
//   AnyPooling      one of these, chosen at run time
//
//   pooling.row(sequence)                 the row of the batch where the vector stands, for a label or a gather
//   pooling.forward(c, hidden)            puts it there; other rows stay as they are.  hidden [tokens, width]
//   pooling.backward(c, d_hidden)         the gradient by what forward was given: d_hidden itself, or a matrix of scratch
//
// An empty sequence has no row: row() is not to be asked for it. Rows of padding reach nothing.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

#include <rondo/layer/layer.hpp>

namespace rondo {

// Poolings that only choose a row.
struct ChosenToken {
  template <class C>
  void forward(C&, Out<C>) const {}
  template <class C>
  [[nodiscard]] In<C> backward(C&, In<C> d_hidden) const {
    return d_hidden;
  }
};
struct LastToken : ChosenToken {
  static constexpr std::string_view name = "last";
  [[nodiscard]] static constexpr Index row(const Sequence& sequence) { return sequence.begin + sequence.length - 1; }
};
struct FirstToken : ChosenToken {
  static constexpr std::string_view name = "first";
  [[nodiscard]] static constexpr Index row(const Sequence& sequence) { return sequence.begin; }
};

// The mean stands in the row of the last token: a product with a row of ones for each sequence.
struct MeanOfTokens {
  static constexpr std::string_view name = "mean";
  [[nodiscard]] static constexpr Index row(const Sequence& sequence) { return LastToken::row(sequence); }

  template <class C>
  void forward(C& c, Out<C> hidden) const {
    auto mark = c.mark();
    const Out<C> ones = ones_for(c), mean = c.matrix(1, hidden.columns);
    for (const Sequence& sequence : c.sequences()) {
      if (sequence.length == 0) continue;
      c.linear_input_gradient(ones.middle_columns(0, sequence.length), hidden.middle_rows(sequence.begin, sequence.length), mean);
      c.scale(mean, 1 / static_cast<double>(sequence.length));
      c.copy(mean, hidden.middle_rows(row(sequence), 1));
    }
  }
  template <class C>
  [[nodiscard]] In<C> backward(C& c, In<C> d_hidden) const {
    const Out<C> result = c.matrix(d_hidden.rows, d_hidden.columns);
    c.copy(d_hidden, result);
    auto mark = c.mark();
    const Out<C> ones = ones_for(c), share = c.matrix(1, d_hidden.columns);
    for (const Sequence& sequence : c.sequences()) {
      if (sequence.length == 0) continue;
      const Out<C> pooled = result.middle_rows(row(sequence), 1);
      c.copy(pooled, share);
      c.scale(share, 1 / static_cast<double>(sequence.length));
      c.zero(pooled);
      const Out<C> column{ones.data, sequence.length, 1};
      c.linear_input_gradient(column, share, result.middle_rows(sequence.begin, sequence.length), Onto::add);
    }
    return result;
  }

 private:
  // As many as the longest sequence has tokens, [1, tokens].
  template <class C>
  static Out<C> ones_for(C& c) {
    const Out<C> ones = c.matrix(1, std::max<Index>(longest_sequence(c.sequences()), 1));
    c.fill(ones, typename C::Scalar(1));
    return ones;
  }
};

struct AnyPooling {
  std::variant<LastToken, FirstToken, MeanOfTokens> chosen;

  [[nodiscard]] Index row(const Sequence& sequence) const {
    return std::visit([&](const auto& one) { return one.row(sequence); }, chosen);
  }
  template <class C>
  void forward(C& c, Out<C> hidden) const {
    std::visit([&](const auto& one) { one.forward(c, hidden); }, chosen);
  }
  template <class C>
  [[nodiscard]] In<C> backward(C& c, In<C> d_hidden) const {
    return std::visit([&](const auto& one) { return one.backward(c, d_hidden); }, chosen);
  }
};

}  // namespace rondo

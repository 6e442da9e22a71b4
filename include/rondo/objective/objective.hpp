// Objective: what training lowers, a struct of
//
//   check()                             throws Error for what it cannot do
//   gradient(c, w, pass, scale, dw)     writes pass.d_hidden = scale * dL/dhidden, adds scale * dL/dw of the head's weights to dw and
//                                       scale * dL/dstream to pass.tap(block), and returns Losses
// and, where it has use for them,
//   prepare(c)                          before the forward pass, without dropout: a teacher's pass, rows to be gathered. What it returns,
//                                       views of the context's scratch, is pass.prepared
//   taps()                              a BlockSet: the blocks whose streams it adds gradients to
//
// The batch is what the context has begun: its ids, labels and sequences. L is a sum over it; the mean that a step lowers is what the
// trainer makes of the sums and counts of all its batches. An objective of several terms may report each by its name beside their sum.
// docs/how_to/add_an_objective.md has an example.
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <string_view>
#include <utility>

#include <rondo/combinator/taps.hpp>
#include <rondo/core/random.hpp>

namespace rondo {

// A part of a loss; the name lives as long as the program.
template <class Total>
struct NamedSum {
  std::string_view name;
  Total sum{};
};

template <class Total>
using LossParts = std::array<NamedSum<Total>, 4>;  // the first without a name ends them

template <class Total>
struct Losses {
  Total sum{};      // what the gradient is of
  Index count = 0;  // labels that it is over
  LossParts<Total> parts{};

  // Of the next batch of a step; its parts are the same ones.
  template <class Other>
  Losses& operator+=(const Losses<Other>& more) {
    sum += static_cast<Total>(more.sum);
    count += more.count;
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = {more.parts[i].name, parts[i].sum + static_cast<Total>(more.parts[i].sum)};
    return *this;
  }
  // By the count; 0 where there is none.
  [[nodiscard]] Total mean(const Total& of) const { return count > 0 ? of / static_cast<Total>(count) : Total{}; }
};
template <class Total, class... Parts>
Losses(Total, Index, Parts...) -> Losses<Total>;

struct NothingPrepared {};
template <class C>
auto prepared_by(const auto& objective, C& c) {
  if constexpr (requires { objective.prepare(c); })
    return objective.prepare(c);
  else
    return NothingPrepared{};
}
BlockSet taps_of(const auto& objective) {
  if constexpr (requires { objective.taps(); })
    return objective.taps();
  else
    return {};
}

template <class O>
concept Objective = requires(const O& objective) { objective.check(); };

// The batch of a context on its way through a model: made, which lets the objective prepare; forward; loss; backward. An objective is
// told of it what is public here.
template <class C, class Model, class WeightRecord, class Saved, Objective ObjectiveType>
class Pass {
  decltype(std::declval<C&>().mark()) mark_;

 public:
  // forward() writes hidden and saved, loss() d_hidden.
  Pass(C& c, const Model& model_, const WeightRecord& w, const ObjectiveType& objective, Out<C> hidden_, Out<C> d_hidden_,
       const Saved& saved)
      : mark_(c.mark()),
        model(model_),
        prepared(prepared_without_dropout(objective, c)),
        hidden(hidden_),
        d_hidden(d_hidden_),
        c_(c),
        w_(w),
        saved_(saved),
        objective_(objective) {
    const BlockSet tapped = taps_of(objective);
    require(tapped.end() <= model.shape().depth, "objective: the stream of block ", tapped.end() - 1, " is asked for, the model has ",
            model.shape().depth, " blocks");
    taps_ = Taps<C>{c, tapped, hidden.rows, model.shape().width};
  }

  const Model& model;
  const decltype(prepared_by(std::declval<const ObjectiveType&>(), std::declval<C&>())) prepared;
  const Out<C> hidden, d_hidden;  // [tokens, width]
  // What a block has written, [tokens, width], and where the gradient by it is added, for the blocks of taps().
  [[nodiscard]] In<C> stream(Index block) const { return model.trunk().stream(saved_, block); }
  [[nodiscard]] Out<C> tap(Index block) const { return taps_.at(block); }

  void forward(const CarriedFor<Model, C>& carried = {}) const { model.forward(c_, w_, hidden, saved_, carried); }
  auto loss(double scale, const auto& dw) const { return objective_.gradient(c_, w_, *this, scale, dw); }
  void backward(const auto& dw, const CarriedGradientFor<Model, C>& carried = {}) const {
    model.backward(c_, w_, d_hidden, saved_, dw, carried, taps_);
  }

 private:
  static auto prepared_without_dropout(const ObjectiveType& objective, C& c) {
    const std::optional<RandomKey> dropout = c.training ? std::optional{c.key} : std::nullopt;
    c.drop({});
    const auto prepared = prepared_by(objective, c);
    c.drop(dropout);
    return prepared;
  }

  C& c_;
  const WeightRecord& w_;
  const Saved& saved_;
  const ObjectiveType& objective_;
  Taps<C> taps_;
};

// Adds scale times the gradient of the sum of the losses of the context's batch to dw.
template <class C, class Model, Objective ObjectiveType>
auto add_gradient(C& c, const Model& model, const auto& w, const ObjectiveType& objective, double scale, Out<C> hidden,
                  Out<C> d_hidden, const auto& saved, const auto& dw) {
  const Pass pass{c, model, w, objective, hidden, d_hidden, saved};
  pass.forward();
  const auto losses = pass.loss(scale, dw);
  pass.backward(dw);
  return losses;
}

}  // namespace rondo

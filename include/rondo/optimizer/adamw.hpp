// AdamW (Kingma and Ba 2015; decoupled decay of Loshchilov and Hutter 2019):
//
//   m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2
//   w <- w - rate (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon) + decay w)           t = 1, 2, ...
//
//   AdamW optimizer{.rate = 1e-3};
//   OptimizerState<Backend> state{weights};                          // m and v, zero
//   optimizer.update(c, {.step = t, .rate_share = s, .gradient_scale = f}, weights, gradients, state);
//
// Decay acts on the parameters whose record says Decay::yes. Neighbours in memory that decay alike are updated in one piece;
// weights, gradients and moments share one layout, padding included (always zero). update() allocates nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <rondo/backend/options.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

// What changes from one update to the next.
struct Update {
  Index step = 1;             // number of this update, from 1
  double rate_share = 1;      // of the full rate
  double gradient_scale = 1;  // the gradients are multiplied by it first
};

// Owner of the moments of a model's weights, in one arena: two rows with the layout of Parameters::flat().
template <class Backend>
class OptimizerState {
 public:
  using Scalar = typename Backend::Scalar;
  // Neighbours that decay alike.
  struct Piece {
    Index begin = 0;
    Index size = 0;
    Decay decay = Decay::no;
  };

  using Context = typename Backend::Context;

  explicit OptimizerState(const TensorBuffer<Scalar, typename Backend::Memory>& weights, Context&& c = Context{})
      : OptimizerState(weights, c) {}
  OptimizerState(const TensorBuffer<Scalar, typename Backend::Memory>& weights, Context& c) {
    const Out<Context> flat = weights.flat();
    memory_ = c.memory();
    memory_.reserve(2 * arena_bytes(weights.bytes()));
    for (Out<Context>* moment : {&first_, &second_}) {
      *moment = {memory_.template take<Scalar>(flat.columns), 1, flat.columns};
      c.zero(*moment);
    }
    weights.each([&](const std::string&, const Leaf& leaf, Out<Context> weight) {
      const Index begin = weight.data - flat.data;
      if (!pieces_.empty()) pieces_.back().size = begin - pieces_.back().begin;
      if (pieces_.empty() || pieces_.back().decay != leaf.decay) pieces_.push_back({begin, 0, leaf.decay});
    });
    if (!pieces_.empty()) pieces_.back().size = flat.columns - pieces_.back().begin;
  }

  [[nodiscard]] Out<Context> first() const { return first_; }
  [[nodiscard]] Out<Context> second() const { return second_; }
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] std::size_t bytes() const { return 2 * static_cast<std::size_t>(first_.columns) * sizeof(Scalar); }

 private:
  typename Backend::Memory memory_;
  Out<Context> first_, second_;
  std::vector<Piece> pieces_;
};

struct AdamW {
  double rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double decay = 0.1;

  template <class Backend>
  using State = OptimizerState<Backend>;

  void check() const {
    require(std::isfinite(rate) && rate >= 0, "AdamW: rate must be at least 0, found ", rate);
    require(beta1 >= 0 && beta1 < 1, "AdamW: beta1 must be in [0, 1), found ", beta1);
    require(beta2 >= 0 && beta2 < 1, "AdamW: beta2 must be in [0, 1), found ", beta2);
    require(epsilon > 0, "AdamW: epsilon must be positive, found ", epsilon);
    require(std::isfinite(decay) && decay >= 0, "AdamW: decay must be at least 0, found ", decay);
  }

  template <class C, class Scalar, class Memory, class Backend>
  void update(C& c, const Update& now, const TensorBuffer<Scalar, Memory>& weights, const TensorBuffer<Scalar, Memory>& gradients,
              OptimizerState<Backend>& state) const {
    AdamWStep step{.rate = rate * now.rate_share,
                   .beta1 = beta1,
                   .beta2 = beta2,
                   .epsilon = epsilon,
                   .decay = 0,
                   .correction1 = 1 - std::pow(beta1, static_cast<double>(now.step)),
                   .correction2 = 1 - std::pow(beta2, static_cast<double>(now.step)),
                   .gradient_scale = now.gradient_scale};
    for (const auto& piece : state.pieces()) {
      step.decay = piece.decay == Decay::yes ? decay : 0;
      const auto part = [&](const auto& all) { return all.middle_columns(piece.begin, piece.size); };
      c.adamw(step, part(weights.flat()), part(gradients.flat()), part(state.first()), part(state.second()));
    }
  }
};

}  // namespace rondo

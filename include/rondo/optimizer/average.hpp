// Exponential moving average of weights (Polyak and Juditsky 1992), often better than the weights themselves:
//
//   a <- a + (1 - d) (w - a),   d = min(decay, (1 + t) / (10 + t)),   t = 1, 2, ... updates
//
// The second bound lets the average forget the initial weights in a short run. One set of weights in memory.
#pragma once

#include <algorithm>

#include <rondo/layer/layer.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

constexpr double average_decay(double decay, Index step) {
  return std::min(decay, static_cast<double>(1 + step) / static_cast<double>(10 + step));
}

template <class Model, class Backend>
class Average : public Parameters<Model, Backend> {
 public:
  // Starts from the weights as they are.
  Average(const Parameters<Model, Backend>& weights, double decay, typename Backend::Context&& c = {})
      : Average(weights, decay, c) {}
  Average(const Parameters<Model, Backend>& weights, double decay, typename Backend::Context& c)
      : Parameters<Model, Backend>(weights.model(), c), decay_(decay) {
    require(decay > 0 && decay < 1, "average: decay must be in (0, 1), found ", decay);
    c.copy(weights.flat(), this->flat());
  }
  [[nodiscard]] double decay() const { return decay_; }

  // After update `step` (from 1) of the weights.
  template <class C>
  void update(C& c, const Parameters<Model, Backend>& weights, Index step) const {
    c.blend(weights.flat(), this->flat(), 1 - average_decay(decay_, step));
  }

 private:
  double decay_;
};

}  // namespace rondo

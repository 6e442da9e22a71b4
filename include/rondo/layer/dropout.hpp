// Dropout:  y = x mask / (1 - rate) while training, y = x otherwise   (Srivastava et al. 2014)
//
// Whether element i is kept is a function of the context's key for the step, this layer's `stream` and i, so that the
// backward draws the mask again and nothing is saved. x and y may be the same memory.
#pragma once

#include <cstdint>

#include <rondo/layer/layer.hpp>

namespace rondo {

class Dropout : public PlainLayer, public NoWeights, public NothingSaved, public NoState {
 public:
  constexpr Dropout(double rate, std::uint64_t stream) : rate_(rate), stream_(stream) {}

  template <class C>
  [[nodiscard]] bool acts(const C& c) const {
    return rate_ > 0 && c.training;
  }
  // In place, in either direction: the mask is linear and its own transpose.
  template <class C>
  void apply(C& c, Out<C> x) const {
    if (acts(c)) c.dropout(rate_, stream_, x);
  }

 private:
  double rate_;
  std::uint64_t stream_;
};

}  // namespace rondo

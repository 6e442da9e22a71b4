// RecurrentMixer<Core, Output>: a token mixer of two parts.
//
//   o = Core(x)         projections, gates and a recurrence; carries the state       x [tokens, width] -> o [tokens, Output's in]
//   y = Output(x, o)    norm, output gate, output projection (rondo/mixer/output.hpp)
//
// A core is a layer whose backward finds its own output among its arguments, because the output stage and some recurrences need it
// too and it is saved once, here:
//
//   forward (c, w, x, o, saved, carried)                            o is written
//   backward(c, w, x, o, d_o, dx, saved, dw, carried, onto)         dx is written or added to, as `onto` says
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

template <class Core, class Output>
class RecurrentMixer : public RecordsOf<Core> {
 public:
  RecurrentMixer(Core core, Output output) : RecordsOf<Core>(std::move(core)), output_(std::move(output)) {}

  template <class S>
  struct Weights {
    typename Core::template Weights<S> core;
    typename Output::template Weights<S> output;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("", this->inner_, w.core...), inside("", output_, w.output...)); }
  template <class S>
  struct Saved {
    typename Core::template Saved<S> core;
    S output;
    typename Output::template Saved<S> stage;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("", this->inner_, s.core...), buffer("output", extent.kept(output_.in()), s.output...),
                  inside("stage", output_, s.stage...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const auto& carried, In<C> plus = {}) const {
    this->inner_.forward(c, w.core, x, saved.output, saved.core, carried);
    output_.forward(c, w.output, x, saved.output, y, saved.stage, plus);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                const auto& carried) const {
    auto mark = c.mark();
    const Out<C> d_output = c.matrix(x.rows, output_.in());
    output_.backward(c, w.output, x, saved.output, dy, dx, d_output, saved.stage, dw.output);
    this->inner_.backward(c, w.core, x, saved.output, d_output, dx, saved.core, dw.core, carried,
                   Output::reads_input ? Onto::add : Onto::write);
  }

 private:
  Output output_;
};

}  // namespace rondo

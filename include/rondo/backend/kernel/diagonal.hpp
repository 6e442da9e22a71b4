// The diagonal linear recurrence (rondo/recurrence/diagonal.hpp): a thread a sequence and channel, its state in a register. Neighbouring
// threads have neighbouring channels. The gradient walks back: dx_t = dh_t + d,  d = exp(g_t) dx_t,  dg_t = d h_{t-1}.
#pragma once

#include <rondo/backend/kernel/context.hpp>
#include <rondo/recurrence/diagonal.hpp>

namespace rondo::kernel {

template <class E>
struct DiagonalWalk {
  View<const Sequence> sequences;
  View<const float> g;
  View<const E> x;
  View<E> h;
  View<const float> initial;  // may be absent, as may the final one
  View<float> final;
  RONDO_ANYWHERE void operator()(Index s, Index c) const {
    const Index begin = sequences(0, s).begin, end = begin + sequences(0, s).length;
    float state = initial ? initial(s, c) : 0.0F;
    for (Index t = begin; t < end; ++t) {
      state = exponential(g(t, c)) * state + number(x(t, c));
      store(h(t, c), state);
    }
    if (final) final(s, c) = state;
  }
};

template <class E>
struct DiagonalBack {
  View<const Sequence> sequences;
  View<const float> g;
  View<const E> h, d_h;
  View<float> dg;
  View<E> dx;
  View<const float> initial, d_final;  // may be absent, as may be where the gradient of the initial state goes
  View<float> d_initial;
  RONDO_ANYWHERE void operator()(Index s, Index c) const {
    const Index begin = sequences(0, s).begin, end = begin + sequences(0, s).length;
    float d_state = d_final ? d_final(s, c) : 0.0F;
    for (Index t = end; t-- > begin;) {
      const float before = t > begin ? number(h(t - 1, c)) : initial ? initial(s, c) : 0.0F;
      const float d = number(d_h(t, c)) + d_state;
      store(dx(t, c), d);
      d_state = d * exponential(g(t, c));
      dg(t, c) = d_state * before;
    }
    if (d_initial) d_initial(s, c) = d_state;
  }
};

}  // namespace rondo::kernel

namespace rondo {

template <>
struct KernelRecurrence<Diagonal> {
  static bool fits(const Diagonal&) { return true; }
  template <class C>
  static void forward(C& c, const auto& pass) {
    using Walk = kernel::DiagonalWalk<typename C::Scalar>;
    c.zero(pass.out.h);  // padding
    each_channel(c, pass.tag, Walk{c.work().sequences, c.here(pass.in.g), c.here(pass.in.x), c.here(pass.out.h),
                                   c.here(or_none(pass.carried.initial).memory), c.here(or_none(pass.carried.final).memory)});
  }
  template <class C>
  static void gradient(C& c, const auto& pass) {
    using Back = kernel::DiagonalBack<typename C::Scalar>;
    c.zero(pass.d_in.g);
    c.zero(pass.d_in.x);
    each_channel(c, pass.tag,
                 Back{c.work().sequences, c.here(pass.in.g), c.here(pass.out.h), c.here(pass.d_out.h), c.here(pass.d_in.g),
                      c.here(pass.d_in.x), c.here(or_none(pass.carried.initial).memory), c.here(or_none(pass.carried.d_final).memory),
                      c.here(or_none(pass.carried.d_initial).memory)});
  }

 private:
  template <class C, class F>
  static void each_channel(C& c, const Diagonal& tag, const F& f) {
    c.device().each(c.extent().sequences * tag.width, kernel::EachPlace<F>{f, tag.width});
  }
};

}  // namespace rondo

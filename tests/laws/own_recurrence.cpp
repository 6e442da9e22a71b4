// A recurrence that is nothing but a tag with plain loops holds all laws on every back-end, and learns there.
#include "every_back_end.hpp"

#include <rondo/testing/recurrence_subject.hpp>

namespace rondo::testing {
namespace {

// A leaky integrator that turns:   (u, v)_t = s(g_t) (u - w v, v + w u)_{t-1} + (x_t, 0),  channel by channel; u is read, v is kept
struct Swirl {
  Index width = 0;

  template <class V>
  struct Weights {
    V turn;
  };
  auto weight_leaves(auto&... w) const { return leaves(parameter("turn", {width}, uniform(0.5), Decay::no, w.turn...)); }
  template <class V>
  struct Inputs {
    V g, x;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    return leaves(buffer("g", {extent.tokens, width}, in.g...), buffer("x", {extent.tokens, width}, in.x...));
  }
  template <class V>
  struct Outputs {
    V u, v;
  };
  auto output_leaves(Extent extent, auto&... out) const {
    return leaves(buffer("u", {extent.tokens, width}, out.u...), buffer("v", {extent.tokens, width}, out.v...));
  }
  template <class V>
  struct State {
    V u, v;
  };
  auto state_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("u", {extent.sequences, width}, s.u...), buffer("v", {extent.sequences, width}, s.v...));
  }
  [[nodiscard]] constexpr double operations(Index) const { return 7.0 * static_cast<double>(width); }
  static constexpr double gradient_cost = 2;

  template <class C>
  void forward(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto initial = or_none(pass.carried.initial), final = or_none(pass.carried.final);
    const auto u = pass.out.u, v = pass.out.v;
    c.zero(u);
    c.zero(v);
    each_sequence(pass.sequences, [&](Index s, const Sequence& sequence) {
      for (Index i = 0; i < width; ++i) {
        const T w = pass.weights.turn(0, i);
        T a = initial.u ? initial.u(s, i) : T(0), b = initial.v ? initial.v(s, i) : T(0);
        each_row_of(sequence, [&](Index t) {
          const T keep = sigmoid(pass.in.g(t, i)), a_before = a;
          u(t, i) = a = keep * (a - w * b) + pass.in.x(t, i);
          v(t, i) = b = keep * (b + w * a_before);
        });
        if (final.u) final.u(s, i) = a, final.v(s, i) = b;
      }
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto initial = or_none(pass.carried.initial), d_final = or_none(pass.carried.d_final);
    const auto d_initial = or_none(pass.carried.d_initial);
    c.zero(pass.d_in.g);
    c.zero(pass.d_in.x);
    each_sequence(pass.sequences, [&](Index s, const Sequence& sequence) {
      for (Index i = 0; i < width; ++i) {
        const T w = pass.weights.turn(0, i);
        T du = d_final.u ? d_final.u(s, i) : T(0), dv = d_final.v ? d_final.v(s, i) : T(0);
        each_row_back(sequence, [&](Index t) {
          const bool first = t == sequence.begin;
          const T u = !first ? pass.out.u(t - 1, i) : initial.u ? initial.u(s, i) : T(0);
          const T v = !first ? pass.out.v(t - 1, i) : initial.v ? initial.v(s, i) : T(0);
          const T keep = sigmoid(pass.in.g(t, i));
          du += pass.d_out.u(t, i);
          pass.d_in.x(t, i) = du;
          pass.d_in.g(t, i) = (du * (u - w * v) + dv * (v + w * u)) * keep * (T(1) - keep);
          pass.d_weights.turn(0, i) += keep * (dv * u - du * v);
          const T du_before = keep * (du + w * dv);
          dv = keep * (dv - w * du);
          du = du_before;
        });
        if (d_initial.u) d_initial.u(s, i) = du, d_initial.v(s, i) = dv;
      }
    });
  }
};

static_assert(HasRecurrence<CpuContext, Swirl> && HasRecurrence<ReferenceContext<double>, Swirl> && HasRecurrence<TraceContext, Swirl>);

}  // namespace

BOOST_AUTO_TEST_SUITE(own_recurrence)

BOOST_AUTO_TEST_CASE(plain_loops_hold_all_laws) {
  for (const Index width : {1, 9})
    expect_laws("Swirl", [=](const Shape&) { return recurrence_subject(Swirl{width}); }, Shape{});
}

// What Trace counts without being told about it: operations of the tag, bytes of the records, one operation.
BOOST_AUTO_TEST_CASE(trace_counts_it) {
  const Swirl tag{4};
  const std::vector<Sequence> sequences{{0, 6, 0}};
  TraceContext c;
  c.begin(sequences, 6);
  const Out<TraceContext> x = c.matrix(6, 4), w = c.matrix(1, 4), s = c.matrix(1, 4);
  const Swirl::State<Out<TraceContext>> state{s, s};
  c.recurrence(tag, {w}, {x, x}, {x, x}, {nullptr, &state});
  BOOST_TEST(c.counts.operations == 6 * 28);
  BOOST_TEST(c.counts.model_operations == 6 * 28);
  BOOST_TEST(c.counts.bytes == sizeof(float) * (4 + 4 * 24 + 2 * 4));
  BOOST_TEST(c.counts.launches == 1);
  c.recurrence_gradient(tag, {w}, {x, x}, {x, x}, {x, {}}, {w}, {x, x});
  BOOST_TEST(c.counts.operations == 3 * 6 * 28);
  BOOST_TEST(c.counts.bytes == sizeof(float) * (4 + 4 * 24 + 2 * 4 + 2 * 4 + 7 * 24));
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_named) {
  const std::vector<Sequence> sequences{{0, 6, 0}};
  TraceContext c;
  c.begin(sequences, 6);
  const Out<TraceContext> x = c.matrix(6, 4), narrow = c.matrix(6, 3), w = c.matrix(1, 4);
  BOOST_CHECK_EXCEPTION(c.recurrence(Swirl{4}, {w}, {x, narrow}, {x, x}), Error, [](const Error& error) {
    return std::string(error.what()) == "recurrence: x is [6, 3], expected [6, 4]";
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing

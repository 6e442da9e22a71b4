// The state space of Mamba-3 (2026, "Mamba-3: Improved sequence modeling using state space principles", one input and one output a
// head): keys and queries turn by an angle that the tokens add up to, and a token is written by the trapezoid rule, one part at its own
// step, the other at the next:
//
//   theta_t = theta_{t-1} + pi step_t tanh(angle_t) (mod 2 pi),   q' = R(theta_t) (q + query_bias),   k' = R(theta_t) (k + key_bias)
//   U_t = S_{t-1} + (1 - l_t) step_t k'_{t-1} v_{t-1}^T,    S_t = exp(rate_t step_t) U_t + l_t step_t k'_t v_t^T,    o_t = S_t^T q'_t
//
// per sequence and head; l_t = s(trapezoid_t). q, k [tokens, groups K], v, o [tokens, heads V], rate (<= 0), step (>= 0), trapezoid
// [tokens, heads], angle [tokens, angles]; biases [heads, K]. Head h reads group h / (heads / groups). R turns the pairs of channels
// (0, 1), (2, 3), ..., as many as there are angles. State of a sequence: theta [heads angles], S [heads K V], the last k' [heads K]
// and v [heads V].
//
// Backward (o is not looked at), with dU = exp(rate step) dS:
//   dS += q' do^T;  dq' = S do;  dk' += l step dS v;  dv += l step dS^T k';  dk'_{t-1} += (1 - l) step dU v_{t-1}, dv_{t-1} likewise;
//   a = <dS, k' v^T>, b = <dU, k'_{t-1} v_{t-1}^T>, c = <dU, U>:   d rate = step c,  d step = rate c + l a + (1 - l) b + ...,
//   d trapezoid = l (1 - l) step (a - b);   d theta_t = d theta_{t+1} + sum over q', k' and pairs (x_0 dx_1 - x_1 dx_0);
//   d angle = pi step (1 - tanh^2) d theta,  d step += pi tanh d theta;   dq = R(-theta) dq', which also adds to d query_bias; so dk.
#pragma once

#include <numbers>

#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

struct TrapezoidalOuterProduct {
  Index heads = 0;
  Index groups = 1;       // divides heads
  Index key_width = 0;    // K
  Index value_width = 0;  // V
  Index angles = 1;       // at most K / 2

  template <class V>
  struct Weights {
    V query_bias, key_bias;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(parameter("query_bias", {heads, 1, key_width}, ones(), Decay::no, w.query_bias...).as(Role::vector),
                  parameter("key_bias", {heads, 1, key_width}, ones(), Decay::no, w.key_bias...).as(Role::vector));
  }
  template <class V>
  struct Inputs {
    V q, k;
    Wide<V> rate, step;
    V trapezoid, angle, v;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    const Dimensions keys{extent.tokens, groups * key_width}, numbers{extent.tokens, heads};
    return leaves(buffer("q", keys, in.q...), buffer("k", keys, in.k...), buffer("rate", numbers, in.rate...),
                  buffer("step", numbers, in.step...), buffer("trapezoid", numbers, in.trapezoid...),
                  buffer("angle", {extent.tokens, angles}, in.angle...),
                  buffer("v", {extent.tokens, heads * value_width}, in.v...));
  }
  template <class V>
  struct Outputs {
    V o;
  };
  auto output_leaves(Extent extent, auto&... out) const {
    return leaves(buffer("o", {extent.tokens, heads * value_width}, out.o...));
  }
  template <class V>
  struct State {
    Wide<V> theta, memory, key, value;
  };
  auto state_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("theta", {extent.sequences, heads * angles}, s.theta...),
                  buffer("memory", {extent.sequences, heads * key_width * value_width}, s.memory...),
                  buffer("key", {extent.sequences, heads * key_width}, s.key...),
                  buffer("value", {extent.sequences, heads * value_width}, s.value...));
  }
  void check(const auto&) const {
    require(groups > 0 && heads % groups == 0, "outer product: ", heads, " heads do not divide among ", groups, " groups");
    require(0 < angles && 2 * angles <= key_width, "outer product: ", angles, " angles, expected 1 to ", key_width / 2);
  }

  // Both parts of what is written, and q times the state.
  [[nodiscard]] constexpr double operations(Index) const { return 6.0 * static_cast<double>(heads * key_width * value_width); }
  static constexpr double gradient_cost = 2;

  template <class C>
  void forward(C& c, const auto& pass) const {
    auto mark = c.mark();
    c.zero(pass.out.o);
    const auto initial = or_none(pass.carried.initial), final = or_none(pass.carried.final);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index h) {
      auto inner = c.mark();
      const auto head = head_of(c, initial, s, h, sequence.length);
      each_row_of(sequence, [&](Index t) {
        const Index number = t - sequence.begin;
        advance(pass, head, number, t, h);
        const auto S = head.state(number + 1);
        for (Index i = 0; i < key_width; ++i)
          for (Index j = 0; j < value_width; ++j) pass.out.o(t, h * value_width + j) += S(i, j) * head.q(number + 1, i);
      });
      const Index last = sequence.length;
      store_state(head.theta.middle_rows(last, 1), final.theta, s, h * angles);
      store_state(head.state(last), final.memory, s, h * key_width * value_width);
      store_state(head.k.middle_rows(last, 1), final.key, s, h * key_width);
      store_state(head.v.middle_rows(last, 1), final.value, s, h * value_width);
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto& d_in = pass.d_in;
    const auto zero = [&](const auto&... written) { (c.zero(written), ...); };
    zero(d_in.q, d_in.k, d_in.v, d_in.trapezoid, d_in.angle, d_in.rate, d_in.step);
    const auto d_final = or_none(pass.carried.d_final), d_initial = or_none(pass.carried.d_initial);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index h) {
      auto mark = c.mark();
      const auto head = head_of(c, or_none(pass.carried.initial), s, h, sequence.length);
      each_row_of(sequence, [&](Index t) { advance(pass, head, t - sequence.begin, t, h); });
      // Of theta and the state, and of the last key and value that the next token writes.
      const auto d_theta = c.matrix(1, angles), dS = c.matrix(key_width, value_width);
      const auto dk = c.matrix(1, key_width), dv = c.matrix(1, value_width), dq = c.matrix(1, key_width);
      load_state(d_final.theta, s, h * angles, d_theta);
      load_state(d_final.memory, s, h * dS.size(), dS);
      load_state(d_final.key, s, h * key_width, dk);
      load_state(d_final.value, s, h * value_width, dv);
      each_row_back(sequence, [&](Index t) {
        const Index now = t - sequence.begin + 1, before = now - 1, first = h * value_width;
        const T step = pass.in.step(t, h), rate = pass.in.rate(t, h), l = sigmoid(pass.in.trapezoid(t, h));
        const T decay = exponential(rate * step), early = (T(1) - l) * step;
        const auto S = head.state(now), earlier = head.state(before);
        c.zero(dq);
        T a(0), b(0), to_decay(0);
        for (Index i = 0; i < key_width; ++i)
          for (Index j = 0; j < value_width; ++j) {
            const T d_output = pass.d_out.o(t, first + j), v = head.v(now, j), k = head.k(now, i);
            dq(0, i) += S(i, j) * d_output;
            dS(i, j) += head.q(now, i) * d_output;
            dk(0, i) += l * step * dS(i, j) * v;
            dv(0, j) += l * step * dS(i, j) * k;
            a += dS(i, j) * k * v;
            dS(i, j) *= decay;
            const T write = head.k(before, i) * head.v(before, j);
            b += dS(i, j) * write;
            to_decay += dS(i, j) * (earlier(i, j) + early * write);
          }
        for (Index j = 0; j < value_width; ++j) d_in.v(t, first + j) += dv(0, j);
        T d_step = rate * to_decay + l * a + (T(1) - l) * b;
        for (Index p = 0; p < angles; ++p) {
          d_theta(0, p) += turned(head.q, now, dq, p) + turned(head.k, now, dk, p);
          const T turn = hyperbolic_tangent(pass.in.angle(t, p)), half_turn(std::numbers::pi_v<Real<T>>);
          d_in.angle(t, p) += half_turn * step * (T(1) - turn * turn) * d_theta(0, p);
          d_step += half_turn * turn * d_theta(0, p);
        }
        turn_back(head.theta.middle_rows(now, 1), dq);
        turn_back(head.theta.middle_rows(now, 1), dk);
        for (Index i = 0; i < key_width; ++i) {
          d_in.q(t, keys_of(h) + i) += dq(0, i);
          d_in.k(t, keys_of(h) + i) += dk(0, i);
          pass.d_weights.query_bias(h, i) += dq(0, i);
          pass.d_weights.key_bias(h, i) += dk(0, i);
        }
        d_in.rate(t, h) = step * to_decay;
        d_in.step(t, h) = d_step;
        d_in.trapezoid(t, h) = l * (T(1) - l) * step * (a - b);
        // What the token before was written by.
        c.zero(dk);
        c.zero(dv);
        for (Index i = 0; i < key_width; ++i)
          for (Index j = 0; j < value_width; ++j) {
            dk(0, i) += early * dS(i, j) * head.v(before, j);
            dv(0, j) += early * dS(i, j) * head.k(before, i);
          }
      });
      store_state(d_theta, d_initial.theta, s, h * angles);
      store_state(dS, d_initial.memory, s, h * dS.size());
      store_state(dk, d_initial.key, s, h * key_width);
      store_state(dv, d_initial.value, s, h * value_width);
    });
  }

  // The first column of q and k that a head reads.
  [[nodiscard]] constexpr Index keys_of(Index head) const { return head / (heads / groups) * key_width; }

 private:
  // One head of a sequence, row 0 before its first token, row n after its n-th.
  template <class V>
  struct Head {
    V theta, states, q, k, v;
    Index key_width;
    [[nodiscard]] V state(Index number) const { return states.middle_rows(number * key_width, key_width); }
  };
  template <class C>
  auto head_of(C& c, const auto& initial, Index s, Index h, Index length) const {
    const Index rows = length + 1;
    const Head<typename C::Output> head{c.matrix(rows, angles),
                                        c.matrix(rows * key_width, value_width), c.matrix(rows, key_width),
                                        c.matrix(rows, key_width), c.matrix(rows, value_width), key_width};
    load_state(initial.theta, s, h * angles, head.theta.middle_rows(0, 1));
    load_state(initial.memory, s, h * key_width * value_width, head.state(0));
    load_state(initial.key, s, h * key_width, head.k.middle_rows(0, 1));
    load_state(initial.value, s, h * value_width, head.v.middle_rows(0, 1));
    return head;
  }
  void advance(const auto& pass, const auto& head, Index number, Index t, Index h) const {
    using T = std::remove_cvref_t<decltype(*head.k.data)>;
    const T step = pass.in.step(t, h), l = sigmoid(T(pass.in.trapezoid(t, h))), decay = exponential(T(pass.in.rate(t, h)) * step);
    const Index now = number + 1;
    for (Index p = 0; p < angles; ++p)
      head.theta(now, p) = within_a_turn(head.theta(number, p) + T(std::numbers::pi_v<Real<T>>) * step *
                                                                     hyperbolic_tangent(T(pass.in.angle(t, p))));
    for (Index i = 0; i < key_width; ++i) {
      head.q(now, i) = pass.in.q(t, keys_of(h) + i) + pass.weights.query_bias(h, i);
      head.k(now, i) = pass.in.k(t, keys_of(h) + i) + pass.weights.key_bias(h, i);
    }
    turn(head.theta.middle_rows(now, 1), head.q.middle_rows(now, 1));
    turn(head.theta.middle_rows(now, 1), head.k.middle_rows(now, 1));
    for (Index j = 0; j < value_width; ++j) head.v(now, j) = pass.in.v(t, h * value_width + j);
    for (Index i = 0; i < key_width; ++i)
      for (Index j = 0; j < value_width; ++j) {
        const T U = head.state(number)(i, j) + (T(1) - l) * step * head.k(number, i) * head.v(number, j);
        head.state(now)(i, j) = decay * U + l * step * head.k(now, i) * head.v(now, j);
      }
  }
  template <class T>
  static T within_a_turn(T angle) {
    const Real<T> whole = 2 * std::numbers::pi_v<Real<T>>;
    return angle - T(whole * std::floor(real_part(angle) / whole));
  }
  // Pairs of x by theta, and by -theta.
  static void turn(const auto& theta, const auto& x, int direction = 1) {
    using std::cos, std::sin;
    using T = std::remove_cvref_t<decltype(*x.data)>;
    for (Index p = 0; p < theta.columns; ++p) {
      const T cosine = cos(theta(0, p)), sine = T(static_cast<Real<T>>(direction)) * sin(theta(0, p));
      const T first = x(0, 2 * p), second = x(0, 2 * p + 1);
      x(0, 2 * p) = cosine * first - sine * second;
      x(0, 2 * p + 1) = sine * first + cosine * second;
    }
  }
  // What turning pair p of x on adds to the loss.
  static auto turned(const auto& x, Index row, const auto& dx, Index p) {
    return x(row, 2 * p) * dx(0, 2 * p + 1) - x(row, 2 * p + 1) * dx(0, 2 * p);
  }
  static void turn_back(const auto& theta, const auto& x) { turn(theta, x, -1); }
};

}  // namespace rondo

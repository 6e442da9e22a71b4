// The selective scan (rondo/recurrence/selective_scan.hpp), a thread a channel with its N states in registers, time walked in blocks of
// 16 tokens, whose B and C all channels of a team read from shared memory:
//
//   SelectiveScanWalk    y, and the state before each block, for the backward pass
//   SelectiveScanBack    from the last block to the first: the states of its tokens again, from the one stored, into shared memory, then
//                        back. What channels add to dB and dC is summed within a team and left as a part of each team; parts are added in
//                        order, as are the sums that every sequence leaves of dA_log, dD and d step_bias
//
// Steps are zero in rows of no token, after the softplus, not before it. N is at most 16; missing states have B = C = 0.
#pragma once

#include <rondo/backend/kernel/context.hpp>
#include <rondo/backend/kernel/linear_chunk.hpp>
#include <rondo/recurrence/selective_scan.hpp>

namespace rondo::kernel {

inline constexpr int scan_states = 16, scan_rows = 16;

template <class E>
struct SelectiveScanInputs {
  View<const Sequence> sequences;
  View<const int> first_block;  // of each sequence
  View<const E> u, raw_step, B, C, z, step_bias, A_log, D;
  int channels, states;

  [[nodiscard]] RONDO_ANYWHERE float raw(Index t, int c) const { return number(raw_step(t, c)) + number(step_bias(0, c)); }
  [[nodiscard]] RONDO_ANYWHERE float rate(int c, int n) const { return n < states ? -exponential(number(A_log(c, n))) : 0.0F; }
  // The tile of B or C of a block.
  template <class Team, class T>
  RONDO_KERNEL void load(Team& team, T& tile, const View<const E>& from, Index first, int count) const {
    team.each(scan_rows * scan_states, [&](int i) {
      const int t = i / scan_states, n = i % scan_states;
      tile(t, n) = t < count && n < states ? number(from(first + t, n)) : 0.0F;
    });
  }
};

template <class E>
struct SelectiveScanWalk {
  static constexpr int threads = 128, N = scan_states;
  SelectiveScanInputs<E> in;
  View<E> y;                  // may be absent
  View<const float> initial;  // [sequences, channels states]; may be absent, as may the final ones
  View<float> final;
  View<float> blocks;         // before each block [blocks, channels states]; may be absent

  template <class Team>
  struct Memory {
    typename Team::template Tile<float, scan_rows, N> B, C;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int teams = (in.channels + threads - 1) / threads, s = team.number() / teams, first_channel = team.number() % teams * threads;
    const Index begin = in.sequences(0, s).begin;
    const int length = static_cast<int>(in.sequences(0, s).length);
    auto& m = team.template memory<Memory<Team>>();
    typename Team::template Own<float, N> state, rates;
    const auto each_state = [&](auto act) {  // act(channel, n, i, slot) for the states there are
      team.template each<N>(N * threads, [&](int i, int n) {
        const int c = first_channel + i % threads;
        if (c < in.channels && n < in.states) act(c, n, i);
      });
    };
    team.template each<N>(N * threads, [&](int i, int n) { state(i, n) = rates(i, n) = 0; });
    each_state([&](int c, int n, int i) {
      state(i, n) = initial ? initial(s, c * in.states + n) : 0.0F;
      rates(i, n) = in.rate(c, n);
    });
    for (int t0 = 0; t0 < length; t0 += scan_rows) {
      const int count = length - t0 < scan_rows ? length - t0 : scan_rows;
      if (blocks)
        each_state([&](int c, int n, int i) { blocks(in.first_block(0, s) + t0 / scan_rows, c * in.states + n) = state(i, n); });
      in.load(team, m.B, in.B, begin + t0, count);
      in.load(team, m.C, in.C, begin + t0, count);
      team.sync();
      team.each(threads, [&](int i) {
        const int c = first_channel + i;
        if (c >= in.channels) return;
        for (int t = 0; t < count; ++t) {
          const Index row = begin + t0 + t;
          const float u = number(in.u(row, c)), step = softplus(in.raw(row, c));
          float sum = number(in.D(0, c)) * u;
          RONDO_UNROLL
          for (int n = 0; n < N; ++n) {
            float& h = state(n * threads + i, n);
            h = exponential(step * rates(n * threads + i, n)) * h + step * float(m.B(t, n)) * u;
            sum += float(m.C(t, n)) * h;
          }
          const float z = number(in.z(row, c));
          if (y) store(y(row, c), sum * z * sigmoid(z));
        }
      });
      team.sync();
    }
    if (final) each_state([&](int c, int n, int i) { final(s, c * in.states + n) = state(i, n); });
  }
};

template <class E>
struct SelectiveScanBack {
  static constexpr int threads = 64, N = scan_states;
  SelectiveScanInputs<E> in;
  View<const E> dy;
  View<const float> blocks;
  View<const float> d_final;  // may be absent, as may be where the gradient of the initial state goes
  View<float> d_initial;
  View<E> du, d_raw_step, dz;
  View<float> dB, dC;                       // of each team [tokens, teams N]
  View<float> d_rates, d_skip, d_step_bias;  // of each sequence: [sequences, channels states], [sequences, channels]

  [[nodiscard]] static Index teams(Index channels) { return parts_of(channels, threads); }

  template <class Team>
  struct Memory {
    typename Team::template Tile<float, scan_rows, N> B, C;
    typename Team::template Tile<float, scan_rows * N, threads> states;  // before each token; then what the channel adds to dC
    typename Team::template Tile<float, scan_rows * N, threads> d_B;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int parts = (in.channels + threads - 1) / threads, s = team.number() / parts, part = team.number() % parts;
    const int first_channel = part * threads, length = static_cast<int>(in.sequences(0, s).length);
    const Index begin = in.sequences(0, s).begin;
    auto& m = team.template memory<Memory<Team>>();
    typename Team::template Own<float, N> d_state, rates, d_rate;
    typename Team::template Own<float, 1> skip, bias;
    team.template each<N>(N * threads, [&](int i, int n) {
      const int c = first_channel + i % threads;
      const bool there = c < in.channels && n < in.states;
      d_state(i, n) = there && d_final ? d_final(s, c * in.states + n) : 0.0F;
      rates(i, n) = there ? in.rate(c, n) : 0.0F;
      d_rate(i, n) = 0;
    });
    team.template each<1>(threads, [&](int i, int slot) { skip(i, slot) = bias(i, slot) = 0; });
    for (int at = (length + scan_rows - 1) / scan_rows - 1; at >= 0; --at) {
      const Index first = begin + at * scan_rows;
      const int count = length - at * scan_rows < scan_rows ? length - at * scan_rows : scan_rows;
      in.load(team, m.B, in.B, first, count);
      in.load(team, m.C, in.C, first, count);
      team.sync();
      team.each(threads, [&](int i) {
        const int c = first_channel + i;
        if (c >= in.channels) {
          for (int row = 0; row < scan_rows * N; ++row) m.states(row, i) = m.d_B(row, i) = 0.0F;
          return;
        }
        float state[N];
        RONDO_UNROLL
        for (int n = 0; n < N; ++n) state[n] = n < in.states ? blocks(in.first_block(0, s) + at, c * in.states + n) : 0.0F;
        for (int t = 0; t < scan_rows; ++t) {
          const bool there = t < count;
          const float step = there ? softplus(in.raw(first + t, c)) : 0.0F, u = there ? number(in.u(first + t, c)) : 0.0F;
          RONDO_UNROLL
          for (int n = 0; n < N; ++n) {
            m.states(t * N + n, i) = state[n];
            m.d_B(t * N + n, i) = 0.0F;
            state[n] = exponential(step * rates(n * threads + i, n)) * state[n] + step * float(m.B(t, n)) * u;
          }
        }
        for (int t = count - 1; t >= 0; --t) {
          const Index row = first + t;
          const float u = number(in.u(row, c)), z = number(in.z(row, c)), d_y = number(dy(row, c));
          const float raw = in.raw(row, c), step = softplus(raw), open = sigmoid(z), D = number(in.D(0, c)), dv = d_y * z * open;
          float sum = D * u, d_u = dv * D, d_step = 0;
          RONDO_UNROLL
          for (int n = 0; n < N; ++n) {
            const float rate = rates(n * threads + i, n), decay = exponential(step * rate), B = float(m.B(t, n));
            const float before = float(m.states(t * N + n, i)), after = decay * before + step * B * u;
            float& dh = d_state(n * threads + i, n);
            dh += dv * float(m.C(t, n));
            sum += float(m.C(t, n)) * after;
            m.states(t * N + n, i) = dv * after;
            m.d_B(t * N + n, i) = dh * step * u;
            d_u += dh * step * B;
            const float g = decay * dh * before;
            d_step += dh * B * u + g * rate;
            d_rate(n * threads + i, n) += g * step * rate;
            dh *= decay;
          }
          store(dz(row, c), d_y * sum * open * (1 + z * (1 - open)));
          store(du(row, c), d_u);
          const float d_raw = d_step * sigmoid(raw);
          store(d_raw_step(row, c), d_raw);
          skip(i, 0) += dv * u;
          bias(i, 0) += d_raw;
        }
        for (int row = count * N; row < scan_rows * N; ++row) m.states(row, i) = 0.0F;
      });
      team.sync();
      team.each(count * N, [&](int i) {
        float to_B = 0, to_C = 0;
        for (int c = 0; c < threads; ++c) {
          to_B += float(m.d_B(i, c));
          to_C += float(m.states(i, c));
        }
        dB(first + i / N, part * N + i % N) = to_B;
        dC(first + i / N, part * N + i % N) = to_C;
      });
      team.sync();
    }
    team.template each<N>(N * threads, [&](int i, int n) {
      const int c = first_channel + i % threads;
      if (c >= in.channels || n >= in.states) return;
      if (d_initial) d_initial(s, c * in.states + n) = d_state(i, n);
      d_rates(s, c * in.states + n) = d_rate(i, n);
    });
    team.template each<1>(threads, [&](int i, int slot) {
      const int c = first_channel + i;
      if (c >= in.channels) return;
      d_skip(s, c) = skip(i, slot);
      d_step_bias(s, c) = bias(i, slot);
    });
  }
};

// The parts of all teams, in order.
template <class E>
struct SumOverTeams {
  View<const float> parts;  // [tokens, teams N]
  View<E> to;
  Index teams;
  RONDO_ANYWHERE void operator()(Index t, Index n) const {
    float sum = 0;
    for (Index team = 0; team < teams; ++team) sum += parts(t, team * scan_states + n);
    store(to(t, n), sum);
  }
};

}  // namespace rondo::kernel

namespace rondo {

template <>
struct KernelRecurrence<SelectiveScan> {
  static bool fits(const SelectiveScan& tag) { return tag.states <= kernel::scan_states; }

  template <class C>
  static void forward(C& c, const auto& pass) {
    c.zero(pass.out.y);  // padding
    walk(c, pass, kernel::ChunkLists(c, kernel::scan_rows), c.here(pass.out.y), c.here(or_none(pass.carried.final).memory), {});
  }
  template <class C>
  static void gradient(C& c, const auto& pass) {
    using E = typename C::Scalar;
    using Back = kernel::SelectiveScanBack<E>;
    const SelectiveScan& tag = pass.tag;
    const Index sequences = c.extent().sequences, tokens = c.extent().tokens, teams = Back::teams(tag.channels);
    const kernel::ChunkLists lists(c, kernel::scan_rows);
    c.zero(pass.d_in.u);
    c.zero(pass.d_in.raw_step);
    c.zero(pass.d_in.z);
    const auto blocks = c.wide(lists.chunks.columns, tag.channels * tag.states);
    const auto dB = c.wide(tokens, teams * kernel::scan_states), dC = c.wide(tokens, teams * kernel::scan_states);
    const auto d_rates = c.wide(sequences, tag.channels * tag.states), d_skip = c.wide(sequences, tag.channels);
    const auto d_step_bias = c.wide(sequences, tag.channels);
    c.zero(dB);
    c.zero(dC);
    walk(c, pass, lists, View<E>{}, {}, c.here(blocks));
    c.launch(sequences * teams,
             Back{inputs(c, pass, lists), c.here(pass.d_out.y), c.here(blocks), c.here(or_none(pass.carried.d_final).memory),
                  c.here(or_none(pass.carried.d_initial).memory), c.here(pass.d_in.u), c.here(pass.d_in.raw_step), c.here(pass.d_in.z),
                  c.here(dB), c.here(dC), c.here(d_rates), c.here(d_skip), c.here(d_step_bias)});
    c.each_place(kernel::SumOverTeams<E>{c.here(dB), c.here(pass.d_in.B), teams}, pass.d_in.B);
    c.each_place(kernel::SumOverTeams<E>{c.here(dC), c.here(pass.d_in.C), teams}, pass.d_in.C);
    const auto add_sums = [&](auto of_sequences, auto to) {
      c.add_column_sums(kernel::Element<float>{c.here(of_sequences)}, sequences, to);
    };
    add_sums(d_rates, pass.d_weights.A_log);
    add_sums(d_skip, pass.d_weights.D);
    add_sums(d_step_bias, pass.d_weights.step_bias);
  }

 private:
  template <class C>
  static auto inputs(C& c, const auto& pass, const kernel::ChunkLists& lists) {
    const auto& in = pass.in;
    const auto& w = pass.weights;
    return kernel::SelectiveScanInputs<typename C::Scalar>{
        c.work().sequences, lists.first_chunk, c.here(in.u), c.here(in.raw_step), c.here(in.B), c.here(in.C), c.here(in.z),
        c.here(w.step_bias), c.here(w.A_log), c.here(w.D), static_cast<int>(pass.tag.channels), static_cast<int>(pass.tag.states)};
  }
  template <class C>
  static void walk(C& c, const auto& pass, const kernel::ChunkLists& lists, View<typename C::Scalar> y, View<float> final,
                   View<float> blocks) {
    using Walk = kernel::SelectiveScanWalk<typename C::Scalar>;
    c.launch(c.extent().sequences * kernel::parts_of(pass.tag.channels, Walk::threads),
             Walk{inputs(c, pass, lists), y, c.here(or_none(pass.carried.initial).memory), final, blocks});
  }
};

}  // namespace rondo

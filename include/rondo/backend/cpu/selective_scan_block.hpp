// A block of channels of the selective scan, worked on a chunk of tokens at a time; both passes are made of it.
//
// Registers hold channels, so that the sums over states need no exchange between lanes, and B_t[n], C_t[n] are the same for a
// whole register. Several states of a register of channels go through the chunk together. All memory is [rows, width] or
// [states, width], `width` the block's channels rounded up to registers; the channels beyond its end have step 0 and state 0.
//
//   rates[n] = log2(e) A[n]    decay = 2^(step rates)    writes = step u    outputs = D u + sum_n C[n] h[n], before the gate
#pragma once

#include <algorithm>
#include <numbers>

#include <rondo/backend/cpu/lanes_math.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/math.hpp>
#include <rondo/recurrence/selective_scan.hpp>

namespace rondo {

inline constexpr Index scan_rows = 16;  // of a chunk: decays and states of eight states stay in the first-level cache

// Channels of a block: a kilobyte of a row is worth reaching for; less where threads would have nothing to do.
[[nodiscard]] constexpr Index scan_block_width(Index channels, Index threads) {
  Index width = 256;
  while (width > lane_count && channels < 2 * threads * width) width /= 2;
  return width;
}
// Of a block in the backward pass, whose sums over channels must not depend on the number of threads.
[[nodiscard]] constexpr Index scan_gradient_width(Index channels) {
  Index width = 128;
  while (width > lane_count && width / 2 >= channels) width /= 2;
  return width;
}

class SelectiveScanBlock {
 public:
  using Inputs = SelectiveScan::Inputs<View<const float>>;
  using Weights = SelectiveScan::Weights<View<const float>>;

  SelectiveScanBlock() = default;
  SelectiveScanBlock(const SelectiveScan& p, Index wanted_width, Arena& arena) : states(p.states), width(wanted_width) {
    for (float** row : {&bias, &skip}) *row = arena.take<float>(width);
    for (float** matrix : {&rates, &h}) *matrix = arena.take<float>(states * width);
    for (float** matrix : {&steps, &writes, &outputs}) *matrix = arena.take<float>(scan_rows * width);
    one_state = arena.take<float>(states);
  }

  // Makes this the block of `count` channels from `first` on.
  void enter(const Weights& w, Index first, Index channel_count) {
    begin = first;
    count = channel_count;
    for (float* matrix : {steps, writes, outputs}) std::fill_n(matrix, scan_rows * width, 0.0F);
    for (Index c = 0; c < count; ++c) {
      bias[c] = w.step_bias(0, begin + c);
      skip[c] = w.D(0, begin + c);
    }
  }
  void load_rates(const Weights& w) {
    std::fill_n(rates, states * width, 0.0F);
    for (Index c = 0; c < count; ++c) {
      const float* from = w.A_log.row(begin + c);
#pragma omp simd
      for (Index n = 0; n < states; ++n) one_state[n] = -std::numbers::log2e_v<float> * exponential(from[n]);
      for (Index n = 0; n < states; ++n) rates[n * width + c] = one_state[n];
    }
  }
  // `to` [states, width] from row `row` of states [sequences, channels states], zero where there are none; and back.
  void load(View<const float> from, Index row, float* to) const {
    std::fill_n(to, states * width, 0.0F);
    if (!from) return;
    for (Index c = 0; c < count; ++c)
      for (Index n = 0; n < states; ++n) to[n * width + c] = from(row, (begin + c) * states + n);
  }
  void store(const float* from, View<float> to, Index row) const {
    if (!to) return;
    for (Index c = 0; c < count; ++c)
      for (Index n = 0; n < states; ++n) to(row, (begin + c) * states + n) = from[n * width + c];
  }

  // Steps, writes and D u of the chunk whose first token is `token`.
  void prepare(const Inputs& in, Index token, Index rows) {
    for (Index r = 0; r < rows; ++r) {
      const float *raw = in.raw_step.row(token + r) + begin, *u = in.u.row(token + r) + begin;
      float *to_step = steps + r * width, *to_write = writes + r * width, *to_output = outputs + r * width;
#pragma omp simd
      for (Index c = 0; c < count; ++c) {
        const float step = softplus(raw[c] + bias[c]);
        to_step[c] = step;
        to_write[c] = step * u[c];
        to_output[c] = skip[c] * u[c];
      }
    }
  }

  Index states = 0, width = 0, begin = 0, count = 0;
  float *bias = nullptr, *skip = nullptr, *rates = nullptr, *h = nullptr;
  float *steps = nullptr, *writes = nullptr, *outputs = nullptr, *one_state = nullptr;
};

// act(integral constant of how many states, first state): all states, eight at a time as long as there are eight.
template <class Act>
void each_scan_tile(Index states, Act&& act) {
  Index n = 0;
  for (; n + 8 <= states; n += 8) act(std::integral_constant<Index, 8>{}, n);
  for (; n < states; ++n) act(std::integral_constant<Index, 1>{}, n);
}

// What a pass over a chunk keeps beside the states: nothing, the outputs, or also each token's decays and states.
enum class ScanKeeps { states, outputs, everything };
struct ScanRecord {
  float* decays = nullptr;  // [rows][tile][lanes]
  float* states = nullptr;  // [rows + 1][tile][lanes], the chunk's first states before it
};

// Takes Tile states from `first` on, of the register of channels at `lane`, through a chunk; B, C [rows, states].
template <ScanKeeps keeps, Index Tile>
void scan_tile(const SelectiveScanBlock& block, Index lane, Index first, View<const float> B, View<const float> C, Index rows,
               ScanRecord record) {
  const Index width = block.width;
  Lanes rate[Tile], h[Tile];
  unrolled<Tile>([&](auto n) {
    rate[n] = load_lanes(block.rates + (first + n) * width + lane);
    h[n] = load_lanes(block.h + (first + n) * width + lane);
    if constexpr (keeps == ScanKeeps::everything) store_lanes(record.states + n * lane_count, h[n]);
  });
  for (Index r = 0; r < rows; ++r) {
    const Lanes step = load_lanes(block.steps + r * width + lane), write = load_lanes(block.writes + r * width + lane);
    const float *b = B.row(r) + first, *c = C.row(r) + first;
    Lanes output{};
    if constexpr (keeps != ScanKeeps::states) output = load_lanes(block.outputs + r * width + lane);
    unrolled<Tile>([&](auto n) {
      const Lanes decay = power_of_two(step * rate[n]);
      h[n] = decay * h[n] + write * b[n];
      if constexpr (keeps != ScanKeeps::states) output += h[n] * c[n];
      if constexpr (keeps == ScanKeeps::everything) {
        store_lanes(record.decays + (r * Tile + n) * lane_count, decay);
        store_lanes(record.states + ((r + 1) * Tile + n) * lane_count, h[n]);
      }
    });
    if constexpr (keeps != ScanKeeps::states) store_lanes(block.outputs + r * width + lane, output);
  }
  unrolled<Tile>([&](auto n) { store_lanes(block.h + (first + n) * width + lane, h[n]); });
}

// All states of a prepared chunk whose first token is `token`.
template <ScanKeeps keeps>
void scan_chunk(SelectiveScanBlock& block, const SelectiveScanBlock::Inputs& in, Index token, Index rows) {
  const View<const float> B = in.B.middle_rows(token, rows), C = in.C.middle_rows(token, rows);
  each_scan_tile(block.states, [&](auto tile, Index first) {
    for (Index lane = 0; lane < block.width; lane += lane_count) scan_tile<keeps, tile>(block, lane, first, B, C, rows, {});
  });
}

}  // namespace rondo

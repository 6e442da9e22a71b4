// Selective scan (Mamba), backward, a block of channels and a chunk of tokens at a time, last chunk first.
//
// Nothing is saved by the forward pass: a first pass forms the states before each chunk from `initial`, a second one the decays
// and states of a chunk's tokens. Then, with v the output before the gate and dh coming from the token after:
//
//   dv = dy silu(z),  dz = dy v silu'(z),  dh += dv C,  dC += dv h_t,  dB += dh step u,  du = D dv + step sum_n dh B,
//   dh = decay dh,  d step = u sum_n dh' B + sum_n dh h_{t-1} A  (dh' before the decay),  dA_log += dh h_{t-1} step A
//
// Threads take blocks of channels of a sequence. Each block's sums of dB and dC over its channels, and each sequence's gradients of the
// weights, lie in scratch of their own and are added up in order, so that results do not depend on the number of threads. Shapes and
// contract: rondo/recurrence/selective_scan.hpp.
#pragma once

#include <algorithm>
#include <numbers>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/backend/cpu/selective_scan_block.hpp>

namespace rondo {

struct SelectiveScanBackwardBlock {
  SelectiveScanBackwardBlock() = default;
  SelectiveScanBackwardBlock(const SelectiveScan& p, Index width, Index longest, Arena& arena) : forward(p, width, arena) {
    const Index states = p.states, chunks = (longest + scan_rows - 1) / scan_rows;
    dh = arena.take<float>(states * width);
    for (float** matrix : {&d_outputs, &to_inputs, &to_steps}) *matrix = arena.take<float>(scan_rows * width);
    starts = arena.take<float>(chunks * states * width);
    record = {arena.take<float>(scan_rows * 8 * lane_count), arena.take<float>((scan_rows + 1) * 8 * lane_count)};
    for (float** lanes : {&d_B, &d_C}) *lanes = arena.take<float>(scan_rows * 8 * lane_count);
  }

  // Where the gradients of the weights are gathered, [states + 2, width].
  void gather(float* to) {
    d_rates = to;
    d_bias = to + forward.states * forward.width;
    d_skip = d_bias + forward.width;
    std::fill_n(to, (forward.states + 2) * forward.width, 0.0F);
  }

  SelectiveScanBlock forward;
  float *d_bias = nullptr, *d_skip = nullptr, *dh = nullptr, *d_rates = nullptr;
  float *d_outputs = nullptr;                      // dv
  float *to_inputs = nullptr, *to_steps = nullptr;  // sum_n dh' B and sum_n dh h_{t-1} log2(e) A
  float *starts = nullptr;                         // states before each chunk of a sequence
  ScanRecord record;
  float *d_B = nullptr, *d_C = nullptr;  // [rows][tile][lanes], summed over the block's registers of channels
};

// Tile states of a register of channels, back through a chunk.
template <Index Tile>
void scan_tile_backward(SelectiveScanBackwardBlock& work, Index lane, Index first, View<const float> B, View<const float> C,
                        Index rows) {
  const SelectiveScanBlock& block = work.forward;
  const Index width = block.width;
  const auto add_to = [](float* sum, Lanes value) { store_lanes(sum, load_lanes(sum) + value); };
  Lanes rate[Tile], dh[Tile], d_rate[Tile];
  unrolled<Tile>([&](auto n) {
    const Index place = (first + n) * width + lane;
    rate[n] = load_lanes(block.rates + place);
    dh[n] = load_lanes(work.dh + place);
    d_rate[n] = load_lanes(work.d_rates + place);
  });
  for (Index r = rows - 1; r >= 0; --r) {
    const Index place = r * width + lane;
    const Lanes step = load_lanes(block.steps + place), write = load_lanes(block.writes + place);
    const Lanes d_output = load_lanes(work.d_outputs + place);
    const float *b = B.row(r) + first, *c = C.row(r) + first;
    Lanes to_input = load_lanes(work.to_inputs + place), to_step = load_lanes(work.to_steps + place);
    unrolled<Tile>([&](auto n) {
      const Index now = (r * Tile + n) * lane_count;
      dh[n] += d_output * c[n];
      add_to(work.d_C + now, d_output * load_lanes(work.record.states + now + Tile * lane_count));
      add_to(work.d_B + now, dh[n] * write);
      to_input += dh[n] * b[n];
      dh[n] *= load_lanes(work.record.decays + now);
      const Lanes to_exponent = dh[n] * load_lanes(work.record.states + now);
      to_step += to_exponent * rate[n];
      d_rate[n] += to_exponent * step;
    });
    store_lanes(work.to_inputs + place, to_input);
    store_lanes(work.to_steps + place, to_step);
  }
  unrolled<Tile>([&](auto n) {
    const Index place = (first + n) * width + lane;
    store_lanes(work.dh + place, dh[n]);
    store_lanes(work.d_rates + place, d_rate[n]);
  });
}

// The gradients of a chunk whose first token is `token` and whose first states are block.h; dB and dC of its rows, [rows, states].
inline void scan_chunk_backward(SelectiveScanBackwardBlock& work, const SelectiveScanBlock::Inputs& in, View<const float> dy,
                                Index token, Index rows, const SelectiveScan::Inputs<View<float>>& d_in, View<float> d_B,
                                View<float> d_C) {
  SelectiveScanBlock& block = work.forward;
  const Index width = block.width;
  block.prepare(in, token, rows);
  for (float* matrix : {work.d_outputs, work.to_inputs, work.to_steps}) std::fill_n(matrix, rows * width, 0.0F);
  for (Index r = 0; r < rows; ++r) {
    const float *z = in.z.row(token + r) + block.begin, *d = dy.row(token + r) + block.begin;
    float* to = work.d_outputs + r * width;
#pragma omp simd
    for (Index c = 0; c < block.count; ++c) to[c] = d[c] * silu(z[c]);
  }
  const View<const float> B = in.B.middle_rows(token, rows), C = in.C.middle_rows(token, rows);
  each_scan_tile(block.states, [&](auto tile, Index first) {
    for (float* lanes : {work.d_B, work.d_C}) std::fill_n(lanes, rows * tile * lane_count, 0.0F);
    for (Index lane = 0; lane < width; lane += lane_count) {
      scan_tile<ScanKeeps::everything, tile>(block, lane, first, B, C, rows, work.record);
      scan_tile_backward<tile>(work, lane, first, B, C, rows);
    }
    for (Index r = 0; r < rows; ++r)
      for (Index n = 0; n < tile; ++n) {
        d_B(r, first + n) = sum_of(load_lanes(work.d_B + (r * tile + n) * lane_count));
        d_C(r, first + n) = sum_of(load_lanes(work.d_C + (r * tile + n) * lane_count));
      }
  });
  for (Index r = 0; r < rows; ++r) {
    const Index row = token + r, at = r * width;
    const float *u = in.u.row(row) + block.begin, *raw = in.raw_step.row(row) + block.begin, *z = in.z.row(row) + block.begin;
    const float *d = dy.row(row) + block.begin, *skip = block.skip, *bias = block.bias;
    const float *steps = block.steps + at, *outputs = block.outputs + at, *d_outputs = work.d_outputs + at;
    const float *to_inputs = work.to_inputs + at, *to_steps = work.to_steps + at;
    float *du = d_in.u.row(row) + block.begin, *d_raw = d_in.raw_step.row(row) + block.begin, *dz = d_in.z.row(row) + block.begin;
    float *d_bias = work.d_bias, *d_skip = work.d_skip;
#pragma omp simd
    for (Index c = 0; c < block.count; ++c) {
      const float input = u[c], d_step = input * to_inputs[c] + std::numbers::ln2_v<float> * to_steps[c];
      const float d_pre_activation = d_step * sigmoid(raw[c] + bias[c]);
      d_bias[c] += d_pre_activation;
      d_skip[c] += d_outputs[c] * input;
      dz[c] = d[c] * outputs[c] * silu_derivative(z[c]);
      du[c] = steps[c] * to_inputs[c] + skip[c] * d_outputs[c];
      d_raw[c] = d_pre_activation;
    }
  }
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<SelectiveScan>& pass, Arena& scratch) {
  const SelectiveScan& p = pass.tag;
  const Sequences sequences = pass.sequences;
  const auto& in = pass.in;
  const auto& w = pass.weights;
  const auto& d_in = pass.d_in;
  const auto& d_w = pass.d_weights;
  const View<const float> dy = pass.d_out.y;
  const View<float> initial = or_none(pass.carried.initial).memory, d_final = or_none(pass.carried.d_final).memory;
  const View<float> d_initial = or_none(pass.carried.d_initial).memory;
  for (const View<float>& d : {d_in.u, d_in.raw_step, d_in.B, d_in.C, d_in.z}) zero_padding(sequences, d);
  const Index tokens = dy.rows, states = p.states;
  const Index width = scan_gradient_width(p.channels), blocks = (p.channels + width - 1) / width;
  const Index tasks = std::ssize(sequences) * blocks;
  const Index threads = tokens * p.channels * states < 65536 ? 1 : std::clamp<Index>(tasks, 1, thread_count());
  const Index longest = longest_sequence(sequences);
  const Arena::Mark mark{scratch};
  const View<float> sums{scratch.take<float>(tokens * blocks * 2 * states), tokens, blocks * 2 * states};  // dB | dC of each block
  SelectiveScanBackwardBlock* works = scratch.take<SelectiveScanBackwardBlock>(threads);
  for (Index thread = 0; thread < threads; ++thread) works[thread] = SelectiveScanBackwardBlock(p, width, longest, scratch);
  const Index size = (states + 2) * width;
  float* gathered = scratch.take<float>(tasks * size);
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index task = 0; task < tasks; ++task) {
    const Index s = task / blocks, number = task % blocks;
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    SelectiveScanBackwardBlock& work = works[thread_number()];
    SelectiveScanBlock& block = work.forward;
    block.enter(w, number * width, std::min(width, p.channels - number * width));
    block.load_rates(w);
    work.gather(gathered + task * size);
    block.load(initial, s, block.h);
    for (Index done = 0, chunk = 0; done < sequence.length; done += scan_rows, ++chunk) {
      std::copy_n(block.h, states * width, work.starts + chunk * states * width);
      if (done + scan_rows >= sequence.length) break;
      block.prepare(in, sequence.begin + done, scan_rows);
      scan_chunk<ScanKeeps::states>(block, in, sequence.begin + done, scan_rows);
    }
    block.load(d_final, s, work.dh);
    for (Index chunk = (sequence.length - 1) / scan_rows; chunk >= 0 && sequence.length > 0; --chunk) {
      const Index done = chunk * scan_rows, token = sequence.begin + done, rows = std::min(scan_rows, sequence.length - done);
      const View<float> sum = sums.middle_rows(token, rows).middle_columns(number * 2 * states, 2 * states);
      std::copy_n(work.starts + chunk * states * width, states * width, block.h);
      scan_chunk_backward(work, in, dy, token, rows, d_in, sum.middle_columns(0, states), sum.middle_columns(states, states));
    }
    block.store(work.dh, d_initial, s);
    for (Index i = 0; i < states * width; ++i) work.d_rates[i] *= std::numbers::ln2_v<float> * block.rates[i];
  }
  each_part(p.channels, width, tasks * size, [&](Index first, Index last) {
    for (Index s = 0; s < std::ssize(sequences); ++s)
      for (Index channel = first; channel < last; ++channel) {
        const float* from = gathered + (s * blocks + channel / width) * size + channel % width;
        for (Index n = 0; n < states; ++n) d_w.A_log(channel, n) += from[n * width];
        d_w.step_bias(0, channel) += from[states * width];
        d_w.D(0, channel) += from[(states + 1) * width];
      }
  });
  for (const Sequence& sequence : sequences)
    each_row_range(sequence.length, blocks * 2 * states, [&](Index first, Index last) {
      for (Index t = sequence.begin + first; t < sequence.begin + last; ++t) {
        float *d_B = d_in.B.row(t), *d_C = d_in.C.row(t);
        std::copy_n(sums.row(t), states, d_B);
        std::copy_n(sums.row(t) + states, states, d_C);
        for (Index number = 1; number < blocks; ++number) {
          const float* from = sums.row(t) + number * 2 * states;
#pragma omp simd
          for (Index n = 0; n < states; ++n) {
            d_B[n] += from[n];
            d_C[n] += from[states + n];
          }
        }
      }
    });
}

}  // namespace rondo

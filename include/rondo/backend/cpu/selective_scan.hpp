// Selective scan (Mamba), forward: blocks of channels, chunks of tokens (equations and shapes: rondo/recurrence/selective_scan.hpp).
// Views may be columns of wider matrices.
//
// Parallel over sequences and blocks of channels. Bound by the
// exponentials, channels x states of them a token. A sequence of one token takes the step form, whose registers hold states.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/selective_scan_block.hpp>
#include <rondo/backend/cpu/threads.hpp>

namespace rondo {

// y = outputs * silu(z) for the rows of a chunk
inline void gate_outputs(const SelectiveScanBlock& block, const SelectiveScanBlock::Inputs& in, Index token, Index rows,
                         View<float> y) {
  for (Index r = 0; r < rows; ++r) {
    const float *z = in.z.row(token + r) + block.begin, *from = block.outputs + r * block.width;
    float* to = y.row(token + r) + block.begin;
#pragma omp simd
    for (Index c = 0; c < block.count; ++c) to[c] = from[c] * silu(z[c]);
  }
}

// One token: the state is read and written once, in place where `initial` and `final` are the same memory.
inline void selective_scan_step(SelectiveScanBlock& block, const SelectiveScanBlock::Inputs& in, const SelectiveScanBlock::Weights& w,
                                Index token, Index row, View<const float> initial, View<float> final) {
  const Index states = block.states;
  const float *b = in.B.row(token), *c = in.C.row(token);
  block.prepare(in, token, 1);
  for (Index channel = 0; channel < block.count; ++channel) {
    const Index place = (block.begin + channel) * states;
    float* h = final ? final.row(row) + place : block.one_state;
    if (!initial)
      std::fill_n(h, states, 0.0F);
    else if (const float* from = initial.row(row) + place; from != h)
      std::copy_n(from, states, h);
    const float *A_log = w.A_log.row(block.begin + channel), step = block.steps[channel], write = block.writes[channel];
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (Index n = 0; n < states; ++n) {
      h[n] = exponential(-step * exponential(A_log[n])) * h[n] + write * b[n];
      sum += h[n] * c[n];
    }
    block.outputs[channel] += sum;
  }
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<SelectiveScan>& pass, Arena& scratch) {
  const SelectiveScan& p = pass.tag;
  const Sequences sequences = pass.sequences;
  const auto& in = pass.in;
  const auto& w = pass.weights;
  const View<float> y = pass.out.y, initial = or_none(pass.carried.initial).memory, final = or_none(pass.carried.final).memory;
  zero_padding(sequences, y);
  const Index width = scan_block_width(p.channels, thread_count()), blocks = (p.channels + width - 1) / width;
  const Index tasks = std::ssize(sequences) * blocks;
  const Index threads = y.rows * p.channels * p.states < 65536 ? 1 : std::clamp<Index>(tasks, 1, thread_count());
  const Arena::Mark mark{scratch};
  SelectiveScanBlock* work = scratch.take<SelectiveScanBlock>(threads);
  for (Index thread = 0; thread < threads; ++thread) work[thread] = SelectiveScanBlock(p, width, scratch);
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index task = 0; task < tasks; ++task) {
    const Index s = task / blocks, first = task % blocks * width;
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    SelectiveScanBlock& block = work[thread_number()];
    block.enter(w, first, std::min(width, p.channels - first));
    if (sequence.length == 1) {
      selective_scan_step(block, in, w, sequence.begin, s, initial, final);
      gate_outputs(block, in, sequence.begin, 1, y);
      continue;
    }
    block.load_rates(w);
    block.load(initial, s, block.h);
    for (Index done = 0; done < sequence.length; done += scan_rows) {
      const Index token = sequence.begin + done, rows = std::min(scan_rows, sequence.length - done);
      block.prepare(in, token, rows);
      scan_chunk<ScanKeeps::outputs>(block, in, token, rows);
      gate_outputs(block, in, token, rows, y);
    }
    block.store(block.h, final, s);
  }
}

}  // namespace rondo

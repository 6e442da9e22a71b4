// The loops of the Cpu back-end's norms, positions, convolutions and caches (sequence_operations.hpp), compiled once.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/norm.hpp>
#include <rondo/backend/cpu/sequence_operations.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo {

RONDO_DEFINED_ONCE void CpuSequence::norm(const NormSizes& sizes, Input x, Input weight, Input bias, Output y, Output mean,
                                          Output reciprocal) {
  (mean ? normalise<Mean::yes> : normalise<Mean::no>)(sizes, x, weight, bias, y, mean, reciprocal, scratch);
}

RONDO_DEFINED_ONCE void CpuSequence::norm_gradient(const NormSizes& sizes, Input x, Input weight, Input mean, Input reciprocal,
                                                   Input dy, Output dx, Output d_weight, Output d_bias, Input plus) {
  (mean ? normalise_gradient<Mean::yes> : normalise_gradient<Mean::no>)(sizes, x, weight, mean, reciprocal, dy, dx, d_weight, d_bias,
                                                                        plus, scratch);
}

RONDO_DEFINED_ONCE void CpuSequence::rotate(const Rotation& rotary, Output x, int direction) {
  const Arena::Mark mark{scratch};
  const Index half = rotary.head_width / 2;
  double* frequencies = scratch.take<double>(half);
  for (Index j = 0; j < half; ++j) frequencies[j] = rotary.frequency(j);
  rondo::rotate(sequences(), x, rotary.head_width, frequencies, direction, scratch);
}

RONDO_DEFINED_ONCE void CpuSequence::short_convolution(Input x, Input weight, Output y, Input initial, Output final) {
  rondo::short_convolution(sequences(), x, weight, y, initial, final, scratch);
}

RONDO_DEFINED_ONCE void CpuSequence::short_convolution_gradient(Input x, Input weight, Input dy, Output dx, Output d_weight,
                                                                Input initial, Input d_final, Output d_initial) {
  rondo::short_convolution_gradient(sequences(), x, weight, dy, dx, d_weight, initial, d_final, d_initial, scratch);
}

// Appends `rows` of each sequence to its cache: final = initial with them after the first `position` entries.
RONDO_DEFINED_ONCE void CpuSequence::extend_cache(Input rows, Input initial, Output final) {
  if (!final) return;
  const Index width = rows.columns;
  for (Index s = 0; s < std::ssize(sequences()); ++s) {
    const Sequence& sequence = sequences()[static_cast<std::size_t>(s)];
    float* to = final.row(s);
    if (!initial)
      std::fill_n(to, sequence.position * width, 0.0F);
    else if (initial.row(s) != to)
      std::copy_n(initial.row(s), sequence.position * width, to);
    for (Index t = 0; t < sequence.length; ++t)
      std::copy_n(rows.row(sequence.begin + t), width, to + (sequence.position + t) * width);
  }
}

// Its transpose: the gradient of the appended rows and of the earlier entries, both added to.
RONDO_DEFINED_ONCE void CpuSequence::extend_cache_gradient(Input d_final, Output d_rows, Output d_initial) {
  if (!d_final) return;
  const Index width = d_rows.columns;
  const auto add_row = [](const float* from, Index count, float* to) {
#pragma omp simd
    for (Index i = 0; i < count; ++i) to[i] += from[i];
  };
  for (Index s = 0; s < std::ssize(sequences()); ++s) {
    const Sequence& sequence = sequences()[static_cast<std::size_t>(s)];
    const float* from = d_final.row(s);
    if (d_initial) add_row(from, sequence.position * width, d_initial.row(s));
    for (Index t = 0; t < sequence.length; ++t)
      add_row(from + (sequence.position + t) * width, width, d_rows.row(sequence.begin + t));
  }
}

}  // namespace rondo

// Cpu back-end, part 3: norms, positions, convolutions and the cache (contracts: rondo/backend/backend.hpp).
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/loss_operations.hpp>
#include <rondo/backend/cpu/norm.hpp>

namespace rondo {

template <class Backend>
class CpuSequence : public CpuLosses<Backend> {
 public:
  using Input = View<const float>;
  using Output = View<float>;

  void rms_norm(const NormSizes& sizes, Input x, Input weight, Output y, Output reciprocal) {
    normalise<Mean::no>(sizes, x, weight, {}, y, {}, reciprocal);
  }
  void rms_norm_gradient(const NormSizes& sizes, Input x, Input weight, Input reciprocal, Input dy, Output dx, Output d_weight) {
    normalise_gradient<Mean::no>(sizes, x, weight, {}, reciprocal, dy, dx, d_weight, {}, this->scratch);
  }
  void layer_norm(const NormSizes& sizes, Input x, Input weight, Input bias, Output y, Output mean, Output reciprocal) {
    normalise<Mean::yes>(sizes, x, weight, bias, y, mean, reciprocal);
  }
  void layer_norm_gradient(const NormSizes& sizes, Input x, Input weight, Input mean, Input reciprocal, Input dy, Output dx,
                           Output d_weight, Output d_bias) {
    normalise_gradient<Mean::yes>(sizes, x, weight, mean, reciprocal, dy, dx, d_weight, d_bias, this->scratch);
  }

  void rotate(const Rotation& rotary, Output x, int direction) {
    auto mark = this->mark();
    const Index half = rotary.head_width / 2;
    double* frequencies = this->scratch.template take<double>(half);
    for (Index j = 0; j < half; ++j) frequencies[j] = rotary.frequency(j);
    rondo::rotate(this->sequences(), x, rotary.head_width, frequencies, direction, this->scratch);
  }

  void short_convolution(Input x, Input weight, Output y, Input initial, Output final) {
    rondo::short_convolution(this->sequences(), x, weight, y, initial, final, this->scratch);
  }
  void short_convolution_gradient(Input x, Input weight, Input dy, Output dx, Output d_weight, Input initial, Input d_final,
                                  Output d_initial) {
    rondo::short_convolution_gradient(this->sequences(), x, weight, dy, dx, d_weight, initial, d_final, d_initial, this->scratch);
  }

  // Appends `rows` of each sequence to its cache: final = initial with them after the first `position` entries.
  void extend_cache(Input rows, Input initial, Output final) {
    if (!final) return;
    const Index width = rows.columns;
    for (Index s = 0; s < std::ssize(this->sequences()); ++s) {
      const Sequence& sequence = this->sequences()[static_cast<std::size_t>(s)];
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
  void extend_cache_gradient(Input d_final, Output d_rows, Output d_initial) {
    if (!d_final) return;
    const Index width = d_rows.columns;
    const auto add_row = [](const float* from, Index count, float* to) {
#pragma omp simd
      for (Index i = 0; i < count; ++i) to[i] += from[i];
    };
    for (Index s = 0; s < std::ssize(this->sequences()); ++s) {
      const Sequence& sequence = this->sequences()[static_cast<std::size_t>(s)];
      const float* from = d_final.row(s);
      if (d_initial) add_row(from, sequence.position * width, d_initial.row(s));
      for (Index t = 0; t < sequence.length; ++t)
        add_row(from + (sequence.position + t) * width, width, d_rows.row(sequence.begin + t));
    }
  }
};

}  // namespace rondo

#if RONDO_HEADER_ONLY
#include <rondo/backend/cpu/rotary.hpp>
#include <rondo/backend/cpu/short_convolution.hpp>
#endif

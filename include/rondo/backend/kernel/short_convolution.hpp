// The causal convolution of each channel over a sequence's last tokens (rondo/layer/short_convolution.hpp), W taps:
//
//   y_t = sum_j w_j x_{t-W+1+j}                    x before the sequence: its initial window [W - 1 tokens], or zero
//   dx_t = sum_j w_j dy_{t+W-1-j},  dw_j = sum_t dy_t x_{t-W+1+j}            plus what the final window hands back
#pragma once

#include <rondo/backend/kernel/elementwise.hpp>
#include <rondo/backend/kernel/work.hpp>

namespace rondo::kernel {

// Inputs of a sequence by token, those of the window before it included.
template <class T>
struct ConvolutionInput {
  Owners work;
  View<const T> x, initial;
  Index taps;
  RONDO_ANYWHERE float operator()(Index s, Index t, Index c) const {
    if (t >= 0) return number(x(work.sequences(0, s).begin + t, c));
    return initial ? number(initial(s, (t + taps - 1) * x.columns + c)) : 0.0F;
  }
};

template <class T>
struct ShortConvolution {
  ConvolutionInput<T> x;
  View<const T> weight;
  View<T> y;
  RONDO_ANYWHERE void operator()(Index row, Index c) const {
    const Token s = x.work.owners(0, row);
    float sum = 0;
    if (s != of_no_sequence)
      for (Index j = 0; j < x.taps; ++j) sum += number(weight(c, j)) * x(s, row - x.work.sequences(0, s).begin - x.taps + 1 + j, c);
    store(y(row, c), sum);
  }
};
// The window after the last token. It may lie where the initial one does: what is read lies at or behind what was written.
template <class T>
struct FinalWindow {
  ConvolutionInput<T> x;
  View<T> final;
  RONDO_ANYWHERE void operator()(Index s, Index c) const {
    for (Index j = 0; j < x.taps - 1; ++j)
      store(final(s, j * x.x.columns + c), x(s, x.work.sequences(0, s).length - x.taps + 1 + j, c));
  }
};

// The gradient of token t of sequence s, of the window before it for negative t.
template <class T>
struct ConvolutionInputGradient {
  Owners work;
  View<const T> weight, dy, d_final;
  RONDO_ANYWHERE float operator()(Index s, Index t, Index c) const {
    const Sequence& sequence = work.sequences(0, s);
    const Index taps = weight.columns;
    float sum = 0;
    for (Index j = 0; j < taps; ++j) {
      const Index later = t + taps - 1 - j;
      if (0 <= later && later < sequence.length) sum += number(weight(c, j)) * number(dy(sequence.begin + later, c));
    }
    const Index j = t - sequence.length + taps - 1;
    if (d_final && j >= 0) sum += number(d_final(s, j * dy.columns + c));
    return sum;
  }
};
template <class T>
struct ConvolutionGradient {
  ConvolutionInputGradient<T> d;
  View<T> dx;
  RONDO_ANYWHERE void operator()(Index row, Index c) const {
    const Token s = d.work.owners(0, row);
    store(dx(row, c), s == of_no_sequence ? 0.0F : d(s, row - d.work.sequences(0, s).begin, c));
  }
};
template <class T>
struct InitialWindowGradient {
  ConvolutionInputGradient<T> d;
  View<T> d_initial;
  RONDO_ANYWHERE void operator()(Index s, Index place) const {
    const Index channels = d.dy.columns;
    store(d_initial(s, place), d(s, place / channels - d.weight.columns + 1, place % channels));
  }
};
template <class T>
struct ConvolutionWeightGradient {  // by rows and columns c taps + j
  ConvolutionInput<T> x;
  View<const T> dy;
  RONDO_ANYWHERE float operator()(Index row, Index column) const {
    const Token s = x.work.owners(0, row);
    if (s == of_no_sequence) return 0;
    const Index c = column / x.taps, j = column % x.taps;
    return number(dy(row, c)) * x(s, row - x.work.sequences(0, s).begin - x.taps + 1 + j, c);
  }
};

}  // namespace rondo::kernel

// Nonlinear recurrences: gates that see the previous output, so that time cannot be parallelised.
//
// Cell<LstmCell> (Hochreiter and Schmidhuber 1997, with forget gates; rows i, f, g, o as in torch.nn.LSTM):
//   a_t = u_t + R h_{t-1},   i, f, o = s(a), g = tanh(a),   c_t = f c_{t-1} + i g,   h_t = o tanh(c_t)
//
// u [tokens, 4 H] holds the input's part with all biases; R [4 H, H]; h, c [tokens, H]; states [sequences, H].
// Backward:  da from dh and dc step by step, dh_{t-1} = R^T da_t, then dR += da^T h_prev as one product.
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

struct LstmCell {
  static constexpr Index gates = 4;
};

template <class CellType>
struct Cell {
  Index width = 0;  // H
};

}  // namespace rondo

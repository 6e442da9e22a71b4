// The kernels of the Cpu back-end that are much code for one call: declared here, each defined in the header that is named, which
// also holds its formula, shapes and errors. They depend on no model and are compiled once (rondo/core/compiled.hpp).
#pragma once

#include <rondo/backend/cpu/transpose.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>
#include <rondo/recurrence/cell.hpp>
#include <rondo/recurrence/selective_scan.hpp>

namespace rondo {

// rondo/backend/cpu/matrix_product.hpp
void multiply(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta = 0);

// rondo/backend/cpu/attention.hpp and attention_backward.hpp
struct AttentionSizes {
  Index heads = 1;
  Index key_value_heads = 1;
  Index head_width = 64;
  float scale = 1;
  Index window = 0;  // keys a query sees, itself included; 0 = all
};
void attention_forward(Sequences sequences, const AttentionSizes& sizes, View<const float> q, View<const float> k,
                       View<const float> v, View<const float> past_keys, View<const float> past_values, View<float> o,
                       View<float> log_sum, Arena& arena);
void attention_backward(Sequences sequences, const AttentionSizes& sizes, View<const float> q, View<const float> k,
                        View<const float> v, View<const float> past_keys, View<const float> past_values, View<const float> o,
                        View<const float> log_sum, View<const float> d_o, View<float> dq, View<float> dk, View<float> dv,
                        View<float> d_past_keys, View<float> d_past_values, Arena& arena);

// rondo/backend/cpu/outer_product.hpp and outer_product_backward.hpp
struct OuterProductSizes {
  Index heads = 1;
  Index key_width = 0;    // K, of one head
  Index value_width = 0;  // V, of one head
  float scale = 1;        // c
};
void outer_product_forward(Sequences sequences, const OuterProductSizes& sizes, View<const float> q, View<const float> k,
                           View<const float> g, View<const float> v, View<float> o, View<const float> initial, View<float> final,
                           Arena& scratch);
void outer_product_backward(Sequences sequences, const OuterProductSizes& sizes, View<const float> q, View<const float> k,
                            View<const float> g, View<const float> v, View<const float> d_o, View<const float> initial,
                            View<const float> d_final, View<float> dq, View<float> dk, View<float> dg, View<float> dv,
                            View<float> d_initial, Arena& scratch);

// rondo/backend/cpu/scalar_outer_product.hpp and scalar_outer_product_backward.hpp
struct ScalarOuterProductSizes {
  Index heads = 1;
  Index groups = 1;       // of heads that share keys and queries
  Index key_width = 0;    // K, of one head
  Index value_width = 0;  // V, of one head
  float scale = 1;        // c
};
struct ScalarOuterProductInputs {
  View<const float> q, k, g, w, v;
};
struct ScalarOuterProductGradients {
  View<float> q, k, g, w, v;
};
void scalar_outer_product_forward(Sequences sequences, const ScalarOuterProductSizes& sizes, const ScalarOuterProductInputs& in,
                                  View<float> o, View<const float> initial, View<float> final, Arena& scratch);
void scalar_outer_product_backward(Sequences sequences, const ScalarOuterProductSizes& sizes, const ScalarOuterProductInputs& in,
                                   View<const float> d_o, View<const float> initial, View<const float> d_final,
                                   const ScalarOuterProductGradients& d, View<float> d_initial, Arena& scratch);

// rondo/backend/cpu/matrix_memory.hpp and matrix_memory_backward.hpp
struct MatrixMemorySizes {
  Index heads = 1;
  Index key_width = 0;    // K, of one head
  Index value_width = 0;  // V, of one head
  float scale = 1;        // c
  float epsilon = 0;
  bool unbounded = false;  // whether a fresh stabiliser is minus infinity
};
struct MatrixMemoryInputs {
  View<const float> q, k, v, i, f;
};
struct MatrixMemoryGradients {
  View<float> q, k, v, i, f;
};
struct MatrixMemoryState {
  View<const float> memory, normaliser, stabiliser;
};
struct MatrixMemoryStateTarget {
  View<float> memory, normaliser, stabiliser;
};
void matrix_memory_forward(Sequences sequences, const MatrixMemorySizes& sizes, const MatrixMemoryInputs& inputs, View<float> h,
                           const MatrixMemoryState& initial, const MatrixMemoryStateTarget& final, Arena& scratch);
void matrix_memory_backward(Sequences sequences, const MatrixMemorySizes& sizes, const MatrixMemoryInputs& inputs,
                            View<const float> h, View<const float> dh, const MatrixMemoryState& initial,
                            const MatrixMemoryState& d_final, const MatrixMemoryGradients& d,
                            const MatrixMemoryStateTarget& d_initial, Arena& scratch);

// rondo/backend/cpu/selective_scan.hpp and selective_scan_backward.hpp
void selective_scan_forward(Sequences sequences, const SelectiveScan& p, const SelectiveScanInputs<View<const float>>& in,
                            const SelectiveScanWeights<View<const float>>& w, View<float> y, View<const float> initial,
                            View<float> final, Arena& scratch);
void selective_scan_backward(Sequences sequences, const SelectiveScan& p, const SelectiveScanInputs<View<const float>>& in,
                             const SelectiveScanWeights<View<const float>>& w, View<const float> dy, View<const float> initial,
                             View<const float> d_final, const SelectiveScanInputs<View<float>>& d_in,
                             const SelectiveScanWeights<View<float>>& d_w, View<float> d_initial, Arena& scratch);

// rondo/backend/cpu/cell.hpp and cell_backward.hpp
template <class CellType>
using CellCarried = Carried<typename CellType::template State<View<float>>>;
template <class CellType>
using CellCarriedGradient = CarriedGradient<typename CellType::template State<View<float>>>;
void cell_forward(Sequences sequences, const Cell<LstmCell>& p, View<float> gates, View<const float> weight, View<float> h,
                  View<float> c, const CellCarried<LstmCell>& carried, Arena& arena);
void cell_forward(Sequences sequences, const Cell<SlstmCell>& p, View<float> gates, View<const float> weight, View<float> h,
                  View<float> c, const CellCarried<SlstmCell>& carried, Arena& arena);
void previous_rows(Sequences sequences, View<const float> h, View<const float> initial, View<float> previous);
void cell_backward(Sequences sequences, const Cell<LstmCell>& p, View<const float> gates, View<const float> weight,
                   View<const float> c, View<const float> d_h, const CellCarriedGradient<LstmCell>& carried, View<float> da,
                   Arena& arena);
void cell_backward(Sequences sequences, const Cell<SlstmCell>& p, View<const float> gates, View<const float> weight,
                   View<const float> c, View<const float> d_h, const CellCarriedGradient<SlstmCell>& carried, View<float> da,
                   Arena& arena);

// rondo/backend/cpu/diagonal.hpp
void diagonal_forward(Sequences sequences, View<const float> g, View<const float> x, View<float> h, View<const float> initial,
                      View<float> final);
void diagonal_backward(Sequences sequences, View<const float> g, View<const float> h, View<const float> d_h,
                       View<const float> initial, View<const float> d_final, View<float> dg, View<float> dx,
                       View<float> d_initial, Arena& arena);

// rondo/backend/cpu/rotary.hpp
void rotate(Sequences sequences, View<float> x, Index head_width, const double* frequencies, int direction, Arena& arena);

// rondo/backend/cpu/short_convolution.hpp
void short_convolution(Sequences sequences, View<const float> x, View<const float> weight, View<float> y,
                       View<const float> initial, View<float> final, Arena& arena);
void short_convolution_gradient(Sequences sequences, View<const float> x, View<const float> weight, View<const float> dy,
                                View<float> dx, View<float> d_weight, View<const float> initial, View<const float> d_final,
                                View<float> d_initial, Arena& arena);

}  // namespace rondo

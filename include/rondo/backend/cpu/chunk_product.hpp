// Product of matrices that fit into a core's own cache, by the calling thread, in the precision of a pass.
//
//   c [m, n] = beta c + alpha op(a) op(b)      float32: small_product.hpp, bf16: bf16_product.hpp
#pragma once

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/small_product.hpp>
#include <rondo/core/precision.hpp>

namespace rondo {

struct ChunkProduct {
  Precision precision{};
  void operator()(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float alpha = 1,
                  float beta = 0) const {
    (precision == Precision::bf16 ? bf16_product : small_product)(a, ta, b, tb, c, alpha, beta);
  }
};

}  // namespace rondo

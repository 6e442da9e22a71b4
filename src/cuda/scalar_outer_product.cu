// The linear recurrence with a matrix as its state, decays by head.
#include <rondo/backend/kernel/scalar_outer_product_gradient.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_SCALAR_OUTER_PRODUCT_KERNELS(RONDO_LAUNCH, RONDO_EACH, E)

}  // namespace rondo

// The linear recurrence with a matrix as its state, decays by channel, for narrow heads.
#include <rondo/backend/kernel/outer_product_gradient.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_OUTER_PRODUCT_OF(16, RONDO_LAUNCH, E)
RONDO_OUTER_PRODUCT_OF(64, RONDO_LAUNCH, E)

}  // namespace rondo

// The linear recurrence with a matrix as its state, decays by channel, for wide heads.
#include <rondo/backend/kernel/outer_product_gradient.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_OUTER_PRODUCT_OF(128, RONDO_LAUNCH, E)

}  // namespace rondo

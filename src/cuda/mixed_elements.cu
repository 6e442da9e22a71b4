// Element-wise operations on float32 beside activations that are stored in 16 bits.
#include <rondo/backend/kernel/elementwise.hpp>
#include <rondo/backend/kernel/embedding.hpp>
#include <rondo/core/activation.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
static_assert(!std::is_same_v<E, float>);
RONDO_MIXED_ELEMENT_KERNELS(RONDO_LAUNCH, RONDO_EACH, E)

}  // namespace rondo

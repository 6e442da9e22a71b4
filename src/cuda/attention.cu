// Softmax attention.
#include <rondo/backend/kernel/attention_gradient.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_ATTENTION_KERNELS(RONDO_LAUNCH, RONDO_EACH, E)

}  // namespace rondo

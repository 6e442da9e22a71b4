// Element-wise operations: arithmetic, activations, gates.
#include <rondo/backend/kernel/elementwise.hpp>
#include <rondo/core/activation.hpp>
#include <rondo/gate/bounded_decay.hpp>
#include <rondo/gate/forget.hpp>
#include <rondo/gate/softplus_step.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_ELEMENT_KERNELS(RONDO_LAUNCH, RONDO_EACH, E)

}  // namespace rondo

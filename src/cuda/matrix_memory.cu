// The matrix memory, around the scalar outer product.
#include <rondo/backend/kernel/matrix_memory.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_MATRIX_MEMORY_KERNELS(RONDO_EACH, E)
RONDO_MATRIX_MEMORY_STATE_KERNELS(RONDO_EACH)

}  // namespace rondo

// Norms, losses, sums over rows, rows by number, positions, short convolutions.
#include <rondo/backend/kernel/embedding.hpp>
#include <rondo/backend/kernel/loss.hpp>
#include <rondo/backend/kernel/norm.hpp>
#include <rondo/backend/kernel/short_convolution.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_ROW_KERNELS(RONDO_LAUNCH, RONDO_EACH, E)

}  // namespace rondo

// Recurrences with a number or some as the state of a channel.
#include <rondo/backend/kernel/diagonal.hpp>
#include <rondo/backend/kernel/selective_scan.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_SCAN_KERNELS(RONDO_LAUNCH, RONDO_EACH, E)

}  // namespace rondo

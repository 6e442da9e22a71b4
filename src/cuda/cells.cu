// LSTM and sLSTM.
#include <rondo/backend/kernel/cell_gradient.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
RONDO_CELL_KERNELS(RONDO_LAUNCH_TOGETHER, RONDO_EACH, E)

}  // namespace rondo

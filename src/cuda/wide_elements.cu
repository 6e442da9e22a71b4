// Element-wise operations on numbers that are float32 whatever activations are stored in.
#include <rondo/backend/kernel/embedding.hpp>
#include <rondo/core/activation.hpp>

#include "instances.cuh"

namespace rondo {

RONDO_EACH(kernel::AddParts<float>)
RONDO_EACH(kernel::EachPlace<kernel::RowSums<float>>)

}  // namespace rondo

// Sums and sorts.
#include <rondo/backend/cuda/reduce.cuh>
#include <rondo/backend/kernel/row_rules.hpp>
#include <rondo/core/half.hpp>

namespace rondo::compiled_by_nvcc {

#define RONDO_SUM(...) template void sum(cuda::Queue&, Index, const __VA_ARGS__&, double*);
RONDO_SUM(kernel::ElementOf<float, false>)
RONDO_SUM(kernel::ElementOf<float, true>)
RONDO_SUM(kernel::ElementOf<bf16, true>)

}  // namespace rondo::compiled_by_nvcc

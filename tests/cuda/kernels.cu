// Kernels as a device's code. kernels.sh compiles this, and expects no spills and at most as many registers as stand beside each kernel.
#include <rondo/backend/cuda/team.cuh>
#include <rondo/backend/kernel/attention_gradient.hpp>
#include <rondo/backend/kernel/loss.hpp>
#include <rondo/backend/kernel/norm.hpp>
#include <rondo/backend/kernel/outer_product_gradient.hpp>
#include <rondo/backend/kernel/scalar_outer_product_gradient.hpp>

namespace rondo {

template <class Kernel>
void launch(Kernel kernel) {
  constexpr int threads = Kernel::threads;
  constexpr std::size_t bytes = shared_bytes<Kernel, threads>;
  static_assert(bytes <= kernel::most_shared_bytes);
  run_kernel<Kernel, threads><<<1, threads, bytes>>>(kernel);
}
template void launch(kernel::Norm<bf16>);                            // registers: 64
template void launch(kernel::NormGradient<bf16>);                    // registers: 64
template void launch(kernel::CrossEntropyRows<bf16>);                // registers: 64
template void launch(kernel::LogProbabilityRows<bf16>);              // registers: 64
template void launch(kernel::ColumnSums<kernel::Element<bf16>>);     // registers: 48
template void launch(kernel::OuterProductWalk<bf16, 128>);           // registers: 248
template void launch(kernel::OuterProductBack<bf16, 128>);           // registers: 208
template void launch(kernel::OuterProductKeys<bf16, 128>);           // registers: 208
template void launch(kernel::OuterProductValues<bf16, 128>);         // registers: 128
template void launch(kernel::ScalarOuterProductWalk<bf16, 128>);     // registers: 255
template void launch(kernel::ScalarOuterProductBack<bf16, 128>);     // registers: 255
template void launch(kernel::ScalarOuterProductChunk<bf16, 128>);    // registers: 255
template void launch(kernel::Attention<bf16, 128>);                  // registers: 255
template void launch(kernel::AttentionKeyGradient<bf16, 128>);       // registers: 255
template void launch(kernel::AttentionQueryGradient<bf16, 128>);     // registers: 255

}  // namespace rondo

// BackendName: the back-ends that programs know (--backend).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <rondo/core/error.hpp>

namespace rondo::app {

enum class BackendName { cpu, reference, emulated, emulated_bf16, cuda, cuda_float32 };
inline constexpr std::array<std::string_view, 6> backend_names{"cpu", "reference", "emulated", "emulated-bf16", "cuda", "cuda-float32"};
inline constexpr const char* backend_help =
    "cpu: float32, fast; reference: plain loops in double, the oracle; cuda: a device, activations in bf16; cuda-float32; emulated, "
    "emulated-bf16: a device's kernels as plain loops";

[[nodiscard]] constexpr std::string_view name_of(BackendName name) { return backend_names[static_cast<std::size_t>(name)]; }
[[nodiscard]] inline BackendName backend_of(std::string_view name) {
  const auto* const found = std::find(backend_names.begin(), backend_names.end(), name);
  require(found != backend_names.end(), "--backend: there is no ", name);
  return static_cast<BackendName>(found - backend_names.begin());
}

}  // namespace rondo::app

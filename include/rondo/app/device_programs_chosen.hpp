// Which programs on devices there are (rondo/app/device_programs.hpp).
#pragma once

#include <rondo/app/device_programs.hpp>
#include <rondo/backend/cuda/runtime.hpp>
#include <rondo/core/error.hpp>

namespace rondo::app {

RONDO_DEFINED_ONCE const DevicePrograms& device_programs([[maybe_unused]] BackendName name) {
#if defined(RONDO_EMULATED)
  if (name == BackendName::emulated) return emulated_programs;
  if (name == BackendName::emulated_bf16) return emulated_bf16_programs;
#endif
#if defined(RONDO_CUDA)
  if (name == BackendName::cuda || name == BackendName::cuda_float32) {
    require(*cuda::missing() == '\0', "--backend ", name_of(name), ": ", cuda::missing());
    return name == BackendName::cuda ? cuda_programs : cuda_float32_programs;
  }
#endif
  const bool cuda = name == BackendName::cuda || name == BackendName::cuda_float32;
  throw error("--backend ", name_of(name), ": this program was compiled without it: configure rondo with ",
              cuda ? "-DRONDO_CUDA=ON where nvcc 13 or later is installed" : "-DRONDO_EMULATED=ON", ", and link rondo::compiled");
}

}  // namespace rondo::app

// What programs do on the back-ends of devices, where rondo::compiled holds those (CMake's RONDO_EMULATED and RONDO_CUDA): for rondo's own
// compositions (app/device_models.hpp).
#pragma once

#include <memory>

#include <rondo/app/backend_name.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/model/host_model.hpp>

namespace rondo::app {

class LoadedModel;
struct TrainingSetup;
class Training;

struct DevicePrograms {
  std::unique_ptr<LoadedModel> (*loaded)(const HostModel& model);
  std::unique_ptr<Training> (*training)(const HostModel& model, const TrainingSetup& setup);
};

// Throws Error where the program was compiled without this back-end, or its device is missing.
const DevicePrograms& device_programs(BackendName name);

extern const DevicePrograms emulated_programs, emulated_bf16_programs, cuda_programs, cuda_float32_programs;

}  // namespace rondo::app

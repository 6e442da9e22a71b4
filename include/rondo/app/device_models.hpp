// rondo's own compositions on the back-end of a device, each compiled in the unit of its family and found by what makes it on the host.
//
//   DeviceCompositions<Emulated<bf16>>::of(model)         the same composition as a HostModel's; Error where it was not compiled
//   programs_on<Emulated<bf16>>                           what programs do with it (rondo/app/device_programs.hpp)
#pragma once

#include <map>
#include <memory>

#include <rondo/app/device_programs.hpp>
#include <rondo/app/models_on.hpp>
#include <rondo/model/host_model.hpp>
#include <rondo/objective/any_objective.hpp>
#include <rondo/objective/cross_entropy.hpp>

namespace rondo::app {

template <class Backend>
using DeviceModel = AnyModel<typename Backend::Context>;
template <class Model, class Backend>
DeviceModel<Backend> device_model(const Shape& shape) {
  return {std::make_shared<const Model>(shape), device_model<Model, Backend>};
}

template <class Backend>
class DeviceCompositions {
 public:
  using Make = typename DeviceModel<Backend>::Make;

  template <class Model>
  struct Entry {  // enters a composition; trunks are for fine-tuning, which devices do not yet
    Entry() {
      if constexpr (requires(const Model& model) { model.outputs(); }) all()[host_model<Model>] = device_model<Model, Backend>;
    }
  };
  [[nodiscard]] static DeviceModel<Backend> of(const HostModel& model) {
    const auto found = all().find(model.maker());
    require(found != all().end(), "--backend: this composition was not compiled for it; rondo's own are");
    return found->second(model.shape());
  }

 private:
  static std::map<HostModel::Make, Make>& all() {
    static std::map<HostModel::Make, Make> makers;
    return makers;
  }
};

template <class Backend>
inline constexpr DevicePrograms programs_on{
    [](const HostModel& model) -> std::unique_ptr<LoadedModel> {
      return std::make_unique<LoadedModelOn<DeviceModel<Backend>, Backend>>(DeviceCompositions<Backend>::of(model));
    },
    [](const HostModel& model, const TrainingSetup& setup) -> std::unique_ptr<Training> {
      require(setup.projections.empty() && !setup.ranks.several() && setup.options.precision == Precision::float32,
              "--backend: teachers, several ranks and train.precision are for the cpu");
      return std::make_unique<TrainingOn<DeviceModel<Backend>, Backend>>(DeviceCompositions<Backend>::of(model), setup,
                                                                         any_objective<Backend>(CrossEntropy{setup.cross_entropy}));
    }};

}  // namespace rondo::app

// StartWeights: the weights of a model folder, for a run that begins with them (`train --init FOLDER`).
//
//   StartWeights start{served, "models/hgrn2"};           Error where the program serves no such composition, or tensors do not
//   fit take_shape_of(run, start.shape_for(run, asked), start.model().files.composition, asked, settings); start.load(tensors);
//   into a model of that shape start.facts()                                         for run.json: the folder and a fingerprint
//   of its tensors
//
// Sizes are those of the folder. Dropout may be another, and so may the context where no weight depends on it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/model_from_folder.hpp>
#include <rondo/model/checkpoint/classifier_folder.hpp>
#include <rondo/model/checkpoint/fingerprint.hpp>
#include <rondo/model/checkpoint/reader.hpp>

namespace rondo::app {

class StartWeights {
 public:
  // All weights, or those without a head, whatever the folder's.
  enum class Part { whole, trunk };
  StartWeights(const std::vector<ServedModel>& served, const std::filesystem::path& folder, Part part = Part::whole) : folder_(folder) {
    std::tie(model_, form_) = choose(served, folder_.config(), &folder_.tensors());
    if (part == Part::trunk)
      check_trunk(folder_, form_.names, model_->leaves(form_.shape));
    else
      folder_.check(form_.names, model_->leaves(form_.shape));
  }
  [[nodiscard]] const ServedModel& model() const { return *model_; }
  [[nodiscard]] const Shape& shape() const { return form_.shape; }
  [[nodiscard]] const NameTable& names() const { return form_.names; }
  [[nodiscard]] const ModelFolder& folder() const { return folder_; }
  // With the context that was asked for, where the model has no learned positions.
  [[nodiscard]] Shape shape_for(const RunDescription& run, const Json& asked) const {
    if (!asked.contains("shape") || !asked["shape"].contains("context")) return form_.shape;
    try {
      return with_context(*model_, form_.shape, run.shape.context);
    } catch (const Error&) {
      return form_.shape;
    }
  }
  void load(const std::vector<HostedTensor<float>>& tensors) const { folder_.load(form_.names, tensors); }
  [[nodiscard]] Json facts() const {
    return {{"folder", folder_.path().string()}, {"fingerprint", fingerprint_of(folder_.tensors())}};
  }

 private:
  ModelFolder folder_;
  const ServedModel* model_ = nullptr;
  ModelForm form_;
};

// Gives the run the shape and the composition of the model that it starts from. Throws Error for what was asked to be another: by
// `--set` in any case, by a document where it is not the default.
inline void take_shape_of(RunDescription& run, const Shape& shape, const std::string& composition, const Json& asked,
                          const std::vector<std::string>& settings) {
  const auto refuse = [&](const std::string& name, const std::string& is, const std::string& wanted) {
    throw error(name, ": ", is, " in ", run.init, ", which the run starts from; expected no other, found ", wanted);
  };
  if (!run.composition.empty() && run.composition != composition) refuse("composition", composition, run.composition);
  const auto sizes_of = [](const Shape& of) {
    Json sizes = Json::object();
    each_size(of, [&](std::string_view name, const auto& value) { sizes[std::string(name)] = size_json(value); });
    return sizes;
  };
  const Json wanted = sizes_of(run.shape), found = sizes_of(shape), usual = sizes_of(RunDescription{}.shape);
  const Json given = asked.contains("shape") ? asked["shape"] : Json::object();
  for (const auto& member : given.items()) {
    const std::string& name = member.key();
    const bool set = std::any_of(settings.begin(), settings.end(),
                                 [&](const std::string& setting) { return setting.starts_with("shape." + name + "="); });
    if (name == "dropout" || wanted[name] == found[name] || (!set && wanted[name] == usual[name])) continue;
    refuse("shape." + name, found[name].dump(), wanted[name].dump());
  }
  const double dropout = given.contains("dropout") ? run.shape.dropout : shape.dropout;
  run.shape = shape;
  run.shape.dropout = dropout;
  run.composition = composition;
}

}  // namespace rondo::app

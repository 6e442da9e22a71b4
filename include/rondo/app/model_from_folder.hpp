// ModelFromFolder: the model that a folder holds, as one of those that a program serves.
//
//   ModelFromFolder from{served, "models/llama", common};      // config.json chooses; common.backend is what runs it
//   from.model->scorer() ...   from.form, from.folder, *from.served
//
// Throws Error where the program serves no such composition, and as ModelFolder does. All is checked before memory is taken.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/served_model.hpp>
#include <rondo/model/checkpoint/reader.hpp>

namespace rondo::app {

// The composition and the form that a configuration names.
inline std::pair<const ServedModel*, ModelForm> choose(const std::vector<ServedModel>& served, const ModelConfig& config,
                                                        const TensorFolder* tensors = nullptr) {
  std::vector<CompositionFiles> files;
  for (const ServedModel& one : served) files.push_back(one.files);
  const ChosenForm chosen = choose_form(files, config, tensors);
  return {&served[chosen.number], chosen.form};
}

// The composition that a run names; a run that names none takes the first. Its sizes are then complete; an epsilon that it does not say is
// that of the composition's published models, where all have one.
inline const ServedModel* choose(const std::vector<ServedModel>& served, RunDescription& run) {
  if (run.composition.empty()) run.composition = served.front().files.composition;
  Json sizes = to_json(run)["shape"];
  const ModelConfig named{Json{{"model_type", own_model_type}, {"composition", run.composition}, {"shape", std::move(sizes)}},
                          "run.json"};
  const auto [model, form] = choose(served, named);
  run.shape = form.shape;
  if (!run.says_epsilon && model->files.published != nullptr) run.shape.norm_epsilon = model->files.published->usual_epsilon();
  return model;
}

// With a context of `tokens`, where that is not what weights were learned for (positions).
inline Shape with_context(const ServedModel& model, const Shape& shape, Index tokens) {
  const Shape other = shape.with_context(tokens);
  require(model.parameters(other) == model.parameters(shape), "--context ", tokens, ": the model has learned positions for ", shape.context,
          " tokens");
  return other;
}

struct ModelFromFolder {
  ModelFolder folder;
  const ServedModel* served = nullptr;
  ModelForm form;
  std::unique_ptr<LoadedModel> model;

  ModelFromFolder(const std::vector<ServedModel>& all, const std::filesystem::path& path, const CommonOptions& common,
                  Index context = 0)
      : folder(path) {
    std::tie(served, form) = choose(all, folder.config(), &folder.tensors());
    if (context > form.shape.context) form.shape = with_context(*served, form.shape, context);
    folder.check(form.names, served->leaves(form.shape));
    model = loaded_model(served->model(form.shape), backend_of(common.backend));
    std::visit([&](const auto& tensors) { folder.load(form.names, tensors); }, model->tensors());
  }
};

}  // namespace rondo::app

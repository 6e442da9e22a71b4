// Compositions<Models...>: the models one program serves; the configuration of a folder says which of them it holds.
//
//   using Served = Compositions<Hgrn2, Hgrn2Tied, Hgrn2Convolved>;
//   ModelFolder folder{"models/hgrn2"};
//   Served::with(folder, [&]<class Model>(const Shape& shape) { ... Parameters<Model, Cpu> weights{Model{shape}} ... });
//
// A folder of another program's form (model_type "hgrn2", "llama", "lstm") holds the composition whose options are those of its
// config.json. rondo's own form, for every composition that has none, is
//
//   {"model_type": "rondo", "composition": "LanguageModel<Block<...>,RmsNorm,Head<0>>", "shape": {"vocabulary": 8192, ...}}
//
// with tensors under the paths of the weights. Throws Error that names what was found and what the program serves.
#pragma once

#include <span>

#include <rondo/model/checkpoint/model_config.hpp>
#include <rondo/model/checkpoint/shape_fields.hpp>

namespace rondo {

inline Shape read_own_shape(const ModelConfig& file) {
  Shape shape;
  ObjectReader config = file.reader();
  const Json* sizes = config.find("shape");
  if (sizes == nullptr) throw Error(file.name, "shape", "an object of sizes", "none");
  ObjectReader reader{*sizes, file.name, "shape"};
  each_size(shape, [&](std::string_view name, auto& value) { take_size(reader, name, value); });
  reader.finish();
  shape.check();
  return shape;
}

// The form of the folder, if it holds this composition; otherwise why it does not.
inline std::optional<ModelForm> form_of(const CompositionFiles& files, const ModelConfig& config, const TensorFolder* tensors,
                                        std::string& why_not) {
  const std::string type = config.model_type();
  if (type == own_model_type) {
    const auto found = config.reader().get<std::string>("composition");
    if (found == files.composition) return ModelForm{read_own_shape(config)};
    why_not = "composition: expected " + files.composition + ", found " + found;
  } else if (files.published != nullptr && type == files.published->model_type()) {
    return files.published->read(config, tensors, why_not);
  } else {
    why_not = "model_type: expected '" + std::string(files.published ? files.published->model_type() : own_model_type) +
              "', found '" + type + "'";
  }
  return std::nullopt;
}

// The first of the compositions that fits, by its number, and its form.
struct ChosenForm {
  std::size_t number;
  ModelForm form;
};
inline ChosenForm choose_form(std::span<const CompositionFiles> served, const ModelConfig& config, const TensorFolder* tensors) {
  std::string refusals;
  for (std::size_t i = 0; i < served.size(); ++i) {
    std::string why_not;
    if (auto form = form_of(served[i], config, tensors, why_not)) return {i, *std::move(form)};
    // The same reason from several compositions is said once.
    if (refusals.find(why_not) == refusals.npos) refusals += "\n  " + why_not;
  }
  throw error(config.name, ": this program has no such composition:", refusals);
}

template <class... Models>
struct Compositions {
  // act.operator()<Model>(shape) of the first Model that fits.
  template <class Act>
  static decltype(auto) with(const ModelConfig& config, const TensorFolder* tensors, Act&& act) {
    const CompositionFiles files[] = {composition_files<Models>()...};
    const ChosenForm chosen = choose_form(files, config, tensors);
    return call<Act, Models...>(chosen.number, chosen.form.shape, act);
  }
  template <class Act>
  static decltype(auto) with(const ModelConfig& config, Act&& act) {
    return with(config, nullptr, act);
  }
  template <class Folder, class Act>
  requires requires(const Folder& folder) { folder.tensors(); }
  static decltype(auto) with(const Folder& folder, Act&& act) { return with(folder.config(), &folder.tensors(), act); }

 private:
  template <class Act, class Model, class... Rest>
  static decltype(auto) call(std::size_t number, const Shape& shape, Act& act) {
    if constexpr (sizeof...(Rest) > 0)
      if (number > 0) return call<Act, Rest...>(number - 1, shape, act);
    return act.template operator()<Model>(shape);
  }
};

}  // namespace rondo

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

#include <rondo/model/checkpoint/composition_name.hpp>
#include <rondo/model/checkpoint/model_config.hpp>
#include <rondo/model/checkpoint/shape_fields.hpp>

namespace rondo {

inline constexpr std::string_view own_model_type = "rondo";

// How the files of a model of known composition are to be read or written.
struct ModelForm {
  Shape shape;
  NameTable names = own_names;
  std::size_t layout = 0;
};

inline Shape read_own_shape(const ModelConfig& file) {
  Shape shape;
  ObjectReader config = file.reader();
  const Json* sizes = config.find("shape");
  if (sizes == nullptr) throw Error(file.name, "shape", "an object of sizes", "none");
  ObjectReader reader{*sizes, file.name, "shape"};
  each_size(shape, [&](std::string_view name, auto& value) { reader.take(name, value); });
  reader.finish();
  shape.check();
  return shape;
}

// The form of the folder, if it holds a Model; otherwise why it does not.
template <class Model>
std::optional<ModelForm> form_of(const ModelConfig& config, const TensorFolder* tensors, std::string& why_not) {
  const std::string type = config.model_type();
  if (type == own_model_type) {
    const auto found = config.reader().get<std::string>("composition");
    if (found == composition_name<Model>()) return ModelForm{read_own_shape(config)};
    why_not = error("composition: expected ", composition_name<Model>(), ", found ", found).what();
  } else if constexpr (Published<Model>) {
    using Form = PublishedForm<Model>;
    if (type == Form::Files::model_type) {
      const auto description = Form::Files::read(config, tensors);
      if (description.options == Form::options)
        return ModelForm{description.shape, Form::Files::names(description), description.layout};
      why_not = error("expected ", Form::options.text(), "; found ", description.options.text()).what();
    } else {
      why_not = error("model_type: expected '", Form::Files::model_type, "', found '", type, "'").what();
    }
  } else {
    why_not = error("model_type: expected '", own_model_type, "', found '", type, "'").what();
  }
  return std::nullopt;
}

template <class... Models>
struct Compositions {
  // act.operator()<Model>(shape) of the first Model that fits.
  template <class Act>
  static decltype(auto) with(const ModelConfig& config, const TensorFolder* tensors, Act&& act) {
    return pick<Act, Models...>(config, tensors, act, "");
  }
  template <class Act>
  static decltype(auto) with(const ModelConfig& config, Act&& act) {
    return pick<Act, Models...>(config, nullptr, act, "");
  }
  template <class Folder, class Act>
  requires requires(const Folder& folder) { folder.tensors(); }
  static decltype(auto) with(const Folder& folder, Act&& act) {
    return pick<Act, Models...>(folder.config(), &folder.tensors(), act, "");
  }

 private:
  template <class Act, class Model, class... Rest>
  static decltype(auto) pick(const ModelConfig& config, const TensorFolder* tensors, Act& act, const std::string& refusals) {
    std::string why_not;
    if (const auto form = form_of<Model>(config, tensors, why_not)) return act.template operator()<Model>(form->shape);
    // The same reason from several compositions is said once.
    const std::string all = refusals.find(why_not) != refusals.npos ? refusals : refusals + "\n  " + why_not;
    if constexpr (sizeof...(Rest) > 0)
      return pick<Act, Rest...>(config, tensors, act, all);
    else
      throw error(config.name, ": this program has no such composition:", all);
  }
};

}  // namespace rondo

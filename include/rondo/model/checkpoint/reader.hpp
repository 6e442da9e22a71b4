// ModelFolder: a checkpoint folder, read.
//
//   ModelFolder folder{"models/llama"};                          // config.json, and model.safetensors or shards
//   Llama model{folder.shape<Llama>()};                           // throws where the folder holds another composition
//   Parameters<Llama, Cpu> weights{model};
//   folder.load(weights);
//   auto weights = folder.parameters<Cpu>(model);                 // checks first, takes memory then
//   auto small = folder.parameters<Cpu, bf16>(model);
//
// Elements may be f64, f32, f16 or bf16. Everything is checked before any weight is changed: every weight has its tensor, no
// tensor is left over (but for buffers that such files may hold, and a copy of the embedding as the head of a tied model), shapes
// agree, all numbers are finite in the type of the weights. One Error names all tensors that are missing, left over or of another
// shape.
#pragma once

#include <cmath>
#include <functional>
#include <set>

#include <rondo/model/checkpoint/compositions.hpp>
#include <rondo/model/checkpoint/file_tensors.hpp>

namespace rondo {

class ModelFolder {
 public:
  explicit ModelFolder(const std::filesystem::path& folder) : path_(folder), config_(config_of(folder)), tensors_(folder) {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const TensorFolder& tensors() const { return tensors_; }

  [[nodiscard]] ModelForm form(const CompositionFiles& files) const {
    std::string why_not;
    auto form = form_of(files, config_, &tensors_, why_not);
    if (!form) throw error(config_.name, ": ", why_not);
    return *form;
  }
  template <class Model>
  [[nodiscard]] ModelForm form() const {
    return form(composition_files<Model>());
  }
  template <class Model>
  [[nodiscard]] Shape shape() const {
    return form<Model>().shape;
  }

  // Names and shapes: throws Error with all that is wrong. `besides`: of tensors that may be there too.
  void check(const NameTable& names, const std::vector<NamedLeaf>& weights,
             const std::function<bool(const std::string& name)>& besides = {}) const {
    std::string problems;
    std::set<std::string> expected;
    for (const auto& [path, leaf] : weights) {
      const StoredName stored = stored_name(names, path);
      if (expected.insert(stored.name).second)
        problems += problem_with(stored.name, stored_shape(stored, leaf.dimensions), path);
    }
    const std::vector<std::string> all(expected.begin(), expected.end());
    for (const std::string& name : tensors_.names())
      if (!expected.contains(name) && !names.ignores(name) && !copies_embedding(name, names) && !(besides && besides(name)))
        problems += "\n  tensor '" + name + "' is left over" + did_you_mean(name, all);
    require(problems.empty(), path_.string(), ": not the tensors of its config.json:", problems);
  }
  template <class Model>
  void check(const Model& model) const {
    check(form<Model>().names, named_leaves(WeightRecords{}, model));
  }

  // That no tensor has a number that is not finite.
  void require_finite() const {
    for (const std::string& name : tensors_.names()) {
      const StoredTensor& stored = tensors_.tensor(name);
      if (is_floating(stored.type)) require_finite(stored, stored.read<float>());
    }
  }
  // After check(): all numbers are looked at before the first is taken.
  template <class S>
  void load(const NameTable& names, const std::vector<HostedTensor<S>>& weights) const {
    const auto tensors = file_tensors(names, weights);
    std::vector<S> elements;
    for (const bool checked : {false, true})
      for (const FileTensor<S>& tensor : tensors) {
        const StoredTensor& stored = tensors_.tensor(tensor.name);
        elements.resize(static_cast<std::size_t>(stored.elements()));
        stored.read_into(std::span<S>{elements});
        if (checked)
          scatter(tensor, std::span<const S>{elements});
        else
          require_finite(stored, elements);
      }
  }
  template <class Model, class Backend, class S>
  void load(Parameters<Model, Backend, S>& weights) const {
    check(weights.model());
    typename Backend::Context c;
    load(form<Model>().names, hosted(c, weights.tensors()));
  }
  template <class Backend, class Storage = typename Backend::Scalar, class Model>
  [[nodiscard]] Parameters<Model, Backend, Storage> parameters(const Model& model) const {
    check(model);
    Parameters<Model, Backend, Storage> weights{model};
    load(weights);
    return weights;
  }

 private:
  static ModelConfig config_of(const std::filesystem::path& folder) {
    if (!std::filesystem::is_directory(folder))
      throw Error(folder.string(), "model", "a folder with config.json and model.safetensors",
                  std::filesystem::exists(folder) ? "a file" : "nothing of that name");
    return ModelConfig{folder / "config.json"};
  }

  static bool is_floating(ElementType type) {
    return type == ElementType::f64 || type == ElementType::f32 || type == ElementType::f16 || type == ElementType::bf16;
  }
  [[nodiscard]] std::string problem_with(const std::string& name, const std::vector<Index>& shape, const std::string& path) const {
    const StoredTensor* found = tensors_.find(name);
    if (found == nullptr)
      return "\n  tensor '" + name + "' is missing; expected shape " + shape_text(shape) + " for the weight '" + path + "'";
    if (found->shape != shape)
      return "\n  tensor '" + name + "': expected shape " + shape_text(shape) + ", found shape " + shape_text(found->shape);
    if (!is_floating(found->type))
      return "\n  tensor '" + name + "': expected floating-point numbers, found " + std::string(name_of(found->type));
    return "";
  }
  // Some programs write the head of a tied model all the same.
  [[nodiscard]] bool copies_embedding(const std::string& name, const NameTable& names) const {
    const auto embedding = names.name_of("embedding.weight");
    if (!embedding || names.path_of(name) != "head.weight" || !tensors_.contains(embedding->name)) return false;
    const StoredTensor &head = tensors_.tensor(name), &table = tensors_.tensor(embedding->name);
    return head.type == table.type && std::equal(head.bytes.begin(), head.bytes.end(), table.bytes.begin(), table.bytes.end());
  }
  template <class S>
  static void require_finite(const StoredTensor& stored, const std::vector<S>& elements) {
    for (std::size_t i = 0; i < elements.size(); ++i)
      if (const auto number = static_cast<double>(elements[i]); !std::isfinite(number))
        throw stored.mismatch("finite numbers", std::to_string(number) + " at place " + std::to_string(i));
  }

  std::filesystem::path path_;
  ModelConfig config_;
  TensorFolder tensors_;
};

}  // namespace rondo

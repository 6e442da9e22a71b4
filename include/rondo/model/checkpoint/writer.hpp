// save_model: a checkpoint folder, written.
//
//   save_model("out", weights);                                               model.safetensors (f32) and config.json
//   save_model("out", weights, {.type = ElementType::bf16, .shards = {2'000'000'000}, .tokenizer = "models/llama"});
//   save_model("out", weights, like<Llama>(folder));                          form, layout and other keys of a folder
//
// A composition with published checkpoints is written in their form, so that the programs it comes from load the folder; every
// other one, and a shape their form cannot say, in rondo's own (compositions.hpp). Each file appears complete or not at all,
// config.json last. Tokenizer files are copied from the folder (or are the file) that `tokenizer` names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <rondo/model/checkpoint/reader.hpp>

namespace rondo {

// Options that write a model as the folder it was read from has it.
template <class Model>
SaveOptions like(const ModelFolder& folder) {
  return {.tokenizer = folder.path(), .like = folder.config(), .layout = folder.form<Model>().layout};
}

inline constexpr std::string_view tokenizer_files[] = {
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt",     "tokenizer.model",       "generation_config.json"};

inline void copy_tokenizer(const std::filesystem::path& from, const std::filesystem::path& folder) {
  const auto copy = [&](const std::filesystem::path& file) {
    const std::filesystem::path target = folder / file.filename();
    if (std::filesystem::exists(target) && std::filesystem::equivalent(file, target)) return;
    write_file(target, MappedFile{file}.text());
  };
  require(std::filesystem::exists(from), from.string(), ": no tokenizer there");
  if (!std::filesystem::is_directory(from)) return copy(from);
  for (const std::string_view name : tokenizer_files)
    if (std::filesystem::exists(from / name)) copy(from / name);
}

// The form in which a model of this shape is written, and its config.json.
inline ModelForm written_form(const CompositionFiles& files, const Shape& shape, const SaveOptions& options, ModelConfig& config) {
  if (files.published != nullptr)
    if (const auto form = files.published->write(shape, options, config)) return *form;
  Json& document = config.document;
  if (options.like && options.like->model_type() == own_model_type) document = options.like->document;
  document["model_type"] = own_model_type;
  document["composition"] = files.composition;
  Json sizes = Json::object();
  each_size(shape, [&](std::string_view name, const auto& value) { sizes[std::string(name)] = size_json(value); });
  document["shape"] = sizes;
  return {shape, own_names, 0};
}

// Creates the folder. Returns the form it wrote.
template <class S>
ModelForm save_model(const std::filesystem::path& folder, const CompositionFiles& files, const Shape& shape,
                     const std::vector<HostedTensor<S>>& weights, const SaveOptions& options = {}) {
  ModelConfig config{Json::object(), (folder / "config.json").string()};
  const ModelForm form = written_form(files, shape, options, config);
  SafetensorsWriter writer;
  add_tensors(writer, file_tensors(form.names, weights), options.type);
  std::filesystem::create_directories(folder);
  writer.write_folder(folder, options.shards);
  if (!options.tokenizer.empty()) copy_tokenizer(options.tokenizer, folder);
  write_json(config.name, config.document, BareNumbers::allowed);
  return form;
}
template <class Model, class Backend, class S>
ModelForm save_model(const std::filesystem::path& folder, const Parameters<Model, Backend, S>& weights,
                     const SaveOptions& options = {}) {
  typename Backend::Context c;
  return save_model(folder, composition_files<Model>(), weights.model().shape(), hosted(c, weights.tensors()), options);
}

}  // namespace rondo

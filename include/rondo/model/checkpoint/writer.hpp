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

struct SaveOptions {
  ElementType type = ElementType::f32;
  ShardLimit shards{};
  std::filesystem::path tokenizer{};
  std::optional<ModelConfig> like{};    // its keys are kept where the model does not say otherwise
  std::optional<std::size_t> layout{};  // of the published form; absent: the first that can say the model
};

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
template <class Model>
ModelForm written_form(const Shape& shape, const SaveOptions& options, Json& document) {
  const std::string kept_type = options.like ? options.like->model_type() : "";
  if constexpr (Published<Model>) {
    using Form = PublishedForm<Model>;
    Description<typename Form::Files::Options> description{shape, Form::options, options.layout.value_or(0)};
    while (!options.layout && description.layout + 1 < Form::Files::layouts && !Form::Files::refusal(description).empty())
      ++description.layout;
    const std::string refusal = Form::Files::refusal(description);
    const bool own = kept_type == own_model_type || (!options.layout && !refusal.empty());
    require(own || refusal.empty(), "a model cannot be written as '", Form::Files::model_type, "': ", refusal);
    if (!own) {
      if (kept_type == Form::Files::model_type) document = options.like->document;
      document["model_type"] = Form::Files::model_type;
      Form::Files::write(description, document);
      if (options.type != ElementType::f32 || kept_type.empty() || document.contains("dtype") || document.contains("torch_dtype"))
        write_element_type(document, options.type);
      return {shape, Form::Files::names(description), description.layout};
    }
  }
  if (kept_type == own_model_type) document = options.like->document;
  document["model_type"] = own_model_type;
  document["composition"] = composition_name<Model>();
  Json sizes = Json::object();
  each_size(shape, [&](std::string_view name, const auto& value) { sizes[std::string(name)] = value; });
  document["shape"] = sizes;
  return {shape, own_names, 0};
}

// Creates the folder. Returns the form it wrote.
template <class Model, class Backend, class S>
ModelForm save_model(const std::filesystem::path& folder, const Parameters<Model, Backend, S>& weights,
                     const SaveOptions& options = {}) {
  Json document = Json::object();
  const ModelForm form = written_form<Model>(weights.model().shape(), options, document);
  SafetensorsWriter writer;
  add_tensors(writer, file_tensors(form.names, weights), options.type);
  std::filesystem::create_directories(folder);
  writer.write_folder(folder, options.shards);
  if (!options.tokenizer.empty()) copy_tokenizer(options.tokenizer, folder);
  write_json(folder / "config.json", document, BareNumbers::allowed);
  return form;
}

}  // namespace rondo

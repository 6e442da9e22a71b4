// ModelConfig: config.json of a checkpoint folder, and what its readers for single architectures share.
//
// An architecture with published checkpoints has a struct of this form (Hgrn2Files, LlamaFiles, LstmFiles), which PublishedFiles
// makes a FileForm:
//
//   static constexpr std::string_view model_type;                  the value of "model_type" in config.json
//   static constexpr std::size_t layouts;                          how many layouts such files have
//   using Options;                                                  which compositions there are: tied, biased ...; ==, text()
//   static Description<Options> read(config, tensors);              tensors may be absent; throws Error naming what is refused
//   static NameTable names(description);
//   static constexpr double norm_epsilon;                           of the norms between blocks, where no key says it
//   static std::string refusal(description);                        why a model cannot be written so; empty where it can
//   static void write(description, document);                       sets the keys that read takes
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <rondo/io/object_reader.hpp>
#include <rondo/io/safetensors_writer.hpp>
#include <rondo/io/tensor_folder.hpp>
#include <rondo/model/checkpoint/activation_names.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct ModelConfig {
  Json document = Json::object();
  std::string name = "config.json";  // what messages call it

  explicit ModelConfig(const std::filesystem::path& file) : document(read_json(file, BareNumbers::allowed)), name(file.string()) {
    if (!document.is_object()) throw Error(name, "content", "a JSON object", document.type_name());
  }
  ModelConfig(Json given, std::string given_name) : document(std::move(given)), name(std::move(given_name)) {}

  [[nodiscard]] ObjectReader reader() const { return {document, name, "", Policy::foreign}; }
  // The files of state-spaces/mamba name none: they have sizes of those names, and the kind of layer among them.
  [[nodiscard]] std::string model_type() const {
    ObjectReader config = reader();
    if (has("model_type") || !has("d_model") || !has("n_layer")) return config.get<std::string>("model_type");
    std::string layer = "Mamba1";
    config.object("ssm_cfg", [&](ObjectReader& sizes) { sizes.take("layer", layer, {"Mamba1", "Mamba2"}); });
    return layer == "Mamba1" ? "mamba" : "mamba2";
  }
  // Whether the key is there, null or not.
  [[nodiscard]] bool has(const char* key) const { return document.contains(key); }
};

template <class OptionsType>
struct Description {
  Shape shape;
  OptionsType options;
  std::size_t layout = 0;  // of those that files of the architecture may have
};

// How a model is saved (rondo/model/checkpoint/writer.hpp).
struct SaveOptions {
  ElementType type = ElementType::f32;
  ShardLimit shards{};
  std::filesystem::path tokenizer{};
  std::optional<ModelConfig> like{};    // its keys are kept where the model does not say otherwise
  std::optional<std::size_t> layout{};  // of the published form; absent: the first that can say the model
};

inline constexpr Between<Index> possible_size{1, largest_size};
inline constexpr Between<Index> possible_depth{1, Shape::largest_depth};
inline constexpr Between<double> possible_epsilon{0.0, 1.0};

// Why a shape whose `member` is not what a form means without saying it has no place there.
inline std::string other_epsilon(const char* member, double found, double meant) {
  return error("shape.", member, " is ", found, ", such files mean ", meant).what();
}

// The same of what the MLPs of a form have not.
inline std::string biased_mlp(const Shape& shape) { return shape.mlp_bias ? "its MLPs have biases" : ""; }

// Refuses a member that is there and not null.
inline void refuse_member(ObjectReader& config, const char* key, std::string_view why) {
  if (const Json* member = config.find(key)) throw config.mismatch(key, "null (" + std::string(why) + ")", *member);
}
inline void refuse_value(ObjectReader& config, const char* key, bool refused, std::string_view why) {
  bool value = !refused;
  config.take(key, value);
  if (value == refused)
    throw config.mismatch(key, std::string(refused ? "false" : "true") + " (" + std::string(why) + ")", *config.find(key));
}

// Where the configuration does not say whether the head is tied, the tensors do: a tied head is left out of the file.
inline bool read_tied(ObjectReader& config, const char* key, const TensorFolder* tensors, const std::string& head) {
  bool tied = false;
  if (!config.take(key, tied) && tensors != nullptr) tied = !tensors->contains(head);
  return tied;
}

// The name of an activation, whatever its spelling; any other text is refused.
inline std::string_view read_activation(ObjectReader& config, const char* key, std::string_view otherwise) {
  std::vector<std::string> spellings;
  for (const auto& [spelling, name] : activation_spellings) spellings.emplace_back(spelling);
  std::string found(otherwise);
  config.take(key, found, spellings);
  for (const auto& [spelling, name] : activation_spellings)
    if (spelling == found) return name;
  return otherwise;
}
// Leaves another spelling of the same name as it is.
inline void write_activation(Json& document, const char* key, std::string_view wanted) {
  for (const auto& [spelling, name] : activation_spellings)
    if (name == wanted && document.contains(key) && document[key] == spelling) return;
  document[key] = wanted;
}

// "dtype" as transformers names it; both keys, because its versions read different ones.
inline void write_element_type(Json& document, ElementType type) {
  const char* name = type == ElementType::bf16 ? "bfloat16" : type == ElementType::f16 ? "float16" : "float32";
  const bool both = !document.contains("dtype") && !document.contains("torch_dtype");
  for (const char* key : {"dtype", "torch_dtype"})
    if (both || document.contains(key)) document[key] = name;
}

template <class Files>
class PublishedFiles : public FileForm {
 public:
  using Options = typename Files::Options;
  explicit PublishedFiles(const Options& options) : options_(options) {}

  [[nodiscard]] std::string_view model_type() const override { return Files::model_type; }
  [[nodiscard]] std::optional<ModelForm> read(const ModelConfig& config, const TensorFolder* tensors,
                                              std::string& why_not) const override {
    const auto description = Files::read(config, tensors);
    if (description.options == options_) return ModelForm{description.shape, Files::names(description), description.layout};
    why_not = "expected " + options_.text() + "; found " + description.options.text();
    return std::nullopt;
  }
  [[nodiscard]] double usual_epsilon() const override {
    if constexpr (requires { Files::norm_epsilon; }) return Files::norm_epsilon;
    return Shape{}.norm_epsilon;
  }
  [[nodiscard]] std::string refusal(const Shape& shape) const override { return Files::refusal(first_to_say(shape)); }
  std::optional<ModelForm> write(const Shape& shape, const SaveOptions& options, ModelConfig& config) const override {
    const std::string kept_type = options.like ? options.like->model_type() : "";
    const Description<Options> description =
        options.layout ? Description<Options>{shape, options_, *options.layout} : first_to_say(shape);
    const std::string refusal = Files::refusal(description);
    if (kept_type == own_model_type || (!options.layout && !refusal.empty())) return std::nullopt;
    require(refusal.empty(), "a model cannot be written as '", Files::model_type, "': ", refusal);
    Json& document = config.document;
    if (kept_type == Files::model_type) document = options.like->document;
    document["model_type"] = Files::model_type;
    Files::write(description, document);
    if (options.type != ElementType::f32 || kept_type.empty() || document.contains("dtype") || document.contains("torch_dtype"))
      write_element_type(document, options.type);
    return ModelForm{shape, Files::names(description), description.layout};
  }

 private:
  // In the first layout that can say it; where none can, in the first.
  [[nodiscard]] Description<Options> first_to_say(const Shape& shape) const {
    for (std::size_t layout = 0; layout < Files::layouts; ++layout)
      if (const Description<Options> description{shape, options_, layout}; Files::refusal(description).empty()) return description;
    return {shape, options_, 0};
  }

  Options options_;
};

}  // namespace rondo

// Checkpoint folders of classifiers (rondo/model/classifier.hpp): a trunk from any model's folder, and folders as transformers'
// ...ForSequenceClassification reads and writes them.
//
//   check_trunk(folder, form.names, leaves_of_a_language_model);  load_trunk(folder, form.names, weights);
//   save_classifier("out", files, shape, weights, {.classes = {"false", "true"}, .head = "score", .pooling = "last"}, options);
//   load_classifier(ModelFolder{"out"}, form.names, weights);
//
// The trunk's tensors have the names that the model's form gives them, those of the head begin with "score.": "score.weight"
// [classes, width] is what transformers calls it. config.json is that of the model's form with num_labels, id2label, label2id,
// problem_type "single_label_classification" and the class that transformers makes of it; "rondo_head" and "rondo_pooling" say what
// transformers does not know (it has ScoreHead and LastToken alone).
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/model/checkpoint/writer.hpp>

namespace rondo {

inline constexpr std::string_view class_head_prefix = "score.";

// A language model's head, or a classifier's, is no part of a trunk.
[[nodiscard]] inline bool is_head(std::string_view path) { return path.starts_with("head.") || path.starts_with(class_head_prefix); }

// `leaves`: of the whole model. Throws Error with all that is wrong.
inline void check_trunk(const ModelFolder& folder, const NameTable& names, std::vector<NamedLeaf> leaves) {
  std::erase_if(leaves, [](const NamedLeaf& one) { return is_head(one.name); });
  folder.check(names, leaves, [&](const std::string& name) {
    const auto path = names.path_of(name);
    return name.starts_with(class_head_prefix) || (path && is_head(*path));
  });
}

// The weights of the trunk, or of the head, among all of a classifier.
template <class S>
std::vector<HostedTensor<S>> tensors_of(std::vector<HostedTensor<S>> weights, bool head) {
  std::erase_if(weights, [&](const HostedTensor<S>& one) { return is_head(one.name) != head; });
  return weights;
}
template <class S>
void load_trunk(const ModelFolder& folder, const NameTable& names, const std::vector<HostedTensor<S>>& weights) {
  folder.load(names, tensors_of(weights, false));
}
template <class S>
void load_classifier(const ModelFolder& folder, const NameTable& names, const std::vector<HostedTensor<S>>& weights) {
  load_trunk(folder, names, weights);
  folder.load(own_names, tensors_of(weights, true));
}

struct ClassifierFacts {
  std::vector<std::string> classes;
  std::string head, pooling;
};

// "LlamaForCausalLM" -> "LlamaForSequenceClassification"
[[nodiscard]] inline std::string classifier_architecture(std::string name) {
  for (const std::string_view ending : {"ForCausalLM", "LMHeadModel"})
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size()) + "ForSequenceClassification";
  return name;
}

// Creates the folder. Returns the form it wrote. `files` are those of the language model with this trunk.
template <class S>
ModelForm save_classifier(const std::filesystem::path& folder, const CompositionFiles& files, const Shape& shape,
                          const std::vector<HostedTensor<S>>& weights, const ClassifierFacts& facts, const SaveOptions& options = {}) {
  ModelConfig config{Json::object(), (folder / "config.json").string()};
  const ModelForm form = written_form(files, shape, options, config);
  Json& document = config.document;
  if (document.contains("architectures"))
    for (Json& name : document["architectures"])
      if (name.is_string()) name = classifier_architecture(name.get<std::string>());
  document["num_labels"] = facts.classes.size();
  document["id2label"] = document["label2id"] = Json::object();
  for (std::size_t k = 0; k < facts.classes.size(); ++k) {
    document["id2label"][std::to_string(k)] = facts.classes[k];
    document["label2id"][facts.classes[k]] = k;
  }
  document["problem_type"] = "single_label_classification";
  document["rondo_head"] = facts.head;
  document["rondo_pooling"] = facts.pooling;
  SafetensorsWriter writer;
  add_tensors(writer, file_tensors(form.names, tensors_of(weights, false)), options.type);
  add_tensors(writer, file_tensors(own_names, tensors_of(weights, true)), options.type);
  std::filesystem::create_directories(folder);
  writer.write_folder(folder, options.shards);
  if (!options.tokenizer.empty()) copy_tokenizer(options.tokenizer, folder);
  write_json(config.name, document, BareNumbers::allowed);
  return form;
}

}  // namespace rondo

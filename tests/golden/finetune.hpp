// Classifiers on published checkpoints against recorded class scores, gradients and training runs: every set of golden/finetune whose
// model is one of the given compositions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/data/text_batches.hpp>
#include <rondo/evaluate/text_classifier.hpp>
#include <rondo/model/checkpoint/reader.hpp>
#include <rondo/model/classifier.hpp>
#include <rondo/train/trainer.hpp>

#include "support/shared.hpp"

namespace rondo::test {

// One set: a model of `golden.json`, its files and its folder.
struct FinetuneSet {
  std::string name;
  Json entry;
  const ModelFolder& folder;
  ModelForm form;
  SafetensorsFile golden;

  [[nodiscard]] Index classes() const { return entry.at("labels").get<Index>(); }
  [[nodiscard]] std::vector<std::int64_t> integers(const SafetensorsFile& file, const std::string& tensor) const {
    return file.tensor(tensor).read<std::int64_t>();
  }
  // The texts of the rows of `file`, without padding.
  [[nodiscard]] std::vector<LabelledText> texts(const SafetensorsFile& file) const {
    const auto ids = integers(file, "input_ids"), last = integers(file, "last"), labels = integers(file, "labels");
    const Index length = file.tensor("input_ids").shape.back();
    std::vector<LabelledText> result;
    for (std::size_t i = 0; i < last.size(); ++i) {
      const auto begin = ids.begin() + static_cast<Index>(i) * length;
      result.push_back({{begin, begin + last[i] + 1}, static_cast<Token>(labels[i])});
    }
    return result;
  }
};

template <class... Models>
void each_finetune_set(const auto& act) {
  const std::filesystem::path root = shared("golden/finetune");
  const Json document = read_json(root / "golden.json");
  int found = 0;
  for (const auto& [name, entry] : document.at("models").items()) {
    const ModelFolder folder{(root / entry.at("start").template get<std::string>()).parent_path()};
    const CompositionFiles files[] = {composition_files<Models>()...};
    for (const CompositionFiles& one : files) {
      std::string why_not;
      const auto form = form_of(one, folder.config(), &folder.tensors(), why_not);
      if (!form) continue;
      ++found;
      BOOST_TEST_CONTEXT(name) { act(FinetuneSet{name, entry, folder, *form, SafetensorsFile{root / (name + ".safetensors")}}); }
      break;
    }
  }
  BOOST_TEST(found > 0, "no set of such a model");
}

template <class Model>
Model classifier_of(const FinetuneSet& set, const std::string& head, const AnyPooling& pooling = {}) {
  Shape shape = set.form.shape;
  shape.dropout = 0;
  const ClassHeadOptions options{.classes = set.classes()};
  if (head == "mlp") return Model{shape, AnyClassHead{MlpHead{shape, options}}, pooling};
  return Model{shape, AnyClassHead{ScoreHead{shape, options}}, pooling};
}
// What a weight of the head is called there; empty: it is the trunk's.
inline std::string golden_head_name(const std::string& path) {
  if (!path.starts_with("score.")) return "";
  return path == "score.weight" ? "score.weight" : path.substr(6);
}
template <class S>
std::vector<HostedTensor<S>> trunk_tensors(const std::vector<HostedTensor<S>>& all) {
  std::vector<HostedTensor<S>> result;
  for (const HostedTensor<S>& one : all)
    if (golden_head_name(one.name).empty()) result.push_back(one);
  return result;
}
template <class Model, class Backend>
Parameters<Model, Backend> start_of(const FinetuneSet& set, const Model& model, const std::string& head) {
  using S = typename Backend::Scalar;
  Parameters<Model, Backend> weights{model};
  const auto all = hosted(weights.tensors());
  set.folder.load(set.form.names, trunk_tensors(all));
  for (const HostedTensor<S>& one : all)
    if (const std::string name = golden_head_name(one.name); !name.empty()) one.write(set.golden.tensor(head + "." + name).read<S>());
  return weights;
}

template <class Backend, class Model>
void scores_agree(const FinetuneSet& set, double tolerance) {
  std::vector<std::vector<Token>> texts;
  for (const LabelledText& text : set.texts(set.golden)) texts.push_back(text.ids);
  for (const std::string head : {"score", "mlp"}) {
    const auto compare = [&](const AnyPooling& pooling, std::span<const std::vector<Token>> of, const std::string& name) {
      const Model model = classifier_of<Model>(set, head, pooling);
      const auto weights = start_of<Model, Backend>(set, model, head);
      TextClassifier<Model, Backend> classifier{model, weights, 16};
      const std::vector<double> found = classifier.logits(of), expected = set.golden.tensor(name).read<double>();
      BOOST_REQUIRE(found.size() == expected.size());
      double worst = 0;
      for (std::size_t i = 0; i < found.size(); ++i) worst = std::max(worst, std::abs(found[i] - expected[i]));
      BOOST_TEST(worst < tolerance, set.name << ": " << name << " differs by " << worst);
    };
    compare({LastToken{}}, texts, "logits." + head + ".last_token");
    compare({FirstToken{}}, texts, "logits." + head + ".first_position");
    // transformers takes for padding what texts may end in, where it is told so; what stands for padding here is then a part of the text.
    const std::string cut = "logits." + head + ".pad_is_eos";
    if (!set.entry.contains("pad_is_eos") || set.golden.find(cut) == nullptr) continue;
    const Json& trap = set.entry["pad_is_eos"];
    const auto ids = set.integers(set.golden, "input_ids");
    const Index length = set.golden.tensor("input_ids").shape.back(), begin = trap.at("row").get<Index>() * length;
    std::vector<Token> text(ids.begin() + begin, ids.begin() + begin + length);
    while (text.back() == trap.at("pad_token_id").get<Token>()) text.pop_back();
    compare({LastToken{}}, std::vector<std::vector<Token>>{text}, cut);
  }
}

template <class Backend, class Model>
void gradients_agree(const FinetuneSet& set, double loss_tolerance, double tolerance) {
  const std::vector<LabelledText> texts = set.texts(set.golden);
  for (const std::string head : {"score", "mlp"}) {
    const Model model = classifier_of<Model>(set, head);
    const auto weights = start_of<Model, Backend>(set, model, head);
    TextBatches batches{texts, LastToken::row, {.rows = std::ssize(texts), .shuffled = false}};
    Batch batch;
    batches.next(batch);
    Workspace<Model, Backend> workspace{model, batch.ids.columns};
    const double count = static_cast<double>(texts.size());
    const auto losses = workspace.add_gradient(weights, batch, CrossEntropy{}, 1 / count);
    BOOST_TEST(losses.count == std::ssize(texts));
    const Json& first = set.entry.at("first_batch").at(head);
    BOOST_TEST(std::abs(static_cast<double>(losses.sum) / count - first.at("loss").get<double>()) < loss_tolerance);

    double largest = 0, squares = 0;
    std::map<std::string, std::vector<double>> expected;
    for (const StoredTensor& tensor : set.golden.tensors())
      if (tensor.name.starts_with("grad."))
        for (const double entry : expected[tensor.name.substr(5)] = tensor.read<double>()) largest = std::max(largest, std::abs(entry));
    const auto compare = [&](const std::string& name, const auto& found) {
      const auto entries = expected.find(name);
      BOOST_TEST_REQUIRE((entries != expected.end()), "no gradient of " << name);
      BOOST_TEST_REQUIRE(found.size() == entries->second.size());
      double worst = 0;
      for (std::size_t i = 0; i < found.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(found[i]) - entries->second[i]));
      BOOST_TEST(worst < tolerance * largest, set.name << ", " << head << ": gradient of " << name << " differs by " << worst);
    };
    const auto all = hosted(workspace.gradients().tensors());
    const auto trunk = file_tensors(set.form.names, trunk_tensors(all));
    for (const auto& tensor : trunk) {
      const auto found = gather(tensor);
      for (const auto number : found) squares += static_cast<double>(number) * static_cast<double>(number);
      if (head == "score") compare(tensor.name, found);
    }
    for (const auto& one : all)
      if (const std::string name = golden_head_name(one.name); !name.empty())
        compare((head == "score" ? "head." : "mlp.") + name, one.numbers());
    if (first.contains("norm_of_backbone_gradient")) {
      const double norm = first["norm_of_backbone_gradient"].get<double>();
      BOOST_TEST(std::abs(std::sqrt(squares) / norm - 1) < tolerance);
    }
  }
}

template <class Backend, class Model>
void runs_agree(const FinetuneSet& set, double tolerance, double weight_tolerance) {
  for (const auto& [name, run] : set.entry.at("runs").items()) {
    const SafetensorsFile curve{shared("golden/finetune/" + run.at("file").template get<std::string>())};
    const auto head = run.at("head").template get<std::string>();
    const auto number = [&run = run](const char* key) { return run.at(key).template get<double>(); };
    const auto count = [&run = run](const char* key) { return run.at(key).template get<Index>(); };
    const Model model = classifier_of<Model>(set, head);
    auto weights = start_of<Model, Backend>(set, model, head);
    const AdamW adamw{.rate = number("learning_rate"), .beta1 = number("beta1"), .beta2 = number("beta2"), .epsilon = number("eps"),
                      .decay = number("weight_decay")};
    AnySchedule schedule{LinearDecay{.warmup = count("warmup"), .rise = Rise::from_zero}};
    if (run.at("schedule") == "cosine") schedule = {Cosine{count("warmup"), number("floor"), Rise::from_zero}};
    const TrainingOptions options{.clip = number("max_grad_norm"), .groups = {{.decay = 1.0}}, .clip_epsilon = 1e-6};
    Trainer<Model, Backend, AdamW, AnySchedule> trainer{model, weights, adamw, schedule, CrossEntropy{}, options};

    const std::vector<LabelledText> texts = set.texts(curve);
    TextBatches batches{texts, LastToken::row, {.rows = count("batch"), .shuffled = false}};
    std::map<std::string, std::vector<double>> found;
    trainer.on_step([&](const StepReport& report) {
      found["loss"].push_back(report.loss);
      found["grad_norm"].push_back(report.gradient_norm);
      found["learning_rate"].push_back(report.rate);
    });
    BOOST_TEST(trainer.run(batches, count("steps")));
    for (const auto& [which, values] : found) {
      const auto expected = curve.tensor(name + "." + which).template read<double>();
      BOOST_TEST_REQUIRE(values.size() == expected.size());
      double worst = 0;
      for (std::size_t i = 0; i < values.size(); ++i)
        worst = std::max(worst, std::abs(values[i] - expected[i]) / (which == "grad_norm" ? std::max(1.0, expected[i]) : 1.0));
      BOOST_TEST(worst < (which == "grad_norm" ? 10 : 1) * tolerance, set.name << ", " << name << ": " << which << " differs by " << worst);
    }
    for (const auto& one : hosted(weights.tensors()))
      if (const std::string own = golden_head_name(one.name); !own.empty()) {
        const auto expected = curve.tensor(name + ".final.head." + own).template read<double>();
        const auto numbers = one.numbers();
        double worst = 0;
        for (std::size_t i = 0; i < numbers.size(); ++i) worst = std::max(worst, std::abs(static_cast<double>(numbers[i]) - expected.at(i)));
        BOOST_TEST(worst < weight_tolerance, set.name << ", " << name << ": " << own << " differs by " << worst);
      }
  }
}

template <class... Models, class First = std::tuple_element_t<0, std::tuple<Models...>>>
void finetunes_alike() {
  using Model = Classifier<typename First::TrunkType, AnyPooling, AnyClassHead>;
  each_finetune_set<Models...>([](const FinetuneSet& set) {
    scores_agree<Reference<double>, Model>(set, 1e-9);
    scores_agree<Cpu, Model>(set, 1e-4);
    gradients_agree<Reference<double>, Model>(set, 1e-9, 1e-6);
    gradients_agree<Cpu, Model>(set, 1e-5, 1e-4);
    runs_agree<Reference<double>, Model>(set, 1e-9, 1e-6);
    runs_agree<Cpu, Model>(set, 1e-5, 1e-4);
  });
}

}  // namespace rondo::test

// Any bytes as the config.json of a model folder, of every form, or as the settings of a run: a shape that is accepted has a model whose
// weights, states and plans can be counted.
#include <rondo/app/run_description.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/checkpoint/compositions.hpp>
#include <rondo/model/checkpoint/delta_net.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/lstm.hpp>
#include <rondo/model/checkpoint/mamba.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>
#include <rondo/model/checkpoint/xlstm_large.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/objective/cross_entropy.hpp>

#include <cstdlib>

#include "fuzz/target.hpp"

namespace rondo::fuzz {

namespace {

// Of a model, as `summary` and `generate` go about it.
template <class Model>
void count(const Shape& shape) {
  if (shape.depth > 1000) return checked<Model>(shape), void();  // possible, and slow
  const Model model{shape};
  const Index weights = record_size(WeightRecords{}, model), state = record_size(StateRecords{Extent{1, 1}}, model);
  if (weights <= 0 || weights > largest_count || state < 0 || state > largest_count) std::abort();
  if (shape.depth > 20) return;
  const Sequence row{0, 3, 0};
  const StepPlan plan = plan_training_step(model, CrossEntropy{}, {&row, 1}, 3);
  if (plan.weights < static_cast<std::size_t>(weights) || plan.total() < plan.weights || !(plan.operations_per_token > 0)) std::abort();
}

struct Known {
  CompositionFiles files;
  void (*count)(const Shape&);
  Shape shape;
};
template <class Model>
Known known(const Shape& shape) {
  return {composition_files<Model>(), count<Model>, shape};
}

const std::vector<Known>& all_known() {
  static const Shape small{.vocabulary = 24, .width = 16, .depth = 2, .heads = 2, .mlp_width = 32, .context = 64};
  static const auto with = [](auto change) {
    Shape shape = small;
    change(shape);
    return shape;
  };
  static const std::vector<Known> all{
      known<Hgrn2>(small),
      known<Hgrn1>(small),
      known<Llama>(small),
      known<Gpt2>(small),
      known<Lstm>(small),
      known<DeltaNet>(small),
      known<GatedDeltaNet>(with([](Shape& s) { s.inner_width = 32, s.key_value_heads = 1; })),
      known<Mamba>(with([](Shape& s) { s.state_size = 4; })),
      known<Mamba2>(with([](Shape& s) { s.state_size = 4, s.groups = 1, s.inner_width = 32; })),
      known<Xlstm>(with([](Shape& s) { s.inner_width = 64, s.second_blocks = {1}; })),
      known<XlstmLarge>(small),
      known<LanguageModel<Pattern<Hgrn2Block, LlamaBlock>>>(small),
  };
  return all;
}

bool read_as_folder(std::string_view bytes) {
  try {
    const ModelConfig config{parse_json(bytes, "config.json", BareNumbers::allowed), "config.json"};
    std::vector<CompositionFiles> files;
    for (const Known& one : all_known()) files.push_back(one.files);
    const ChosenForm chosen = choose_form(files, config, nullptr);
    all_known()[chosen.number].count(chosen.form.shape);
  } catch (const Error&) {
    return false;
  }
  return true;
}
bool read_as_run(std::string_view bytes) {
  try {
    app::RunDescription run = app::read_run_description(parse_json(bytes, "run.json", BareNumbers::refused), "run.json");
    app::resolve_steps(run.train, 1000, 0);
    if (run.train.steps < 1 || run.train.warmup < 0 || run.train.held_out_steps < 1) std::abort();
    run.shape.vocabulary = std::max<Index>(run.shape.vocabulary, 1);
    all_known().front().count(run.shape);
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace

bool read(std::string_view bytes) {
  const bool folder = read_as_folder(bytes), run = read_as_run(bytes);
  return folder || run;
}

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  for (const Known& one : all_known()) {
    Json sizes = Json::object();
    each_size(one.shape, [&](std::string_view name, const auto& value) { sizes[std::string(name)] = size_json(value); });
    texts.push_back(Json{{"model_type", own_model_type}, {"composition", one.files.composition}, {"shape", sizes}}.dump());
    if (!one.files.published) continue;
    ModelConfig config{Json::object(), "config.json"};
    if (!one.files.published->write(one.shape, {}, config)) continue;
    texts.push_back(config.document.dump());
    if (config.document.value("model_type", "") != "llama") continue;
    for (const char* scaling :
         {R"({"rope_type": "linear", "factor": 2.0})", R"({"type": "dynamic", "factor": 4.0, "rope_theta": 5000.0})",
          R"({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_slow": 1, "beta_fast": 32, "mscale": 1.0, )"
          R"("mscale_all_dim": 0.5, "truncate": false, "attention_factor": 1.1})",
          R"({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32})"}) {
      Json document = config.document;
      document["rope_scaling"] = parse_json(scaling, "scaling");
      document["partial_rotary_factor"] = 0.5;
      texts.push_back(document.dump());
    }
  }
  texts.push_back(R"({"shape": {"vocabulary": 24, "width": 16, "depth": 2, "heads": 2}, "train": {"steps": 100, "batch": 2, "length": 8}, "seed": 3})");
  texts.push_back(R"({"shape": {"width": 32}, "train": {"epochs": 2.5, "warmup": 10, "accumulate": 2, "held_out_steps": 5, "checkpoint_tokens": 1000}})");
  return texts;
}

}  // namespace rondo::fuzz

// How `finetune` trains: the recipes of BabyLM's two evaluation pipelines by name, and every setting of theirs.
//
//   2024   transformers' Trainer: score head, rate 5e-5 falling linearly to 0, 64 texts a step, at most 10 epochs, 128 tokens, no decay,
//          gradients clipped to 1; the epoch of the best F1 (of more than two classes: accuracy) is kept, patience 3 epochs (0.001)
//   2025   MLP head with dropout 0.1, rate 3e-5 by a cosine to a tenth after 6 % of warm-up from 0, 32 whole steps (BoolQ and MultiRC 16),
//          10 epochs (WSC 30), 512 tokens, decay 0.01 of every tensor, no clipping; the epoch of the best accuracy (MRPC, QQP: F1) is kept
//
// Both: AdamW with betas 0.9 and 0.999. The 2025 pipeline pools the first token where nobody says otherwise, which of a causal model has
// seen one token; here it is the last.
//
//   FinetuneRecipe recipe = finetune_recipe("2024", glue_task("rte"));
//   apply(recipe, {"finetune.rate=1e-5"});
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/fine_tuning.hpp>
#include <rondo/app/optimizer_settings.hpp>
#include <rondo/evaluate/glue_tasks.hpp>
#include <rondo/io/object_reader.hpp>
#include <rondo/train/early_stopping.hpp>

namespace rondo::app {

struct FinetuneRecipe {
  std::string head = "score", pooling = "last", schedule = "linear", keep = "accuracy", metric = "accuracy";
  double rate = 5e-5, decay = 0, clip = 1, warmup = 0, floor = 0, dropout = 0, threshold = 0;
  Index batch = 64, epochs = 10, length = 128, patience = 0, parts = 1, adapters = 0;
  double adapter_alpha = 0;
  bool whole = false;  // steps of a whole batch alone

  // visit(name, value, what it means, limits or words)
  static void each_setting(auto& recipe, auto&& visit) {
    constexpr Between<double> share{0.0, 1.0};
    const std::vector<std::string> metrics(class_metric_names.begin(), class_metric_names.end());
    visit("head", recipe.head, "score: a matrix; mlp: two maps with norms and dropout between them",
          std::vector<std::string>{"score", "mlp"});
    visit("pooling", recipe.pooling, "the vector that stands for a text", std::vector<std::string>{"last", "first", "mean"});
    visit("adapters", recipe.adapters, "rank of low-rank adapters of the trunk's matrices, trained in its place; 0: the trunk is",
          at_least(Index{0}));
    visit("adapter_alpha", recipe.adapter_alpha, "adapters are added alpha / rank times; 0: twice", at_least(0.0));
    visit("rate", recipe.rate, "of AdamW", at_least(0.0));
    visit("decay", recipe.decay, "of all tensors", at_least(0.0));
    visit("clip", recipe.clip, "largest norm of the gradients; 0: no limit", at_least(0.0));
    visit("schedule", recipe.schedule, "of the rate after the warm-up", std::vector<std::string>{"constant", "linear", "cosine"});
    visit("warmup", recipe.warmup, "share of the steps in which the rate rises from 0", share);
    visit("floor", recipe.floor, "share of the rate at the end", share);
    visit("dropout", recipe.dropout, "in the head", Between<double>{0.0, 0.999999});
    visit("batch", recipe.batch, "texts a step", at_least(Index{1}));
    visit("parts", recipe.parts, "passes a step, which take less memory", at_least(Index{1}));
    visit("whole", recipe.whole, "leave out an epoch's last texts where they are fewer than a batch");
    visit("epochs", recipe.epochs, "at most", at_least(Index{1}));
    visit("length", recipe.length, "tokens of a text; what is longer is cut", at_least(Index{1}));
    visit("keep", recipe.keep, "the metric whose best epoch is kept", metrics);
    visit("patience", recipe.patience, "epochs to wait for a better one; 0: all", at_least(Index{0}));
    visit("threshold", recipe.threshold, "by how much it must be better to wait on", at_least(0.0));
    visit("metric", recipe.metric, "the metric that is reported", metrics);
  }
};

inline const std::vector<std::string> finetune_recipe_names{"2024", "2025"};

inline FinetuneRecipe finetune_recipe(const std::string& name, const GlueTask& task) {
  const auto metric = std::string(class_metric_names[static_cast<std::size_t>(task.metric)]);
  const bool two_classes = task.classes.size() == 2;
  FinetuneRecipe recipe;
  if (name == "2024") {
    recipe.keep = two_classes ? "f1" : "accuracy";
    recipe.metric = metric;
    recipe.patience = 3;
    recipe.threshold = 0.001;
    return recipe;
  }
  require_usage(name == "2025", "--recipe ", name, ": expected 2024 or 2025");
  recipe.head = "mlp";
  recipe.dropout = 0.1;
  recipe.schedule = "cosine";
  recipe.rate = 3e-5;
  recipe.decay = 0.01;
  recipe.clip = 0;
  recipe.warmup = 0.06;
  recipe.floor = 0.1;
  recipe.batch = task.name == "boolq" || task.name == "multirc" ? 16 : 32;
  recipe.whole = true;
  recipe.epochs = task.small ? 30 : 10;
  recipe.length = 512;
  recipe.keep = task.metric == ClassMetric::f1 ? "f1" : "accuracy";
  return recipe;
}

inline Json to_json(const FinetuneRecipe& recipe) {
  Json result = Json::object();
  FinetuneRecipe::each_setting(recipe, [&](const char* name, const auto& value, const auto&...) { result[name] = value; });
  return result;
}

// "finetune.rate=1e-5" and the like.
inline void apply(FinetuneRecipe& recipe, const std::vector<std::string>& settings) {
  Json document{{"finetune", to_json(recipe)}};
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    require_usage(equals != setting.npos && setting.starts_with("finetune."), "--set ", setting,
                  ": expected NAME=VALUE, as finetune.rate=1e-5");
    set_at(document, std::string_view(setting).substr(0, equals), std::string_view(setting).substr(equals + 1));
  }
  read_object(document, "--set", [&](ObjectReader& all) {
    all.object("finetune", [&](ObjectReader& reader) {
      FinetuneRecipe::each_setting(
          recipe, [&](const char* name, auto& value, const char*, const auto&... limits) { reader.take(name, value, limits...); });
    });
  });
}

inline ClassMetric metric_named(const std::string& name) { return value_of<ClassMetric>(name, class_metric_names); }

inline AnyPooling pooling_named(const std::string& name) {
  if (name == "first") return {FirstToken{}};
  if (name == "mean") return {MeanOfTokens{}};
  return {LastToken{}};
}

// For so many steps; the trunk is yet to be filled.
inline FineTuningSetup setup_of(const FinetuneRecipe& recipe, Index classes, Index steps, Seed seed) {
  FineTuningSetup setup{{classes, recipe.dropout}, recipe.head == "mlp", pooling_named(recipe.pooling), {}, {}, {}, {}, {}};
  setup.optimizer = {AdamW{.rate = recipe.rate, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = recipe.decay}};
  const auto warmup = static_cast<Index>(recipe.warmup * static_cast<double>(steps));
  if (recipe.schedule == "cosine")
    setup.schedule = {Cosine{warmup, recipe.floor, Rise::from_zero}};
  else if (recipe.schedule == "linear")
    setup.schedule = {LinearDecay{warmup, recipe.floor, Rise::from_zero}};
  else
    setup.schedule = {Constant{warmup, Rise::from_zero}};
  setup.options = {.accumulate = recipe.parts, .clip = recipe.clip, .seed = seed, .groups = {{.decay = 1.0}}, .clip_epsilon = 1e-6};
  if (recipe.adapters > 0) {
    setup.adapters = {recipe.adapters, recipe.adapter_alpha > 0 ? recipe.adapter_alpha : 2 * static_cast<double>(recipe.adapters)};
    setup.options.groups = {{.path = "*adapters.*", .decay = 1.0}, {.path = "score.*", .decay = 1.0}, {.rate = 0, .decay = 0.0}};
  }
  return setup;
}

}  // namespace rondo::app

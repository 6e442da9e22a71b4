// The runs of a comparison (rondo/app/ablation.hpp): what all of them are given, their settings, and one of them trained or gone on with.
#pragma once

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/comparison.hpp>
#include <rondo/app/composition.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/train_options.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/evaluate/minimal_pairs.hpp>
#include <rondo/model/equal_parameters.hpp>
#include <rondo/train/metrics.hpp>

namespace rondo::app {

struct AblationOptions {
  std::filesystem::path data, held_out, tokenizer, out, config;
  std::vector<std::filesystem::path> pairs;
  std::vector<std::string> settings, only;
  std::vector<double> rates;  // to choose from for each composition; none: the settings' for all
  Index rate_tokens = 500000;
  int seeds = 1;
  std::vector<std::string> search;  // settings with their values (rondo/app/search.hpp); none: compositions are compared
  Index search_tokens = 0, reduction = 2;
  std::string sample;  // prompt that every model continues at the end
};

inline HeldOutCurve held_out_curve(const std::filesystem::path& run) {
  HeldOutCurve curve;
  for (const Json& line : read_metrics(run / "metrics.jsonl")) {
    if (!line.contains("held_out_loss")) continue;
    curve.tokens.push_back(line["tokens"].get<double>());
    curve.loss.push_back(line["held_out_loss"].get<double>());
  }
  return curve;
}

// The compositions of --only, or all.
inline std::vector<const Composition*> chosen_of(const std::vector<Composition>& list, const std::vector<std::string>& only) {
  std::vector<const Composition*> chosen;
  for (const Composition& one : list)
    if (only.empty() || std::find(only.begin(), only.end(), one.name) != only.end()) chosen.push_back(&one);
  for (const std::string& name : only)
    require(std::any_of(list.begin(), list.end(), [&](const Composition& one) { return one.name == name; }), "--only: no composition '",
            name, "'; `--list` names all");
  return chosen;
}

// What all runs have in common, of --config and `settings`.
inline RunDescription base_of(const AblationOptions& options, const std::vector<std::string>& settings, const CommonOptions& common) {
  Json document = options.config.empty() ? Json::object() : read_json(options.config);
  const auto dropped = apply_settings(document, settings);
  if (!common.quiet) note_dropped(dropped, document);
  RunDescription base = read_run_description(document, options.config.empty() ? "--set" : options.config.string());
  if (base.shape.vocabulary == 0) base.shape.vocabulary = TokenFile{options.data}.vocabulary();
  base.seed = common.seed.value_or(base.seed);
  require(base.init.empty(), "init: compositions that are compared do not start from the weights of one");
  return base;
}

// The composition's settings at the size of the budget.
inline Json settings_of(const Composition& one, const RunDescription& base, Index budget) {
  RunDescription alike = base;
  if (one.adapt != nullptr) one.adapt(alike.shape);
  alike.shape =
      with_parameters([&](const Shape& shape) { return one.model.parameters(shape); }, alike.shape, one.size, 8, budget);
  Json settings = to_json(alike);
  settings["composition"] = "";
  settings.erase("record");
  return settings;
}

// What a run of a comparison was begun with; settings that came later have their defaults there.
inline Json settings_before(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "settings.json";
  Json settings = to_json(read_run_description(read_json(file), file.string()));
  settings.erase("record");
  return settings;
}

// That a run which was begun with settings `before` is the one that the command asks for.
inline void require_same_settings(const Json& before, const Json& now, const std::filesystem::path& run, const std::string& path = "") {
  for (const auto& [key, value] : before.items()) {
    const Json& other = now.contains(key) ? now[key] : Json{};
    if (value.is_object() && other.is_object())
      require_same_settings(value, other, run, path + key + ".");
    else
      require(value == other, run.string(), ": began with ", path, key, " ", value.dump(), ", now it would be ", other.dump(),
              "; compare in another folder, or move this run away");
  }
}

// Trains in `folder`, or goes on there with `changes` of the settings; the exit status, not 0 where it was stopped before its end.
inline int train_in(const std::filesystem::path& folder, const Composition& one, const Json& settings, const AblationOptions& options,
                    CommonOptions common, const std::vector<std::string>& changes = {}) {
  TrainOptions train;
  train.data = options.data;
  train.held_out = options.held_out;
  train.tokenizer = options.tokenizer;
  if (std::filesystem::exists(folder / "run.json")) {
    require_same_settings(settings_before(folder), settings, folder);
    train.resume = folder;
    train.settings = changes;
  } else {
    std::filesystem::create_directories(folder);
    write_json(folder / "settings.json", settings);
    train.out = folder;
    train.config = folder / "settings.json";
  }
  common.json = false;
  common.seed.reset();
  common.how_to_go_on = "stopped; the same command goes on";
  return app::train({one.model}, train, common);
}

// All that is needed after the training is looked at before it.
inline void require_inputs(const AblationOptions& options) {
  const TokenFile data{options.data};
  if (!options.held_out.empty()) {
    const TokenFile held_out{options.held_out};
    require(held_out.tokenizer() == data.tokenizer(), options.held_out.string(), ": made with another tokenizer than ",
            options.data.string());
  }
  for (const std::filesystem::path& path : options.pairs) read_all_minimal_pairs(path);
  if (options.pairs.empty() && options.sample.empty() && options.tokenizer.empty()) return;
  const std::filesystem::path beside = options.data.parent_path() / "tokenizer.json";
  const std::filesystem::path tokenizer = options.tokenizer.empty() ? beside : options.tokenizer;
  require(std::filesystem::exists(tokenizer), tokenizer.string(),
          ": no tokenizer there, which --pairs and --sample need; --tokenizer says where it is");
  require(Tokenizer::load(tokenizer).fingerprint() == data.tokenizer(), tokenizer.string(), ": not the tokenizer that made ",
          options.data.string());
}

}  // namespace rondo::app

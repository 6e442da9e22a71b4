// RunDescription: everything that decides a training run, as run.json holds it and `--set` changes it.
//
//   {"composition": "LanguageModel<...>",
//    "shape": {"width": 256, "depth": 6, ...},            names and meaning: rondo/core/shape.hpp
//    "train": {"steps": 1000, "batch": 8, ...},           TrainSettings below
//    "optimizer": {"name": "adamw", "rate": 0.001, ...},  rondo/app/optimizer_settings.hpp
//    "data": {"tokens": "train.tokens", "pack": "documents", ...},
//    "distill": {"teachers": ["RUN"], "alpha": 0.5, ...},  where it has teachers: rondo/app/distill_settings.hpp
//    "seed": 0,
//    "record": {...}}                                     facts noted down for the reader: version, threads, checksums ...
//
//   RunDescription run = read_run_description(document, "run.json");       unknown keys: Error that names the nearest one
//   set_at(document, "train.steps", "1000");                               before it is read
//
// `record` is written and not read, but for the checksums of the data, which a resumed run compares.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/distill_settings.hpp>
#include <rondo/app/optimizer_settings.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/core/precision.hpp>
#include <rondo/core/shape.hpp>
#include <rondo/data/packing.hpp>
#include <rondo/data/phases.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/object_reader.hpp>
#include <rondo/model/checkpoint/shape_fields.hpp>
#include <rondo/optimizer/schedule.hpp>

namespace rondo::app {

// What each means: each_train_setting below.
struct TrainSettings {
  Index steps = 0, tokens = 0;
  double epochs = 0;
  Index batch = 8, length = 256, accumulate = 1;
  std::string batch_schedule, length_schedule;
  double clip = 1;
  std::string precision = "float32";
  std::string schedule = "cosine";
  Index warmup = -1;
  std::string warmup_from = "one";
  double floor = 0.1, cooldown = 0.2;
  std::string fall = "linear";
  double timescale = 1000;
  double ema = 0;
  std::string ema_start = "warmed";
  Index tail = 0;
  double label_smoothing = 0, z_loss = 0;
  Index held_out_steps = 0, held_out_tokens = 50000, patience = 0;
  bool best = true;
  Index checkpoint_steps = 0;
  double checkpoint_minutes = 10;
  Index checkpoint_tokens = 0, checkpoint_words = 0;
  bool checkpoint_babylm = false;
  Index keep = 2;
  std::string save_type = "F32";
  bool tensorboard = false, shard = false;
};

struct DataSettings {
  std::string tokens;
  std::vector<std::string> more;
  std::vector<double> weights;
  std::string held_out;
  std::string tokenizer;
  std::string pack = "documents";
  bool shuffle = true;
};

struct RunDescription {
  std::string composition;  // empty: the program's first
  std::string init;         // folder of the model whose weights it starts from; empty: random numbers
  Shape shape{.width = 256, .depth = 6, .heads = 4, .mlp_width = 768};
  bool says_epsilon = false;  // whether shape.norm_epsilon is given
  TrainSettings train;
  OptimizerSettings optimizer;
  DataSettings data;
  DistillSettings distill;
  std::uint64_t seed = 0;
  Json record = Json::object();
};

inline const std::vector<std::string> schedule_names{"constant", "linear", "cosine", "trapezoid", "inverse_root"};

// visit(name, meaning, value, limits...) for every setting; `settings` may be const.
template <class Settings, class Visit>
void each_train_setting(Settings& settings, Visit&& visit) {
  // No sum or product of these can wrap.
  constexpr Between<Index> steps{0, Index{1} << 40}, count{0, Index{1} << 52}, size{1, 1 << 20};
  const Between<double> share{0.0, 1.0}, positive = at_least(0.0);
  visit("steps", "how long; or tokens, or epochs; none of the three: one epoch", settings.steps, steps);
  visit("tokens", "how long, in tokens", settings.tokens, count);
  visit("epochs", "how long, in passes through the data", settings.epochs, Between{0.0, 1e9});
  visit("batch", "rows of a batch, of all ranks together; with a schedule the most", settings.batch, size);
  visit("length", "tokens of a row, with a schedule the most, and of a held-out window", settings.length, size);
  visit("accumulate", "batches of a step", settings.accumulate, size);
  visit("batch_schedule", "ROWS@TOKENS,...: rows from so many tokens on, as 4@0,8@1000000; none: batch", settings.batch_schedule);
  visit("length_schedule", "the same of a row's tokens, as 64@0,128@1000000,256@4000000; none: length", settings.length_schedule);
  visit("clip", "largest norm of the gradients; 0: no limit", settings.clip, positive);
  visit("precision", "of the operands of products in a step, and of most that is saved for its backward; all else is float32",
        settings.precision, as_list(precision_names));
  visit("schedule", "of the rate", settings.schedule, schedule_names);
  visit("warmup", "steps in which the rate rises; -1: 3 % of them", settings.warmup, Between<Index>{-1, steps.high});
  visit("warmup_from", "whether the first step has one share of the rise or none", settings.warmup_from, as_list(rise_names));
  visit("floor", "share of the rate at the end (linear, cosine, trapezoid)", settings.floor, share);
  visit("cooldown", "share of the steps in which a trapezoid falls", settings.cooldown, share);
  visit("fall", "how a trapezoid falls", settings.fall, as_list(fall_names));
  visit("timescale", "steps in which inverse_root falls to 0.7", settings.timescale, positive);
  visit("ema", "decay of an exponential average of the weights, which is then the run's model; 0: none", settings.ema, share);
  visit("ema_start", "how that average begins", settings.ema_start, std::vector<std::string>{"warmed", "weights", "zero"});
  visit("tail", "mean of the last so many weights instead; 0: none", settings.tail, steps);
  visit("label_smoothing", "share of the labels that goes to all tokens alike", settings.label_smoothing, share);
  visit("z_loss", "factor of the squared logarithm of the softmax's sum, as 0.0001; reported apart", settings.z_loss, positive);
  visit("held_out_steps", "steps from one held-out loss to the next; 0: ten a run", settings.held_out_steps, steps);
  visit("held_out_tokens", "tokens of its windows, drawn once; 0: all", settings.held_out_tokens, count);
  visit("patience", "stop after so many held-out losses in a row that are no better than the best; 0: never", settings.patience,
        steps);
  visit("best", "keep the model of the best held-out loss, as checkpoints/step-N-best", settings.best);
  visit("checkpoint_steps", "steps from one checkpoint to the next; 0: none for it", settings.checkpoint_steps, steps);
  visit("checkpoint_minutes", "minutes from one checkpoint to the next", settings.checkpoint_minutes, positive);
  visit("checkpoint_tokens", "a checkpoint that stays every so many tokens", settings.checkpoint_tokens, count);
  visit("checkpoint_words", "a checkpoint that stays every so many words", settings.checkpoint_words, count);
  visit("checkpoint_babylm", "checkpoints that stay at the word counts of the BabyLM challenge, as step-N-chck_1M",
        settings.checkpoint_babylm);
  visit("keep", "of the other checkpoints the newest so many stay", settings.keep, Between<Index>{1, steps.high});
  visit("save_type", "of the numbers of saved models", settings.save_type, std::vector<std::string>{"F32", "BF16"});
  visit("tensorboard", "event files for TensorBoard beside metrics.jsonl", settings.tensorboard);
  visit("shard", "of several ranks each keeps its share of the optimiser's state alone; the numbers are the same", settings.shard);
}
template <class Settings, class Visit>
void each_data_setting(Settings& settings, Visit&& visit) {
  visit("tokens", "token file to train on (--data)", settings.tokens);
  visit("more", "further token files, mixed with the first (--data given again)", settings.more);
  visit("weights", "how often an epoch passes over each of them, as [1, 2.5]; none: once", settings.weights);
  visit("held_out", "token file for the held-out loss (--held-out)", settings.held_out);
  visit("tokenizer", "copied into the run (--tokenizer)", settings.tokenizer);
  visit("pack", "rows of documents, each with a state of its own, or windows of one stream", settings.pack,
        std::vector<std::string>{"documents", "windows"});
  visit("shuffle", "the order is drawn anew each epoch", settings.shuffle);
}

// What may be another in a run that goes on; all else must be what it was.
inline bool may_change(std::string_view path) {
  if (path.starts_with("train.checkpoint_")) return true;
  for (const std::string_view free :
       {"train.held_out_steps", "train.patience", "train.best", "train.steps", "train.tokens", "train.epochs", "train.keep",
        "train.save_type", "train.tensorboard", "train.shard", "data.tokens", "data.more", "data.held_out", "data.tokenizer",
        "distill.teachers", "distill.cache"})
    if (path == free) return true;
  return false;
}

inline RunDescription read_run_description(const Json& document, const std::string& name) {
  RunDescription run;
  read_object(renewed(document), name, [&](ObjectReader& reader) {
    const auto take_from = [](ObjectReader& section) {
      return [&section](const char* setting, const char*, auto& value, const auto&... limits) {
        section.take(setting, value, limits...);
      };
    };
    reader.take("composition", run.composition);
    reader.take("init", run.init);
    reader.object("shape", [&](ObjectReader& shape) {
      each_size(run.shape, [&](std::string_view size, auto& value) {
        if (take_size(shape, size, value) && size == "norm_epsilon") run.says_epsilon = true;
      });
    });
    reader.object("train", [&](ObjectReader& train) { each_train_setting(run.train, take_from(train)); });
    reader.object("optimizer", [&](ObjectReader& optimizer) { take_optimizer(optimizer, run.optimizer, schedule_names); });
    reader.object("data", [&](ObjectReader& data) { each_data_setting(run.data, take_from(data)); });
    reader.object("distill", [&](ObjectReader& distill) { each_distill_setting(run.distill, take_from(distill)); });
    reader.take("seed", run.seed);
    if (const Json* record = reader.find("record")) run.record = *record;
  });
  return run;
}

// `whole`: what teachers would be for, too, where there are none.
inline Json to_json(const RunDescription& run, bool whole = false) {
  Json shape = Json::object(), train = Json::object(), data = Json::object(), distill = Json::object();
  const auto put_into = [](Json& section) {
    return [&section](const char* setting, const char*, const auto& value, const auto&...) { section[setting] = value; };
  };
  each_size(run.shape, [&](std::string_view size, const auto& value) { shape[std::string(size)] = size_json(value); });
  each_train_setting(run.train, put_into(train));
  each_data_setting(run.data, put_into(data));
  each_distill_setting(run.distill, put_into(distill));
  Json document = Json::object();
  document["composition"] = run.composition;
  document["init"] = run.init;
  document["shape"] = std::move(shape);
  document["train"] = std::move(train);
  document["optimizer"] = to_json(run.optimizer);
  document["data"] = std::move(data);
  if (whole || run.distill.has_teacher()) document["distill"] = std::move(distill);
  document["seed"] = run.seed;
  document["record"] = run.record;
  return document;
}

// A setting that has another value in each of two descriptions of a run.
struct OtherSetting {
  std::string path;
  Json before, now;
};
inline std::vector<OtherSetting> other_settings(const RunDescription& before, const RunDescription& now) {
  const Json was = to_json(before, true), is = to_json(now, true);
  std::vector<OtherSetting> others;
  const auto compare = [&](const std::string& path, const Json& then, const Json& other) {
    if (then != other) others.push_back({path, then, other});
  };
  for (const auto& [section, members] : was.items()) {
    if (section == "record") continue;
    const Json& other = is[section];
    if (!members.is_object()) {
      compare(section, members, other);
    } else if (section == "optimizer" && members["name"] != other["name"]) {  // no other of its settings means the same
      compare("optimizer.name", members["name"], other["name"]);
    } else {
      for (const auto& [key, value] : members.items()) compare(section + "." + key, value, other[key]);
    }
  }
  return others;
}

// Throws Error for the first setting in which a run that goes on would differ from what it was.
inline void require_same_run(const RunDescription& before, const RunDescription& now, const std::string& name) {
  for (const auto& [path, was, is] : other_settings(before, now))
    require(may_change(path), name, ": ", path, " was ", was.dump(), " and cannot become ", is.dump(), " in a run that goes on",
            path == "train.precision" ? ": its products would be rounded otherwise from there on; a new run may begin with its weights"
                                      : "");
}

[[nodiscard]] inline Precision precision_of(const TrainSettings& train) { return value_of<Precision>(train.precision, precision_names); }
// Throws Error where products in the run's precision would be slower than in float32, unless they are to be tried.
inline void require_products(const TrainSettings& train, bool forced) {
  require(train.precision != "bf16" || has_bf16_products || forced,
          "train.precision: this program is compiled for a processor without instructions for products of bf16 (AVX512_BF16): they would "
          "take about 1.2 times as long as those in float32; --force tries it");
}

// Rows and their length from the beginning to the end; train.batch and train.length are the largest.
inline RowPhases row_phases(const TrainSettings& train) {
  const auto phases = [](const std::string& schedule, const char* name, Index largest) {
    return schedule.empty() ? Phases{largest} : Phases::read(schedule, name, largest);
  };
  return {phases(train.batch_schedule, "train.batch_schedule", train.batch),
          phases(train.length_schedule, "train.length_schedule", train.length), train.accumulate};
}

// Turns the three ways of saying how long into steps, and fills in what follows from their number. `steps_before`: of a run that
// goes on, so that a length given now replaces it; 0 for a new one.
inline void resolve_steps(TrainSettings& train, Index data_tokens, Index steps_before) {
  const Index given = (train.tokens > 0) + (train.epochs > 0) + (train.steps > 0 && train.steps != steps_before);
  require(given <= 1, "train: expected one of train.steps, train.tokens and train.epochs, found ", given);
  const RowPhases rows = row_phases(train);
  const double step = static_cast<double>(train.batch * train.length * train.accumulate);
  const auto all = static_cast<double>(data_tokens);
  const auto steps_for = [&](double tokens) {
    const double most = static_cast<double>(Index{1} << 40), wanted = tokens / step;
    require(wanted <= most, "train: ", wanted, " steps are more than ", most);
    return std::max<Index>(1, rows.change() ? rows.steps_to(static_cast<Index>(std::ceil(tokens))) : static_cast<Index>(std::ceil(wanted)));
  };
  if (train.tokens > 0)
    train.steps = steps_for(static_cast<double>(train.tokens));
  else if (train.epochs > 0 || train.steps == 0)
    train.steps = steps_for((train.epochs > 0 ? train.epochs : 1.0) * all);
  train.tokens = 0;
  train.epochs = 0;
  if (train.warmup < 0) train.warmup = std::max<Index>(1, train.steps * 3 / 100);
  if (train.held_out_steps == 0) train.held_out_steps = std::max<Index>(1, train.steps / 10);
}

// The settings of every optimiser, but for those inside another.
inline std::vector<std::string> settings_of_optimizers() {
  std::vector<std::string> names{"name", "groups", "decay_schedule"};
  each_optimizer([&](const auto& one) {
    const Json settings = settings_json(one);
    for (const auto& setting : settings.items())
      if (std::find(names.begin(), names.end(), setting.key()) == names.end()) names.push_back(setting.key());
  });
  return names;
}
// "train.steps" and all others.
inline std::vector<std::string> setting_paths() {
  const RunDescription run;
  std::vector<std::string> paths{"composition", "init", "seed"};
  const auto add_to = [&](const std::string& section) {
    return [&paths, section](std::string_view name, const auto&...) { paths.push_back(section + std::string(name)); };
  };
  each_size(run.shape, add_to("shape."));
  each_train_setting(run.train, add_to("train."));
  each_data_setting(run.data, add_to("data."));
  each_distill_setting(run.distill, add_to("distill."));
  for (const std::string& name : settings_of_optimizers()) paths.push_back("optimizer." + name);
  return paths;
}
// Throws Error for a setting that stands in another place ("steps", "train.width"); other unknown ones are found when they are
// read.
inline void require_known_place(const std::string& path, const char* option = "--set") {
  const auto paths = setting_paths();
  if (path.starts_with("optimizer.") || std::find(paths.begin(), paths.end(), path) != paths.end()) return;
  const auto last_of = [](const std::string& text) { return text.substr(text.rfind('.') + 1); };
  for (const std::string& known : paths)
    require(last_of(known) != last_of(path), option, " ", path, ": no such setting; did you mean '", known, "'?");
}

// "shape.width=512" and the like, put into a document; throws Error for what has no "=". Where another optimiser is chosen than
// the document's, settings that it does not have go; their names.
inline std::vector<std::string> apply_settings(Json& document, const std::vector<std::string>& settings) {
  document = renewed(std::move(document));
  const auto optimizer_name = [&] {
    const Json chosen = document.is_object() && document.contains("optimizer") ? document["optimizer"] : Json();
    const Json name = chosen.is_object() && chosen.contains("name") ? chosen["name"] : Json();
    return name.is_string() ? name.get<std::string>() : std::string(AdamW::name);
  };
  const std::string before = optimizer_name();
  std::vector<std::string> given, dropped;
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    require_usage(equals != setting.npos && equals > 0, "--set ", setting, ": expected NAME=VALUE, as train.steps=1000");
    given.push_back(present_path(std::string_view(setting).substr(0, equals)));
    require_known_place(given.back());
    set_at(document, given.back(), std::string_view(setting).substr(equals + 1));
  }
  if (optimizer_name() == before) return dropped;
  each_optimizer([&]<class One>(const One& one) {
    if (optimizer_name() != One::name) return;
    const Json own = settings_json(one), all = document["optimizer"];
    for (const auto& [name, value] : all.items()) {
      const std::string path = "optimizer." + name;
      const bool asked = std::any_of(given.begin(), given.end(),
                                     [&](const std::string& other) { return (other + ".").starts_with(path + "."); });
      if (asked || own.contains(name) || name == "name" || name == "groups" || name == "decay_schedule") continue;
      document["optimizer"].erase(name);
      dropped.push_back(path);
    }
  });
  return dropped;
}
// For who gave a document of another optimiser.
inline void note_dropped(const std::vector<std::string>& dropped, const Json& document) {
  if (dropped.empty()) return;
  std::fprintf(stderr, "note: %s: left out, %s has no such setting\n", listed(dropped).c_str(),
               document["optimizer"]["name"].get<std::string>().c_str());
}

// Settings without data, as for a summary, or changes to a document of that name; a vocabulary that is not given is 8192.
inline RunDescription run_from_settings(const std::vector<std::string>& settings, Json document = Json::object(),
                                        const std::string& name = "--set") {
  apply_settings(document, settings);
  RunDescription run = read_run_description(document, name);
  if (run.shape.vocabulary == 0) run.shape.vocabulary = 8192;
  return run;
}

}  // namespace rondo::app

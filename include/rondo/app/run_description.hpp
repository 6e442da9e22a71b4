// RunDescription: everything that decides a training run, as run.json holds it and `--set` changes it.
//
//   {"composition": "LanguageModel<...>",
//    "shape": {"width": 256, "depth": 6, ...},            names and meaning: rondo/core/shape.hpp
//    "train": {"steps": 1000, "batch": 8, ...},           TrainSettings below
//    "optimizer": {"name": "adamw", "rate": 0.001, ...},  rondo/app/optimizer_settings.hpp
//    "data": {"tokens": "train.tokens", "pack": "documents", ...},
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
#include <string>
#include <string_view>
#include <vector>

#include <rondo/app/optimizer_settings.hpp>
#include <rondo/core/shape.hpp>
#include <rondo/data/packing.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/object_reader.hpp>
#include <rondo/model/checkpoint/shape_fields.hpp>
#include <rondo/optimizer/schedule.hpp>

namespace rondo::app {

struct TrainSettings {
  // How long: one of the three; none of them: one epoch. Stored as steps.
  Index steps = 0;
  Index tokens = 0;
  double epochs = 0;
  // A step takes `accumulate` batches of `batch` rows of `length` tokens.
  Index batch = 8;
  Index length = 256;
  Index accumulate = 1;
  double clip = 1;
  // Schedule (rondo/optimizer/schedule.hpp): warmup in steps, -1 for 3 % of them; cooldown and fall are of trapezoid, timescale of
  // inverse_root.
  std::string schedule = "cosine";
  Index warmup = -1;
  std::string warmup_from = "one";
  double floor = 0.1;
  double cooldown = 0.2;
  std::string fall = "linear";
  double timescale = 1000;
  // Average of the weights (rondo/optimizer/average.hpp), exponential with decay `ema` or of the last `tail` steps; 0: none. It is what the
  // run's model is then made of.
  double ema = 0;
  std::string ema_start = "warmed";
  Index tail = 0;
  double label_smoothing = 0;
  double z_loss = 0;
  // Held-out loss: every so many steps (0: ten times a run) on so many tokens (0: all), drawn once as windows of `length`.
  Index held_out_steps = 0;
  Index held_out_tokens = 50000;
  // Checkpoints: each where it is not 0. Those at token and word counts stay, of others the newest `keep`.
  Index checkpoint_steps = 0;
  double checkpoint_minutes = 10;
  Index checkpoint_tokens = 0;
  Index checkpoint_words = 0;
  Index keep = 2;
  std::string save_type = "F32";
};

struct DataSettings {
  std::string tokens;
  std::string held_out;
  std::string tokenizer;
  std::string pack = "documents";
  bool shuffle = true;
};

struct RunDescription {
  std::string composition;  // empty: the program's first
  Shape shape{.width = 256, .depth = 6, .heads = 4, .mlp_width = 768};
  TrainSettings train;
  OptimizerSettings optimizer;
  DataSettings data;
  std::uint64_t seed = 0;
  Json record = Json::object();
};

inline const std::vector<std::string> schedule_names{"constant", "linear", "cosine", "trapezoid", "inverse_root"};

// visit(name, value, limits...) for every setting; `settings` may be const.
template <class Settings, class Visit>
void each_train_setting(Settings& settings, Visit&& visit) {
  // No sum or product of these can wrap.
  constexpr Between<Index> steps{0, Index{1} << 40}, count{0, Index{1} << 52};
  const Between<double> share{0.0, 1.0}, positive = at_least(0.0);
  visit("steps", settings.steps, steps);
  visit("tokens", settings.tokens, count);
  visit("epochs", settings.epochs, Between{0.0, 1e9});
  visit("batch", settings.batch, Between<Index>{1, 1 << 20});
  visit("length", settings.length, Between<Index>{1, 1 << 20});
  visit("accumulate", settings.accumulate, Between<Index>{1, 1 << 20});
  visit("clip", settings.clip, positive);
  visit("schedule", settings.schedule, schedule_names);
  visit("warmup", settings.warmup, Between<Index>{-1, steps.high});
  visit("warmup_from", settings.warmup_from, as_list(rise_names));
  visit("floor", settings.floor, share);
  visit("cooldown", settings.cooldown, share);
  visit("fall", settings.fall, as_list(fall_names));
  visit("timescale", settings.timescale, positive);
  visit("ema", settings.ema, share);
  visit("ema_start", settings.ema_start, std::vector<std::string>{"warmed", "weights", "zero"});
  visit("tail", settings.tail, steps);
  visit("label_smoothing", settings.label_smoothing, share);
  visit("z_loss", settings.z_loss, positive);
  visit("held_out_steps", settings.held_out_steps, steps);
  visit("held_out_tokens", settings.held_out_tokens, count);
  visit("checkpoint_steps", settings.checkpoint_steps, steps);
  visit("checkpoint_minutes", settings.checkpoint_minutes, positive);
  visit("checkpoint_tokens", settings.checkpoint_tokens, count);
  visit("checkpoint_words", settings.checkpoint_words, count);
  visit("keep", settings.keep, Between<Index>{1, steps.high});
  visit("save_type", settings.save_type, std::vector<std::string>{"F32", "BF16"});
}

// What may be another in a run that goes on; all else must be what it was.
inline bool may_change(std::string_view path) {
  if (path.starts_with("train.checkpoint_")) return true;
  for (const std::string_view free : {"train.held_out_steps", "train.steps", "train.tokens", "train.epochs", "train.keep", "train.save_type",
                                      "data.tokens", "data.held_out", "data.tokenizer"})
    if (path == free) return true;
  return false;
}

inline RunDescription read_run_description(const Json& document, const std::string& name) {
  RunDescription run;
  read_object(renewed(document), name, [&](ObjectReader& reader) {
    reader.take("composition", run.composition);
    reader.object("shape", [&](ObjectReader& shape) {
      each_size(run.shape, [&](std::string_view size, auto& value) { take_size(shape, size, value); });
    });
    reader.object("train", [&](ObjectReader& train) {
      each_train_setting(run.train,
                         [&](const char* setting, auto& value, const auto& limits) { train.take(setting, value, limits); });
    });
    reader.object("optimizer", [&](ObjectReader& optimizer) { take_optimizer(optimizer, run.optimizer, schedule_names); });
    reader.object("data", [&](ObjectReader& data) {
      data.take("tokens", run.data.tokens);
      data.take("held_out", run.data.held_out);
      data.take("tokenizer", run.data.tokenizer);
      data.take("pack", run.data.pack, {"documents", "windows"});
      data.take("shuffle", run.data.shuffle);
    });
    reader.take("seed", run.seed);
    if (const Json* record = reader.find("record")) run.record = *record;
  });
  return run;
}

inline Json to_json(const RunDescription& run) {
  Json shape = Json::object(), train = Json::object();
  each_size(run.shape, [&](std::string_view size, const auto& value) { shape[std::string(size)] = size_json(value); });
  each_train_setting(run.train, [&](const char* setting, const auto& value, const auto&) { train[setting] = value; });
  Json document = Json::object();
  document["composition"] = run.composition;
  document["shape"] = std::move(shape);
  document["train"] = std::move(train);
  document["optimizer"] = to_json(run.optimizer);
  document["data"] = {{"tokens", run.data.tokens},
                      {"held_out", run.data.held_out},
                      {"tokenizer", run.data.tokenizer},
                      {"pack", run.data.pack},
                      {"shuffle", run.data.shuffle}};
  document["seed"] = run.seed;
  document["record"] = run.record;
  return document;
}

// Throws Error for the first setting in which a run that goes on would differ from what it was.
inline void require_same_run(const Json& before, const Json& now, const std::string& name) {
  const Json then = renewed(before);
  for (const auto& [section, members] : then.items()) {
    if (section == "record") continue;
    if (!members.is_object()) {
      require(members == now[section], name, ": ", section, " was ", members.dump(), " and cannot become ", now[section].dump(),
              " in a run that goes on");
      continue;
    }
    for (const auto& [key, value] : members.items()) {
      const std::string path = section + "." + key;
      require(may_change(path) || value == now[section][key], name, ": ", path, " was ", value.dump(), " and cannot become ",
              now[section][key].dump(), " in a run that goes on");
    }
  }
}

// Turns the three ways of saying how long into steps, and fills in what follows from their number. `steps_before`: of a run that
// goes on, so that a length given now replaces it; 0 for a new one.
inline void resolve_steps(TrainSettings& train, Index data_tokens, Index steps_before) {
  const Index given = (train.tokens > 0) + (train.epochs > 0) + (train.steps > 0 && train.steps != steps_before);
  require(given <= 1, "train: expected one of train.steps, train.tokens and train.epochs, found ", given);
  const double step = static_cast<double>(train.batch * train.length * train.accumulate);
  const auto all = static_cast<double>(data_tokens);
  const auto whole = [&](double wanted) {
    const double most = static_cast<double>(Index{1} << 40);
    require(wanted <= most, "train: ", wanted, " steps are more than ", most);
    return std::max<Index>(1, static_cast<Index>(std::ceil(wanted)));
  };
  if (train.tokens > 0)
    train.steps = whole(static_cast<double>(train.tokens) / step);
  else if (train.epochs > 0 || train.steps == 0)
    train.steps = whole((train.epochs > 0 ? train.epochs : 1.0) * all / step);
  train.tokens = 0;
  train.epochs = 0;
  if (train.warmup < 0) train.warmup = std::max<Index>(1, train.steps * 3 / 100);
  if (train.held_out_steps == 0) train.held_out_steps = std::max<Index>(1, train.steps / 10);
}

// "shape.width=512" and the like, put into a document; throws Error for what has no "=".
inline void apply_settings(Json& document, const std::vector<std::string>& settings) {
  document = renewed(std::move(document));
  for (const std::string& setting : settings) {
    const auto equals = setting.find('=');
    require(equals != setting.npos && equals > 0, "--set ", setting, ": expected NAME=VALUE, as train.steps=1000");
    set_at(document, present_path(std::string_view(setting).substr(0, equals)), std::string_view(setting).substr(equals + 1));
  }
}

// Settings without data, as for a summary; a vocabulary that is not given is 8192.
inline RunDescription run_from_settings(const std::vector<std::string>& settings) {
  Json document = Json::object();
  apply_settings(document, settings);
  RunDescription run = read_run_description(document, "--set");
  if (run.shape.vocabulary == 0) run.shape.vocabulary = 8192;
  return run;
}

}  // namespace rondo::app

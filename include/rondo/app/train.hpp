// `train`: a run from token file to model folder.
//
//   hgrn2 train --data train.tokens --out RUN [--held-out held_out.tokens] [--config run.json] [--set train.steps=1000 ...]
//   hgrn2 train --data train.tokens --out RUN --init FOLDER          from the weights of a published or an own model
//   hgrn2 train --resume RUN [--set train.steps=2000]
//   hgrn2 train --data a.tokens --data b.tokens --set data.weights=[1,2.5] --out RUN    a mixture: rondo/data/mixed_tokens.hpp
//   hgrn2 train --settings                                           every setting, its default and what it means
//
// The same command again goes on where its run stopped; of other settings it is refused, with what differs.
//
// Of several processes (mpirun -n 4 hgrn2 train ...: rondo/app/together.hpp) each draws its share of a batch's rows, and the run is that of
// one process but for the last bits of its sums: the same settings, the same folder, any number of them goes on.
//
// RUN gets run.json (rondo/app/run_description.hpp), metrics.jsonl, checkpoints/, and at the end the model itself: config.json,
// model.safetensors, the tokenizer, loss.svg, report.html; with --tensorboard event files, too. SIGINT and SIGTERM finish the
// step, save and end with status 130 or 143; a run that was killed goes on from its last checkpoint. Errors say what is in the
// way before any memory is taken for the model.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rondo/app/followed_run.hpp>
#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/settings_list.hpp>
#include <rondo/app/start_weights.hpp>
#include <rondo/app/teachers.hpp>
#include <rondo/app/train_options.hpp>
#include <rondo/app/training_data.hpp>
#include <rondo/app/training_run.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/data/mixed_tokens.hpp>
#include <rondo/data/token_file.hpp>

namespace rondo::app {

// A run that is to be, and where it goes on what its run.json says.
struct AskedRun {
  std::filesystem::path folder;
  std::unique_ptr<FolderLock> lock;
  std::optional<RunDescription> before;
  bool resumed = false;  // by --resume: settings that are not given are those before
  Json asked;            // what was given
  RunDescription run;
};

inline AskedRun asked_run(const TrainOptions& options, const CommonOptions& common) {
  AskedRun asked;
  asked.resumed = !options.resume.empty();
  require_usage(!asked.resumed || options.out.empty() || options.out == options.resume, "--out and --resume name different folders");
  require_usage(!asked.resumed || options.config.empty(), "--config: a run that goes on has its own run.json; change it with --set");
  require_usage(!asked.resumed || options.init.empty(), "--init: a run that goes on has its own weights");
  require_usage(asked.resumed || !options.out.empty(), "--out: expected the folder of the new run (or --resume RUN)");
  asked.folder = asked.resumed ? options.resume : options.out;
  const std::filesystem::path file = asked.folder / "run.json";
  require(!asked.resumed || std::filesystem::exists(file), asked.folder.string(), ": no run to go on with: it has no run.json");
  if (std::filesystem::exists(file)) {
    asked.lock = std::make_unique<FolderLock>(asked.folder);
    asked.before = read_run_description(read_json(file), file.string());
    require(options.tokenizer.empty() || !std::filesystem::exists(asked.folder / "tokenizer.json") ||
                Tokenizer::load(options.tokenizer).fingerprint() == Tokenizer::load(asked.folder).fingerprint(),
            options.tokenizer.string(), ": the run has its tokenizer, ", (asked.folder / "tokenizer.json").string());
  } else {
    require_no_run(asked.folder);
  }
  const std::filesystem::path& from = asked.resumed ? file : options.config;
  asked.asked = from.empty() ? Json::object() : read_json(from);
  const auto dropped = apply_settings(asked.asked, options.settings);
  if (!asked.resumed && !common.quiet) note_dropped(dropped, asked.asked);
  RunDescription& run = asked.run = read_run_description(asked.asked, from.empty() ? "--set" : from.string());
  if (!options.data.empty()) run.data.tokens = options.data.string();
  if (!options.more_data.empty()) run.data.more.clear();
  for (const std::filesystem::path& more : options.more_data) run.data.more.push_back(more.string());
  if (!options.held_out.empty()) run.data.held_out = options.held_out.string();
  if (!options.tokenizer.empty()) run.data.tokenizer = options.tokenizer.string();
  if (!options.init.empty()) run.init = options.init.string();
  if (!run.init.empty() && !asked.resumed)
    run.init = std::filesystem::weakly_canonical(std::filesystem::path(run.init) / ".").string();
  if (!options.teachers.empty()) run.distill.teachers.clear();
  for (const std::filesystem::path& teacher : options.teachers)
    run.distill.teachers.push_back(std::filesystem::weakly_canonical(teacher / ".").string());
  if (!options.cache.empty()) run.distill.cache = std::filesystem::weakly_canonical(options.cache).string();
  if (options.tensorboard) run.train.tensorboard = true;
  run.seed = common.seed.value_or(run.seed) + (asked.resumed ? 0 : options.more_seed);
  require_usage(!run.data.tokens.empty(), "--data: expected a token file to train on (made by `corpus encode`)");
  return asked;
}

// The token file of a run that goes on, where nothing else is said: where it was when the run began, or under its name here.
inline std::filesystem::path place_of(const std::string& name, const std::string& name_before, const Json& record,
                                      const char* which, const char* option, std::size_t number = 0) {
  if (name != name_before) return name;
  const Json places = record.is_object() && record.contains("paths") ? record["paths"] : Json::object();
  Json there = places.is_object() ? places.value(which, Json()) : Json();
  if (there.is_array()) there = number < there.size() ? Json(there[number]) : Json();
  if (there.is_string())
    if (const std::filesystem::path place = there.get<std::string>(); std::filesystem::exists(place)) return place;
  require(std::filesystem::exists(name), name, ": the ", which, " file of the run is not there; ", option,
          " says where it is now");
  return name;
}

// Refuses to go on by a command that would have begun another run.
inline void require_same_command(const AskedRun& asked, const char* verb) {
  std::string differences, settings;
  bool possible = true;
  for (const auto& [path, was, is] : other_settings(*asked.before, asked.run)) {
    if (path == "data.tokens" || path == "data.tokenizer") continue;  // the files themselves are compared,
    if (path == "data.more" && was.size() == is.size()) continue;
    if (path == "distill.teachers" && !was.empty() && !is.empty()) continue;  // and the weights
    if (path == "distill.cache" && was.get<std::string>().empty() == is.get<std::string>().empty()) continue;
    if (path == "data.held_out" && was.get<std::string>().empty() == is.get<std::string>().empty()) continue;
    differences += (differences.empty() ? "" : ", ") + path + " was " + was.dump() + ", now " + is.dump();
    settings += " --set " + path + "=" + is.dump();
    possible = possible && may_change(path);
  }
  const std::string resume = std::string(program_invocation_short_name) + " " + verb + " --resume " + asked.folder.string();
  require(differences.empty(), asked.folder.string(), ": holds a run already, of other settings: ", differences, "; `", resume,
          possible ? settings : "", possible ? "` goes on with the new ones" : "` goes on with it as it is",
          ", another --out begins a new one");
}

RONDO_DEFINED_ONCE int train(const std::vector<ServedModel>& served, const TrainOptions& options, const CommonOptions& common) {
  if (options.list_settings) return list_settings(served, common);
  if (common.ranks.rank() > 0) return follow(served, options.resume.empty() ? options.out : options.resume, common);
  AskedRun asked = asked_run(options, common);
  RunDescription& run = asked.run;
  const auto file_of = [&](std::string DataSettings::*file, const char* which, const char* option,
                           bool given) -> std::filesystem::path {
    if (given || !asked.resumed) return run.data.*file;
    return place_of(run.data.*file, asked.before->data.*file, asked.before->record, which, option);
  };
  std::vector<std::filesystem::path> files{file_of(&DataSettings::tokens, "data", "--data", !options.data.empty())};
  for (std::size_t i = 0; i < run.data.more.size(); ++i) {
    const bool given = !options.data.empty() || !asked.resumed || i >= asked.before->data.more.size();
    files.push_back(given ? std::filesystem::path(run.data.more[i])
                          : place_of(run.data.more[i], asked.before->data.more[i], asked.before->record, "more_data", "--data", i));
  }
  const TrainingData mixture{files, run.data.weights};
  const TokenFile& data = mixture.first();
  std::unique_ptr<TokenFile> held_out;
  if (!run.data.held_out.empty())
    held_out = std::make_unique<TokenFile>(file_of(&DataSettings::held_out, "held_out", "--held-out", !options.held_out.empty()));
  require(run.train.patience == 0 || held_out, "train.patience: expected --held-out, whose loss it waits for");

  // Weights to start from are read where the run begins, not where it goes on.
  const bool goes_on = asked.before.has_value();
  std::optional<StartWeights> start;
  if (!run.init.empty() && !asked.resumed) {
    if (goes_on && asked.before->init == run.init) {
      take_shape_of(run, asked.before->shape, asked.before->composition, asked.asked, options.settings);
    } else {
      start.emplace(served, run.init);
      take_shape_of(run, start->shape_for(run, asked.asked), start->model().files.composition, asked.asked, options.settings);
    }
    if (const auto own = own_fingerprint(run.init)) {
      require(*own == data.tokenizer(), data.path().string(), ": made with another tokenizer than that of ", run.init);
      if (run.data.tokenizer.empty()) run.data.tokenizer = run.init;
    }
  }
  std::vector<ServedModel> known;
  require(run.distill.has_teacher() || !options.needs_teachers, asked.folder.string(), ": a run without teachers; expected --teacher");
  require(run.distill.has_teacher() || options.first_of_chain || !asked.asked.contains("distill"),
          "distill: settings without a teacher; `distill --teacher FOLDER` has one");
  if (run.distill.has_teacher()) {
    known = known_models(served);
    if (run.shape.vocabulary == 0) run.shape.vocabulary = Teachers::vocabulary_of(known, run.distill);
  }
  if (run.shape.vocabulary == 0) run.shape.vocabulary = data.vocabulary();
  for (const TokenFile* file : {&data, static_cast<const TokenFile*>(held_out.get())}) {
    if (file == nullptr) continue;
    require(file->vocabulary() <= run.shape.vocabulary, file->path().string(), ": made for a vocabulary of ", file->vocabulary(),
            ", the model has ", run.shape.vocabulary, " (shape.vocabulary)");
    require(file->tokenizer() == data.tokenizer(), file->path().string(), ": made with another tokenizer than ",
            data.path().string());
  }
  require(!mixture.several() || run.distill.cache.empty(), "data.more: ", run.distill.cache, " is of one token file, found ", files.size());
  resolve_steps(run.train, mixture.tokens().tokens(), asked.resumed ? asked.before->train.steps : 0);
  if (asked.resumed) require_same_run(*asked.before, run, (asked.folder / "run.json").string());

  require_products(run.train, common.force);

  const ServedModel* model = choose(served, run);
  if (!asked.resumed) require_used_sizes({model}, options.settings, run.shape);
  if (goes_on && !asked.resumed) {
    require_same_command(asked, options.verb);
    if (!common.quiet) std::fprintf(stderr, "note: %s holds the run of this command: going on with it\n", asked.folder.c_str());
    const DataSettings given = run.data;
    const std::vector<std::string> teachers = run.distill.teachers;
    const std::string cache = run.distill.cache;
    run = *asked.before;
    run.distill.teachers = teachers;
    run.distill.cache = cache;
    run.data.tokens = given.tokens;
    run.data.more = given.more;
    run.data.held_out = given.held_out;
    if (!options.tokenizer.empty()) run.data.tokenizer = given.tokenizer;
  }
  if (!run.init.empty() && goes_on && !Checkpoints{asked.folder}.latest()) start.emplace(served, run.init);
  std::optional<Teachers> teachers;
  if (run.distill.has_teacher()) teachers.emplace(known, run, data);
  tell_followers(common.ranks, asked.folder, run, mixture, held_out.get());
  require_same_everywhere(common.ranks, *model, mixture, held_out.get(), teachers ? &*teachers : nullptr);
  TrainingRun training{std::move(asked.folder),
                       std::move(asked.lock),
                       *model,
                       run,
                       goes_on ? asked.before->record : Json{},
                       mixture,
                       held_out.get(),
                       common,
                       start ? &*start : nullptr,
                       teachers ? &*teachers : nullptr};
  return training.go();
}

}  // namespace rondo::app

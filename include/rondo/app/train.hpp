// `train`: a run from token file to model folder.
//
//   hgrn2 train --data train.tokens --out RUN [--held-out held_out.tokens] [--config run.json] [--set train.steps=1000 ...]
//   hgrn2 train --resume RUN [--set train.steps=2000]
//
// RUN gets run.json (rondo/app/run_description.hpp), metrics.jsonl, checkpoints/, and at the end the model itself: config.json,
// model.safetensors, the tokenizer, loss.svg, report.html. SIGINT and SIGTERM finish the step, save and end with status 130 or
// 143; a run that was killed goes on from its last checkpoint. Errors say what is in the way before any memory is taken for the
// model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/training_run.hpp>
#include <rondo/data/token_file.hpp>

namespace rondo::app {

// The command line.
struct TrainOptions {
  std::filesystem::path data, held_out, tokenizer, out, config, resume;
  std::vector<std::string> settings;
};

// Command: CLI::App.
template <class Command>
void add_train_options(Command& command, TrainOptions& options) {
  command.add_option("--data", options.data, "token file to train on");
  command.add_option("--held-out", options.held_out, "token file for the held-out loss");
  command.add_option("--tokenizer", options.tokenizer, "copied into the run (default: tokenizer.json beside the data)");
  command.add_option("--out", options.out, "folder of the new run");
  command.add_option("--config", options.config, "settings to start from, as the run.json of another run");
  command.add_option("--set", options.settings,
                     "one setting, as optimizer.rate=0.002, optimizer.name=muon (" + listed(names_of(AnyOptimizer{}.chosen)) +
                         ") or shape.width=512 (all of them: run.json of a run)");
  command.add_option("--resume", options.resume, "folder of a run to go on with");
}

// The run that the command line asks for. Where a run goes on, its folder is locked and `document` becomes what run.json held.
inline RunDescription asked_run(const TrainOptions& options, const CommonOptions& common, std::unique_ptr<FolderLock>& lock,
                                Json& document) {
  const bool resumed = !options.resume.empty();
  require(!resumed || options.out.empty() || options.out == options.resume, "--out and --resume name different folders");
  require(!resumed || options.config.empty(), "--config: a run that goes on has its own run.json; change it with --set");
  require(resumed || !options.out.empty(), "--out: expected the folder of the new run (or --resume RUN)");
  if (resumed) {
    const std::filesystem::path file = options.resume / "run.json";
    require(std::filesystem::exists(file), options.resume.string(), ": no run to go on with: it has no run.json");
    lock = std::make_unique<FolderLock>(options.resume);
    document = read_json(file);
    require(options.tokenizer.empty() || !std::filesystem::exists(options.resume / "tokenizer.json"), options.tokenizer.string(),
            ": the run has its tokenizer, ", (options.resume / "tokenizer.json").string());
  } else {
    require_no_run(options.out);
    if (!options.config.empty()) document = read_json(options.config);
  }
  Json changed = document.is_null() ? Json::object() : document;
  apply_settings(changed, options.settings);
  RunDescription run = read_run_description(changed, resumed                  ? (options.resume / "run.json").string()
                                                     : options.config.empty() ? "--set"
                                                                              : options.config.string());
  if (!options.data.empty()) run.data.tokens = options.data.string();
  if (!options.held_out.empty()) run.data.held_out = options.held_out.string();
  if (!options.tokenizer.empty()) run.data.tokenizer = options.tokenizer.string();
  run.seed = common.seed.value_or(run.seed);
  require(!run.data.tokens.empty(), "--data: expected a token file to train on (made by `corpus encode`)");
  return run;
}

// Trains the first of the served models, or the composition that run.json names among them.
inline int train(const std::vector<ServedModel>& served, const TrainOptions& options, const CommonOptions& common) {
  std::unique_ptr<FolderLock> lock;
  Json before;
  RunDescription run = asked_run(options, common, lock, before);
  const bool resumed = !options.resume.empty();
  require(!resumed || std::filesystem::exists(run.data.tokens), run.data.tokens,
          ": the data of the run is not there; --data says where it is now");
  const TokenFile data{run.data.tokens};
  std::unique_ptr<TokenFile> held_out;
  if (!run.data.held_out.empty()) held_out = std::make_unique<TokenFile>(run.data.held_out);

  if (run.shape.vocabulary == 0) run.shape.vocabulary = data.vocabulary();
  for (const TokenFile* file : {&data, static_cast<const TokenFile*>(held_out.get())}) {
    if (file == nullptr) continue;
    require(file->vocabulary() <= run.shape.vocabulary, file->path().string(), ": made for a vocabulary of ", file->vocabulary(),
            ", the model has ", run.shape.vocabulary, " (shape.vocabulary)");
    require(file->tokenizer() == data.tokenizer(), file->path().string(), ": made with another tokenizer than ",
            data.path().string());
  }
  resolve_steps(run.train, data.tokens(),
                resumed && before["train"].contains("steps") ? before["train"]["steps"].get<Index>() : 0);
  if (resumed) require_same_run(before, to_json(run), (options.resume / "run.json").string());

  const ServedModel* model = choose(served, run);
  TrainingRun training{resumed ? options.resume : options.out, std::move(lock), *model, run,
                       resumed ? before["record"] : Json{}, data, held_out.get(), common};
  return training.go();
}

}  // namespace rondo::app

// The command line of `train` (rondo/app/train.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/optimizer_settings.hpp>
#include <rondo/app/served_model.hpp>

namespace rondo::app {

struct TrainOptions {
  std::filesystem::path data, held_out, tokenizer, out, config, resume, init;
  std::vector<std::filesystem::path> more_data;
  std::vector<std::string> settings;
  std::vector<std::filesystem::path> teachers;  // folders of models to learn from (rondo/app/distill.hpp)
  std::uint64_t more_seed = 0;                  // added to the seed: of the generations of a chain
  std::filesystem::path cache;                  // of a teacher's outcomes
  const char* verb = "train";
  bool needs_teachers = false, first_of_chain = false;
  bool tensorboard = false;
  bool list_settings = false;
};

// Command: CLI::App.
template <class Command>
void add_train_options(Command& command, TrainOptions& options) {
  const auto take_data = [&options](const std::vector<std::string>& files) {
    options.data = files.front();
    options.more_data.assign(files.begin() + 1, files.end());
  };
  command
      .template add_option_function<std::vector<std::string>>(
          "--data", take_data,
          "token file to train on; given again: a mixture, with --set data.weights=[1,2.5] of so many passes an epoch over each")
      ->allow_extra_args(false);
  command.add_option("--held-out", options.held_out, "token file for the held-out loss (default: none is measured)");
  command.add_option("--tokenizer", options.tokenizer,
                     "copied into the run (default: tokenizer.json beside the data, if it made them)");
  command.add_option("--out", options.out, "folder of the run; where the same command has begun one it goes on");
  command.add_option("--init", options.init, "folder of a model whose weights to start from (default: random numbers)");
  command.add_option("--config", options.config,
                     "settings to start from, as the run.json of another run (default: those of --settings)");
  command.add_option("--set", options.settings,
                     "one setting, as optimizer.rate=0.002, optimizer.name=muon (" + listed(names_of(AnyOptimizer{}.chosen)) +
                         ") or shape.width=512");
  command.add_option("--resume", options.resume, "folder of a run to go on with");
  command.add_flag("--tensorboard", options.tensorboard, "event files for TensorBoard, too (default: metrics.jsonl alone)");
  command.add_flag("--settings", options.list_settings, "list every setting with its default and what it means, and end");
}

// Trains the first of the served models, or the composition that run.json names among them.
int train(const std::vector<ServedModel>& served, const TrainOptions& options, const CommonOptions& common);

}  // namespace rondo::app

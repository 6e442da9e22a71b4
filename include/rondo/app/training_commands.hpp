// The commands that train, and that tell what training takes (rondo/app/commands.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rondo/app/commands.hpp>
#include <rondo/app/distill.hpp>
#include <rondo/app/find_rate.hpp>
#include <rondo/app/summary.hpp>
#include <rondo/app/teach.hpp>
#include <rondo/app/train.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

RONDO_DEFINED_ONCE void add_training_commands(Commands& commands) {
  const std::string& name = commands.name();
  const auto train_options = std::make_shared<TrainOptions>();
  CLI::App& train_command = commands.add("train", "Trains a model on a token file made by `corpus encode`.",
                                         "train --data train.tokens --out run --set shape.width=256 --set train.steps=1000\n"
                                         "  mpirun -n 4 " + name + " train --data train.tokens --out run",
                                         "of the weights' start, the order of the data and dropout (default: that of --config, else 0)");
  add_train_options(train_command, *train_options);
  add_force_option(train_command, commands.common());
  commands.add_backend_option(train_command);
  commands.on(train_command, train_options, train, true);

  const auto distill_options = std::make_shared<DistillOptions>();
  CLI::App& distill_command =
      commands.add("distill", "Trains a model as `train` does, on a mixture of the data's labels and what teachers say instead of them.",
                   "distill --teacher large --data train.tokens --out small --set distill.alpha=0.5 --set distill.temperature=2",
                   "of the weights' start, the order of the data and dropout (default: that of --config, else 0)");
  add_distill_options(distill_command, *distill_options);
  add_force_option(distill_command, commands.common());
  commands.on(distill_command, distill_options, distill, true);

  const auto teach_options = std::make_shared<TeachOptions>();
  CLI::App& teach_command =
      commands.add("teach", "Writes down what a model holds most probable for every token of a file, for students to learn from.",
                   "teach --model large --data train.tokens --out train.cache --top 64\n  " + name +
                       " distill --cache train.cache --data train.tokens --out small");
  add_teach_options(teach_command, *teach_options);
  commands.on(teach_command, teach_options, teach);

  const auto rate_options = std::make_shared<FindRateOptions>();
  CLI::App& rate_command = commands.add("find-rate", "A short training whose learning rate grows, and where on the way it learns fastest.",
                                        "find-rate --data train.tokens --set shape.width=256 --set optimizer.name=muon",
                                        "of the weights' start, the order of the data and dropout (default: that of --config, else 0)");
  add_find_rate_options(rate_command, *rate_options);
  add_force_option(rate_command, commands.common());
  commands.on(rate_command, rate_options, find_rate);

  const auto summary_options = std::make_shared<SummaryOptions>();
  CLI::App& summary_command =
      commands.add("summary", "The tree of weights, operations and memory of a model, and the time that training it takes.",
                   "summary --set shape.width=512 --set shape.depth=8 --set train.tokens=10000000");
  add_model_option(summary_command, summary_options->model);
  summary_command.add_option(
      "--set", summary_options->settings,
      "a setting, as shape.width=512, composition=NAME or train.steps=1000 (train --settings lists them)");
  summary_command.add_option("--batch", summary_options->batch, "sequences of a training step (default: train.batch)")
      ->check(CLI::Range(1, 1 << 20));
  summary_command
      .add_option("--length", summary_options->length,
                  "tokens of a sequence (default: train.length, or the context where that is less)")
      ->check(CLI::Range(0, 1 << 20));
  summary_command.add_flag("--untimed", summary_options->untimed, "without the steps that tell how long training takes");
  commands.add_backend_option(summary_command);
  commands.on(summary_command, summary_options, summary);
}

}  // namespace rondo::app

// The command that fine-tunes (rondo/app/commands.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rondo/app/commands.hpp>
#include <rondo/app/finetune.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

RONDO_DEFINED_ONCE void add_fine_tuning_commands(Commands& commands) {
  const auto options = std::make_shared<FinetuneOptions>();
  CLI::App& command =
      commands.add("finetune", "Fine-tunes classifiers of GLUE's and SuperGLUE's tasks from a model, and measures them on held-out texts.",
                   "finetune --model run --task rte --data glue --out tuned\n  " + commands.name() +
                       " finetune --model run --task all --data glue --out tuned --recipe 2025 --seeds 3",
                   "of the heads' start, the order of the texts and dropout (default 12)");
  add_finetune_options(command, *options);
  commands.on(command, options, finetune);
}

}  // namespace rondo::app

// The command that runs suites of tasks (rondo/app/commands.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rondo/app/benchmark.hpp>
#include <rondo/app/commands.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

RONDO_DEFINED_ONCE void add_benchmark_commands(Commands& commands) {
  const auto options = std::make_shared<BenchmarkOptions>();
  CLI::App& command =
      commands.add("benchmark",
                   "Scores on suites of tasks: BLiMP, its supplement, EWoK, entity tracking, WUG, COMPS, reading times, BEAR, (Super)GLUE.",
                   "benchmark --model run --suite babylm2025 --data evaluation/full_eval --out results\n  " + commands.name() +
                       " benchmark --checkpoints run --suite babylm2024 --fast --data evaluation --data ewok --password P --out curves",
                   "of the fine-tuned classifiers, as of `finetune` (default 12)");
  add_benchmark_options(command, *options);
  commands.add_backend_option(command);
  commands.on(command, options, benchmark);
}

}  // namespace rondo::app

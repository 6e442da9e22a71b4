// The command line of a program around some models (rondo/app/main.hpp).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/commands.hpp>
#include <rondo/app/together.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/version.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/app/benchmark_commands.hpp>
#include <rondo/app/fine_tuning_commands.hpp>
#include <rondo/app/generating_commands.hpp>
#include <rondo/app/scoring_commands.hpp>
#include <rondo/app/train.hpp>
#include <rondo/app/training_commands.hpp>
#endif

namespace rondo::app {

RONDO_DEFINED_ONCE int run_program(int argc, char** argv, const std::vector<ServedModel>& served) {
  const std::string name = std::filesystem::path(argc > 0 ? argv[0] : "rondo").filename().string();
  CLI::App program{"Trains, evaluates and runs " + name + " language models. Each command has its own --help.", name};
  program.require_subcommand(1);
  program.set_version_flag("--version", version_text);
  Commands commands{program, name};
  add_training_commands(commands);
  add_fine_tuning_commands(commands);
  add_scoring_commands(commands);
  add_benchmark_commands(commands);
  add_generating_commands(commands);
  if (const auto status = parse(program, argc, argv)) return *status;
  return guarded(name, [&] {
    use_threads(commands.common().threads);
    wait_briefly(argv);
    return together(name, commands.common(), commands.divides(), [&] { return commands.run(served); });
  });
}

}  // namespace rondo::app

// `distill`: a run (rondo/app/train.hpp) that learns from teachers, too.
//
//   hgrn2 distill --teacher FOLDER [--teacher FOLDER ...] --data train.tokens --out RUN [--set distill.alpha=0.5 ...]
//   hgrn2 distill --chain 3 --data train.tokens --out RUN       a model, then students of which each is taught by the one before
//   hgrn2 distill --cache train.cache --data train.tokens --out RUN                from what `teach` has written down
//   hgrn2 distill --resume RUN
//
// A teacher is a checkpoint folder or a run of any architecture, of the data's tokenizer; the student is what `train` would make. All else
// is as for `train`: the same run folder, the same settings and those of "distill" (`train --settings`), which run.json then has; the same
// command again, or --resume, goes on where it stopped. metrics.jsonl has the parts of the loss apart.
//
// A chain makes RUN/generation-1, RUN/generation-2 ...: the first is taught by the teachers, or, where there are none, by
// RUN/generation-0, which is trained without any. Each has a seed one larger than the one before (Furlanello et al. 2018).
#pragma once

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/command_line.hpp>
#include <rondo/app/train_options.hpp>

namespace rondo::app {

struct DistillOptions {
  TrainOptions train;
  Index chain = 0;
};

// Command: CLI::App.
template <class Command>
void add_distill_options(Command& command, DistillOptions& options) {
  add_train_options(command, options.train);
  command
      .add_option("--teacher", options.train.teachers,
                  "folder of a model or a run to learn from, of any architecture on the same tokenizer; may be given again")
      ->allow_extra_args(false);
  command.add_option("--cache", options.train.cache,
                     "file of a teacher's outcomes, made by `teach` of the same data, instead of the teacher");
  command.add_option("--chain", options.chain, "students, of which each teaches the next; without --teacher the first learns from one more")
      ->check(whole_number_from(0))
      ->capture_default_str();
}

inline int distill(const std::vector<ServedModel>& served, DistillOptions options, CommonOptions common) {
  options.train.verb = "distill";
  const TrainOptions& given = options.train;
  const auto went_on_by = [&](const std::string& command) { common.how_to_go_on = "go on with: " + command; };
  if (options.chain == 0 || given.list_settings) {
    require_usage(!given.teachers.empty() || !given.cache.empty() || !given.resume.empty() || !given.config.empty() || given.list_settings,
                  "--teacher: expected the folder of a model to learn from (or --cache, or --chain)");
    const std::filesystem::path& folder = given.resume.empty() ? given.out : given.resume;
    went_on_by(std::string(program_invocation_short_name) + " distill --resume " + folder.string());
    options.train.needs_teachers = true;
    return train(served, given, common);
  }
  require_usage(given.cache.empty(), "--chain: its teachers are models, not a --cache");
  require_usage(given.resume.empty(), "--chain: goes on by the same command again, not with --resume");
  require_usage(!given.out.empty(), "--out: expected the folder of the new runs");
  went_on_by("the same command again");
  std::vector<std::filesystem::path> teachers = given.teachers;
  for (Index generation = teachers.empty() ? 0 : 1; generation <= options.chain; ++generation) {
    TrainOptions one = given;
    one.out = given.out / ("generation-" + std::to_string(generation));
    one.teachers = teachers;
    one.first_of_chain = teachers.empty();
    one.more_seed = static_cast<std::uint64_t>(generation);
    if (!common.quiet) std::fprintf(stderr, "generation %td of %td\n", generation, options.chain);
    if (const int status = train(served, one, common); status != 0) return status;
    teachers = {one.out};
  }
  return 0;
}

}  // namespace rondo::app

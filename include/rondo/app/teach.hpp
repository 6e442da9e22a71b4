// `teach`: what a model holds most probable for every token of a token file, written down once for all students
// (rondo/data/teacher_cache.hpp).
//
//   hgrn2 teach --model large --data train.tokens --out train.cache --top 64
//   hgrn2 distill --cache train.cache --data train.tokens --out small
//
// The same command again goes on where it was stopped, and has nothing to do where the cache is there.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/app/evaluate.hpp>
#include <rondo/app/opened_teacher.hpp>
#include <rondo/app/stoppable_progress.hpp>
#include <rondo/data/teacher_cache.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/evaluate/teacher_pass.hpp>
#include <rondo/io/output_file.hpp>

namespace rondo::app {

struct TeachOptions {
  std::filesystem::path model, data, out;
  Index top = 64;
  Index chunk = 0;  // 0: the length that the model was trained with
  double temperature = 1;
};

inline void add_teach_options(CLI::App& command, TeachOptions& options) {
  command.add_option("--model", options.model, "checkpoint folder or run, of any architecture")->required();
  command.add_option("--data", options.data, "token file that students will train on")->required();
  command.add_option("--out", options.out, "the cache to write")->required();
  command.add_option("--top", options.top, "outcomes stored for each token; the others are kept as one")
      ->check(whole_number_from(1))
      ->capture_default_str();
  command.add_option("--temperature", options.temperature, "that logits are divided by; the students' distill.temperature")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--chunk", options.chunk,
                  "tokens read with one state; the students' train.length (default: as the model's run trains, without a run 512)")
      ->check(whole_number_from(0));
}

inline int teach(const std::vector<ServedModel>& served, const TeachOptions& options, const CommonOptions& common) {
  const TokenFile data{options.data};
  const std::vector<ServedModel> known = known_models(served);
  const OpenedTeacher teacher{known, options.model};
  teacher.require_fits(teacher.vocabulary(), data);
  const Index chunk = options.chunk > 0 ? options.chunk : window_of(options.model);
  const TeacherCacheInfo info{.vocabulary = static_cast<std::uint64_t>(teacher.vocabulary()),
                              .top = static_cast<std::uint64_t>(std::min(options.top, teacher.vocabulary())),
                              .tokens = static_cast<std::uint64_t>(data.tokens()),
                              .chunk = static_cast<std::uint64_t>(chunk),
                              .temperature = options.temperature,
                              .teacher = std::stoull(teacher.fingerprint(), nullptr, 16),
                              .tokenizer = data.tokenizer(),
                              .corpus = data.checksum()};
  Json json{{"out", options.out.string()}, {"model", options.model.string()}, {"tokens", info.tokens}, {"top", info.top}, {"chunk", chunk},
            {"temperature", info.temperature}};
  if (std::error_code none; std::filesystem::is_regular_file(options.out, none)) {
    require_writable_as(options.out, "--out", "a teacher's cache", is_teacher_cache, {options.data});
    const std::string difference = TeacherCache{options.out}.info().difference(info);
    require(difference.empty(), "--out ", options.out.string(), ": there is a cache of ", difference, "; it stays as it is");
    std::printf("%s: there already\n", options.out.c_str());
    print_result(common, json);
    return 0;
  }
  TeacherCacheWriter writer{options.out, info};
  const Index before = writer.written();
  if (before > 0 && !common.quiet) std::fprintf(stderr, "note: going on after %td of %td tokens\n", before, data.tokens());
  StoppableProgress progress{common};
  const auto show = progress.stage("teaching", "tokens");
  show(static_cast<std::uint64_t>(before), info.tokens);
  const std::shared_ptr<EvaluatedModel> model = teacher.loaded();
  const double mass = TeacherPass<Cpu>{model->evaluation()}.write(
      data, writer, {.chunk = chunk}, [&](Index written) { show(static_cast<std::uint64_t>(written), info.tokens); });
  writer.commit();
  progress.finish();
  const auto bytes = std::filesystem::file_size(options.out);
  std::printf("%s: %td tokens, of each the %td most probable (%.1f %% of the teacher's mass) and the rest; %.1f MB, chunks of %td, "
              "temperature %s\n",
              options.out.c_str(), data.tokens(), static_cast<Index>(info.top), 100 * mass, static_cast<double>(bytes) / 1e6, chunk,
              short_text(info.temperature).c_str());
  json["mass"] = mass;
  json["bytes"] = bytes;
  print_result(common, json);
  return 0;
}

}  // namespace rondo::app

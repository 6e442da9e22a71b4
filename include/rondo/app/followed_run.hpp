// A training run on several ranks as those see it that do not lead: the first rank tells them what to train, they open the same files and
// follow (rondo/app/training_run.hpp). Of their own command lines the threads count; another run's folder is refused.
//
// Ranks that would not train the same model on the same tokens by the same program are refused at the start, with what differs.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/teachers.hpp>
#include <rondo/app/training_data.hpp>
#include <rondo/app/training_run.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/parallel/gathered_texts.hpp>
#include <rondo/version.hpp>

namespace rondo::app {

// What must be the same on all ranks. Throws Error, on all, for the first rank that has something else than the first.
inline void require_same_everywhere(const HostRanks& ranks, const ServedModel& model, const TrainingData& data, const TokenFile* held_out,
                                    const Teachers* teachers) {
  if (!ranks.several()) return;
  const Json facts{{"version", version_text},
                   {"compiler", __VERSION__},
                   {"model", model.files.composition},
                   {"data", facts_of(data.first())},
                   {"further data", data.more_facts()},
                   {"held-out text", held_out != nullptr ? facts_of(*held_out) : Json()},
                   {"teachers", teachers != nullptr ? teachers->facts() : Json()}};
  const std::vector<std::string> texts = gathered_texts(ranks, facts.dump());
  const Json first = parse_json(texts[0], "rank 0");
  for (std::size_t rank = 1; rank < texts.size(); ++rank) {
    const Json other = parse_json(texts[rank], "rank " + std::to_string(rank));
    for (const auto& [name, value] : first.items())
      require(other.value(name, Json()) == value, "rank ", rank, ": another ", name, " than rank 0: ", other.value(name, Json()).dump(),
              ", there ", value.dump());
  }
}

// On the first rank, when all is settled.
inline void tell_followers(const HostRanks& ranks, const std::filesystem::path& folder, const RunDescription& run, const TrainingData& data,
                           const TokenFile* held_out) {
  if (!ranks.several()) return;
  const Json told{{"folder", folder.string()},
                  {"run", to_json(run, true)},
                  {"data", data.first().path().string()},
                  {"more_data", data.more_paths()},
                  {"held_out", held_out != nullptr ? held_out->path().string() : ""}};
  gathered_texts(ranks, told.dump());
}

// The rest of `train` on the other ranks; `given`: the folder of their own command lines, or none.
inline int follow(const std::vector<ServedModel>& served, const std::filesystem::path& given, const CommonOptions& common) {
  const Json told = parse_json(gathered_texts(common.ranks, "").front(), "rank 0");
  require(given.empty() || given == told["folder"].get<std::string>(), "--out: ", given.string(), ", but ",
          told["folder"].get<std::string>(),
          " on rank 0: processes that are started together train one run; start those of several runs one by one");
  RunDescription run = read_run_description(told["run"], "the run of rank 0");
  require_products(run.train, common.force);
  const ServedModel* model = choose(served, run);
  std::vector<std::filesystem::path> files{told["data"].get<std::string>()};
  for (const Json& more : told["more_data"]) files.emplace_back(more.get<std::string>());
  const TrainingData data{files, run.data.weights};
  std::unique_ptr<TokenFile> held_out;
  if (const auto file = told["held_out"].get<std::string>(); !file.empty()) held_out = std::make_unique<TokenFile>(file);
  std::optional<Teachers> teachers;
  if (run.distill.has_teacher()) teachers.emplace(known_models(served), run, data.first());
  require_same_everywhere(common.ranks, *model, data, held_out.get(), teachers ? &*teachers : nullptr);
  TrainingRun training{told["folder"].get<std::string>(), nullptr, *model, run, Json{}, data, held_out.get(), common, nullptr,
                       teachers ? &*teachers : nullptr};
  return training.go();
}

}  // namespace rondo::app

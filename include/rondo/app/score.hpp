// `score`: minimal pairs, a JSON-lines file or a folder of them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>

#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/evaluate/minimal_pairs.hpp>
#include <rondo/evaluate/scoring_convention.hpp>
#include <rondo/evaluate/split_scorer.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/output_file.hpp>

namespace rondo::app {

struct ScoreOptions {
  std::filesystem::path model, pairs, out;
  std::filesystem::path tokenizer;  // empty: the model folder's
  std::filesystem::path items;      // a line for every pair
  Index limit = 0;                  // pairs of each file; 0: all
};

// The fingerprint of the tokenizer that a model folder holds; absent where it holds none, or one that cannot be read here.
inline std::optional<std::uint64_t> own_fingerprint(const std::filesystem::path& model) {
  try {
    return Tokenizer::load(model).fingerprint();
  } catch (const Error&) {
    return std::nullopt;
  }
}

inline void require_fits(const Tokenizer& tokenizer, const std::filesystem::path& path, Index vocabulary) {
  require(tokenizer.vocabulary() <= vocabulary, path.string(), ": the tokenizer has a vocabulary of ", tokenizer.vocabulary(),
          ", the model one of ", vocabulary);
}

// The tokenizer beside a model, or the given one, which must be the same where the model has one.
inline Tokenizer tokenizer_of(const std::filesystem::path& given, const std::filesystem::path& model) {
  const std::filesystem::path path = given.empty() ? model : given;
  const Tokenizer tokenizer = Tokenizer::load(path);
  if (!given.empty()) {
    const auto own = own_fingerprint(model);
    require(!own || *own == tokenizer.fingerprint(), given.string(), ": not the tokenizer of the model, which is in ", model.string());
  }
  return tokenizer;
}

inline int score(const std::vector<ServedModel>& served, ScoreOptions options, const CommonOptions& common) {
  require_usage(!common.ranks.several() || !InputText::is_standard(options.pairs),
                "--pairs -: only one process can read the standard input");
  if (common.ranks.rank() > 0) options.out = options.items = "";
  const std::vector<ChoiceSubset> files = read_all_minimal_pairs(options.pairs, options.limit);
  std::vector<std::filesystem::path> inputs = minimal_pair_files(options.pairs);
  inputs.push_back(options.tokenizer);
  if (!options.out.empty())
    require_writable_as(
        options.out, "--out", "a report", [](std::string_view text) { return is_json_with(text, "macro_accuracy"); }, inputs);
  if (!options.items.empty())
    require_writable_as(
        options.items, "--items", "lines of scored pairs",
        [](std::string_view text) { return is_json_with(text.substr(0, text.find('\n')), "log_probability_good"); }, inputs);
  const ModelFromFolder from{served, options.model, common};
  const Tokenizer tokenizer = tokenizer_of(options.tokenizer, options.model);
  require_fits(tokenizer, options.tokenizer.empty() ? options.model : options.tokenizer, from.model->shape().vocabulary);
  ProgressLine progress{common.quiet};
  std::optional<AtomicFile> items;
  if (!options.items.empty()) items.emplace(options.items);
  SplitScorer scorer{from.model->scorer(), common.ranks};
  const PairReport report = score_minimal_pairs(
      scorer, files, [&](const std::string& sentence) { return tokenizer.encode(sentence).ids; },
      text_border(tokenizer), [&](Index done, Index all) { progress.show("scoring", done, all, "tokens"); },
      [&](const ScoredPair& pair) {
        if (items) items->write(pair.json().dump() + "\n");
      });
  progress.finish();
  if (items) items->commit();
  if (!common.quiet) {
    for (const PairScore& file : report.files) {
      const std::string of = file.in_file > file.pairs ? " of " + std::to_string(file.in_file) : "";
      std::printf("%-60s %6.2f %% +- %.2f  (%td%s pairs, %td ties)\n", file.name.c_str(), 100 * file.accuracy(),
                  100 * file.standard_error(), file.pairs, of.c_str(), file.ties);
    }
    for (const auto& [name, average] : report.phenomena())
      std::printf("phenomenon %-49s %6.2f %% +- %.2f  (%td files)\n", name.c_str(), 100 * average.accuracy,
                  100 * average.standard_error, average.files);
  }
  const MacroAverage macro = report.macro();
  const std::string limited = options.limit > 0 ? ", at most " + std::to_string(options.limit) + " pairs of each" : "";
  std::printf("macro accuracy %.2f %% +- %.2f over %td files%s (chance 50 %%; +-: %s); %s\n", 100 * macro.accuracy,
              100 * macro.standard_error, macro.files, limited.c_str(), PairReport::error_text, report.conventions.c_str());
  Json json = report.json();
  json["model"] = options.model.string();
  json["pairs_from"] = options.pairs.string();
  if (options.limit > 0) json["limit"] = options.limit;
  if (!options.out.empty()) write_json(options.out, json);
  json.erase("files");
  print_result(common, json);
  return 0;
}

}  // namespace rondo::app

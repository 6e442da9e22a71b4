// What the program of rondo/app/ablation.hpp does: its command line and its runs.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/app/compared_runs.hpp>
#include <rondo/app/comparison.hpp>
#include <rondo/app/composition.hpp>
#include <rondo/app/evaluate.hpp>
#include <rondo/app/generate.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/score.hpp>
#include <rondo/app/search.hpp>
#include <rondo/app/together.hpp>
#include <rondo/app/used_sizes.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/io/folder_lock.hpp>
#include <rondo/io/number_text.hpp>
#include <rondo/train/metrics.hpp>
#include <rondo/version.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/app/train.hpp>
#endif

namespace rondo::app {

// Pairs are named by their folder or file.
inline std::string pairs_name(const std::filesystem::path& path) {
  return (path.has_filename() ? path : path.parent_path()).stem().string();
}

inline RunOutcome outcome_of(const ServedModel& model, const std::filesystem::path& run, const AblationOptions& options,
                             const CommonOptions& common) {
  RunOutcome outcome;
  const ModelFromFolder from{{model}, run, common};
  outcome.parameters = model.parameters(from.model->shape());
  const Index vocabulary = from.model->shape().vocabulary;
  SplitScorer scorer{from.model->scorer(), common.ranks};
  if (!options.held_out.empty()) {
    const TokenFile held_out{options.held_out};
    outcome.loss = held_out_loss(scorer, HeldOutWindows{held_out, window_of(run)});
  }
  if (!options.pairs.empty() || !options.sample.empty()) {
    const Tokenizer tokenizer = tokenizer_of({}, run);
    require_fits(tokenizer, run, vocabulary);
    for (const std::filesystem::path& path : options.pairs) {
      ProgressLine progress{common.quiet};
      const PairReport report = score_minimal_pairs(
          scorer, read_all_minimal_pairs(path), [&](const std::string& text) { return tokenizer.encode(text).ids; },
          text_border(tokenizer),
          [&](Index done, Index all) { progress.show("scoring " + run.filename().string(), done, all, "tokens"); });
      outcome.pairs.push_back({pairs_name(path), report});
    }
    if (!options.sample.empty()) {
      ContinuedText text{*from.model, tokenizer, {.temperature = 0.7, .top_p = 0.95, .seed = Seed{1}}};
      outcome.sample = text.go_on(tokenizer.encode(options.sample).ids, 40).text;
    }
  }
  double speed = 0;
  Index steps = 0;
  for (const Json& line : read_metrics(run / "metrics.jsonl"))
    if (line.contains("tokens_per_second")) speed += 1 / line["tokens_per_second"].get<double>(), ++steps;
  outcome.curve = held_out_curve(run);
  outcome.tokens_per_second = steps > 0 ? static_cast<double>(steps) / speed : 0;
  return outcome;
}

// Sets the rate whose short run ends with the lowest held-out loss; the exit status.
inline int choose_rate(const Composition& one, Json& settings, const AblationOptions& options, const CommonOptions& common) {
  Json trial = settings;
  for (const char* length : {"steps", "epochs"}) trial["train"][length] = 0;
  trial["train"]["tokens"] = options.rate_tokens;
  double lowest = std::numeric_limits<double>::infinity();
  for (const double rate : options.rates) {
    const std::filesystem::path folder = options.out / "rates" / (one.name + "-" + short_text(rate));
    if (!common.quiet) std::fprintf(stderr, "%s, rate %s\n", one.name.c_str(), short_text(rate).c_str());
    trial["optimizer"]["rate"] = rate;
    try {
      if (const int status = train_in(folder, one, trial, options, common)) return status;
    } catch (const NotFinite& problem) {
      if (!common.quiet) std::fprintf(stderr, "%s, rate %s: left out: %s\n", one.name.c_str(), short_text(rate).c_str(), problem.what());
      continue;
    }
    const std::vector<double> losses = held_out_curve(folder).loss;
    require(!losses.empty(), folder.string(), ": the run measured no held-out loss to choose its rate by");
    if (!common.quiet) std::fprintf(stderr, "%s, rate %s: held-out loss %.4f\n", one.name.c_str(), short_text(rate).c_str(), losses.back());
    if (losses.back() < lowest) lowest = losses.back(), settings["optimizer"]["rate"] = rate;
  }
  require(std::isfinite(lowest), one.name, ": none of --rates ends with a finite loss; try lower ones");
  return 0;
}

inline int run_ablation(const std::vector<Composition>& list, const AblationOptions& options, const CommonOptions& common) {
  const std::vector<const Composition*> chosen = chosen_of(list, options.only);
  require(options.rates.empty() || !options.held_out.empty(), "--rates: the best is chosen on held-out text; give --held-out too");
  require_inputs(options);
  const RunDescription base = base_of(options, options.settings, common);
  require(base.train.patience == 0 || !options.held_out.empty(), "train.patience: expected --held-out, whose loss it waits for");
  std::vector<const ServedModel*> models{&list.front().model};
  for (const Composition* one : chosen) models.push_back(&one->model);
  require_used_sizes(models, options.settings, base.shape);
  const Index budget = list.front().model.parameters(base.shape);
  std::filesystem::create_directories(options.out);
  std::optional<FolderLock> lock;
  if (common.ranks.rank() == 0) lock.emplace(options.out);

  // Each run is one rank's, who trains it alone.
  const HostRanks& ranks = common.ranks;
  CommonOptions alone = common;
  alone.ranks = {};
  const auto is_mine = [&](std::size_t number) { return static_cast<Index>(number) % ranks.size() == ranks.rank(); };
  const auto stops = [&](int status) {
    if (status != 0 && ranks.several()) throw StoppedBySignal{status - 128};  // the others, too
    return status;
  };
  std::vector<Json> settings;
  std::vector<double> rates(chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    Json& own = settings.emplace_back(settings_of(*chosen[i], base, budget));
    if (!is_mine(i)) continue;
    if (!options.rates.empty())
      if (const int status = stops(choose_rate(*chosen[i], own, options, alone))) return status;
    rates[i] = own["optimizer"]["rate"].get<double>();
  }
  ranks.sum(rates);
  for (std::size_t i = 0; i < chosen.size(); ++i) settings[i]["optimizer"]["rate"] = rates[i];
  const auto folder_of = [&](std::size_t i, int seed) { return options.out / (chosen[i]->name + "-" + std::to_string(seed)); };
  for (std::size_t i = 0, number = 0; i < chosen.size(); ++i)
    for (int seed = 0; seed < options.seeds; ++seed) {
      if (!is_mine(number++)) continue;
      settings[i]["seed"] = base.seed + static_cast<std::uint64_t>(seed);
      if (!common.quiet) std::fprintf(stderr, "%s, seed %d: %s\n", chosen[i]->name.c_str(), seed, chosen[i]->purpose.c_str());
      if (const int status = stops(train_in(folder_of(i, seed), *chosen[i], settings[i], options, alone))) return status;
    }
  double arrived = 1;
  ranks.sum(std::span<double>{&arrived, 1});  // all runs are there
  std::vector<Compared> all;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    Compared compared{chosen[i], settings[i]["optimizer"]["rate"].get<double>(), {}};
    for (int seed = 0; seed < options.seeds; ++seed)
      compared.runs.push_back(outcome_of(chosen[i]->model, folder_of(i, seed), options, common));
    all.push_back(std::move(compared));
  }
  if (ranks.rank() > 0) return 0;
  std::string text;
  const Json results = write_comparison(all, options.out, text);
  std::printf("%s", text.c_str());
  print_result(common, Json{{"out", options.out.string()}, {"results", results}});
  return 0;
}

RONDO_DEFINED_ONCE int ablation(int argc, char** argv, const std::vector<Composition>& list) {
  const std::string name = std::filesystem::path(argc > 0 ? argv[0] : "ablation").filename().string();
  CLI::App program{"Trains compositions alike - equal parameters, equal tokens - and compares them; or searches for good settings.", name};
  program.footer("Example:\n  " + name +
                 " --data train.tokens --held-out held_out.tokens --pairs pairs --out ablation --set train.tokens=1000000\n  " + name +
                 " --only hgrn2 --data train.tokens --held-out held_out.tokens --out search --search-tokens 4000000\n    --search "
                 "optimizer.rate=0.001,0.002,0.004 --search optimizer.name=adamw,muon");
  AblationOptions options;
  CommonOptions common;
  bool only_list = false;
  program.add_option("--data", options.data, "token file to train on");
  program.add_option("--held-out", options.held_out, "token file for the held-out loss (default: none is measured)");
  program.add_option("--tokenizer", options.tokenizer, "copied into the runs (default: tokenizer.json beside the data)");
  program.add_option("--pairs", options.pairs, "minimal pairs to score, a .jsonl file or a folder of them; may be given again")
      ->allow_extra_args(false);
  program.add_option("--out", options.out, "folder of the comparison; a stopped one goes on there");
  program.add_option("--config", options.config, "settings to start from, as a run's run.json");
  program.add_option(
      "--set", options.settings,
      "one setting for all runs, as train.tokens=1000000 or shape.width=256 (a program's `train --settings` lists them)");
  program.add_option("--only", options.only, "names of the compositions to compare, comma-separated")->delimiter(',');
  program.add_option("--rates", options.rates, "learning rates, comma-separated: each composition takes that of the lowest held-out loss")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  program.add_option("--rate-tokens", options.rate_tokens, "tokens of the short runs that choose the rate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  program.add_option("--search", options.search,
                     "a setting and values to search for good ones, as optimizer.rate=0.001,0.002; may be given again: all combinations of "
                     "the compositions of --only (default: the first), by successive halving");
  program.add_option("--search-tokens", options.search_tokens, "tokens that all runs of the search together train on")
      ->check(CLI::PositiveNumber);
  program.add_option("--reduction", options.reduction, "of so many candidates one goes on, to so many times the tokens")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  program.add_option("--seeds", options.seeds, "runs of each composition; errors are then over seeds and of the test set")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  program.add_option("--sample", options.sample, "a prompt that every model continues at the end");
  program.add_flag("--list", only_list, "name the compositions and end");
  program.set_version_flag("--version", version_text);
  add_force_option(program, common);
  add_threads_option(program, common);
  add_seed_option(program, common, "of the first run of each composition (default 0)");
  add_output_options(program, common);
  if (const auto status = parse(program, argc, argv)) return *status;
  return guarded(name, [&] {
    if (only_list) {
      for (const Composition& one : list) std::printf("%-24s %s\n", one.name.c_str(), one.purpose.c_str());
      return 0;
    }
    require_usage(!options.data.empty() && !options.out.empty(), "--data and --out are required");
    use_threads(common.threads);
    wait_briefly(argv);
    require_usage(!options.search.empty() || options.search_tokens == 0, "--search-tokens: expected --search, which they are for");
    return together(name, common, true, [&] {
      return options.search.empty() ? run_ablation(list, options, common) : Search{list, options, common}.run();
    });
  });
}

}  // namespace rondo::app

// What the program of rondo/app/ablation.hpp does: its command line, its runs, its table and charts.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <rondo/app/common.hpp>
#include <rondo/app/composition.hpp>
#include <rondo/app/evaluate.hpp>
#include <rondo/app/generate.hpp>
#include <rondo/app/score.hpp>
#include <rondo/app/train.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/io/bar_chart.hpp>
#include <rondo/io/line_chart.hpp>
#include <rondo/io/text_table.hpp>
#include <rondo/model/equal_parameters.hpp>

namespace rondo::app {

struct AblationOptions {
  std::filesystem::path data, held_out, tokenizer, pairs, out, config;
  std::vector<std::string> settings, only;
  int seeds = 1;
  std::string sample;  // prompt that every model continues at the end
};

// What one finished run is known by.
struct RunOutcome {
  Index parameters = 0;
  double tokens_per_second = 0;
  HeldOutLoss loss;
  PairReport pairs;
  std::string sample;
  std::vector<double> curve_tokens, curve_loss;
};

inline RunOutcome outcome_of(const ServedModel& model, const std::filesystem::path& run, const AblationOptions& options,
                             const CommonOptions& common) {
  RunOutcome outcome;
  const ModelFromFolder from{{model}, run, common};
  outcome.parameters = model.parameters(from.model->shape());
  const Index vocabulary = from.model->shape().vocabulary;
  if (!options.held_out.empty())
    outcome.loss = held_out_loss(from.model->scorer(), TokenFile{options.held_out}, vocabulary, 0, 0);
  if (!options.pairs.empty() || !options.sample.empty()) {
    const Tokenizer tokenizer = tokenizer_of({}, run, vocabulary);
    if (!options.pairs.empty()) {
      ProgressLine progress{common.quiet};
      outcome.pairs = score_minimal_pairs(
          from.model->scorer(), read_all_minimal_pairs(options.pairs),
          [&](const std::string& text) { return tokenizer.encode(text).ids; }, text_border(tokenizer),
          [&](Index done, Index all) { progress.show("scoring " + run.filename().string(), done, all, "tokens"); });
    }
    if (!options.sample.empty()) {
      std::vector<Token> ids = tokenizer.encode(options.sample).ids;
      Sampler sampler{{.temperature = 0.7, .top_p = 0.95, .seed = Seed{1}}};
      continue_text(*from.model, tokenizer, std::vector<Token>(ids), sampler, 40, [&](Token next) { ids.push_back(next); });
      outcome.sample = tokenizer.decode(ids);
    }
  }
  double speed = 0;
  Index steps = 0;
  for (const Json& line : read_metrics(run / "metrics.jsonl")) {
    if (line.contains("tokens_per_second")) speed += 1 / line["tokens_per_second"].get<double>(), ++steps;
    if (!line.contains("held_out_loss")) continue;
    outcome.curve_tokens.push_back(line["tokens"].get<double>());
    outcome.curve_loss.push_back(line["held_out_loss"].get<double>());
  }
  outcome.tokens_per_second = steps > 0 ? static_cast<double>(steps) / speed : 0;
  return outcome;
}

struct MeanAndError {
  double mean = 0, error = 0;
};
inline MeanAndError mean_and_error(const std::vector<double>& values) {
  MeanAndError result;
  for (const double value : values) result.mean += value / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  if (values.size() > 1)
    result.error = std::sqrt(squares / static_cast<double>(values.size() - 1) / static_cast<double>(values.size()));
  return result;
}
inline std::string with_error(const MeanAndError& value, int digits) {
  return fixed_text(value.mean, digits) + " ± " + fixed_text(value.error, digits);
}

// All outcomes of one composition, a run a seed.
struct Compared {
  const Composition* composition;
  std::vector<RunOutcome> runs;
  template <class Get>
  [[nodiscard]] std::vector<double> values(Get get) const {
    std::vector<double> result;
    for (const RunOutcome& run : runs) result.push_back(get(run));
    return result;
  }
  // Over seeds; of a single run its own standard error.
  [[nodiscard]] MeanAndError loss() const {
    MeanAndError result = mean_and_error(values([](const RunOutcome& run) { return run.loss.loss; }));
    if (runs.size() == 1) result.error = runs[0].loss.standard_error;
    return result;
  }
  [[nodiscard]] MeanAndError accuracy() const {
    MeanAndError result = mean_and_error(values([](const RunOutcome& run) { return 100 * run.pairs.macro_accuracy(); }));
    if (runs.size() == 1) result.error = 100 * runs[0].pairs.standard_error();
    return result;
  }
  [[nodiscard]] MeanAndError accuracy(std::size_t file) const {
    MeanAndError result = mean_and_error(values([&](const RunOutcome& run) { return 100 * run.pairs.files[file].accuracy(); }));
    if (runs.size() == 1) result.error = 100 * runs[0].pairs.files[file].standard_error();
    return result;
  }
};

inline void write_comparison(const std::vector<Compared>& all, const AblationOptions& options, const CommonOptions& common) {
  const bool scored = !options.pairs.empty();
  std::vector<std::string> columns{"composition", "parameters", "tokens/s", "held-out loss"};
  if (scored) columns.insert(columns.end(), {"accuracy %", "chance"});
  TextTable table{columns};
  Json json = Json::array();
  LineChart curves{.title = "Held-out loss", .x = {.label = "tokens"}, .y = {.label = "nats per token"}};
  for (const Compared& one : all) {
    const MeanAndError speed = mean_and_error(one.values([](const RunOutcome& run) { return run.tokens_per_second; }));
    std::vector<std::string> row{one.composition->name, std::to_string(one.runs[0].parameters), fixed_text(speed.mean, 0),
                                 with_error(one.loss(), 4)};
    Json entry{{"composition", one.composition->name}, {"purpose", one.composition->purpose},
               {"parameters", one.runs[0].parameters}, {"tokens_per_second", speed.mean},
               {"held_out_loss", one.loss().mean}, {"held_out_standard_error", one.loss().error}, {"seeds", one.runs.size()}};
    if (scored) {
      row.insert(row.end(), {with_error(one.accuracy(), 1), "50"});
      entry["accuracy"] = one.accuracy().mean;
      entry["accuracy_standard_error"] = one.accuracy().error;
      for (std::size_t f = 0; f < one.runs[0].pairs.files.size(); ++f)
        entry["files"][one.runs[0].pairs.files[f].name] = {{"accuracy", one.accuracy(f).mean},
                                                           {"standard_error", one.accuracy(f).error}};
    }
    table.add(row);
    json.push_back(std::move(entry));
    curves.series.push_back({one.composition->name, one.runs[0].curve_tokens, one.runs[0].curve_loss});
  }
  std::string text = table.text();
  if (scored) {
    std::vector<std::string> names{"minimal pairs, % right"};
    for (const Compared& one : all) names.push_back(one.composition->name);
    TextTable phenomena{names};
    BarChart chart{.title = "Minimal pairs", .y = {.label = "% right"}, .lines = {{50, "chance"}}};
    for (const PairScore& file : all[0].runs[0].pairs.files) chart.categories.push_back(file.name);
    for (const Compared& one : all) chart.series.push_back({one.composition->name, {}, {}});
    for (std::size_t f = 0; f < chart.categories.size(); ++f) {
      std::vector<std::string> row{chart.categories[f]};
      for (std::size_t i = 0; i < all.size(); ++i) {
        const MeanAndError accuracy = all[i].accuracy(f);
        row.push_back(with_error(accuracy, 1));
        chart.series[i].values.push_back(accuracy.mean);
        chart.series[i].error.push_back(accuracy.error);
      }
      phenomena.add(row);
    }
    text += "\n" + phenomena.text();
    chart.width = std::max(chart.width, 40.0 * static_cast<double>(chart.categories.size()));
    if (chart.categories.size() <= 40) write_file(options.out / "accuracy.svg", svg(chart));
  }
  for (const Compared& one : all)
    if (!one.runs[0].sample.empty()) text += "\n" + one.composition->name + ": " + one.runs[0].sample + "\n";
  std::printf("%s", text.c_str());
  write_file(options.out / "table.txt", text);
  write_file(options.out / "table.csv", table.csv());
  write_json(options.out / "results.json", json);
  write_file(options.out / "loss.svg", svg(curves));
  print_result(common, Json{{"out", options.out.string()}, {"results", json}});
}

inline int run_ablation(const std::vector<Composition>& list, const AblationOptions& options, const CommonOptions& common) {
  std::vector<const Composition*> chosen;
  for (const Composition& one : list)
    if (options.only.empty() || std::find(options.only.begin(), options.only.end(), one.name) != options.only.end())
      chosen.push_back(&one);
  for (const std::string& name : options.only)
    require(std::any_of(list.begin(), list.end(), [&](const Composition& one) { return one.name == name; }), "--only: no composition '",
            name, "'; `--list` names all");
  Json document = options.config.empty() ? Json::object() : read_json(options.config);
  apply_settings(document, options.settings);
  RunDescription base = read_run_description(document, options.config.empty() ? "--set" : options.config.string());
  if (base.shape.vocabulary == 0) base.shape.vocabulary = TokenFile{options.data}.vocabulary();
  const Index budget = list.front().model.parameters(base.shape);
  std::filesystem::create_directories(options.out);

  std::vector<Compared> all;
  for (const Composition* one : chosen) {
    Compared compared{one, {}};
    RunDescription run_alike = base;
    if (one->adapt != nullptr) one->adapt(run_alike.shape);
    run_alike.shape = with_parameters([&](const Shape& shape) { return one->model.parameters(shape); }, run_alike.shape, one->size, 8, budget);
    Json settings = to_json(run_alike);
    settings["composition"] = "";
    settings.erase("record");
    for (int seed = 0; seed < options.seeds; ++seed) {
      const std::filesystem::path run = options.out / (one->name + "-" + std::to_string(seed));
      TrainOptions train{options.data, options.held_out, options.tokenizer, {}, {}, {}, {}};
      if (std::filesystem::exists(run / "run.json")) {
        train = TrainOptions{};
        train.resume = run;
      } else {
        std::filesystem::create_directories(run);
        settings["seed"] = common.seed + static_cast<std::uint64_t>(seed);
        write_json(run / "settings.json", settings);
        train.out = run;
        train.config = run / "settings.json";
      }
      if (!common.quiet) std::fprintf(stderr, "%s, seed %d: %s\n", one->name.c_str(), seed, one->purpose.c_str());
      CommonOptions quiet_result = common;
      quiet_result.json = false;
      quiet_result.seed = 0;
      const int status = app::train({one->model}, train, quiet_result);
      if (status != 0) {
        std::fprintf(stderr, "stopped; the same command goes on\n");
        return status;
      }
      compared.runs.push_back(outcome_of(one->model, run, options, common));
    }
    all.push_back(std::move(compared));
  }
  write_comparison(all, options, common);
  return 0;
}

RONDO_DEFINED_ONCE int ablation(int argc, char** argv, const std::vector<Composition>& list) {
  const std::string name = std::filesystem::path(argc > 0 ? argv[0] : "ablation").filename().string();
  CLI::App program{"Trains compositions alike - equal parameters, equal tokens - and compares them."};
  program.footer("Example:\n  " + name + " --data train.tokens --held-out held_out.tokens --pairs pairs --out ablation --set train.tokens=1000000");
  AblationOptions options;
  CommonOptions common;
  bool only_list = false;
  program.add_option("--data", options.data, "token file to train on");
  program.add_option("--held-out", options.held_out, "token file for the held-out loss");
  program.add_option("--tokenizer", options.tokenizer, "copied into the runs (default: tokenizer.json beside the data)");
  program.add_option("--pairs", options.pairs, "minimal pairs to score, a .jsonl file or a folder of them");
  program.add_option("--out", options.out, "folder of the comparison; a stopped one goes on there");
  program.add_option("--config", options.config, "settings to start from, as a run's run.json");
  program.add_option("--set", options.settings, "one setting for all runs, as train.tokens=1000000 or shape.width=256");
  program.add_option("--only", options.only, "names of the compositions to compare, comma-separated")->delimiter(',');
  program.add_option("--seeds", options.seeds, "runs of each composition")->check(CLI::Range(1, 100));
  program.add_option("--sample", options.sample, "a prompt that every model continues at the end");
  program.add_flag("--list", only_list, "name the compositions and end");
  program.add_option("--threads", common.threads, "OpenMP threads (0: as many as the machine has)");
  program.add_option("--seed", common.seed, "of the first run of each composition");
  program.add_flag("--quiet", common.quiet, "no progress, only results and errors");
  program.add_flag("--json", common.json, "the last line of the output is a JSON object");
  try {
    program.parse(argc, argv);
    if (only_list) {
      for (const Composition& one : list) std::printf("%-24s %s\n", one.name.c_str(), one.purpose.c_str());
      return 0;
    }
    if (options.data.empty() || options.out.empty()) throw CLI::RequiredError("--data and --out");
  } catch (const CLI::ParseError& problem) {
    return program.exit(problem) == 0 ? 0 : 2;
  }
  return guarded(name, [&] {
    use_threads(common.threads);
    return run_ablation(list, options, common);
  });
}

}  // namespace rondo::app

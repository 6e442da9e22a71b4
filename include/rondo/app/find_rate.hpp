// `find-rate`: a short training whose learning rate grows from step to step, and where on the way it learns fastest (Smith 2017).
//
//   hgrn2 find-rate --data train.tokens --set shape.width=256 [--set optimizer.name=muon] [--out rates]
//
// The rate of step i of n is low (high / low)^(i / (n - 1)); there is no warm-up and no other schedule. The losses are smoothed by an
// exponential average without bias; it ends early where that is a fifth above its lowest, or a loss is not finite. Told are the rate of the
// steepest fall by the logarithm of the rate, a good first guess, and that of the lowest loss, beyond which training does not go. With
// --out: rates.json and rates.svg. A search over rates around it (`ablation --search`) is surer.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/signals.hpp>
#include <rondo/app/training_setup.hpp>
#include <rondo/app/used_sizes.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/line_chart.hpp>

namespace rondo::app {

struct FindRateOptions {
  std::filesystem::path data, config, out;
  std::vector<std::string> settings;
  double low = 1e-6, high = 1;
  Index steps = 150;
};

inline void add_find_rate_options(CLI::App& command, FindRateOptions& options) {
  command.add_option("--data", options.data, "token file to train on")->required();
  command.add_option("--config", options.config, "settings to start from, as a run's run.json");
  command.add_option("--set", options.settings, "one setting, as for `train`");
  command.add_option("--low", options.low, "rate of the first step")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--high", options.high, "rate of the last step")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--steps", options.steps, "from one to the other")->check(whole_number_from(10))->capture_default_str();
  command.add_option("--out", options.out, "folder for rates.json and rates.svg (default: none are written)");
}

// Losses over growing rates, and what they say.
struct RateCurve {
  std::vector<double> rates{}, losses{}, smooth{};
  double average = 0, weight = 0;
  std::size_t lowest = 0;

  // False where it need not go on.
  bool add(double rate, double loss) {
    constexpr double decay = 0.9, rise = 1.2;
    if (!std::isfinite(loss)) return false;
    average = decay * average + (1 - decay) * loss;
    weight = decay * weight + (1 - decay);
    rates.push_back(rate), losses.push_back(loss), smooth.push_back(average / weight);
    if (smooth.back() < smooth[lowest]) lowest = smooth.size() - 1;
    return smooth.back() <= rise * smooth[lowest];
  }
  // Where the loss falls fastest by log(rate), before the lowest; the first where it never falls.
  [[nodiscard]] std::size_t steepest() const {
    constexpr std::size_t apart = 3;
    std::size_t best = 0;
    double slope = 0;
    for (std::size_t i = apart; i + apart < smooth.size() && i <= lowest; ++i) {
      const double here = (smooth[i + apart] - smooth[i - apart]) / std::log(rates[i + apart] / rates[i - apart]);
      if (here < slope) slope = here, best = i;
    }
    return best;
  }
};

inline int find_rate(const std::vector<ServedModel>& served, const FindRateOptions& options, const CommonOptions& common) {
  require_usage(options.low < options.high, "--low ", short_text(options.low), ": expected a rate below --high ", short_text(options.high));
  Json document = options.config.empty() ? Json::object() : read_json(options.config);
  apply_settings(document, options.settings);
  RunDescription run = read_run_description(document, options.config.empty() ? "--set" : options.config.string());
  require(run.init.empty() && !run.distill.has_teacher(), "find-rate: of a model that begins at random and has no teacher");
  const TokenFile data{options.data};
  if (run.shape.vocabulary == 0) run.shape.vocabulary = data.vocabulary();
  require(data.vocabulary() <= run.shape.vocabulary, options.data.string(), ": made for a vocabulary of ", data.vocabulary(),
          ", the model has ", run.shape.vocabulary, " (shape.vocabulary)");
  run.seed = common.seed.value_or(run.seed);
  require_products(run.train, common.force);
  const ServedModel* model = choose(served, run);
  require_used_sizes({model}, options.settings, run.shape);
  std::visit(
      [&](auto& one) {
        if constexpr (requires { one.rest.rate; }) one.rest.rate *= options.high / one.rate;  // both grow alike
        one.rate = options.high;
      },
      run.optimizer.optimizer.chosen);
  TrainingSetup setup = setup_of(run);
  setup.schedule = {Growth{options.low / options.high}};
  const auto training = training_of(model->model(run.shape), setup);
  Batches batches{data, batches_of(run)};
  const StopSignals signals{"stopping after this step"};
  ProgressLine progress{common.quiet};
  RateCurve curve;
  training->on_step([&](const StepReport& report) {
    progress.show("growing rate", report.progress.step, options.steps, "steps", "rate " + short_text(report.rate, 2));
    if (!curve.add(report.rate, report.loss) || signals.caught() != 0) training->stop();
  });
  try {
    training->run([&](Batch& batch) { return batches.next(batch); }, options.steps);
  } catch (const NotFinite&) {  // the end of the curve
  }
  progress.finish();
  if (signals.caught() != 0) return 128 + signals.caught();
  require(curve.rates.size() > 10, "find-rate: the loss rises or is not finite after ", curve.rates.size(), " steps; try a lower --low");
  const double steepest = curve.rates[curve.steepest()], lowest = curve.rates[curve.lowest];
  std::printf("steepest fall at rate %s, lowest loss at %s (%zu of %td steps): set optimizer.rate=%s, or search around it\n",
              short_text(steepest, 2).c_str(), short_text(lowest, 2).c_str(), curve.rates.size(), options.steps,
              short_text(steepest, 2).c_str());
  const Json result{{"steepest", steepest}, {"lowest", lowest}, {"rates", curve.rates}, {"losses", curve.losses}, {"smooth", curve.smooth}};
  if (!options.out.empty()) {
    std::filesystem::create_directories(options.out);
    write_json(options.out / "rates.json", result);
    write_file(options.out / "rates.svg", svg(LineChart{.title = "Loss while the rate grows",
                                                        .x = {.label = "learning rate", .logarithmic = true},
                                                        .y = {.label = "nats per token"},
                                                        .series = {{"smoothed", curve.rates, curve.smooth}}}));
  }
  print_result(common, result);
  return 0;
}

}  // namespace rondo::app

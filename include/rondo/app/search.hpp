// A search for good settings by successive halving: `ablation --search`.
//
//   ablation --only hgrn2 --data train.tokens --held-out held_out.tokens --out search --search-tokens 4000000
//     --search optimizer.rate=0.001,0.002,0.004 --search optimizer.name=adamw,muon
//
// Candidates are the combinations of the values, of each composition of --only (of the first of the list where nothing is said). All of
// them train on a few tokens; those of the lowest held-out loss, one of --reduction (2), on twice as many; and so on
// (rondo/app/search_space.hpp). Benchmarks are never looked at. Where the schedules of rate and decay allow it a run goes on from its own
// checkpoint:
//   constant, inverse_root with train.warmup in steps   the run goes on, OUT/runs/NUMBER-SEED
//   trapezoid with train.warmup in steps                what is before the fall goes on, OUT/stable; each rung falls from there, OUT/rung-K
//   linear, cosine; a warm-up by share, a tail average  each rung is a run of its own, OUT/rung-K
// The same command goes on where it was stopped. At the end: search.json, table.txt, table.csv, loss.svg, and best.json for
// `train --config`. Runs that are out keep their model, metrics and report, not their checkpoints.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/compared_runs.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/app/run_keeper.hpp>
#include <rondo/app/search_results.hpp>
#include <rondo/app/search_space.hpp>
#include <rondo/app/together.hpp>
#include <rondo/app/used_sizes.hpp>
#include <rondo/train/checkpoints.hpp>

namespace rondo::app {

class Search {
 public:
  Search(const std::vector<Composition>& list, const AblationOptions& options, const CommonOptions& common)
      : options_(options), common_(common), data_(options.data) {
    require_usage(!options.held_out.empty(), "--search: candidates are judged by their held-out loss; give --held-out too");
    require_usage(options.search_tokens > 0, "--search: expected --search-tokens, what all its runs together may train on");
    require_usage(options.pairs.empty() && options.sample.empty() && options.rates.empty(),
                  "--search: judged by held-out loss alone; expected none of --pairs, --sample and --rates (search optimizer.rate)");
    for (const std::string& setting : options.search) space_.push_back(searched_setting(setting));
    for (std::size_t i = 0; i < space_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        require_usage(space_[i].path != space_[j].path, "--search ", space_[i].path, ": given twice; all its values belong into one list");
    alone_ = common;
    alone_.ranks = {};
    const std::vector<const Composition*> chosen =
        options.only.empty() ? std::vector<const Composition*>{&list.front()} : chosen_of(list, options.only);
    for (const Composition* one : chosen)
      for (const ChosenValues& values : combinations(space_)) add_candidate(list.front(), *one, values);
    require_usage(candidates_.size() > 1, "--search: expected at least two candidates, found ", candidates_.size());
    carried_ = 1;
    for (const Candidate& one : candidates_) carried_ = std::min(carried_, share_carried(one.going_on, one.run.train));
  }

  // The exit status.
  int run() {
    const HostRanks& ranks = common_.ranks;
    const Halving halving{std::ssize(candidates_), options_.reduction};
    Json plan = plan_of(halving);
    if (ranks.rank() == 0) begin(plan);
    double begun = 1;
    ranks.sum(std::span<double>{&begun, 1});  // nothing is trained before the plan is known to be the same
    std::vector<Candidate*> left;
    for (Candidate& one : candidates_) left.push_back(&one);
    for (Index rung = 0; rung < halving.rungs(); ++rung) {
      const double tokens = tokens_of(halving, rung);
      std::vector<double> losses(left.size() * seeds());
      for (Candidate* one : left) one->rungs.push_back(planned(*one, tokens));
      for (std::size_t job = 0; job < losses.size(); ++job) {
        if (static_cast<Index>(job) % ranks.size() != ranks.rank()) continue;
        const std::size_t seed = job % seeds();
        const std::string place = "rung " + std::to_string(rung + 1) + " of " + std::to_string(halving.rungs()) + ", run " +
                                  std::to_string(job + 1) + " of " + std::to_string(losses.size());
        if (const int status = train_to(*left[job / seeds()], seed, rung, place, losses[job]); status != 0) {
          if (ranks.several()) throw StoppedBySignal{status - 128};  // the others, too
          return status;
        }
      }
      ranks.sum(losses);
      for (std::size_t i = 0; i < left.size(); ++i) {
        left[i]->curves.clear();
        for (std::size_t seed = 0; seed < seeds(); ++seed) {
          left[i]->rungs.back().losses.push_back(losses[i * seeds() + seed]);
          left[i]->curves.push_back(held_out_curve(folder_of(*left[i], seed, rung)));
        }
      }
      std::stable_sort(left.begin(), left.end(), [](const Candidate* a, const Candidate* b) { return a->is_before(*b); });
      require(std::isfinite(left.front()->loss()), "--search: no candidate ends rung ", rung + 1, " with a finite loss; try lower rates");
      const auto stay = static_cast<std::size_t>(rung + 1 < halving.rungs() ? halving.candidates(rung + 1) : 1);
      if (ranks.rank() == 0) forget_checkpoints(left, stay, rung, rung + 1 == halving.rungs());
      left.resize(std::min(stay, left.size()));
      std::erase_if(left, [](const Candidate* one) { return !std::isfinite(one->loss()); });
    }
    if (ranks.rank() > 0) return 0;
    std::stable_sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) { return a.is_before(b); });
    std::string text;
    plan.erase("settings");
    const Json results = write_search(candidates_, plan, options_.out, text);
    std::printf("%sthe best: %s; `train --config %s` begins with it\n", text.c_str(), candidates_.front().text(true).c_str(),
                (options_.out / "best.json").c_str());
    print_result(common_, Json{{"out", options_.out.string()}, {"results", results}});
    return 0;
  }

 private:
  [[nodiscard]] std::size_t seeds() const { return static_cast<std::size_t>(options_.seeds); }

  // Every composition gets the parameters that the first of the list has with the same settings.
  void add_candidate(const Composition& first, const Composition& composition, const ChosenValues& values) {
    std::vector<std::string> settings = options_.settings, searched;
    for (const auto& [path, value] : values) searched.push_back(path + "=" + value);
    settings.insert(settings.end(), searched.begin(), searched.end());
    CommonOptions quiet = common_;
    quiet.quiet = true;
    Candidate candidate{.composition = &composition, .chosen = values};
    try {
      candidate.run = base_of(options_, settings, quiet);
      require(candidate.run.train.patience == 0, "train.patience: expected 0 in a search, which ends poor runs itself");
      require_used_sizes({&composition.model}, settings, candidate.run.shape);
      Shape& shape = candidate.run.shape;
      const Index budget = first.model.parameters(shape);
      if (composition.adapt != nullptr) composition.adapt(shape);
      if (composition.model.parameters(shape) != budget)
        candidate.run = read_run_description(settings_of(composition, candidate.run, budget), "--search");
      static_cast<void>(row_phases(candidate.run.train));
    } catch (const WrongUsage&) {
      throw;
    } catch (const Error& problem) {
      throw error("--search: ", candidate.text(true), ": ", problem.what());
    }
    candidate.run.train.steps = candidate.run.train.tokens = 0;
    candidate.run.train.epochs = 0;
    candidate.going_on = going_on(candidate.run.train, candidate.run.optimizer);
    candidate.number = std::string(candidates_.size() < 9 ? "0" : "") + std::to_string(candidates_.size() + 1);
    candidates_.push_back(std::move(candidate));
  }
  [[nodiscard]] double tokens_of(const Halving& halving, Index rung) const {
    return halving.tokens(rung, static_cast<double>(options_.search_tokens), options_.seeds, carried_);
  }
  // How long a run is at the end of a rung.
  static Candidate::Judged planned(const Candidate& candidate, double tokens) {
    TrainSettings train = candidate.run.train;
    train.tokens = std::max<Index>(1, static_cast<Index>(tokens));
    resolve_steps(train, 1, 0);
    return {train.steps, row_phases(train).tokens_after(train.steps)};
  }
  [[nodiscard]] Json plan_of(const Halving& halving) const {
    Json plan{{"search", Json::object()}, {"compositions", Json::array()}, {"tokens", options_.search_tokens},
              {"reduction", options_.reduction}, {"seeds", options_.seeds}, {"rungs", Json::array()},
              {"data", facts_of(data_)}, {"held_out", facts_of(TokenFile{options_.held_out})},
              {"settings", to_json(candidates_.front().run)}};
    plan["settings"].erase("record");
    for (const SearchedSetting& setting : space_) plan["search"][setting.path] = setting.values;
    for (const Candidate& one : candidates_)
      if (plan["compositions"].empty() || plan["compositions"].back() != one.composition->name)
        plan["compositions"].push_back(one.composition->name);
    for (Index rung = 0; rung < halving.rungs(); ++rung)
      plan["rungs"].push_back({{"candidates", halving.candidates(rung)}, {"tokens", static_cast<Index>(tokens_of(halving, rung))}});
    return plan;
  }
  void begin(const Json& plan) {
    std::filesystem::create_directories(options_.out);
    lock_.emplace(options_.out);
    const std::filesystem::path file = options_.out / "plan.json";
    if (std::filesystem::exists(file)) require_same_settings(read_json(file), plan, file);
    write_json(file, plan);
    if (common_.quiet) return;
    for (const Json& rung : plan["rungs"])
      std::fprintf(stderr, "%s%s candidates to %s tokens", &rung == &plan["rungs"].front() ? "search: " : ", then ",
                   rung["candidates"].dump().c_str(), short_number(rung["tokens"].get<double>()).c_str());
    std::fprintf(stderr, "; %d %s each\n", options_.seeds, options_.seeds == 1 ? "run" : "runs");
  }

  [[nodiscard]] std::filesystem::path folder_of(const Candidate& candidate, std::size_t seed, Index rung) const {
    return options_.out / (candidate.going_on == GoingOn::whole ? "runs" : "rung-" + std::to_string(rung + 1)) / run_name(candidate, seed);
  }
  [[nodiscard]] std::filesystem::path stable_folder(const Candidate& candidate, std::size_t seed) const {
    return options_.out / "stable" / run_name(candidate, seed);
  }
  static std::string run_name(const Candidate& candidate, std::size_t seed) { return candidate.number + "-" + std::to_string(seed); }

  // The held-out loss at the end of the rung; the exit status.
  int train_to(Candidate& candidate, std::size_t seed, Index rung, const std::string& place, double& loss) {
    const std::filesystem::path folder = folder_of(candidate, seed, rung);
    const Index steps = candidate.rungs.back().steps;
    const auto measured = [&] {
      for (const Json& line : read_metrics(folder / "metrics.jsonl"))
        if (line["step"].get<Index>() == steps && line.contains("held_out_loss")) return loss = line["held_out_loss"].get<double>(), true;
      return false;
    };
    loss = std::numeric_limits<double>::infinity();
    if (!measured() && !std::filesystem::exists(folder / "not_finite.txt")) {
      announce(candidate, seed, place);
      try {
        if (const int status = train(candidate, seed, rung, folder)) return status;
        require(measured(), folder.string(), ": the run has measured no held-out loss at step ", steps);
      } catch (const NotFinite& problem) {
        if (!common_.quiet) std::fprintf(stderr, "%s: out: %s\n", run_name(candidate, seed).c_str(), problem.what());
        std::filesystem::create_directories(folder);
        write_file(folder / "not_finite.txt", std::string(problem.what()) + "\n");
      }
    }
    if (std::isfinite(loss)) count(candidate, rung, folder);
    return 0;
  }
  int train(const Candidate& candidate, std::size_t seed, Index rung, const std::filesystem::path& folder) {
    const Index steps = candidate.rungs.back().steps, first = candidate.rungs.front().steps;
    RunDescription run = candidate.run;
    run.seed += seed;
    run.train.steps = steps;
    const auto settings = [](const RunDescription& of) {
      Json document = to_json(of);
      document["composition"] = "";
      document.erase("record");
      return document;
    };
    const auto changes = [&](Index to, Index measure) {
      return std::vector<std::string>{"train.steps=" + std::to_string(to),
                                      "train.held_out_steps=" + std::to_string(std::max<Index>(1, measure))};
    };
    const Index measure = run.train.held_out_steps > 0 ? run.train.held_out_steps : steps / 10;
    if (candidate.going_on == GoingOn::whole) {
      run.train.steps = first;  // as it began
      return train_in(folder, *candidate.composition, settings(run), options_, alone_,
                      rung > 0 ? changes(steps, measure) : std::vector<std::string>{});
    }
    if (candidate.going_on == GoingOn::before_the_fall && !std::filesystem::exists(folder / "run.json")) {
      RunDescription stable = run;
      for (std::string* schedule : {&stable.train.schedule, &stable.optimizer.decay_schedule})
        if (*schedule == "trapezoid") *schedule = "constant";
      const Index fall = steps_carried(candidate.going_on, run.train, steps);
      stable.train.steps = steps_carried(candidate.going_on, run.train, first);
      stable.train.held_out_steps = stable.train.steps;
      const std::filesystem::path from = stable_folder(candidate, seed);
      if (const int status = train_in(from, *candidate.composition, settings(stable), options_, alone_, changes(fall, fall))) return status;
      fork(from, fall, run, measure, settings(run), folder);
    }
    return train_in(folder, *candidate.composition, settings(run), options_, alone_);
  }
  // A run that has come to `step` as another one has, and goes on with the schedules of its own.
  static void fork(const std::filesystem::path& from, Index step, const RunDescription& run, Index measure, const Json& settings,
                   const std::filesystem::path& to) {
    namespace fs = std::filesystem;
    const auto all = Checkpoints{from}.all();
    const auto there = std::find_if(all.begin(), all.end(), [&](const Checkpoint& one) { return one.step == step && one.resumable; });
    require(there != all.end(), from.string(), ": no checkpoint at step ", step, " to go on from");
    fs::path partial = to;
    partial += ".partial";
    fs::remove_all(partial);
    fs::create_directories(partial / "checkpoints");
    fs::copy(there->folder, partial / "checkpoints" / there->folder.filename(), fs::copy_options::recursive);
    fs::copy(from / "metrics.jsonl", partial / "metrics.jsonl");
    Json document = read_json(from / "run.json");
    document["train"]["schedule"] = run.train.schedule;
    document["optimizer"]["decay_schedule"] = run.optimizer.decay_schedule;
    document["train"]["steps"] = run.train.steps;
    document["train"]["held_out_steps"] = std::max<Index>(1, measure);
    write_json(partial / "settings.json", settings);
    write_json(partial / "run.json", document);
    fs::rename(partial, to);
  }

  // Of those that do not go on, and of runs that nothing goes on from.
  void forget_checkpoints(const std::vector<Candidate*>& ranked, std::size_t stay, Index rung, bool last) const {
    std::error_code ignored;
    for (std::size_t i = 0; i < ranked.size(); ++i)
      for (std::size_t seed = 0; seed < seeds(); ++seed) {
        const bool out = i >= stay;
        if (out || (!last && ranked[i]->going_on != GoingOn::whole))
          std::filesystem::remove_all(folder_of(*ranked[i], seed, rung) / "checkpoints", ignored);
        if (out || last) std::filesystem::remove_all(stable_folder(*ranked[i], seed) / "checkpoints", ignored);
      }
  }

  // What a run of this rung has taken beyond the last.
  void count(const Candidate& candidate, Index rung, const std::filesystem::path& folder) {
    const Index before = rung > 0 ? candidate.rungs[static_cast<std::size_t>(rung - 1)].steps : 0;
    const Index from = steps_carried(candidate.going_on, candidate.run.train, before);
    for (const Json& line : read_metrics(folder / "metrics.jsonl")) {
      const Index step = line["step"].get<Index>();
      if (!line.contains("seconds") || (step != from && step != candidate.rungs.back().steps)) continue;
      const double sign = step == from ? -1 : 1;
      tokens_done_ += sign * line["tokens"].get<double>();
      seconds_done_ += sign * line["seconds"].get<double>();
    }
  }
  void announce(const Candidate& candidate, std::size_t seed, const std::string& place) const {
    if (common_.quiet) return;
    std::string line = place + ": " + run_name(candidate, seed) + ", " + candidate.text(true);
    const auto all = static_cast<double>(options_.search_tokens) / static_cast<double>(common_.ranks.size());
    if (tokens_done_ > 0)
      line += "; " + std::to_string(static_cast<int>(100 * std::min(1.0, tokens_done_ / all))) + " % of the tokens, " +
              short_time(std::max(0.0, all - tokens_done_) * seconds_done_ / tokens_done_) + " left";
    std::fprintf(stderr, "%s\n", line.c_str());
  }

  const AblationOptions& options_;
  CommonOptions common_, alone_;
  TokenFile data_;
  std::vector<SearchedSetting> space_;
  std::vector<Candidate> candidates_;
  double carried_ = 0;
  double tokens_done_ = 0, seconds_done_ = 0;  // of this rank's runs
  std::optional<FolderLock> lock_;
};

}  // namespace rondo::app

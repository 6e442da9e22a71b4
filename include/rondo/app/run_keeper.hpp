// RunKeeper: all of a training run that does not depend on the model: its folder, what is written down, when to measure and to
// save.
//
// TrainingRun (rondo/app/training_run.hpp) says through the virtual functions how its model is measured and saved.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/app/report.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/signals.hpp>
#include <rondo/app/training_data.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/data/tokenizer/special_token_files.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/evaluate/held_out_windows.hpp>
#include <rondo/io/folder_lock.hpp>
#include <rondo/model/checkpoint/writer.hpp>
#include <rondo/train/checkpoints.hpp>
#include <rondo/train/event_file.hpp>
#include <rondo/train/metrics.hpp>

namespace rondo::app {

// That a new run may be made in this folder: none of what it would write is there.
inline void require_no_run(const std::filesystem::path& folder) {
  for (const char* part : {"run.json", "checkpoints"})
    require(!std::filesystem::exists(folder / part), folder.string(), ": holds a run already; go on with --resume ", folder.string(),
            ", or choose another folder");
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    require(name != "config.json" && !name.ends_with(".safetensors") && !name.ends_with(".safetensors.index.json"), folder.string(),
            ": holds a model already (", name, "); choose another folder");
    for (const char* part : {"metrics.jsonl", "loss.svg", "report.html"})
      require(name != part, folder.string(), ": there is a ", name, ", which the run would replace; choose another folder");
  }
}

// Which random numbers a run draws for its order and its dropout; 1: seeds were added to epochs and steps.
inline constexpr int random_numbers = 2;

class RunKeeper {
 public:
  RunKeeper(const RunKeeper&) = delete;
  RunKeeper& operator=(const RunKeeper&) = delete;

 protected:
  // `lock` of the folder where a run goes on; null for a new one, whose folder is yet to be made.
  RunKeeper(std::filesystem::path folder, std::unique_ptr<FolderLock> lock, RunDescription run, const TrainingData& data,
            const TokenFile* held_out, const CommonOptions& common)
      : folder_(std::move(folder)),
        lock_(std::move(lock)),
        run_(std::move(run)),
        data_(&data.first()),
        all_data_(&data),
        held_out_(held_out),
        common_(common),
        checkpoints_(folder_),
        progress_(common.quiet) {}
  virtual ~RunKeeper() = default;

  virtual const Progress& reached() const = 0;
  virtual std::optional<HeldOutLoss> held_out_loss_now() = 0;  // absent: a signal came before its end
  virtual void save_model_into(const std::filesystem::path& folder, const SaveOptions& options) const = 0;
  virtual void save_state_into(const std::filesystem::path& folder) const = 0;
  virtual std::string sample_text() = 0;  // a text of the model's as it is; empty: none

  // `before` is the record of the run.json of a run that goes on, null for a new one; `init` says where the weights come from,
  // or is null.
  void note_facts(const Json& before, const Json& init, Index parameters, const std::string& backend) {
    Json& facts = run_.record = Json::object();
    facts["parameters"] = parameters;
    facts["backend"] = backend;
    facts["random_numbers"] = random_numbers;
    facts["threads"] = thread_count();
    if (common_.ranks.several()) facts["ranks"] = common_.ranks.size();
    facts["compiler"] = __VERSION__;
    facts["data"] = facts_of(*data_);
    if (all_data_->several()) facts["more_data"] = all_data_->more_facts();
    if (held_out_ != nullptr) facts["held_out"] = facts_of(*held_out_);
    // From where the run may be gone on with in another folder.
    facts["paths"]["data"] = std::filesystem::absolute(data_->path()).lexically_normal().string();
    for (const std::string& path : all_data_->more_paths())
      facts["paths"]["more_data"].push_back(std::filesystem::absolute(path).lexically_normal().string());
    if (held_out_ != nullptr)
      facts["paths"]["held_out"] = std::filesystem::absolute(held_out_->path()).lexically_normal().string();
    if (!init.is_null()) facts["init"] = init;
    if (before.is_null()) {
      char date[32];
      const std::time_t now = std::time(nullptr);
      std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
      facts["started"] = date;
      return;
    }
    if (before.contains("started")) facts["started"] = before["started"];
    if (before.contains("init")) {
      require(init.is_null() || init["fingerprint"] == before["init"].value("fingerprint", Json()), run_.init,
              ": not the weights that this run began with");
      facts["init"] = before["init"];
    }
    // A run that was begun without one of them may go on with it.
    const auto require_same = [&](const char* what, const std::string& file, const std::string& name) {
      const Json was = before.value(what, Json()), now = facts.value(what, Json());
      require(was.is_null() || was == now, file, ": not the ", name, " that this run began with (", now.dump(), ", was ", was.dump(), ")");
    };
    require_same("data", data_->path().string(), "data");
    require(before.value("more_data", Json()) == facts.value("more_data", Json()), "data.more: not the data that this run began with (",
            facts.value("more_data", Json()).dump(), ", was ", before.value("more_data", Json()).dump(), ")");
    require_same("held_out", run_.data.held_out, "held-out text");
    if (before.value("random_numbers", 1) != random_numbers && (run_.data.shuffle || run_.shape.dropout > 0) && !common_.quiet)
      std::fprintf(stderr,
                   "note: begun by an earlier version, which drew the order of the data and the masks of dropout from other random "
                   "numbers; from here on the run is not what it would have been there\n");
    if (before.contains("threads") && before["threads"] != facts["threads"] && !common_.quiet)
      std::fprintf(stderr, "note: %s threads before, %s now: sums may differ in their last bits\n",
                   before["threads"].dump().c_str(), facts["threads"].dump().c_str());
    if (const Index was = before.value("ranks", Index{1}); was != common_.ranks.size() && !common_.quiet)
      std::fprintf(stderr, "note: %td ranks before, %td now: sums may differ in their last bits\n", was, common_.ranks.size());
  }

  // Makes the folder, which is this program's alone from here on; after_step() watches.
  void begin() {
    const std::filesystem::path tokenizer = missing_tokenizer();
    std::error_code problem;
    std::filesystem::create_directories(folder_, problem);
    require(!problem, folder_.string(), ": cannot be made: ", problem.message());
    if (!lock_) {
      lock_ = std::make_unique<FolderLock>(folder_);
      require_no_run(folder_);  // that another program has made meanwhile
    }
    if (tokenizer.extension() == ".json")
      write_file(folder_ / "tokenizer.json", MappedFile{tokenizer}.text());
    else if (!tokenizer.empty())
      copy_tokenizer(tokenizer, folder_);
    // What a model to start from says of its special tokens stays.
    if ((reached().step == 0 && run_.init.empty()) || !std::filesystem::exists(folder_ / "generation_config.json"))
      write_special_tokens(folder_, data_->end_of_text());
    if (reached().step > 0 && !std::filesystem::exists(folder_ / "metrics.jsonl"))
      std::fprintf(stderr, "note: %s is gone: the curves begin at step %td\n", (folder_ / "metrics.jsonl").c_str(), reached().step + 1);
    write_json(folder_ / "run.json", to_json(run_));  // first of all that makes the folder a run's: whatever comes then can be gone on with
    metrics_ = std::make_unique<MetricsFile>(folder_ / "metrics.jsonl", reached().step);
    const std::vector<Json> metrics = read_metrics(folder_ / "metrics.jsonl");
    if (run_.train.tensorboard)
      events_ = std::make_unique<EventFile>(folder_ / "events.out.tfevents.rondo", time_of_begin(), metrics);
    if (run_.train.warmup > run_.train.steps && !common_.quiet)
      std::fprintf(stderr, "note: a warm-up of %td steps is longer than the run: its rate is never reached\n", run_.train.warmup);
    say(reached().step == 0 ? "training" : "going on");
    last_save_ = Clock::now();
    before_ = reached();
    checkpoints_.forget_best_after(reached().step);
    for (const Json& line : metrics)
      if (line.contains("held_out_loss")) best_.see(line["step"].get<Index>(), line["held_out_loss"].get<double>());
    if (reached().step > 0 && is_measured_after(reached()) && !was_measured()) measure();
    if (best_.step == reached().step) save_best();  // a program that was killed may have come to the measurement alone
  }
  // That the held-out loss has not become better for as long as the run is to wait.
  [[nodiscard]] bool is_over_early() const { return run_.train.patience > 0 && best_.others >= run_.train.patience; }

  void after_step(const StepReport& report) {
    const Progress& now = report.progress;
    note_down(to_json(report));
    shown_loss_ = shown_loss_ > 0 ? 0.95 * shown_loss_ + 0.05 * report.loss : report.loss;
    std::string note = "step " + std::to_string(now.step) + ", loss " + fixed_text(shown_loss_, 3);
    for (const auto& [name, value] : report.parts)
      if (!name.empty()) note += ", " + std::string(name) + " " + fixed_text(value, 3);
    if (held_out_loss_ > 0) note += ", held out " + fixed_text(held_out_loss_, 3);
    const RowPhases rows = row_phases(run_.train);
    const Index all = rows.change() ? rows.tokens_after(run_.train.steps) : now.tokens / now.step * run_.train.steps;
    progress_.show("training", now.tokens, all, "tokens", note, seconds_of_measuring(report));
    const std::vector<std::string> milestones = milestones_of(now);
    const auto since = std::chrono::duration<double>(Clock::now() - last_save_).count();
    const bool due = (run_.train.checkpoint_steps > 0 && now.step % run_.train.checkpoint_steps == 0) ||
                     (run_.train.checkpoint_minutes > 0 && since > 60 * run_.train.checkpoint_minutes);
    for (const std::string& milestone : milestones) save_checkpoint(milestone);
    if (due && milestones.empty()) save_checkpoint("");
    if (is_measured_after(now)) measure();
    before_ = now;
  }

  // The signal that came, to whichever rank.
  [[nodiscard]] int caught() const { return caught_by_any_ != 0 ? caught_by_any_ : signals_.caught(); }

  // The exit status: that of a signal too where it came when all was done, so that nothing is begun after it.
  int finish(bool done) {
    const Index step = reached().step;
    const auto latest = checkpoints_.latest();
    if (!latest || latest->step != step) save_checkpoint("");
    save_model_into(folder_, save_options());
    if (done && !was_measured()) done = measure();
    checkpoints_.prune(run_.train.keep);
    const bool early = done && is_over_early() && step < run_.train.steps;
    progress_.finish();
    write_report(folder_, done && caught() == 0 ? sample_text() : "");
    Json result = run_results(read_metrics(folder_ / "metrics.jsonl"));
    if (!common_.quiet || !done) {
      std::string line =
          (done ? "done: step " : "stopped at step ") + std::to_string(step) + " of " + std::to_string(run_.train.steps);
      if (result.contains("training_loss"))
        line += ", loss " + fixed_text(result["training_loss"].get<double>(), 4) + " (mean of the last " +
                result["training_loss_steps"].dump() + " steps)";
      if (done && held_out_loss_ > 0) line += ", held out " + held_out_text(result);
      if (result.contains("tokens_per_second"))
        line += ", " + short_number(result["tokens_per_second"].get<double>()) + " tokens/s";
      std::fprintf(stderr, "%s\n", line.c_str());
      if (early)
        std::fprintf(stderr, "ended early: %td held-out losses in a row are no better than %.4f at step %td\n", best_.others,
                     best_.loss, best_.step);
      if (const auto best = checkpoints_.best(best_.step);
          done && best_.step >= 0 && best_.step < step && std::filesystem::exists(best))
        std::fprintf(stderr, "best held-out loss: %.4f at step %td, %s\n", best_.loss, best_.step, best.c_str());
      if (!done)
        std::fprintf(
            stderr, "%s\n",
            common_.how_to_go_on.empty()
                ? ("go on with: " + std::string(program_invocation_short_name) + " train --resume " + folder_.string()).c_str()
                : common_.how_to_go_on.c_str());
    }
    if (best_.step >= 0) {
      result["best_held_out_loss"] = best_.loss;
      result["best_step"] = best_.step;
    }
    result["ended_early"] = early;
    result["run"] = folder_.string();
    result["done"] = done;
    print_result(common_, result);
    return done && caught() == 0 ? 0 : 128 + caught();
  }

  std::filesystem::path folder_;
  std::unique_ptr<FolderLock> lock_;
  RunDescription run_;
  const TokenFile* data_;  // the first of them
  const TrainingData* all_data_;
  const TokenFile* held_out_;
  CommonOptions common_;
  Checkpoints checkpoints_;
  ProgressLine progress_;
  const StopSignals signals_{"stopping after this step"};
  int caught_by_any_ = 0;

 private:
  using Clock = std::chrono::steady_clock;

  // The tokenizer that the folder has yet to get; empty: none. It is looked at before anything is made.
  [[nodiscard]] std::filesystem::path missing_tokenizer() {
    if (std::filesystem::exists(folder_ / "run.json") && std::filesystem::exists(folder_ / "tokenizer.json")) return {};
    const std::filesystem::path beside = data_->path().parent_path() / "tokenizer.json";
    if (run_.data.tokenizer.empty() && std::filesystem::exists(beside) &&
        Tokenizer::load(beside).fingerprint() == data_->tokenizer())
      run_.data.tokenizer = beside.string();
    const std::filesystem::path given = run_.data.tokenizer;
    if (!given.empty()) {
      const Tokenizer tokenizer = Tokenizer::load(given);
      require(tokenizer.vocabulary() <= run_.shape.vocabulary, given.string(), ": a tokenizer with a vocabulary of ",
              tokenizer.vocabulary(), ", the model has ", run_.shape.vocabulary);
      require(tokenizer.fingerprint() == data_->tokenizer(), given.string(), ": not the tokenizer that made ",
              data_->path().string());
    } else if (!common_.quiet) {
      std::fprintf(stderr, "note: no tokenizer beside the data; --tokenizer would put one into the run\n");
    }
    return given;
  }
  void say(const char* what) const {
    if (common_.quiet) return;
    const std::string ranks = common_.ranks.several() ? " on " + std::to_string(common_.ranks.size()) + " ranks" : "";
    std::fprintf(stderr, "%s %s parameters, %td steps of %s%td tokens, from step %td%s, in %s\n", what,
                 short_number(run_.record["parameters"].get<double>()).c_str(), run_.train.steps,
                 row_phases(run_.train).change() ? "up to " : "",
                 run_.train.batch * run_.train.length * run_.train.accumulate, reached().step, ranks.c_str(), folder_.c_str());
    if (held_out_ != nullptr && run_.train.held_out_tokens > 0 && run_.train.held_out_tokens < held_out_->tokens())
      std::fprintf(stderr,
                   "note: held-out losses are of windows with %td of %td tokens, drawn once (train.held_out_tokens; 0: all)\n",
                   run_.train.held_out_tokens, held_out_->tokens());
  }
  // Seconds since 1970; 0 where run.json does not say when.
  [[nodiscard]] double time_of_begin() const {
    std::tm date{};
    const Json started = run_.record.value("started", Json());
    if (!started.is_string() || ::strptime(started.get<std::string>().c_str(), "%Y-%m-%dT%H:%M:%SZ", &date) == nullptr) return 0;
    return static_cast<double>(::timegm(&date));
  }
  void note_down(const Json& line) {
    metrics_->append(line);
    if (events_) events_->append(line);
  }

  // The names of the counts that were reached in this step.
  [[nodiscard]] std::vector<std::string> milestones_of(const Progress& now) const {
    std::vector<std::string> names;
    const auto look = [&](const char* what, Index every, Index before, Index after) {
      if (every > 0 && before / every != after / every) names.push_back(what + std::to_string(after / every * every));
    };
    look("words-", run_.train.checkpoint_words, before_.words, now.words);
    if (const Index count = babylm_count(now.words); run_.train.checkpoint_babylm && count != babylm_count(before_.words))
      names.push_back(babylm_name(count));
    look("tokens-", run_.train.checkpoint_tokens, before_.tokens, now.tokens);
    return names;
  }

  // That the loss at this step stands in metrics.jsonl already, as in a run that goes on after its end.
  [[nodiscard]] bool was_measured() {
    for (const Json& line : read_metrics(folder_ / "metrics.jsonl"))
      if (line.contains("held_out_loss") && line["step"].get<Index>() == reached().step) {
        held_out_loss_ = line["held_out_loss"].get<double>();
        return true;
      }
    return false;
  }
  // Within the run; its end is measured by finish().
  [[nodiscard]] bool is_measured_after(const Progress& now) const {
    return now.step % run_.train.held_out_steps == 0 && now.step < run_.train.steps;
  }
  // What the measurements still to come will take: each as long as the last one, or, before the first, a third of a step of as many tokens.
  [[nodiscard]] double seconds_of_measuring(const StepReport& report) const {
    if (held_out_ == nullptr) return 0;
    const Index every = run_.train.held_out_steps, sample = run_.train.held_out_tokens;
    const Index to_come = (run_.train.steps - 1) / every - (report.progress.step - 1) / every + 1;  // the one at the end among them
    const Index tokens = sample > 0 ? std::min(sample, held_out_->tokens()) : held_out_->tokens();
    const double first = static_cast<double>(tokens) * report.seconds / (3 * static_cast<double>(report.tokens));
    return static_cast<double>(to_come) * measuring_seconds_.value_or(first);
  }
  // False where a signal came before its end; then nothing is written.
  bool measure() {
    if (held_out_ == nullptr) return true;
    const auto begin = Clock::now();
    const std::optional<HeldOutLoss> measured = held_out_loss_now();
    if (!measured) return false;
    measuring_seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
    progress_.leave_out(*measuring_seconds_);
    const HeldOutLoss& loss = *measured;
    if (!std::isfinite(loss.loss)) throw NotFinite(error("step ", reached().step, ": the held-out loss is not finite"));
    held_out_loss_ = loss.loss;
    note_down({{"step", reached().step},
               {"tokens", reached().tokens},
               {"words", reached().words},
               {"held_out_loss", loss.loss},
               {"held_out_standard_error", loss.has_error() ? Json(loss.standard_error) : Json()},
               {"held_out_error", loss.error_text()},
               {"held_out_bits_per_byte", loss.bits_per_byte()},
               {"held_out_windows", loss.windows},
               {"held_out_all_windows", loss.all_windows}});
    if (best_.see(reached().step, loss.loss)) save_best();
    return true;
  }
  void save_best() {
    if (!run_.train.best) return;
    checkpoints_.save(reached().step, std::string(Checkpoints::best_name), [&](const std::filesystem::path& into) {
      save_model_into(into, save_options());
      if (!run_.data.tokenizer.empty()) copy_tokenizer(folder_, into);
    });
  }

  [[nodiscard]] SaveOptions save_options() const {
    SaveOptions options;
    if (run_.train.save_type == "BF16") options.type = ElementType::bf16;
    return options;
  }
  void save_checkpoint(const std::string& milestone) {
    metrics_->flush();  // a checkpoint is not on the disk before the lines that lead to it
    if (events_) events_->flush();
    checkpoints_.save(reached().step, milestone, [&](const std::filesystem::path& into) {
      save_model_into(into, save_options());
      if (!run_.data.tokenizer.empty()) copy_tokenizer(folder_, into);
      save_state_into(into);
    });
    checkpoints_.prune(run_.train.keep);
    last_save_ = Clock::now();
  }

  // The lowest held-out loss so far, and how many have come after it.
  struct Best {
    double loss = 0;
    Index step = -1;
    Index others = 0;
    bool see(Index at, double measured) {
      if (step >= 0 && !(measured < loss)) return ++others, false;
      loss = measured, step = at, others = 0;
      return true;
    }
  };

  std::unique_ptr<MetricsFile> metrics_;
  std::unique_ptr<EventFile> events_;
  Best best_;
  Clock::time_point last_save_;
  Progress before_;
  double shown_loss_ = 0;
  double held_out_loss_ = 0;
  std::optional<double> measuring_seconds_;  // of the last held-out loss
};

}  // namespace rondo::app

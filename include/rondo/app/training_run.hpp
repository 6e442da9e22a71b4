// TrainingRun: a trainer with all that a run folder needs around it (rondo/app/train.hpp tells what is in the folder).
#pragma once

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>

#include <rondo/app/common.hpp>
#include <rondo/app/evaluate.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/app/report.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/signals.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/model/checkpoint/writer.hpp>
#include <rondo/train/checkpoints.hpp>
#include <rondo/train/metrics.hpp>
#include <rondo/train/training_state.hpp>

namespace rondo::app {

inline AnySchedule schedule_of(const TrainSettings& train) {
  if (train.schedule == "constant") return {Constant{train.warmup}};
  if (train.schedule == "linear") return {LinearDecay{train.warmup, train.floor}};
  if (train.schedule == "trapezoid") return {Trapezoid{train.warmup, train.floor, train.cooldown}};
  return {Cosine{train.warmup, train.floor}};
}

// What tells two token files apart.
inline Json facts_of(const TokenFile& file) {
  const MappedFile bytes{file.path()};
  TokenFileTrailer trailer;
  std::memcpy(&trailer, bytes.bytes().data() + bytes.size() - sizeof trailer, sizeof trailer);
  char checksum[17];
  std::snprintf(checksum, sizeof checksum, "%016llx", static_cast<unsigned long long>(trailer.checksum));
  return {{"tokens", file.tokens()}, {"documents", file.documents()}, {"words", file.words()}, {"checksum", checksum}};
}

template <class Model, class Backend>
class TrainingRun {
 public:
  // `record` is that of the run.json of a run that goes on, null for a new one.
  TrainingRun(std::filesystem::path folder, RunDescription run, const Json& record, const TokenFile& data, const TokenFile* held_out,
              const CommonOptions& common)
      : folder_(std::move(folder)),
        run_(std::move(run)),
        held_out_(held_out),
        common_(common),
        model_(run_.shape),
        weights_(model_, Seed{run_.seed}),
        trainer_(model_, weights_,
                 AdamW{run_.train.rate, run_.train.beta1, run_.train.beta2, run_.train.epsilon, run_.train.decay},
                 schedule_of(run_.train), CrossEntropy{{run_.train.label_smoothing, run_.train.z_loss}},
                 TrainingOptions{run_.train.accumulate, run_.train.clip, run_.train.ema, Seed{run_.seed}}),
        batches_(data, BatchOptions{run_.train.batch, run_.train.length,
                                    run_.data.pack == "windows" ? Packing::windows : Packing::documents, run_.data.shuffle, 0,
                                    Seed{run_.seed}}),
        checkpoints_(folder_),
        progress_(common.quiet) {
    note_facts(record, data);
    prepare_folder(data);
    if (!record.is_null()) go_back_to_checkpoint();
    metrics_ = std::make_unique<MetricsFile>(folder_ / "metrics.jsonl", trainer_.progress().step);
    write_json(folder_ / "run.json", to_json(run_));
  }

  int go() {
    const StopSignals signals;
    trainer_.on_step([&](const StepReport& report) {
      after_step(report);
      if (signals.caught() != 0) trainer_.stop();
    });
    say(trainer_.progress().step == 0 ? "training" : "going on");
    last_save_ = Clock::now();
    before_ = trainer_.progress();
    bool done = false;
    try {
      done = trainer_.run(batches_, run_.train.steps);
    } catch (const Error& problem) {
      progress_.finish();
      const auto latest = checkpoints_.latest();
      throw error(problem.what(), latest ? " (the last checkpoint is " + latest->folder.string() + ")" : "");
    }
    return finish(done, signals.caught());
  }

 private:
  using Clock = std::chrono::steady_clock;

  void note_facts(const Json& before, const TokenFile& data) {
    Json& facts = run_.record = Json::object();
    facts["parameters"] = weights_.count();
    facts["backend"] = bare_type_name<Backend>();
    facts["threads"] = thread_count();
    facts["compiler"] = __VERSION__;
    facts["data"] = facts_of(data);
    if (held_out_ != nullptr) facts["held_out"] = facts_of(*held_out_);
    if (before.is_null()) {
      char date[32];
      const std::time_t now = std::time(nullptr);
      std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
      facts["started"] = date;
      return;
    }
    if (before.contains("started")) facts["started"] = before["started"];
    require(!before.contains("data") || before["data"] == facts["data"], data.path().string(),
            ": not the data that this run began with (", facts["data"].dump(), ", was ", before["data"].dump(), ")");
    if (before.contains("threads") && before["threads"] != facts["threads"] && !common_.quiet)
      std::fprintf(stderr, "note: %s threads before, %s now: sums may differ in their last bits\n", before["threads"].dump().c_str(),
                   facts["threads"].dump().c_str());
  }

  void prepare_folder(const TokenFile& data) {
    std::error_code problem;
    std::filesystem::create_directories(folder_, problem);
    require(!problem, folder_.string(), ": cannot be made: ", problem.message());
    const std::filesystem::path beside = data.path().parent_path() / "tokenizer.json";
    if (run_.data.tokenizer.empty() && std::filesystem::exists(beside) && Tokenizer::load(beside).fingerprint() == data.tokenizer())
      run_.data.tokenizer = beside.string();
    if (run_.data.tokenizer.empty()) {
      if (!common_.quiet) std::fprintf(stderr, "note: no tokenizer beside the data; --tokenizer would put one into the run\n");
      return;
    }
    const std::filesystem::path given = run_.data.tokenizer;
    const Tokenizer tokenizer = Tokenizer::load(given);
    require(tokenizer.vocabulary() <= run_.shape.vocabulary, given.string(), ": a tokenizer with a vocabulary of ",
            tokenizer.vocabulary(), ", the model has ", run_.shape.vocabulary);
    require(tokenizer.fingerprint() == data.tokenizer(), given.string(), ": not the tokenizer that made ", data.path().string());
    if (given.extension() == ".json")
      write_file(folder_ / "tokenizer.json", MappedFile{given}.text());
    else
      copy_tokenizer(given, folder_);
  }

  void go_back_to_checkpoint() {
    const auto latest = checkpoints_.latest();
    if (latest) batches_.seek(load_training_state(latest->folder, trainer_));
    require(trainer_.progress().step <= run_.train.steps, folder_.string(), ": the run is at step ", trainer_.progress().step,
            " already, beyond train.steps = ", run_.train.steps);
  }

  void say(const char* what) {
    if (common_.quiet) return;
    std::fprintf(stderr, "%s %s parameters, %td steps of %td tokens, from step %td, in %s\n", what,
                 short_number(static_cast<double>(weights_.count())).c_str(), run_.train.steps,
                 run_.train.batch * run_.train.length * run_.train.accumulate, trainer_.progress().step, folder_.c_str());
  }

  void after_step(const StepReport& report) {
    const Progress& now = report.progress;
    metrics_->append(to_json(report));
    shown_loss_ = shown_loss_ > 0 ? 0.95 * shown_loss_ + 0.05 * report.loss : report.loss;
    progress_.show("training", now.tokens, now.tokens / now.step * run_.train.steps, "tokens",
                   "step " + std::to_string(now.step) + ", loss " + fixed_text(shown_loss_, 3) +
                       (held_out_loss_ > 0 ? ", held out " + fixed_text(held_out_loss_, 3) : ""));
    if (now.step % run_.train.held_out_steps == 0 && now.step < run_.train.steps) measure();
    const std::string milestone = milestone_of(now);
    const auto since = std::chrono::duration<double>(Clock::now() - last_save_).count();
    const bool due = (run_.train.checkpoint_steps > 0 && now.step % run_.train.checkpoint_steps == 0) ||
                     (run_.train.checkpoint_minutes > 0 && since > 60 * run_.train.checkpoint_minutes);
    if (due || !milestone.empty()) save_checkpoint(milestone);
    before_ = now;
  }

  // The name of a count that was reached in this step.
  [[nodiscard]] std::string milestone_of(const Progress& now) const {
    const auto reached = [](index every, index before, index after) { return every > 0 && before / every != after / every; };
    const TrainSettings& train = run_.train;
    if (reached(train.checkpoint_words, before_.words, now.words))
      return "words-" + std::to_string(now.words / train.checkpoint_words * train.checkpoint_words);
    if (reached(train.checkpoint_tokens, before_.tokens, now.tokens))
      return "tokens-" + std::to_string(now.tokens / train.checkpoint_tokens * train.checkpoint_tokens);
    return "";
  }

  void measure() {
    if (held_out_ == nullptr) return;
    Scorer<Model, Backend> scorer{model_, trainer_.result()};
    const HeldOutLoss loss =
        held_out_loss(scorer, *held_out_, run_.shape.vocabulary, run_.train.length, run_.train.held_out_documents);
    held_out_loss_ = loss.loss;
    metrics_->append({{"step", trainer_.progress().step},
                      {"tokens", trainer_.progress().tokens},
                      {"words", trainer_.progress().words},
                      {"held_out_loss", loss.loss},
                      {"held_out_standard_error", loss.standard_error},
                      {"held_out_bits_per_byte", loss.bits_per_byte()}});
  }

  [[nodiscard]] SaveOptions save_options() const {
    SaveOptions options;
    if (run_.train.save_type == "BF16") options.type = ElementType::bf16;
    return options;
  }
  void save_checkpoint(const std::string& milestone) {
    checkpoints_.save(trainer_.progress().step, milestone, [&](const std::filesystem::path& into) {
      save_model(into, trainer_.result(), save_options());
      if (!run_.data.tokenizer.empty()) copy_tokenizer(folder_, into);
      save_training_state(into, trainer_, batches_.position());
    });
    checkpoints_.prune(run_.train.keep);
    last_save_ = Clock::now();
  }

  int finish(bool done, int signal) {
    const index step = trainer_.progress().step;
    if (done) measure();
    progress_.finish();
    const auto latest = checkpoints_.latest();
    if (!latest || latest->step != step) save_checkpoint("");
    save_model(folder_, trainer_.result(), save_options());
    write_report(folder_);
    Json result = run_results(read_metrics(folder_ / "metrics.jsonl"));
    if (!common_.quiet || !done) {
      std::string line = (done ? "done: step " : "stopped at step ") + std::to_string(step) + " of " + std::to_string(run_.train.steps);
      if (result.contains("training_loss")) line += ", loss " + fixed_text(result["training_loss"].template get<double>(), 4);
      if (done && held_out_loss_ > 0) line += ", held out " + fixed_text(held_out_loss_, 4);
      if (result.contains("tokens_per_second"))
        line += ", " + short_number(result["tokens_per_second"].template get<double>()) + " tokens/s";
      std::fprintf(stderr, "%s\n", line.c_str());
      if (!done) std::fprintf(stderr, "go on with: %s train --resume %s\n", program_invocation_short_name, folder_.c_str());
    }
    result["run"] = folder_.string();
    result["done"] = done;
    print_result(common_, result);
    return done ? 0 : 128 + signal;
  }

  std::filesystem::path folder_;
  RunDescription run_;
  const TokenFile* held_out_;
  CommonOptions common_;
  Model model_;
  Parameters<Model, Backend> weights_;
  Trainer<Model, Backend, AdamW, AnySchedule> trainer_;
  Batches<TokenFile> batches_;
  Checkpoints checkpoints_;
  std::unique_ptr<MetricsFile> metrics_;
  ProgressLine progress_;
  Clock::time_point last_save_;
  Progress before_;
  double shown_loss_ = 0;
  double held_out_loss_ = 0;
};

}  // namespace rondo::app

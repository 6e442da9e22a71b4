// TrainingRun: a trainer with all that a run folder needs around it (rondo/app/train.hpp tells what is in the folder).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/generate.hpp>
#include <rondo/app/run_keeper.hpp>
#include <rondo/app/served_model.hpp>
#include <rondo/app/start_weights.hpp>
#include <rondo/app/teachers.hpp>
#include <rondo/data/batches.hpp>
#include <rondo/train/training_state.hpp>

namespace rondo::app {

inline AnySchedule schedule_of(const TrainSettings& train, const std::string& name, Index warmup, double floor) {
  const auto rise = value_of<Rise>(train.warmup_from, rise_names);
  if (name == "constant") return {Constant{warmup, rise}};
  if (name == "linear") return {LinearDecay{warmup, floor, rise}};
  if (name == "trapezoid") return {Trapezoid{warmup, floor, train.cooldown, value_of<Fall>(train.fall, fall_names), rise}};
  if (name == "inverse_root") return {InverseRoot{warmup, train.timescale, rise}};
  return {Cosine{warmup, floor, rise}};
}
inline AnyAverage average_of(const TrainSettings& train) {
  require(train.ema == 0 || train.tail == 0, "train: expected one of train.ema and train.tail");
  if (train.tail > 0) return {TailAverage{train.tail}};
  if (train.ema == 0) return {};
  if (train.ema_start == "weights") return {ExponentialAverage{train.ema}};
  if (train.ema_start == "zero") return {CorrectedAverage{train.ema}};
  return {WarmedAverage{train.ema}};
}
// `start`: weights to begin with, or null; `teachers`: whom the run learns from, or null.
inline TrainingSetup setup_of(const RunDescription& run, const StartWeights* start = nullptr, const Teachers* teachers = nullptr) {
  const TrainSettings& train = run.train;
  const CrossEntropyOptions cross_entropy{train.label_smoothing, train.z_loss};
  TrainingSetup setup{run.optimizer.optimizer,
                      schedule_of(train, train.schedule, train.warmup, train.floor),
                      teachers != nullptr ? teachers->objective(run.shape, cross_entropy) : cross_entropy_objective(cross_entropy),
                      {train.accumulate, train.clip, average_of(train), Seed{run.seed}, run.optimizer.groups,
                       schedule_of(train, run.optimizer.decay_schedule, 0, 0)}};
  if (teachers != nullptr) setup.projections = teachers->projections(run.shape);
  if (start != nullptr) setup.start = [start](const std::vector<HostedTensor<float>>& weights) { start->load(weights); };
  return setup;
}
inline BatchOptions batches_of(const RunDescription& run) {
  return {.rows = run.train.batch,
          .length = run.train.length,
          .packing = run.data.pack == "windows" ? Packing::windows : Packing::documents,
          .shuffled = run.data.shuffle,
          .epochs = 0,
          .seed = Seed{run.seed}};
}

class TrainingRun : public RunKeeper {
 public:
  // `record` is that of the run.json of a run that goes on and `lock` that of its folder, both null for a new one; `start`:
  // weights that a run begins with, or null; `teachers`: or null. The model must outlive the run.
  TrainingRun(std::filesystem::path folder, std::unique_ptr<FolderLock> lock, const ServedModel& model, RunDescription run,
              const Json& record, const TokenFile& data, const TokenFile* held_out, const CommonOptions& common,
              const StartWeights* start, const Teachers* teachers)
      : RunKeeper(std::move(folder), std::move(lock), std::move(run), data, held_out, common),
        model_(&model),
        files_(model.files),
        training_(model.train(run_.shape, setup_of(run_, start, teachers))),
        batches_(data, batches_of(run_)) {
    note_facts(record, start != nullptr ? start->facts() : Json(), model.parameters(run_.shape), "Cpu");
    if (teachers != nullptr) note_teachers(record, teachers->facts());
    if (record.is_null()) return;
    require(checkpoints_.latest() || !std::filesystem::exists(folder_ / "model.safetensors"), checkpoints_.root().string(),
            ": no checkpoint to go on from, though the run has got as far as a model; begin again in another folder");
    resume();
    require(reached().step <= run_.train.steps, folder_.string(), ": the run is at step ", reached().step,
            " already, beyond train.steps = ", run_.train.steps);
  }

  // The exit status: 0 done, 130 or 143 stopped by a signal.
  int go() {
    training_->on_step([&](const StepReport& report) {
      after_step(report);
      if (signals_.caught() != 0 || is_over_early()) training_->stop();
    });
    begin();
    if (!common_.quiet) note_own_form();
    if (signals_.caught() != 0 && reached().step > 0) return finish(false);
    try {
      const bool done = is_over_early() || training_->run([&](Batch& batch) { return batches_.next(batch); }, run_.train.steps);
      return finish(done || is_over_early());
    } catch (const NotFinite& problem) {
      const double rate = std::visit([](const auto& one) { return one.rate; }, run_.optimizer.optimizer.chosen);
      throw NotFinite(error(folder_.string(), ": ", problem.what(), last_checkpoint(), "; a rate lower than ", rate,
                            " (optimizer.rate) or a longer warm-up may help"));
    } catch (const Error& problem) {
      throw error(problem.what(), last_checkpoint());
    }
  }

 private:
  void note_teachers(const Json& before, const Json& facts) {
    run_.record["teachers"] = facts;
    if (before.is_null() || !before.contains("teachers")) return;
    const auto fingerprints = [](const Json& teachers) {
      Json result = Json::array();
      for (const Json& one : teachers) result.push_back(one.value("fingerprint", Json()));
      return result;
    };
    require(fingerprints(before["teachers"]) == fingerprints(facts), folder_.string(), ": not the teachers that this run began with (", fingerprints(facts).dump(),
            ", was ", fingerprints(before["teachers"]).dump(), ")");
  }
  void note_own_form() const {
    const FileForm* form = files_.published.get();
    const std::string why = form != nullptr ? form->refusal(run_.shape) : "no published form has such blocks";
    if (why.empty()) return;
    const std::string instead = form != nullptr ? ", not as '" + std::string(form->model_type()) + "'" : "";
    std::fprintf(stderr, "note: saved in rondo's own form, which other programs do not read%s: %s\n", instead.c_str(), why.c_str());
  }
  // From the newest checkpoint that is whole; those after it are set aside.
  void resume() {
    std::vector<Checkpoint> damaged;
    std::string problems;
    for (auto latest = checkpoints_.all(); !latest.empty(); latest.pop_back()) {
      if (!latest.back().resumable) continue;
      try {
        batches_.seek(load_training_state(latest.back().folder, *training_));
        for (const Checkpoint& one : damaged) checkpoints_.set_aside(one);
        if (!damaged.empty()) std::fprintf(stderr, "note: going on from %s:%s\n", latest.back().folder.c_str(), problems.c_str());
        return;
      } catch (const Error& problem) {
        damaged.push_back(latest.back());
        problems += (damaged.size() > 1 ? "; " : " ") + std::string(problem.what());
      }
    }
    require(damaged.empty(), folder_.string(), ": none of its checkpoints can be read:", problems);
  }
  // For the end of a message.
  std::string last_checkpoint() {
    progress_.finish();
    const auto latest = checkpoints_.latest();
    return latest ? " (the last checkpoint is " + latest->folder.string() + ")" : "";
  }

  const Progress& reached() const override { return training_->progress(); }
  std::optional<HeldOutLoss> held_out_loss_now() override {
    struct Stopped {};
    try {
      return held_out_loss(training_->scorer(),
                           HeldOutWindows{*held_out_, run_.train.length, {.tokens = run_.train.held_out_tokens}}, [&](Index) {
                             if (signals_.caught() != 0) throw Stopped{};
                           });
    } catch (const Stopped&) {
      return std::nullopt;
    }
  }
  void save_model_into(const std::filesystem::path& folder, const SaveOptions& options) const override {
    save_model(folder, files_, run_.shape, training_->result(), options);
  }
  void save_state_into(const std::filesystem::path& folder) const override {
    save_training_state(folder, *training_, batches_.position());
  }

  std::string sample_text() override {
    if (!std::filesystem::exists(folder_ / "tokenizer.json")) return "";
    try {
      const Tokenizer tokenizer = Tokenizer::load(folder_);
      const auto model = model_->make(run_.shape, BackendName::cpu);
      const auto weights = training_->result();
      const auto copies = std::get<std::vector<HostedTensor<float>>>(model->tensors());
      for (std::size_t i = 0; i < weights.size(); ++i) copies[i].write(weights[i].numbers());
      ContinuedText text{*model, tokenizer, {.temperature = 0.7, .top_p = 0.95, .seed = Seed{1}}};
      return text.go_on({}, 80).text;
    } catch (const Error&) {
      return "";
    }
  }

  const ServedModel* model_;
  CompositionFiles files_;
  std::unique_ptr<Training> training_;
  Batches<TokenFile> batches_;
};

}  // namespace rondo::app

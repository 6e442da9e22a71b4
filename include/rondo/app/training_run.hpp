// TrainingRun: a trainer with all that a run folder needs around it (rondo/app/train.hpp tells what is in the folder).
#pragma once

#include <filesystem>
#include <string>

#include <rondo/app/evaluate.hpp>
#include <rondo/app/run_keeper.hpp>
#include <rondo/app/signals.hpp>
#include <rondo/train/training_state.hpp>

namespace rondo::app {

inline AnySchedule schedule_of(const TrainSettings& train) {
  if (train.schedule == "constant") return {Constant{train.warmup}};
  if (train.schedule == "linear") return {LinearDecay{train.warmup, train.floor}};
  if (train.schedule == "trapezoid") return {Trapezoid{train.warmup, train.floor, train.cooldown}};
  return {Cosine{train.warmup, train.floor}};
}
inline AdamW adamw_of(const TrainSettings& train) {
  return {train.rate, train.beta1, train.beta2, train.epsilon, train.decay};
}
inline BatchOptions batches_of(const RunDescription& run) {
  return {.rows = run.train.batch,
          .length = run.train.length,
          .packing = run.data.pack == "windows" ? Packing::windows : Packing::documents,
          .shuffled = run.data.shuffle,
          .epochs = 0,
          .seed = Seed{run.seed}};
}

template <class Model, class Backend>
class TrainingRun : public RunKeeper {
 public:
  // `record` is that of the run.json of a run that goes on, null for a new one.
  TrainingRun(std::filesystem::path folder, RunDescription run, const Json& record, const TokenFile& data,
              const TokenFile* held_out, const CommonOptions& common)
      : RunKeeper(std::move(folder), std::move(run), data, held_out, common),
        model_(run_.shape),
        weights_(model_, Seed{run_.seed}),
        trainer_(model_, weights_, adamw_of(run_.train), schedule_of(run_.train),
                 CrossEntropy{{run_.train.label_smoothing, run_.train.z_loss}},
                 TrainingOptions{run_.train.accumulate, run_.train.clip, run_.train.ema, Seed{run_.seed}}),
        batches_(data, batches_of(run_)) {
    note_facts(record, weights_.count(), bare_type_name<Backend>());
    if (record.is_null()) return;
    if (const auto latest = checkpoints_.latest()) batches_.seek(load_training_state(latest->folder, trainer_));
    require(reached().step <= run_.train.steps, folder_.string(), ": the run is at step ", reached().step,
            " already, beyond train.steps = ", run_.train.steps);
  }

  // The exit status: 0 done, 130 or 143 stopped by a signal.
  int go() {
    const StopSignals signals;
    trainer_.on_step([&](const StepReport& report) {
      after_step(report);
      if (signals.caught() != 0) trainer_.stop();
    });
    begin();
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
  const Progress& reached() const override { return trainer_.progress(); }
  HeldOutLoss held_out_loss_now() override {
    Scorer<Model, Backend> scorer{model_, trainer_.result()};
    return held_out_loss(scorer, *held_out_, run_.shape.vocabulary, run_.train.length, run_.train.held_out_documents);
  }
  void save_model_into(const std::filesystem::path& folder, const SaveOptions& options) const override {
    save_model(folder, trainer_.result(), options);
  }
  void save_state_into(const std::filesystem::path& folder) const override {
    save_training_state(folder, trainer_, batches_.position());
  }

  Model model_;
  Parameters<Model, Backend> weights_;
  Trainer<Model, Backend, AdamW, AnySchedule> trainer_;
  Batches<TokenFile> batches_;
};

}  // namespace rondo::app

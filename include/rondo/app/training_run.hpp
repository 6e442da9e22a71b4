// TrainingRun: a trainer with all that a run folder needs around it (rondo/app/train.hpp tells what is in the folder).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/run_keeper.hpp>
#include <rondo/app/signals.hpp>
#include <rondo/data/batches.hpp>
#include <rondo/evaluate/perplexity.hpp>
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

// Windows of at most `length` tokens of a file, each once in an order of its own, until `tokens` are given (0: all). Before a
// window stands the token that comes before it, at the beginning of a document the end-of-text token.
class HeldOutSample {
 public:
  HeldOutSample(const TokenFile& file, index length, index tokens)
      : file_(&file), cutting_(file, Packing::documents, length), order_(cutting_.units(), RandomKey{0}), limit_(tokens) {}

  // The bytes of the text that the window stands for; negative at the end.
  double next(std::vector<Token>& text) {
    if (drawn_ == order_.size() || (limit_ > 0 && tokens_ >= limit_)) return -1;
    const Piece piece = cutting_.unit(order_(drawn_++));
    const bool first = piece.begin == piece.first;
    const index before = first ? 0 : 1, size = piece.end - piece.begin;
    tokens_ += size;
    text.clear();
    if (first && file_->end_of_text() >= 0) text.push_back(file_->end_of_text());
    const auto begin = text.size();
    text.resize(begin + static_cast<std::size_t>(size + before));
    file_->all().middle(piece.begin - before, size + before).copy(text.data() + begin);
    return static_cast<double>(file_->bytes()) * static_cast<double>(size) / static_cast<double>(file_->tokens());
  }

 private:
  const TokenFile* file_;
  Cutting cutting_;
  Permutation order_;
  index limit_;
  index drawn_ = 0;
  index tokens_ = 0;
};

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
    HeldOutSample sample{*held_out_, run_.train.length, run_.train.held_out_tokens};
    return held_out_loss<Model, Backend, typename Backend::Scalar>(
        scorer, [&](std::vector<Token>& text) { return sample.next(text); }, run_.train.length, -1);
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

// TrainingRun: a trainer with all that a run folder needs around it (rondo/app/train.hpp tells what is in the folder).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/run_keeper.hpp>
#include <rondo/app/served_model.hpp>
#include <rondo/data/batches.hpp>
#include <rondo/evaluate/perplexity.hpp>
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
inline TrainingSetup setup_of(const RunDescription& run) {
  const TrainSettings& train = run.train;
  return {run.optimizer.optimizer, schedule_of(train, train.schedule, train.warmup, train.floor), {train.label_smoothing, train.z_loss},
          {train.accumulate, train.clip, average_of(train), Seed{run.seed}, run.optimizer.groups,
           schedule_of(train, run.optimizer.decay_schedule, 0, 0)}};
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
  HeldOutSample(const TokenFile& file, Index length, Index tokens)
      : file_(&file), cutting_(file, Packing::documents, length), order_(cutting_.units(), RandomKey{0}), limit_(tokens) {}

  // The bytes of the text that the window stands for; negative at the end.
  double next(std::vector<Token>& text) {
    if (drawn_ == order_.size() || (limit_ > 0 && tokens_ >= limit_)) return -1;
    const Piece piece = cutting_.unit(order_(drawn_++));
    const bool first = piece.begin == piece.first;
    const Index before = first ? 0 : 1, size = piece.end - piece.begin;
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
  Index limit_;
  Index drawn_ = 0;
  Index tokens_ = 0;
};

class TrainingRun : public RunKeeper {
 public:
  // `record` is that of the run.json of a run that goes on and `lock` that of its folder, both null for a new one.
  TrainingRun(std::filesystem::path folder, std::unique_ptr<FolderLock> lock, const ServedModel& model, RunDescription run,
              const Json& record, const TokenFile& data, const TokenFile* held_out, const CommonOptions& common)
      : RunKeeper(std::move(folder), std::move(lock), std::move(run), data, held_out, common),
        files_(model.files),
        training_(model.train(run_.shape, setup_of(run_))),
        batches_(data, batches_of(run_)) {
    note_facts(record, model.parameters(run_.shape), "Cpu");
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
      if (signals_.caught() != 0) training_->stop();
    });
    begin();
    if (files_.published != nullptr && !common_.quiet)
      if (const std::string why = files_.published->refusal(run_.shape); !why.empty())
        std::fprintf(stderr, "note: saved in rondo's own form, which other programs do not read, not as '%s': %s\n",
                     std::string(files_.published->model_type()).c_str(), why.c_str());
    if (signals_.caught() != 0 && reached().step > 0) return finish(false);
    try {
      return finish(training_->run([&](Batch& batch) { return batches_.next(batch); }, run_.train.steps));
    } catch (const NotFinite& problem) {
      throw NotFinite(error(folder_.string(), ": ", problem.what(), last_checkpoint()));
    } catch (const Error& problem) {
      throw error(problem.what(), last_checkpoint());
    }
  }

 private:
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
    HeldOutSample sample{*held_out_, run_.train.length, run_.train.held_out_tokens};
    try {
      return held_out_loss(
          training_->scorer(), [&](std::vector<Token>& text) { return sample.next(text); }, run_.train.length, -1, [&](Index) {
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

  CompositionFiles files_;
  std::unique_ptr<Training> training_;
  Batches<TokenFile> batches_;
};

}  // namespace rondo::app

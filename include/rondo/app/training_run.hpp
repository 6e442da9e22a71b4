// TrainingRun: a trainer with all that a run folder needs around it (rondo/app/train.hpp tells what is in the folder).
//
// Of several ranks the first keeps the folder and leads: between two steps the others wait for what it asks for (Order), and do their part.
// They need to see the token files, the teachers' folders and the program, but not the run's folder.
#pragma once

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <rondo/app/generate.hpp>
#include <rondo/app/run_keeper.hpp>
#include <rondo/app/served_model.hpp>
#include <rondo/app/start_weights.hpp>
#include <rondo/app/teachers.hpp>
#include <rondo/app/training.hpp>
#include <rondo/app/training_data.hpp>
#include <rondo/app/training_setup.hpp>
#include <rondo/data/batches.hpp>
#include <rondo/evaluate/split_scorer.hpp>
#include <rondo/parallel/gathered_texts.hpp>
#include <rondo/train/training_state.hpp>

namespace rondo::app {

class TrainingRun : public RunKeeper {
 public:
  // `record` is that of the run.json of a run that goes on and `lock` that of its folder, both null for a new one; `start`:
  // weights that a run begins with, or null; `teachers`: or null. The model must outlive the run.
  TrainingRun(std::filesystem::path folder, std::unique_ptr<FolderLock> lock, const ServedModel& model, RunDescription run,
              const Json& record, const TrainingData& data, const TokenFile* held_out, const CommonOptions& common,
              const StartWeights* start, const Teachers* teachers)
      : RunKeeper(std::move(folder), std::move(lock), std::move(run), data, held_out, common),
        model_(&model),
        files_(model.files),
        rows_(row_phases(run_.train)),
        batches_(data.tokens(), batches_of(run_, common_.ranks)),
        training_(training_of(model.model(run_.shape), setup_of(run_, start, teachers, common_.ranks, backend_of(common_.backend)))) {
    note_facts(record, start != nullptr ? start->facts() : Json(), model.parameters(run_.shape),
               common_.backend == "cpu" ? "Cpu" : common_.backend);
    if (teachers != nullptr) note_teachers(record, teachers->facts());
    lead([&] { go_on_from(record); });
  }

  // The exit status, the same on all ranks: 0 done, 130 or 143 stopped by a signal.
  int go() {
    training_->on_step([&](const StepReport& report) {
      lead([&] { after_step(report); });
      if (signals_.caught() != 0 || is_over_early()) training_->stop();
    });
    lead([&] {
      begin();
      if (!common_.quiet) note_own_form();
    });
    caught_by_any_ = signal_of_any();
    const bool over = is_over_early(), stopped = caught_by_any_ != 0 && reached().step > 0;
    if (sum(over || stopped ? 1 : 0) > 0) return end(over && !stopped);
    try {
      if (rows_.change() && reached().step < run_.train.steps) reserve();
      const auto next = [&](Batch& batch) {
        const Index tokens = reached().tokens;
        batches_.resize(rows_.batch.at(tokens), rows_.length.at(tokens));
        return batches_.next(batch);
      };
      const bool done = training_->run(next, run_.train.steps);
      caught_by_any_ = signal_of_any();
      return end(done || is_over_early());
    } catch (const OtherRankFailed&) {
      throw;
    } catch (const NotFinite& problem) {
      const double rate = std::visit([](const auto& one) { return one.rate; }, run_.optimizer.optimizer.chosen);
      throw NotFinite(error(folder_.string(), ": ", problem.what(), last_checkpoint(), "; a rate lower than ", rate,
                            " (optimizer.rate) or a longer warm-up may help"));
    } catch (const Error& problem) {
      throw error(problem.what(), last_checkpoint());
    }
  }

 private:
  // What the first rank asks of the others.
  enum class Order { go_on, take_state, give_state, bring_weights, measure };

  [[nodiscard]] bool leads() const { return common_.ranks.rank() == 0; }
  // Of all ranks' numbers.
  double sum(double number) const {
    common_.ranks.sum(std::span<double>{&number, 1});
    return number;
  }
  Order order(Order asked) const { return static_cast<Order>(sum(leads() ? static_cast<double>(asked) : 0)); }
  // Does it on the first rank; meanwhile the others do what that asks for.
  template <class Act>
  void lead(Act&& act) {
    if (!leads()) return obey();
    try {
      act();
    } catch (const OtherRankFailed&) {
      throw;
    } catch (...) {
      order(Order::go_on);
      throw;
    }
    order(Order::go_on);
  }
  void obey() {
    for (Order asked = order({}); asked != Order::go_on; asked = order({})) {
      if (asked == Order::take_state)
        take_training_tensors(std::span<const HostedTensor<float>>(training_->hosted_tensors())), take_numbers();
      if (asked == Order::give_state) give_state({});
      if (asked == Order::bring_weights) static_cast<void>(training_->result());
      if (asked == Order::measure) static_cast<void>(measured());
    }
  }
  int end(bool done) {
    int status = 0;
    lead([&] { status = finish(done); });
    return static_cast<int>(sum(status));
  }
  [[nodiscard]] int signal_of_any() const {
    std::vector<double> signals(static_cast<std::size_t>(common_.ranks.size()));
    signals[static_cast<std::size_t>(common_.ranks.rank())] = signals_.caught();
    common_.ranks.sum(signals);
    return static_cast<int>(*std::max_element(signals.begin(), signals.end()));
  }

  // `record`: null for a run that begins.
  void go_on_from(const Json& record) {
    if (record.is_null()) return;
    require(checkpoints_.latest() || !std::filesystem::exists(folder_ / "model.safetensors"), checkpoints_.root().string(),
            ": no checkpoint to go on from, though the run has got as far as a model; begin again in another folder");
    resume();
    require(reached().step <= run_.train.steps, folder_.string(), ": the run is at step ", reached().step,
            " already, beyond train.steps = ", run_.train.steps);
  }

  void note_teachers(const Json& before, const Json& facts) {
    run_.record["teachers"] = facts;
    if (before.is_null() || !before.contains("teachers")) return;
    const auto fingerprints = [](const Json& teachers) {
      Json result = Json::array();
      for (const Json& one : teachers) result.push_back(one.value("fingerprint", Json()));
      return result;
    };
    require(fingerprints(before["teachers"]) == fingerprints(facts), folder_.string(), ": not the teachers that this run began with (",
            fingerprints(facts).dump(), ", was ", fingerprints(before["teachers"]).dump(), ")");
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
        batches_.seek(load_training_state(latest.back().folder, *training_, [&] { order(Order::take_state); }));
        take_numbers();
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
  // Takes the memory of the largest of the phases to come before the first.
  void reserve() {
    const DataPosition here = batches_.position();
    const auto [rows, length] = rows_.largest(reached().tokens);
    Batch largest;
    batches_.resize(rows, length);
    if (batches_.next(largest)) training_->reserve(largest);
    batches_.seek(here);
  }
  // For the end of a message.
  std::string last_checkpoint() {
    progress_.finish();
    const auto latest = checkpoints_.latest();
    return latest ? " (the last checkpoint is " + latest->folder.string() + ")" : "";
  }

  // The place of the first rank becomes that of all.
  void take_numbers() {
    if (!common_.ranks.several()) return;
    auto [progress, numbers, data] = std::tuple{reached(), training_->numbers(), batches_.position()};
    std::vector<double> all;
    const auto each = [&](auto&& act) {
      act(progress.step), act(progress.tokens), act(progress.words), act(progress.seconds);
      act(data.epoch), act(data.unit), act(data.offset);
      for (NamedNumber& one : numbers) act(one.value);
    };
    each([&](const auto& number) { all.push_back(static_cast<double>(number)); });
    common_.ranks.gather(std::span<double>{all}, borders_of_the_first(std::ssize(all), common_.ranks.size()));
    each([&, next = all.begin()](auto& number) mutable { number = static_cast<std::remove_reference_t<decltype(number)>>(*next++); });
    training_->resume_at(progress, numbers);
    batches_.seek(data);
  }
  // Into the folder, on the first rank. Ranks whose weights are not the first one's do not come to that.
  void give_state(const std::filesystem::path& folder) const {
    if (common_.ranks.several()) {
      RunningChecksum checksum;
      for (const HostedTensor<float>& one : training_->result()) {
        const std::vector<float> numbers = one.numbers();
        checksum.add(numbers.data(), numbers.size() * sizeof(float));
      }
      const std::vector<std::string> checksums = gathered_texts(common_.ranks, std::to_string(checksum.value()));
      for (std::size_t rank = 0; rank < checksums.size(); ++rank)
        require(checksums[rank] == checksums[0], "step ", reached().step, ": rank ", rank,
                " has come to other weights than rank 0, by equal gradients: the two compute differently (processor, compiler, threads)");
    }
    save_training_state(folder, *training_, batches_.position());
  }

  const Progress& reached() const override { return training_->progress(); }
  HeldOutLoss measured() {
    SplitScorer scorer{training_->scorer(), common_.ranks};
    return held_out_loss(scorer, HeldOutWindows{*held_out_, run_.train.length, {.tokens = run_.train.held_out_tokens}}, [&](Index) {
      if (signals_.caught() != 0 && !common_.ranks.several()) throw StoppedBySignal{signals_.caught()};
    });
  }
  std::optional<HeldOutLoss> held_out_loss_now() override {
    order(Order::measure);
    try {
      return measured();
    } catch (const StoppedBySignal&) {
      return std::nullopt;
    }
  }
  [[nodiscard]] std::vector<HostedTensor<float>> weights_to_keep() const {
    order(Order::bring_weights);
    return training_->result();
  }
  void save_model_into(const std::filesystem::path& folder, const SaveOptions& options) const override {
    save_model(folder, files_, run_.shape, weights_to_keep(), options);
  }
  void save_state_into(const std::filesystem::path& folder) const override {
    order(Order::give_state);
    give_state(folder);
  }

  std::string sample_text() override {
    if (!std::filesystem::exists(folder_ / "tokenizer.json")) return "";
    try {
      const Tokenizer tokenizer = Tokenizer::load(folder_);
      const auto model = loaded_model(model_->model(run_.shape), BackendName::cpu);
      const auto weights = weights_to_keep();
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
  RowPhases rows_;
  Batches<MixedTokens> batches_;
  std::unique_ptr<Training> training_;
};

}  // namespace rondo::app

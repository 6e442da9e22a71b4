// ClassifierRun: the fine-tuning of one classifier, with all that its folder needs around it.
//
// The folder gets finetune.json (what was asked for, and what it was made from), metrics.jsonl (a line a step, and one an epoch with the
// metrics of the held-out texts), checkpoints/ (where to go on from; the best epoch's model), and at the end the best epoch's model
// (rondo/model/checkpoint/classifier_folder.hpp), predictions.json, items.jsonl (every held-out text with its class scores) and
// result.json. Begun again it goes on, bit for bit, from the last
// checkpoint: one an epoch, one every ten minutes, and one where a signal comes. A finished one is not run again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rondo/app/finetune_recipe.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/app/served_model.hpp>
#include <rondo/app/signals.hpp>
#include <rondo/data/text_batches.hpp>
#include <rondo/data/text_pair.hpp>
#include <rondo/evaluate/label_counts.hpp>
#include <rondo/io/number_text.hpp>
#include <rondo/model/checkpoint/classifier_folder.hpp>
#include <rondo/train/checkpoints.hpp>
#include <rondo/train/metrics.hpp>
#include <rondo/train/training_state.hpp>

namespace rondo::app {

// Examples as a model is given them.
struct ClassTexts {
  std::vector<LabelledText> texts;
  Index cut = 0, cut_tokens = 0;  // texts that are longer than the model is given, and what they lose
  std::vector<Index> labels;      // how often each class is the label
  std::vector<std::size_t> lines;  // of the texts in their file

  [[nodiscard]] std::vector<std::vector<Token>> ids() const {
    std::vector<std::vector<Token>> result;
    for (const LabelledText& text : texts) result.push_back(text.ids);
    return result;
  }
  [[nodiscard]] LabelCounts counts(std::span<const Index> predicted, Index classes) const {
    LabelCounts result{classes};
    for (std::size_t i = 0; i < texts.size(); ++i) result.add(texts[i].label, predicted[i]);
    return result;
  }
};

// `path` is what messages call them.
inline ClassTexts class_texts(const GlueTask& task, const std::vector<ClassExample>& examples, const Tokenizer& tokenizer, Index length,
                              const std::string& path) {
  ClassTexts result;
  result.labels = label_frequencies(task, examples);
  for (const ClassExample& example : examples) {
    EncodedTexts encoded = encode_texts(tokenizer, example.first, example.second ? &*example.second : nullptr, length);
    require(!encoded.ids.empty(), path, ": example ", result.texts.size() + 1, " has no tokens");
    result.cut += encoded.cut > 0;
    result.cut_tokens += encoded.cut;
    result.texts.push_back({std::move(encoded.ids), static_cast<Token>(example.label)});
    result.lines.push_back(example.line);
  }
  return result;
}

// All metrics, and the counts that they come from.
inline Json metrics_json(const LabelCounts& counts, std::span<const std::string_view> classes) {
  Json result = Json::object();
  for (std::size_t i = 0; i < class_metric_names.size(); ++i)
    result[std::string(class_metric_names[i])] = metric_of(counts, static_cast<ClassMetric>(i));
  Json rows = Json::array();
  for (std::size_t label = 0; label < classes.size(); ++label) {
    rows.push_back(Json::array());
    for (std::size_t k = 0; k < classes.size(); ++k)
      rows.back().push_back(counts.count(static_cast<Index>(label), static_cast<Index>(k)));
  }
  result["predicted_by_label"] = std::move(rows);
  return result;
}

// A task that the finished classifier is judged on: its own, and others that have no training texts.
struct HeldOutTexts {
  const GlueTask* task;
  ClassTexts texts;
};

// What a run begins from.
struct ClassifierStart {
  const ServedModel* served;
  Shape shape;
  const ModelFolder* folder;
  NameTable names;
  std::filesystem::path tokenizer;
  Json facts;  // of model, tokenizer and data, for finetune.json
};

class ClassifierRun {
 public:
  // `held_out[0]` is the task's own. All must outlive the run.
  ClassifierRun(std::filesystem::path folder, const ClassifierStart& start, const GlueTask& task, const FinetuneRecipe& recipe, Seed seed,
                const ClassTexts& train, std::span<const HeldOutTexts> held_out, const CommonOptions& common)
      : folder_(std::move(folder)),
        start_(start),
        task_(&task),
        recipe_(recipe),
        seed_(seed),
        train_(&train),
        held_out_(held_out),
        common_(common),
        progress_(common.quiet),
        checkpoints_(folder_) {}

  // Which of several it is, and the work that comes after it, in runs like this: shown beside the progress.
  void among(std::string which, double later) { which_ = std::move(which), later_ = later; }

  // Null where a signal has stopped it; else its result.json.
  std::optional<Json> go(const StopSignals& signals) {
    std::filesystem::create_directories(folder_);
    note_what_is_run();
    if (std::filesystem::exists(folder_ / result_file)) return read_json(folder_ / result_file);
    const Index classes = std::ssize(task_->classes);
    TextBatches batches{train_->texts, [this](const Sequence& text) { return pooling_.row(text); },
                        {.rows = recipe_.batch, .parts = recipe_.parts, .whole = recipe_.whole, .seed = seed_}};
    steps_per_epoch_ = batches.steps_per_epoch();
    const Index steps = recipe_.epochs * steps_per_epoch_;
    FineTuningSetup setup = setup_of(recipe_, classes, steps, seed_);
    setup.start = [&](const std::vector<HostedTensor<float>>& weights) { load_trunk(*start_.folder, start_.names, weights); };
    tuning_ = fine_tuning_of(start_.served->trunk(start_.shape), setup);
    auto& trainer = tuning_->trainer();
    if (const auto latest = checkpoints_.latest()) batches.seek(load_training_state(latest->folder, trainer));
    begin(trainer.progress().step);
    Clock::time_point saved = Clock::now();
    trainer.on_step([&](const StepReport& report) {
      metrics_->append(to_json(report));
      show(report, steps);
      const bool epoch_ends = report.progress.step % steps_per_epoch_ == 0;
      if (epoch_ends) measure(report.progress.step);
      const bool due = std::chrono::duration<double>(Clock::now() - saved).count() > 600;
      if (epoch_ends || due || signals.caught() != 0) save(batches.position()), saved = Clock::now();
      if (signals.caught() != 0 || stopping_.over()) trainer.stop();
    });
    if (!stopping_.over() && signals.caught() == 0) trainer.run(batches, steps);
    progress_.finish();
    if (!stopping_.over() && trainer.progress().step < steps) return std::nullopt;
    return finish(trainer.progress().step);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr const char* run_file = "finetune.json";
  static constexpr const char* result_file = "result.json";

  // Of a folder that has a run already it must be the same.
  void note_what_is_run() const {
    Json run{{"task", task_->name}, {"seed", seed_.value}, {"recipe", to_json(recipe_)}};
    if (recipe_.adapters == 0)
      for (const char* name : {"adapters", "adapter_alpha"}) run["recipe"].erase(name);  // runs that know none go on
    for (const auto& [key, value] : start_.facts.items()) run[key] = value;
    if (!std::filesystem::exists(folder_ / run_file)) return write_json(folder_ / run_file, run);
    const Json before = read_json(folder_ / run_file).flatten(), now = run.flatten();
    for (const auto& [key, value] : now.items())
      require(before.contains(key) && before[key] == value, folder_.string(), ": holds a run already, of another ", key.substr(1), ": ",
              before.contains(key) ? before[key].dump() : "none", ", now ", value.dump(), "; another --out begins a new one");
  }

  void begin(Index step) {
    metrics_ = std::make_unique<MetricsFile>(folder_ / "metrics.jsonl", step);
    checkpoints_.forget_best_after(step);
    stopping_ = {recipe_.patience, recipe_.threshold};
    for (const Json& line : read_metrics(folder_ / "metrics.jsonl"))
      if (line.contains("epoch")) see(line);
    if (step > 0 && step % steps_per_epoch_ == 0 && stopping_.seen < step / steps_per_epoch_) measure(step);
    if (!common_.quiet)
      std::fprintf(stderr, "%s %s, seed %llu: %td texts, %td held out, at most %td epochs of %td steps, in %s\n",
                   step > 0 ? "going on with" : "fine-tuning", std::string(task_->name).c_str(),
                   static_cast<unsigned long long>(seed_.value), std::ssize(train_->texts), std::ssize(held_out_[0].texts.texts),
                   recipe_.epochs, steps_per_epoch_, folder_.c_str());
  }
  bool see(const Json& line) {
    shown_ = line[recipe_.keep].get<double>();
    if (!stopping_.see(shown_)) return false;
    best_step_ = line["step"].get<Index>();
    return true;
  }

  void show(const StepReport& report, Index steps) {
    loss_ = report.progress.step % steps_per_epoch_ == 1 || steps_per_epoch_ == 1 ? report.loss : 0.9 * loss_ + 0.1 * report.loss;
    std::string note = "epoch " + std::to_string((report.progress.step - 1) / steps_per_epoch_ + 1) + ", loss " + fixed_text(loss_, 3);
    if (stopping_.seen > 0) note += ", " + recipe_.keep + " " + fixed_text(shown_, 4) + ", best " + fixed_text(stopping_.best, 4);
    if (!which_.empty()) note += ", " + which_;
    const double measuring = measuring_seconds_ * static_cast<double>((steps - report.progress.step) / steps_per_epoch_);
    const double whole = report.progress.seconds / static_cast<double>(report.progress.step) * static_cast<double>(steps) +
                         measuring_seconds_ * static_cast<double>(recipe_.epochs);
    progress_.show(std::string(task_->name), report.progress.step, steps, "steps", note, measuring + later_ * whole);
  }

  // The metrics of an epoch; its model where it is the best so far.
  void measure(Index step) {
    const auto begin = Clock::now();
    const std::vector<Index> predicted = predictions(scores_of(held_out_[0]), std::ssize(task_->classes));
    const LabelCounts counts = held_out_[0].texts.counts(predicted, std::ssize(task_->classes));
    Json line{{"step", step}, {"epoch", step / steps_per_epoch_}};
    line.update(metrics_json(counts, task_->classes));
    metrics_->append(line);
    if (see(line)) checkpoints_.save(step, std::string(Checkpoints::best_name), [&](const auto& into) { save_model_into(into); });
    measuring_seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
    progress_.leave_out(measuring_seconds_);
  }
  [[nodiscard]] std::vector<double> scores_of(const HeldOutTexts& texts) {
    std::vector<double> scores = tuning_->scorer().logits(texts.texts.ids());
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (!std::isfinite(scores[i]))
        throw NotFinite(error(folder_.string(), ": the class scores of held-out text ", i / task_->classes.size() + 1, " of ",
                              std::string(texts.task->name), " are not finite; a lower finetune.rate may help"));
    return scores;
  }

  void save(const DataPosition& position) {
    metrics_->flush();
    checkpoints_.save(tuning_->trainer().progress().step, "",
                      [&](const auto& into) { save_training_state(into, tuning_->trainer(), position); });
    checkpoints_.prune(1);
  }
  [[nodiscard]] SaveOptions save_options() const { return {.tokenizer = start_.tokenizer, .like = start_.folder->config()}; }
  void save_model_into(const std::filesystem::path& folder) const {
    std::vector<std::string> classes(task_->classes.begin(), task_->classes.end());
    save_classifier(folder, start_.served->files, start_.shape, tuning_->weights(), {classes, recipe_.head, recipe_.pooling},
                    save_options());
  }

  Json finish(Index step) {
    load_best();
    save_model_into(folder_);
    Json result{{"task", task_->name},   {"seed", seed_.value},           {"best_epoch", best_step_ / steps_per_epoch_},
                {"epochs", step / steps_per_epoch_}, {"steps", step},     {"ended_early", stopping_.over()},
                {"seconds", tuning_->trainer().progress().seconds}};
    Json all_predictions = Json::object();
    std::string items;
    for (const HeldOutTexts& one : held_out_) {
      const std::vector<double> scores = scores_of(one);
      const std::vector<Index> found = predictions(scores, std::ssize(task_->classes));
      append_items(items, one, scores, found);
      const LabelCounts counts = one.texts.counts(found, std::ssize(task_->classes));
      const auto [value, standard_error] = estimate(counts, metric_named(recipe_.metric));
      const std::string name(one.task->name);
      Json& of = result["held_out"][name];
      of = {{"metric", recipe_.metric}, {"value", value}, {"standard_error", standard_error}, {"texts", one.texts.texts.size()}};
      of.update(metrics_json(counts, task_->classes));
      of["accuracy_standard_error"] = counts.standard_error();
      of["cut_texts"] = one.texts.cut;
      all_predictions[name] = predictions_json(name, found);
    }
    result["training_texts"] = train_->texts.size();
    result["cut_texts"] = train_->cut;
    result["cut_tokens"] = train_->cut_tokens;
    write_json(folder_ / "predictions.json", all_predictions);
    write_file(folder_ / "items.jsonl", items);
    write_json(folder_ / result_file, result);  // last: from here on the run is done
    return result;
  }
  // A line each, in the form that scored items have everywhere.
  static void append_items(std::string& items, const HeldOutTexts& of, std::span<const double> scores, std::span<const Index> predicted) {
    const std::size_t classes = of.task->classes.size();
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      const Index label = of.texts.texts[i].label;
      const auto own = scores.subspan(i * classes, classes);
      items += Json{{"task", "glue"},          {"file", of.task->name},      {"line", of.texts.lines[i]},
                    {"label", label},          {"predicted", predicted[i]}, {"right", predicted[i] == label ? 1.0 : 0.0},
                    {"scores", std::vector<double>(own.begin(), own.end())}}
                   .dump() +
               "\n";
    }
  }
  void load_best() {
    ModelConfig config{Json::object(), ""};
    const ModelForm form = written_form(start_.served->files, start_.shape, save_options(), config);
    load_classifier(ModelFolder{checkpoints_.best(best_step_)}, form.names, tuning_->weights());
  }

  std::filesystem::path folder_;
  const ClassifierStart& start_;
  const GlueTask* task_;
  FinetuneRecipe recipe_;
  Seed seed_;
  const ClassTexts* train_;
  std::span<const HeldOutTexts> held_out_;
  CommonOptions common_;
  ProgressLine progress_;
  Checkpoints checkpoints_;
  AnyPooling pooling_ = pooling_named(recipe_.pooling);
  std::unique_ptr<FineTuning> tuning_;
  std::unique_ptr<MetricsFile> metrics_;
  EarlyStopping stopping_;
  Index steps_per_epoch_ = 1, best_step_ = 0;
  std::string which_;
  double shown_ = 0, loss_ = 0, measuring_seconds_ = 0, later_ = 0;
};

}  // namespace rondo::app

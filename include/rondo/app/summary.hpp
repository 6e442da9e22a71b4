// `summary`: the tree of a model's weights, its operations and its memory before any is taken, and the time that training would
// take.
#pragma once

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/training_speed.hpp>
#include <rondo/app/used_sizes.hpp>

namespace rondo::app {

struct SummaryOptions {
  std::filesystem::path model;  // a folder, of a run with its settings; without one the composition and the sizes of these settings
  std::vector<std::string> settings;
  Index batch = 0;   // 0: train.batch
  Index length = 0;  // tokens of a sequence; 0: train.length, or the context where that is less
  bool untimed = false;
};

// Weights outside blocks and those of the first block of each kind one by one; every block in sum.
inline void print_weights(const std::vector<NamedLeaf>& weights) {
  const auto is_block = [](const std::string& path) { return path.starts_with("blocks."); };
  const auto group_of = [&](const std::string& path) {
    return path.substr(0, is_block(path) ? path.find('.', 7) : path.rfind('.'));
  };
  std::map<std::string, std::string> kinds;  // of each group: its leaves and their sizes
  for (const auto& [path, leaf] : weights) kinds[group_of(path)] += path.substr(group_of(path).size()) + leaf.dimensions.text();
  std::set<std::string> shown;
  std::string group;
  bool one_by_one = true;
  Index group_count = 0;
  const auto flush = [&] {
    if (!group.empty()) std::printf("  %-40s %14td\n", group.c_str(), group_count);
    group_count = 0;
  };
  for (const auto& [path, leaf] : weights) {
    if (const std::string name = group_of(path); name != group) {
      flush();
      group = name;
      one_by_one = !is_block(path) || shown.insert(kinds[name]).second;
    }
    group_count = total_of(group_count, leaf.dimensions.size());
    if (one_by_one) std::printf("      %-50s %s\n", path.c_str(), leaf.dimensions.text().c_str());
  }
  flush();
}

inline int summary(const std::vector<ServedModel>& served, const SummaryOptions& options, const CommonOptions& common) {
  const ServedModel* model = &served.front();
  const std::filesystem::path trained = options.model / "run.json";
  const bool has_run = !options.model.empty() && std::filesystem::exists(trained);
  RunDescription run =
      has_run ? run_from_settings(options.settings, read_json(trained), trained.string()) : run_from_settings(options.settings);
  if (options.model.empty()) {
    model = choose(served, run);
    require_used_sizes({model}, options.settings, run.shape);
  } else {
    for (const std::string& setting : options.settings)
      require(!setting.starts_with("shape.") && !setting.starts_with("composition"), "--set ", setting, ": that of ",
              options.model.string(), " is given by --model");
    const ModelFolder folder{options.model};
    const auto [chosen, form] = choose(served, folder.config(), &folder.tensors());
    model = chosen;
    run.shape = form.shape;
    folder.check(form.names, model->leaves(run.shape));
    folder.require_finite();
  }
  const Shape& shape = run.shape;
  const std::vector<NamedLeaf> weights = model->leaves(shape);
  if (!common.quiet) print_weights(weights);
  Index count = 0, decayed = 0;
  for (const auto& [path, leaf] : weights) {
    count = total_of(count, leaf.dimensions.size());
    if (leaf.decay == Decay::yes) decayed += leaf.dimensions.size();
  }
  const RowPhases rows = row_phases(run.train);
  const Index batch = options.batch > 0 ? options.batch : rows.largest().first;
  const Index length = options.length > 0 ? options.length : std::min(rows.largest().second, shape.context);
  std::vector<Sequence> sequences;
  for (Index row = 0; row < batch; ++row) sequences.push_back({row * length, length, 0});
  const StepPlan plan =
      step_plan(model->model(shape), sequences, count_of(batch, length), run.optimizer.optimizer, precision_of(run.train));
  const Index state = state_size_of(model->model(shape));
  const auto megabytes = [](std::size_t bytes) { return static_cast<double>(bytes) / 1e6; };
  std::printf("%td parameters (%td with weight decay), %.1f MFLOP per token of a training step\n", count, decayed,
              plan.operations_per_token * 1e-6);
  std::printf(
      "training step of %td x %td tokens: %.0f MB = weights %.0f + gradients %.0f + optimizer %.0f + saved %.0f + scratch %.0f\n",
      batch, length, megabytes(plan.total()), megabytes(plan.weights), megabytes(plan.gradients), megabytes(plan.slots),
      megabytes(plan.saved), megabytes(plan.scratch));
  std::printf("decoding: %.1f MB of weights read per token, %.3f MB of state per sequence\n", megabytes(plan.weights),
              static_cast<double>(state) * 4e-6);
  Json result{{"parameters", count},
              {"flops_per_token", plan.operations_per_token},
              {"training_bytes", plan.total()},
              {"state_bytes", state * 4}};
  if (!options.untimed) {
    const Index given = run.train.tokens > 0 ? run.train.tokens
                        : rows.change()      ? rows.tokens_after(run.train.steps)
                                             : run.train.steps * batch * length * run.train.accumulate;
    const auto tokens = static_cast<double>(given > 0 ? given : 1'000'000);
    if (const auto speed = training_speed(*model, run, batch, length, backend_of(common.backend))) {
      const double seconds = tokens / speed->tokens_per_second;
      std::printf("training: about %s tokens/s, %s for %s tokens (an estimate: %td steps of %td x %td tokens%s, %td threads)\n",
                  short_number(speed->tokens_per_second).c_str(), short_time(seconds).c_str(), short_number(tokens).c_str(),
                  speed->steps, speed->rows, length,
                  speed->depth < shape.depth ? (" with " + std::to_string(speed->depth) + " of the blocks").c_str() : "",
                  thread_count());
      result.update(
          {{"tokens_per_second", speed->tokens_per_second}, {"training_tokens", tokens}, {"training_seconds", seconds}});
    } else {
      std::printf("training: too large a step to try how long it takes\n");
    }
  }
  print_result(common, result);
  return 0;
}

}  // namespace rondo::app

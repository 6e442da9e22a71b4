// `summary`: the tree of a model's weights, its operations and its memory, before any memory is taken.
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

namespace rondo::app {

struct SummaryOptions {
  std::filesystem::path model;  // a folder; without one the composition and the sizes of these settings
  std::vector<std::string> settings;
  Index batch = 8;
  Index length = 0;  // tokens of a sequence; 0: 256, or the context where that is less
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
  Shape shape;
  AnyOptimizer optimizer;
  if (options.model.empty()) {
    RunDescription run = run_from_settings(options.settings);
    model = choose(served, run);
    shape = run.shape;
    optimizer = run.optimizer.optimizer;
  } else {
    const ModelFolder folder{options.model};
    const auto [chosen, form] = choose(served, folder.config(), &folder.tensors());
    model = chosen;
    shape = form.shape;
    folder.check(form.names, model->leaves(shape));
  }
  const std::vector<NamedLeaf> weights = model->leaves(shape);
  if (!common.quiet) print_weights(weights);
  Index count = 0, decayed = 0;
  for (const auto& [path, leaf] : weights) {
    count = total_of(count, leaf.dimensions.size());
    if (leaf.decay == Decay::yes) decayed += leaf.dimensions.size();
  }
  const Index length = options.length > 0 ? options.length : std::min<Index>(256, shape.context);
  std::vector<Sequence> sequences;
  for (Index row = 0; row < options.batch; ++row) sequences.push_back({row * length, length, 0});
  const StepPlan plan = model->plan(shape, sequences, count_of(options.batch, length), optimizer);
  const Index state = model->state_size(shape);
  const auto megabytes = [](std::size_t bytes) { return static_cast<double>(bytes) / 1e6; };
  std::printf("%td parameters (%td with weight decay), %.1f MFLOP per token of a training step\n", count, decayed,
              plan.operations_per_token * 1e-6);
  std::printf("training step of %td x %td tokens: %.0f MB = weights %.0f + gradients %.0f + optimizer %.0f + saved %.0f + scratch %.0f\n",
              options.batch, length, megabytes(plan.total()), megabytes(plan.weights), megabytes(plan.gradients),
              megabytes(plan.slots), megabytes(plan.saved), megabytes(plan.scratch));
  std::printf("decoding: %.1f MB of weights read per token, %.3f MB of state per sequence\n", megabytes(plan.weights),
              static_cast<double>(state) * 4e-6);
  print_result(common, {{"parameters", count}, {"flops_per_token", plan.operations_per_token},
                        {"training_bytes", plan.total()}, {"state_bytes", state * 4}});
  return 0;
}

}  // namespace rondo::app

// `summary`: the tree of a model's weights, its operations and its memory, before any memory is taken.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include <rondo/app/common.hpp>
#include <rondo/model/plan.hpp>
#include <rondo/objective/cross_entropy.hpp>

namespace rondo::app {

struct SummaryOptions {
  index batch = 8;
  index length = 256;
};

template <class Model>
int summary(const Shape& shape, const SummaryOptions& options, const CommonOptions& common) {
  const Model model{shape};
  typename Model::template Weights<AnyStorage> record{};
  index count = 0, decayed = 0;
  std::string group;
  index group_count = 0;
  const auto flush = [&] {
    if (!group.empty() && !common.quiet) std::printf("  %-40s %14td\n", group.c_str(), group_count);
    group_count = 0;
  };
  walk(WeightRecords{}, model, std::string{}, [&](const std::string& path, const Leaf& leaf, AnyStorage&) {
    // blocks are summed up, block by block
    const std::size_t second = path.starts_with("blocks.") ? path.find('.', 7) : path.rfind('.');
    const std::string name = path.substr(0, second);
    if (name != group) flush(), group = name;
    group_count += leaf.dimensions.size();
    count += leaf.dimensions.size();
    if (leaf.decay == Decay::yes) decayed += leaf.dimensions.size();
    if (!common.quiet && (!path.starts_with("blocks.") || path.starts_with("blocks.0.")))
      std::printf("      %-50s %s\n", path.c_str(), leaf.dimensions.text().c_str());
  }, record);
  flush();
  std::vector<Sequence> sequences;
  for (index row = 0; row < options.batch; ++row) sequences.push_back({row * options.length, options.length, 0});
  const StepPlan plan = plan_training_step(model, CrossEntropy{}, sequences, options.batch * options.length);
  const index state = record_size(StateRecords{Extent{1, 1}}, model);
  const auto megabytes = [](std::size_t bytes) { return static_cast<double>(bytes) / 1e6; };
  std::printf("%td parameters (%td with weight decay), %.1f MFLOP per token of a training step\n", count, decayed,
              plan.operations_per_token * 1e-6);
  std::printf("training step of %td x %td tokens: %.0f MB = weights %.0f + gradients %.0f + moments %.0f + saved %.0f + scratch %.0f\n",
              options.batch, options.length, megabytes(plan.total()), megabytes(plan.weights), megabytes(plan.gradients),
              megabytes(plan.moments), megabytes(plan.saved), megabytes(plan.scratch));
  std::printf("decoding: %.1f MB of weights read per token, %.3f MB of state per sequence\n", megabytes(plan.weights),
              static_cast<double>(state) * 4e-6);
  print_result(common, {{"parameters", count}, {"flops_per_token", plan.operations_per_token},
                        {"training_bytes", plan.total()}, {"state_bytes", state * 4}});
  return 0;
}

}  // namespace rondo::app

// Every setting of a run with its default and its meaning (`train --settings`); of sizes, which compositions look at them.
#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/used_sizes.hpp>

namespace rondo::app {

struct Setting {
  std::string path;
  Json usual;
  std::string meaning;
};

// Shape's own comments (rondo/core/shape.hpp), for who has the program alone.
inline std::string meaning_of_size(std::string_view name) {
  static const std::map<std::string_view, const char*> meanings{
      {"vocabulary", "0: that of the data"},
      {"width", "of the residual stream"},
      {"depth", "blocks"},
      {"heads", "of a mixer"},
      {"groups", "of heads that share keys and queries"},
      {"key_value_heads", "0: as many as heads"},
      {"key_width", "of a head; 0: what the mixer says, mostly width / heads"},
      {"mlp_width", "0: 8/3 of the width, rounded up to a multiple of 256"},
      {"embedding_width", "0: width"},
      {"inner_width", "channels that a mixer works on; 0: what it says, mostly 2 width"},
      {"state_size", "numbers a channel remembers; 0: what the mixer says"},
      {"step_rank", "of the projection to time steps; 0: width / 16, rounded up"},
      {"block_width", "channels of a block of block-diagonal projections"},
      {"convolution", "taps of short convolutions"},
      {"window", "tokens that an attention looks back; 0: all"},
      {"full_blocks", "blocks whose attention looks back over all, as 0,4"},
      {"context", "tokens that a cache of keys and values holds, or that have a learned position"},
      {"second_blocks", "blocks of the second kind, as 1,3"},
      {"second_heads", "of those blocks; 0: heads"},
      {"second_convolution", "taps of those blocks; 0: convolution"},
      {"second_mlp", "whether those blocks have the MLP that their kind may have"},
      {"mlp_bias", "biases of gated MLPs"},
      {"projection_bias", "biases of the maps into and out of a mixer"},
      {"convolution_bias", "bias of a mixer's short convolution"},
      {"norm_epsilon", "of norms"},
      {"mixer_norm_epsilon", "of the norm inside a mixer"},
      {"rope_theta", "base of the rotary positions"},
      {"rope_share", "of a head's channels, the leading ones, that turn"},
      {"rope_type", "how the frequencies of positions are scaled: default, linear, dynamic, yarn, llama3"},
      {"rope_factor", "by how much"},
      {"rope_context", "tokens that the frequencies were first meant for; 0: context"},
      {"rope_slow", "turns in those tokens below which a pair is slowed down; 0: 1"},
      {"rope_fast", "turns above which it is not; 0: 32 (yarn), 4 (llama3)"},
      {"rope_truncate", "whether yarn's bounds are whole pairs"},
      {"rope_amplitude", "factor of the channels that turn; 0: what follows"},
      {"step_low", "least time step"},
      {"step_high", "largest time step; 0: none"},
      {"gate_soft_cap", "a: gates are a tanh(x / a) of their inputs; 0: they are the inputs"},
      {"logit_soft_cap", "the same of logits"},
      {"dropout", "share of the numbers that residuals and mixers drop in training"}};
  const auto found = meanings.find(name);
  return found == meanings.end() ? "" : found->second;
}
inline std::string meaning_of_optimizer_setting(std::string_view name) {
  static const std::map<std::string_view, const char*> meanings{
      {"rate", "learning rate"},
      {"beta1", "decay of the mean of gradients"},
      {"beta2", "decay of the mean of their squares, or of the momentum"},
      {"epsilon", "added to the root of the mean of squares"},
      {"decay", "of weights, times the rate"},
      {"cautious", "decays only where the update makes a weight smaller, too"},
      {"momentum", "decay of the mean of gradients"},
      {"nesterov", "looks one step of momentum ahead"},
      {"scaling", "of orthogonal updates"},
      {"polynomials", "that orthogonalise"},
      {"rest", "the AdamW of what is no hidden matrix, as optimizer.rest.rate"}};
  const auto found = meanings.find(name);
  return found == meanings.end() ? "" : found->second;
}

// `models`: compositions, of which the use of sizes is said.
inline std::vector<Setting> all_settings(const std::vector<ServedModel>& models) {
  const RunDescription run;
  std::vector<Setting> all{{"composition", models.empty() ? "" : models.front().files.composition, "what the model is made of"},
                           {"init", "", "folder of a model whose weights to start from (--init)"},
                           {"seed", run.seed, "of everything random (--seed)"}};
  const auto words = []<class Limits>(const Limits& limits) {
    if constexpr (std::is_same_v<Limits, std::vector<std::string>>)
      return ": " + listed(limits);
    else
      return std::string();
  };
  const auto add_to = [&](const char* section) {
    return [&all, words, section](const char* name, const char* meaning, const auto& value, const auto&... limits) {
      all.push_back({std::string(section) + name, value, (std::string(meaning) + ... + words(limits))});
    };
  };
  each_size(run.shape, [&](std::string_view name, const auto& value) {
    std::vector<std::string> users;
    std::size_t count = 0;
    for (const ServedModel& model : models) {
      if (size_use(model, name) != SizeUse::used) continue;
      ++count;
      if (const std::string user = short_name(model); std::find(users.begin(), users.end(), user) == users.end())
        users.push_back(user);
    }
    std::string meaning = meaning_of_size(name);
    if (count == 0 && !models.empty()) meaning += " (of no model of this program)";
    if (count > 0 && count < models.size()) meaning += " (of " + listed(users) + (users.size() == 1 ? ", not of each" : "") + ")";
    all.push_back({"shape." + std::string(name), size_json(value), meaning});
  });
  each_train_setting(run.train, add_to("train."));
  each_data_setting(run.data, add_to("data."));
  each_distill_setting(run.distill, add_to("distill."));
  all.push_back({"optimizer.name", std::string(AdamW::name), listed(names_of(AnyOptimizer{}.chosen))});
  each_optimizer([&]<class One>(const One& one) {
    const Json settings = settings_json(one);
    for (const auto& setting : settings.items())
      all.push_back({"optimizer." + setting.key(), setting.value(),
                     meaning_of_optimizer_setting(setting.key()) + " (" + std::string(One::name) + ")"});
  });
  all.push_back({"optimizer.groups", Json::array(),
                 R"(parameters with a rate and a decay of their own, as [{"roles": ["embedding"], "rate": 0.3, "decay": 0}])"});
  all.push_back({"optimizer.decay_schedule", run.optimizer.decay_schedule, "of weight decay: " + listed(schedule_names)});
  return all;
}

inline int list_settings(const std::vector<ServedModel>& models, const CommonOptions& common) {
  Json list = Json::array();
  std::printf("Settings of a run: --set NAME=VALUE, or in the file of --config.\n\n%-26s %-12s %s\n", "name", "default",
              "meaning");
  for (const auto& [path, usual, meaning] : all_settings(models)) {
    const std::string value = usual.is_string() ? usual.get<std::string>() : usual.dump();
    std::printf("%-26s %-12s %s\n", path.c_str(), value.c_str(), meaning.c_str());
    list.push_back({{"name", path}, {"default", usual}, {"meaning", meaning}});
  }
  print_result(common, {{"settings", list}});
  return 0;
}

}  // namespace rondo::app

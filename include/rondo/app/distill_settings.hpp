// What a run learns of teachers, as the section "distill" of run.json holds it and `--set distill.alpha=0.5` changes it.
//
//   "distill": {"teachers": ["models/large"], "alpha": 0.5, "temperature": 2, "divergence": "forward_kl", ...}
//
// A run without teachers has no such section. Formulas: rondo/objective/distillation.hpp, divergence.hpp, hidden_matching.hpp.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/app/optimizer_settings.hpp>
#include <rondo/objective/distillation.hpp>
#include <rondo/objective/hidden_matching.hpp>

namespace rondo::app {

inline constexpr std::array<std::string_view, 2> alpha_names{"teacher", "labels"};
inline constexpr std::array<std::string_view, 3> mean_over_names{"labels", "sequences", "outcomes"};
inline constexpr std::array<std::string_view, 3> mean_of_names{"probabilities", "logits", "losses"};

struct DistillSettings {
  std::vector<std::string> teachers;
  std::string cache;
  double alpha = 0.5, temperature = 1;
  std::string alpha_of = "teacher";
  bool squared_temperature = true;
  std::string mean_over = "labels";
  std::string divergence = std::string(ForwardKl::name);
  double beta = 0.5, skew = 0.1, lambda = 0.5, mu = 0.5;
  std::string mean_of = "probabilities";
  std::vector<double> shares;
  std::string hidden = "none";
  double hidden_weight = 1;
  std::vector<std::string> hidden_blocks;
  Index block_tokens = 512, block_outcomes = 0;

  [[nodiscard]] bool has_teacher() const { return !teachers.empty() || !cache.empty(); }
};

// visit(name, meaning, value, limits...) for every setting; `settings` may be const.
template <class Settings, class Visit>
void each_distill_setting(Settings& settings, Visit&& visit) {
  const Between<double> share{0.0, 1.0}, positive = at_least(0.0);
  visit("teachers", "folders of models that teach (--teacher)", settings.teachers);
  visit("cache", "file of what a teacher said before, made by `teach` (--cache)", settings.cache);
  visit("alpha", "weight of the divergence from the teacher, beside 1 - alpha of cross-entropy", settings.alpha, share);
  visit("temperature", "that both models' logits are divided by in the divergence", settings.temperature, positive);
  visit("alpha_of", "whose weight alpha is", settings.alpha_of, as_list(alpha_names));
  visit("squared_temperature", "whether the divergence is multiplied by the temperature's square", settings.squared_temperature);
  visit("mean_over", "what the divergence is a mean over", settings.mean_over, as_list(mean_over_names));
  visit("divergence", "of the student from its teacher", settings.divergence, names_of(AnyDivergence{}.chosen));
  visit("beta", "the teacher's share in the mixture of jsd", settings.beta, share);
  visit("skew", "share of the other model in the mixture of skew_forward_kl and skew_reverse_kl", settings.skew, share);
  visit("lambda", "share of the reverse divergence in mixed_kl", settings.lambda, share);
  visit("mu", "mass of the teacher's head in adaptive_kl", settings.mu, share);
  visit("mean_of", "what several teachers say together", settings.mean_of, as_list(mean_of_names));
  visit("shares", "of the teachers in it, as [2,1]; none: equal ones", settings.shares);
  visit("hidden", "how streams of blocks are brought near the teacher's, through a learned map that is the run's alone", settings.hidden,
        std::vector<std::string>{"none", "mse", "cosine"});
  visit("hidden_weight", "weight of that beside the rest of the loss", settings.hidden_weight, positive);
  visit("hidden_blocks", "which blocks, the student's and the teacher's from 1, as [\"3:6\"]; none: the last ones", settings.hidden_blocks);
  visit("block_tokens", "rows of logits that exist at a time", settings.block_tokens, Between<Index>{1, Index{1} << 40});
  visit("block_outcomes", "logits of a row that exist at a time, for large vocabularies; 0: all", settings.block_outcomes,
        Between<Index>{0, Index{1} << 40});
}

inline DistillationOptions options_of(const DistillSettings& settings) {
  return {.alpha = settings.alpha,
          .temperature = settings.temperature,
          .alpha_of = value_of<AlphaOf>(settings.alpha_of, alpha_names),
          .squared_temperature = settings.squared_temperature,
          .mean_over = value_of<MeanOver>(settings.mean_over, mean_over_names)};
}
inline AnyDivergence divergence_of(const DistillSettings& settings) {
  AnyDivergence result;
  const auto look = [&]<class One>(One one) {
    if (settings.divergence == One::name) result.chosen = one;
  };
  look(ForwardKl{});
  look(SoftCrossEntropy{});
  look(ReverseKl{});
  look(JensenShannon{settings.beta});
  look(TotalVariation{});
  look(SkewForwardKl{settings.skew});
  look(SkewReverseKl{settings.skew});
  look(MixedKl{settings.lambda});
  look(AdaptiveKl{settings.mu});
  look(LogitsMse{});
  return result;
}
// The blocks whose streams are matched, of models of so many blocks.
inline std::vector<MatchedBlocks> matched_blocks(const DistillSettings& settings, Index student_depth, Index teacher_depth) {
  if (settings.hidden == "none") return {};
  if (settings.hidden_blocks.empty()) return {{student_depth - 1, teacher_depth - 1}};
  std::vector<MatchedBlocks> result;
  for (const std::string& pair : settings.hidden_blocks) {
    const auto colon = pair.find(':');
    const auto number = [&](const std::string& digits, Index depth, const char* whose) {
      const bool whole = !digits.empty() && digits.size() < 6 && digits.find_first_not_of("0123456789") == digits.npos;
      const Index block = whole ? std::stol(digits) : 0;
      require(block >= 1 && block <= depth, "distill.hidden_blocks: '", pair,
              "': expected a block of the student and one of the teacher, as 3:6; ", whose, " blocks are 1 to ", depth);
      return block - 1;
    };
    require(colon != pair.npos, "distill.hidden_blocks: expected a block of the student and one of the teacher, as 3:6, found '", pair,
            "'");
    result.push_back({number(pair.substr(0, colon), student_depth, "the student's"),
                      number(pair.substr(colon + 1), teacher_depth, "the teacher's")});
  }
  return result;
}

}  // namespace rondo::app

// How the objectives of programs are made (rondo/app/objectives.hpp).
#pragma once

#include <memory>
#include <vector>

#include <rondo/app/distill_settings.hpp>
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/data/teacher_cache.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/objective/any_objective.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/objective/distillation.hpp>
#include <rondo/objective/hidden_matching.hpp>
#include <rondo/objective/stored_teacher.hpp>

namespace rondo::app {

RONDO_DEFINED_ONCE AnyObjective<Cpu> cross_entropy_objective(const CrossEntropyOptions& options) {
  return any_objective<Cpu>(CrossEntropy{options});
}

RONDO_DEFINED_ONCE AnyObjective<Cpu> distillation_objective(const DistillSettings& settings, const CrossEntropyOptions& cross_entropy,
                                                            const std::vector<std::shared_ptr<const Evaluation<Cpu>>>& teachers,
                                                            const Shape& student) {
  const std::vector<LiveTeacher<Cpu>> live(teachers.begin(), teachers.end());
  Distillation objective{divergence_of(settings), Ensemble{live, value_of<MeanOf>(settings.mean_of, mean_of_names), settings.shares},
                         options_of(settings), cross_entropy, settings.block_tokens, settings.block_outcomes};
  objective.check();
  objective.teacher.check(student.vocabulary, settings.temperature);
  const Shape& teacher = teachers.front()->shape();
  const std::vector<MatchedBlocks> blocks = matched_blocks(settings, student.depth, teacher.depth);
  if (blocks.empty()) return any_objective<Cpu>(std::move(objective));
  const HiddenDistance distance = settings.hidden == "cosine" ? HiddenDistance::cosine : HiddenDistance::mse;
  return any_objective<Cpu>(HiddenMatching{std::move(objective), blocks, teacher.width, {distance, settings.hidden_weight}});
}

RONDO_DEFINED_ONCE AnyObjective<Cpu> stored_distillation_objective(const DistillSettings& settings,
                                                                   const CrossEntropyOptions& cross_entropy,
                                                                   const std::shared_ptr<const TeacherCache>& cache, const Shape& student) {
  Distillation objective{divergence_of(settings), StoredTeacher{cache}, options_of(settings), cross_entropy, settings.block_tokens};
  objective.check();
  objective.teacher.check(student.vocabulary, settings.temperature);
  return any_objective<Cpu>(std::move(objective));
}

}  // namespace rondo::app

// The objectives of programs on the Cpu, whatever the model: compiled once (rondo/core/compiled.hpp).
#pragma once

#include <memory>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/data/teacher_cache.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/objective/any_objective.hpp>

namespace rondo::app {

struct DistillSettings;

[[nodiscard]] AnyObjective<Cpu> cross_entropy_objective(const CrossEntropyOptions& options);
// From teachers on the student's vocabulary; of hidden states by the first of them.
[[nodiscard]] AnyObjective<Cpu> distillation_objective(const DistillSettings& settings, const CrossEntropyOptions& cross_entropy,
                                                       const std::vector<std::shared_ptr<const Evaluation<Cpu>>>& teachers,
                                                       const Shape& student);

// From what a teacher said before.
[[nodiscard]] AnyObjective<Cpu> stored_distillation_objective(const DistillSettings& settings, const CrossEntropyOptions& cross_entropy,
                                                              const std::shared_ptr<const TeacherCache>& cache, const Shape& student);

}  // namespace rondo::app

#if RONDO_HEADER_ONLY
#include <rondo/app/objective_makers.hpp>
#endif

// What programs use of the Cpu, Reference and Trace back-ends whatever their models, compiled once: buffers, scorers, sessions,
// trainers.
#pragma once

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/backend/standard_recurrences.hpp>
#include <rondo/evaluate/logits_pass.hpp>
#include <rondo/evaluate/scorer.hpp>
#include <rondo/evaluate/text_classifier.hpp>
#include <rondo/generate/session.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/train/trainer.hpp>

#if !RONDO_HEADER_ONLY
namespace rondo {

RONDO_COMPILED_ONCE(standard_backends) template void start_numbers(const Initial&, RandomKey, Index, Index, Index, float*);
RONDO_COMPILED_ONCE(standard_backends) template void start_numbers(const Initial&, RandomKey, Index, Index, Index, double*);
RONDO_COMPILED_ONCE(standard_backends) template std::vector<HostedTensor<float>> hosted(const std::vector<NamedTensor<float>>&);
RONDO_COMPILED_ONCE(standard_backends) template std::vector<HostedTensor<double>> hosted(const std::vector<NamedTensor<double>>&);
RONDO_COMPILED_ONCE(standard_backends) template LabelledRows<Arena::place> labelled_rows(CpuContext&);
RONDO_COMPILED_ONCE(standard_backends) template LabelledRows<Arena::place> labelled_rows(ReferenceContext<double>&);
RONDO_COMPILED_ONCE(standard_backends) template LabelledRows<TraceMemory::place> labelled_rows(TraceContext&);
RONDO_COMPILED_ONCE(standard_backends) template class TensorBuffer<float, Arena>;
RONDO_COMPILED_ONCE(standard_backends) template class TensorBuffer<double, Arena>;
RONDO_COMPILED_ONCE(standard_backends) template class ScorerOn<Cpu>;
RONDO_COMPILED_ONCE(standard_backends) template class ScorerOn<Reference<double>>;
RONDO_COMPILED_ONCE(standard_backends) template class ClassScorerOn<Cpu>;
RONDO_COMPILED_ONCE(standard_backends) template class SessionOn<Cpu>;
RONDO_COMPILED_ONCE(standard_backends) template class SessionOn<Reference<double>>;
RONDO_COMPILED_ONCE(standard_backends) template class LogitsPassOn<Cpu>;
RONDO_COMPILED_ONCE(standard_backends) template class LogitsPassOn<Reference<double>>;
RONDO_COMPILED_ONCE(standard_backends) template class TrainerOn<Cpu, AnyOptimizer, AnySchedule>;
RONDO_COMPILED_ONCE(standard_backends) template class TrainerOn<Cpu, AdamW, Cosine>;
RONDO_COMPILED_ONCE(standard_backends)
template void plan_update(TraceContext&, const AnyOptimizer&, const Leaf&, Out<TraceContext>, TraceMemory&);

}  // namespace rondo
#endif

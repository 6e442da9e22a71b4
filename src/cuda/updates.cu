// What a training step does to its numbers, its weights and their moments: float32 whatever activations are stored in.
#include <rondo/backend/composed.hpp>
#include <rondo/backend/kernel/row_rules.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/optimizer/masters.hpp>
#include <rondo/optimizer/optimizer_state.hpp>
#include <rondo/train/step_numbers.hpp>

#include "instances.cuh"

namespace rondo {

using kernel::E;
static_assert(!std::is_same_v<E, float>);

#define RONDO_ONCE(...) RONDO_EACH(kernel::ApplyOnce<__VA_ARGS__>)
RONDO_ONCE(AddLosses<PlacedSum>, StepNumbers)
RONDO_ONCE(AddSquares, StepNumbers)
RONDO_ONCE(Absence, StepNumbers)
RONDO_ONCE(ClipStep, StepNumbers, Update)
RONDO_ONCE(GiveUpdate, Update)
RONDO_ONCE(AdvanceUpdate<ScheduleFreeAdamW>, Update)

// A rule on float32 weights alone, and on masters whose rounding it stores in the same pass.
#define RONDO_UPDATE(Rule, ...)                                                                    \
  RONDO_LAUNCH(kernel::UpdateEach<Update, OfPiece<Rule>, float, __VA_ARGS__>)                      \
  RONDO_LAUNCH(kernel::UpdateEach<Update, Storing<OfPiece<Rule>>, E, float, __VA_ARGS__>)
RONDO_UPDATE(Adam, const float, float, float)
RONDO_UPDATE(AdamW::Rule<DecayForm::decoupled>, const float, float, float)
RONDO_UPDATE(AdamW::Rule<DecayForm::cautious>, const float, float, float)
RONDO_UPDATE(Lion, const float, float)
RONDO_UPDATE(Sgd, const float, float)
RONDO_UPDATE(ScheduleFreeAdamW, const float, float, float)
RONDO_UPDATE(DecoupledRule, const float)
RONDO_UPDATE(Lamb::Length, const float)
RONDO_LAUNCH(kernel::UpdateEach<Update, OfPiece<Lamb>, float, const float, const float, float, float>)
RONDO_LAUNCH(kernel::UpdateEach<Update, OfPiece<Muon>, float, const float, float>)
RONDO_LAUNCH(kernel::UpdateEach<StepNumbers, BlendStep, float, const float>)
RONDO_LAUNCH(kernel::UpdateEach<double, Normalised, float>)
RONDO_EACH(kernel::EachElement<RoundedCopy, E, float>)
RONDO_EACH(kernel::EachElement<Mixture, float, const float>)
RONDO_EACH(kernel::EachElement<ScheduleFreeAdamW::Evaluation, float, const float, const float>)

}  // namespace rondo

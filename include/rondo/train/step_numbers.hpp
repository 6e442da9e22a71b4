// StepNumbers: the numbers of a training step, one record in the back-end's memory. The host writes what it knows before the step and
// reads the record once after it; in between operations add losses and squares, ranks add up theirs, and ClipStep makes the optimiser's
// Update of them. A step without a label, or whose loss or gradient is not finite, or without the gradients of a rank, does not take place:
// nothing is updated.
#pragma once

#include <array>
#include <cmath>
#include <concepts>

#include <rondo/backend/placed_sum.hpp>
#include <rondo/core/device.hpp>
#include <rondo/objective/objective.hpp>
#include <rondo/optimizer/clip.hpp>
#include <rondo/optimizer/optimizer.hpp>

namespace rondo {

struct StepNumbers {
  // of the host
  Index step = 1;
  double rate_share = 1, decay_share = 1;
  double average_share = 1;  // of the new weights
  // sums over the batches of the step, and over all ranks
  struct Sums {
    double loss = 0, labels = 0, tokens = 0, words = 0;
    std::array<double, std::tuple_size_v<LossParts<double>>> parts{};
    double squares = 0;  // of the gradients
    double ended = 0, failed = 0;  // ranks without gradients of this step: their batches came to an end, or it threw
  } sums;
  // made of them
  double gradient_norm = 0;
  bool takes_place = true;
  bool own_loss_finite = true;  // this rank's

  [[nodiscard]] RONDO_ANYWHERE double mean(double of) const { return sums.labels > 0 ? of / sums.labels : 0; }
};

// The numbers of the record that ranks add up, and one of them.
template <Place place>
[[nodiscard]] View<double, place> sums_of(View<StepNumbers, place> numbers) {
  static_assert(sizeof(StepNumbers::Sums) % sizeof(double) == 0);
  return {&numbers.data->sums.loss, 1, static_cast<Index>(sizeof(StepNumbers::Sums) / sizeof(double))};
}
template <Place place>
[[nodiscard]] View<double, place> squares_of(View<StepNumbers, place> numbers) {
  return {&numbers.data->sums.squares, 1, 1};
}

// Adds a batch.
template <class Total>
struct AddLosses {
  Losses<Total> losses;
  double tokens, words;
  RONDO_ANYWHERE void operator()(StepNumbers& numbers) const {
    const double loss = value(losses.sum);
    numbers.sums.loss += loss;
    numbers.sums.labels += static_cast<double>(losses.count);
    numbers.sums.tokens += tokens;
    numbers.sums.words += words;
    for (std::size_t i = 0; i < losses.parts.size(); ++i) numbers.sums.parts[i] += value(losses.parts[i].sum);
    numbers.own_loss_finite = numbers.own_loss_finite && std::isfinite(loss);
  }

 private:
  static RONDO_ANYWHERE double value(const Total& total) {
    if constexpr (std::same_as<Total, PlacedSum>)
      return total.value();
    else
      return static_cast<double>(total);
  }
};

// Adds the squares of another part of the gradients.
struct AddSquares {
  const double* squares;
  RONDO_ANYWHERE void operator()(StepNumbers& numbers) const { numbers.sums.squares += *squares; }
};

// Says why a rank brings nothing.
struct Absence {
  bool ended = false, failed = false;
  RONDO_ANYWHERE void operator()(StepNumbers& numbers) const {
    numbers.sums.ended += ended;
    numbers.sums.failed += failed;
  }
};

// The gradients of all batches and ranks, as the mean over labels, brought down to the norm `limit`: what the optimiser goes by.
struct ClipStep {
  double limit, epsilon = 0;
  RONDO_ANYWHERE void operator()(StepNumbers& numbers, Update& now) const {
    const ClippedNorm clipped = clip_norm(numbers.sums.squares, limit, numbers.mean(1), epsilon);
    numbers.gradient_norm = clipped.norm;
    numbers.takes_place = numbers.sums.labels > 0 && numbers.sums.ended + numbers.sums.failed == 0 && std::isfinite(numbers.sums.loss) &&
                          std::isfinite(clipped.norm);
    now = {numbers.step, numbers.rate_share, clipped.scale, numbers.decay_share, now.numbers, numbers.takes_place};
  }
};

// The average of weights: a <- a + share (w - a).
struct BlendStep {
  struct Blended {
    double share;
    template <class T>
    RONDO_ANYWHERE void operator()(T& average, const T& w) const {
      average += static_cast<T>(share) * (w - average);
    }
  };
  [[nodiscard]] RONDO_ANYWHERE Blended at(const StepNumbers& numbers) const { return {numbers.average_share}; }
};

}  // namespace rondo

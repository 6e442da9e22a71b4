// How the next token is chosen from logits z.
//
//   temperature 0        the largest logit (greedy)
//   temperature T        p = softmax(z / T), restricted in this order, each time renormalised:
//     top_k  > 0         to the k most probable tokens                      (Fan et al. 2018)
//     top_p  < 1         to the smallest set whose probability reaches p     (nucleus; Holtzman et al. 2020)
//     min_p  > 0         to tokens with at least min_p of the largest probability   (Nguyen et al. 2024)
//
// Before all of that, logits of tokens that the text has already (what `read` was told) are z / r where z > 0, else z r, for a
// repetition_penalty r (Keskar et al. 2019, eq. 3; 1: none).
//
// The same seed and number give the same text. Throws Error for settings outside their range, and for logits that are not finite.
//
// Each restriction keeps the first tokens by falling probability (of equal ones the lower number first), and a draw is the place where
// the sum of probabilities in that order passes a share of what is kept. Such places are found without sorting the vocabulary
// (rondo/generate/ranking.hpp). Nothing is allocated after the first token.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/random.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/generate/ranking.hpp>

namespace rondo {

struct Sampling {
  double temperature = 0;
  Index top_k = 0;
  double top_p = 1;
  double min_p = 0;
  Seed seed{};
  Index number = 0;  // among texts of one seed, which share no draws
  double repetition_penalty = 1;
};

class Sampler {
 public:
  explicit Sampler(const Sampling& sampling)
      : sampling_(sampling),
        key_(sampling.number == 0 ? key_of(sampling.seed, "sampler") : key_of(sampling.seed, "sampler").at(sampling.number)) {
    require(sampling.temperature >= 0, "sampling: temperature must not be negative, found ", sampling.temperature);
    require(sampling.top_k >= 0, "sampling: top-k must not be negative, found ", sampling.top_k);
    require(sampling.top_p > 0 && sampling.top_p <= 1, "sampling: top-p must be in (0, 1], found ", sampling.top_p);
    require(sampling.min_p >= 0 && sampling.min_p <= 1, "sampling: min-p must be in [0, 1], found ", sampling.min_p);
    require(sampling.repetition_penalty > 0 && std::isfinite(sampling.repetition_penalty),
            "sampling: repetition penalty must be positive and finite, found ", sampling.repetition_penalty);
  }

  // Tokens of the text, the prompt's and those drawn.
  void read(std::span<const Token> tokens) {
    if (sampling_.repetition_penalty == 1) return;
    for (const Token token : tokens) {
      const auto place = static_cast<std::size_t>(token);
      if (is_read_.size() <= place) is_read_.resize(place + 1);
      if (!is_read_[place]) read_.push_back(token);
      is_read_[place] = true;
    }
  }

  template <class T>
  Token operator()(View<T> logits) {
    if (read_.empty()) return draw(logits);
    penalised_.assign(logits.data, logits.data + logits.columns);
    for (const Token token : read_) {
      double& z = penalised_.at(static_cast<std::size_t>(token));
      z = z > 0 ? z / sampling_.repetition_penalty : z * sampling_.repetition_penalty;
    }
    return draw(View<const double>{penalised_.data(), 1, logits.columns});
  }

 private:
  template <class T>
  Token draw(View<T> logits) {
    const auto largest = largest_logit(logits);
    if (sampling_.temperature == 0) return static_cast<Token>(std::find(logits.data, logits.data + logits.columns, largest) - logits.data);
    const bool few = sampling_.top_k > 0 && sampling_.top_k < logits.columns;
    double floor = few ? Ranking::floor_below_first(logits, sampling_.top_k) : Ranking::no_floor;
    if (sampling_.min_p > 0 && sampling_.top_p == 1)  // a little below where min-p cuts, which is looked at again
      floor = std::max(floor, static_cast<double>(largest) + sampling_.temperature * (std::log(sampling_.min_p) - 1e-3));
    double mass = ranking_.rank(logits, largest, sampling_.temperature, floor);
    if (few)
      mass = ranking_.first([&](double, Index count) { return count >= sampling_.top_k; }).mass;
    if (sampling_.top_p < 1) {
      const double enough = sampling_.top_p * mass;
      const Ranking::Prefix nucleus = ranking_.first([&](double sum, Index) { return sum >= enough; });
      mass = std::min(mass, nucleus.mass);
      ranking_.keep(nucleus);
    }
    if (sampling_.min_p > 0) mass = std::min(mass, ranking_.mass_of(sampling_.min_p));
    const double target = uniform_number(key_, drawn_++) * mass;
    return ranking_.first([&](double sum, Index) { return sum > target; }).last;
  }

  template <class T>
  static std::remove_const_t<T> largest_logit(View<T> logits) {
    using S = std::remove_const_t<T>;
    S largest = logits.data[0], zero = 0;
#pragma omp simd reduction(max : largest) reduction(+ : zero)
    for (Index i = 0; i < logits.columns; ++i) {
      largest = logits.data[i] > largest ? logits.data[i] : largest;
      zero += logits.data[i] * S(0);  // NaN unless all are finite
    }
    if (zero == 0) return largest;
    Index i = 0;
    while (std::isfinite(logits.data[i])) ++i;
    throw error("sampling: logit ", i, " is not finite");
  }

  Sampling sampling_;
  RandomKey key_;
  std::uint64_t drawn_ = 0;
  Ranking ranking_;
  std::vector<Token> read_;  // each once
  std::vector<bool> is_read_;
  std::vector<double> penalised_;
};

}  // namespace rondo

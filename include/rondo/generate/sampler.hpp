// How the next token is chosen from logits z.
//
//   temperature 0        the largest logit (greedy)
//   temperature T        p = softmax(z / T), restricted in this order, each time renormalised:
//     top_k  > 0         to the k most probable tokens                      (Fan et al. 2018)
//     top_p  < 1         to the smallest set whose probability reaches p     (nucleus; Holtzman et al. 2020)
//     min_p  > 0         to tokens with at least min_p of the largest probability   (Nguyen et al. 2024)
//
// The same seed gives the same text. Throws Error for settings outside their range, and for logits that are not finite.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/random.hpp>
#include <rondo/layer/embedding.hpp>

namespace rondo {

struct Sampling {
  double temperature = 0;
  Index top_k = 0;
  double top_p = 1;
  double min_p = 0;
  Seed seed{};
};

class Sampler {
 public:
  explicit Sampler(const Sampling& sampling) : sampling_(sampling), key_(key_of(sampling.seed, "sampler")) {
    require(sampling.temperature >= 0, "sampling: temperature must not be negative, found ", sampling.temperature);
    require(sampling.top_k >= 0, "sampling: top-k must not be negative, found ", sampling.top_k);
    require(sampling.top_p > 0 && sampling.top_p <= 1, "sampling: top-p must be in (0, 1], found ", sampling.top_p);
    require(sampling.min_p >= 0 && sampling.min_p <= 1, "sampling: min-p must be in [0, 1], found ", sampling.min_p);
  }

  template <class T>
  Token operator()(View<T> logits) {
    const T* z = logits.data;
    const Index count = logits.columns;
    for (Index i = 0; i < count; ++i)
      if (!std::isfinite(static_cast<double>(z[i]))) throw error("sampling: logit ", i, " is not finite");
    const auto best = static_cast<Token>(std::max_element(z, z + count) - z);
    if (sampling_.temperature == 0) return best;

    order_.resize(static_cast<std::size_t>(count));
    probabilities_.resize(static_cast<std::size_t>(count));
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](Token a, Token b) { return z[a] > z[b]; });
    for (std::size_t i = 0; i < order_.size(); ++i)
      probabilities_[i] = std::exp((static_cast<double>(z[order_[i]]) - static_cast<double>(z[best])) / sampling_.temperature);
    const std::size_t kept = candidates();
    double target = uniform_number(key_, drawn_++) * mass(kept);
    for (std::size_t i = 0; i < kept; ++i)
      if ((target -= probabilities_[i]) < 0) return order_[i];
    return order_[kept - 1];
  }

 private:
  // Of the first tokens by probability.
  [[nodiscard]] double mass(std::size_t count) const {
    return std::accumulate(probabilities_.begin(), probabilities_.begin() + static_cast<Index>(count), 0.0);
  }
  // How many of the sorted tokens remain.
  [[nodiscard]] std::size_t candidates() const {
    std::size_t kept = order_.size();
    if (sampling_.top_k > 0) kept = std::min(kept, static_cast<std::size_t>(sampling_.top_k));
    if (sampling_.top_p < 1) {
      const double enough = sampling_.top_p * mass(kept);
      double sum = 0;
      std::size_t i = 0;
      while (i < kept && sum < enough) sum += probabilities_[i++];
      kept = i;
    }
    while (kept > 1 && probabilities_[kept - 1] < sampling_.min_p * probabilities_[0]) --kept;
    return std::max<std::size_t>(kept, 1);
  }

  Sampling sampling_;
  RandomKey key_;
  std::uint64_t drawn_ = 0;
  std::vector<Token> order_;
  std::vector<double> probabilities_;
};

}  // namespace rondo

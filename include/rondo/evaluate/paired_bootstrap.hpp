// The error of a mean difference between two models that were scored on the same items, by drawing again all that was drawn once: the
// seeds that were trained, the files (paradigms) of a set, the items of a file.
//
//   d = mean over seeds of the mean over files of the mean over items of (right in B - right in A)
//
//   std::vector<FileDifferences> files = ...;                 // [seeds, items] of each file
//   Bootstrapped found = paired_bootstrap(files, seeds);      // found.mean, .error, .low .. .high, .p
//
// A draw takes `seeds` seeds with replacement, then as many files as there are, then of each as many items as it has (Davison and
// Hinkley 1997, 3.8). Items and files are the same in all seeds, so a draw of them is one for all its seeds (Owen 2007, "The
// pigeonhole bootstrap"): items of several seeds are never counted as if they were independent, and more seeds lower what seeds add to
// the error and nothing else. A seed of A is paired with the seed of B of the same number.
//
// The error is the standard deviation of the draws' means, the interval runs between their quantiles, and p is twice the smaller share of
// draws on one side of 0, (1 + draws there) / (1 + draws). Of a few seeds a bootstrap makes too small an error, by sqrt((seeds - 1) /
// seeds) of the seeds' part: seed_test() says what seeds alone tell. Draw i is made of the random numbers of number i alone
// (core/random.hpp): the same in every order.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/random.hpp>
#include <rondo/core/view.hpp>
#include <rondo/evaluate/significance.hpp>

namespace rondo {

// Of one file, seed after seed the difference of every item.
struct FileDifferences {
  Index items = 0;
  std::vector<float> values;  // [seeds, items]
};

struct BootstrapOptions {
  Index draws = 10000;
  double confidence = 0.95;
  Seed seed{};
};

struct Bootstrapped {
  double mean = 0, error = 0, low = 0, high = 0, p = 1;
};

// What is drawn at one level of one draw: numbers below `count`.
class Drawn {
 public:
  void draw(RandomKey key, Index count) {
    const Index blocks = (count + 3) / 4;
    words_.resize(static_cast<std::size_t>(4 * blocks));
    philox_words(key, 0, blocks, words_.data());
    count_ = static_cast<std::uint64_t>(count);
  }
  [[nodiscard]] std::size_t operator[](std::size_t i) const { return static_cast<std::size_t>((words_[i] * count_) >> 32); }

 private:
  std::vector<std::uint32_t> words_;
  std::uint64_t count_ = 0;
};

[[nodiscard]] inline Bootstrapped paired_bootstrap(std::span<const FileDifferences> files, Index seeds,
                                                   const BootstrapOptions& options = {}) {
  require(!files.empty() && seeds > 0, "bootstrap: ", files.size(), " files of ", seeds, " seeds");
  require(options.draws > 1, "bootstrap: expected at least 2 draws, found ", options.draws);
  require(options.confidence > 0 && options.confidence < 1, "bootstrap: the confidence is between 0 and 1, found ", options.confidence);
  for (const FileDifferences& file : files)
    require(file.items > 0 && std::ssize(file.values) == seeds * file.items, "bootstrap: a file of ", file.items, " items has ",
            file.values.size(), " differences of ", seeds, " seeds");
  const auto seed_count = static_cast<std::size_t>(seeds);
  // How often each seed counts -> item by item, the mean over seeds.
  std::vector<double> weights(seed_count, 1 / static_cast<double>(seeds));
  std::vector<double> values;
  const auto average = [&](const FileDifferences& file) {
    const auto items = static_cast<std::size_t>(file.items);
    values.assign(items, 0.0);
    for (std::size_t s = 0; s < seed_count; ++s)
      if (weights[s] != 0)
        for (std::size_t i = 0; i < items; ++i) values[i] += weights[s] * double{file.values[s * items + i]};
  };
  const auto file_count = static_cast<double>(files.size());

  Bootstrapped result;
  for (const FileDifferences& file : files) {
    average(file);
    double sum = 0;
    for (const double value : values) sum += value;
    result.mean += sum / static_cast<double>(file.items) / file_count;
  }

  const RandomKey key = key_of(options.seed, "bootstrap");
  std::vector<double> means;
  Drawn seed, file, item;
  for (Index draw = 0; draw < options.draws; ++draw) {
    const RandomKey here = key.at(draw);
    if (seeds > 1) {
      seed.draw(here.at(0), seeds);
      std::fill(weights.begin(), weights.end(), 0.0);
      for (std::size_t s = 0; s < seed_count; ++s) weights[seed[s]] += 1 / static_cast<double>(seeds);
    }
    file.draw(here.at(1), std::ssize(files));
    double mean = 0;
    for (std::size_t f = 0; f < files.size(); ++f) {
      const FileDifferences& chosen = files[file[f]];
      average(chosen);
      item.draw(here.at(2, f), chosen.items);
      double sum = 0;
      for (std::size_t i = 0; i < values.size(); ++i) sum += values[item[i]];
      mean += sum / static_cast<double>(chosen.items) / file_count;
    }
    means.push_back(mean);
  }

  const auto draws = static_cast<double>(options.draws);
  double centre = 0, squares = 0, above = 0, below = 0;
  for (const double mean : means) centre += mean / draws, above += mean >= 0, below += mean <= 0;
  for (const double mean : means) squares += (mean - centre) * (mean - centre);
  result.error = std::sqrt(squares / (draws - 1));
  result.p = std::min(1.0, 2 * (1 + std::min(above, below)) / (1 + draws));
  std::sort(means.begin(), means.end());
  const auto quantile = [&](double share) { return means[static_cast<std::size_t>(std::lround(share * (draws - 1)))]; };
  result.low = quantile((1 - options.confidence) / 2);
  result.high = quantile((1 + options.confidence) / 2);
  return result;
}

// What the differences of pairs of seeds tell, each a number: their mean, its standard error, Student's interval and test. One pair
// has neither: error 0, p 1.
[[nodiscard]] inline Bootstrapped seed_test(std::span<const double> differences, double confidence = 0.95) {
  require(!differences.empty(), "seeds: no differences");
  const auto count = static_cast<double>(differences.size());
  Bootstrapped result;
  for (const double difference : differences) result.mean += difference / count;
  result.low = result.high = result.mean;
  if (differences.size() == 1) return result;
  double squares = 0;
  for (const double difference : differences) squares += (difference - result.mean) * (difference - result.mean);
  result.error = std::sqrt(squares / (count - 1) / count);
  const Index degrees = std::ssize(differences) - 1;
  const double reach = student_quantile(1 - confidence, degrees) * result.error;
  result.low -= reach;
  result.high += reach;
  result.p = result.error > 0 ? two_sided_student(result.mean / result.error, degrees) : result.mean == 0 ? 1 : 0;
  return result;
}

}  // namespace rondo

// Ranking: tokens by falling probability (of equal ones the lower number first), without sorting them.
//
//   Ranking ranking;
//   double mass = ranking.rank(logits, largest, temperature);     // x = (z - largest) / temperature, p = e^x; the sum of all p
//   ranking.first([&](double sum, Index count) { return sum > target; })
//
// first(reached) is the shortest prefix of that order for which `reached` holds; at most all tokens, at least one. Its end is closed in on:
// a sorted sample of the tokens says about where it is, the sums of p over x above a little less and a little more, of one vectorised pass,
// whether it is there; the tokens between are gathered, and the same is done to them until few enough are left to be sorted.
//
// Where only the first tokens matter, a `floor` leaves out all whose logits are not above it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/core/sequence.hpp>
#include <rondo/core/vector_math.hpp>

namespace rondo {

class Ranking {
 public:
  static constexpr double no_floor = -std::numeric_limits<double>::infinity();

  struct Prefix {
    double mass = 0;
    Index count = 0;
    Token last = 0;
    double x = 0;  // of the last
  };

  template <class T>
  double rank(View<T> logits, std::remove_const_t<T> largest, double temperature, double floor = no_floor) {
    all_.reserve(logits.columns), band_.reserve(logits.columns);
    const double scale = std::min(1 / temperature, std::numeric_limits<double>::max()), best = static_cast<double>(largest);
    const T* z = logits.data;
    double *x = all_.x.data(), *p = all_.p.data(), mass = 0, lowest = 0;
    Token* token = all_.token.data();
    Index size = 0;
    if (floor == no_floor) {
      size = logits.columns;
#pragma omp simd
      for (Index i = 0; i < size; ++i) x[i] = static_cast<double>(z[i]), token[i] = static_cast<Token>(i);
    } else {
      each_between(z, logits.columns, static_cast<std::remove_const_t<T>>(floor), largest,
                   [&](Index i) { x[size] = static_cast<double>(z[i]), token[size++] = static_cast<Token>(i); });
    }
#pragma omp simd reduction(+ : mass) reduction(min : lowest)
    for (Index i = 0; i < size; ++i) {
      x[i] = (x[i] - best) * scale;
      p[i] = decaying_exponential(x[i]);
      mass += p[i];
      lowest = x[i] < lowest ? x[i] : lowest;
    }
    all_.size = size;
    all_.mass = mass, all_.highest = 0, all_.lowest = lowest;
    return mass;
  }

  // A logit that at least `count` logits are above, most often not many more.
  template <class T>
  static double floor_below_first(View<T> logits, Index count) {
    std::array<double, most_samples> sample;
    const Index samples = std::min<Index>(logits.columns, most_samples);
    for (Index i = 0; i < samples; ++i)
      sample[static_cast<std::size_t>(i)] = static_cast<double>(logits.data[i * logits.columns / samples]);
    std::sort(sample.begin(), sample.begin() + samples, std::greater<>{});
    for (Index place = count * samples / logits.columns + 1; place < samples; place = 2 * place + 1) {
      const double floor = sample[static_cast<std::size_t>(place)];
      const auto narrow = static_cast<std::remove_const_t<T>>(floor);
      Index above = 0;
#pragma omp simd reduction(+ : above)
      for (Index i = 0; i < logits.columns; ++i) above += logits.data[i] > narrow;
      if (above >= count) return floor;
    }
    return no_floor;
  }

  // The mass of the tokens with at least this share of the largest probability.
  [[nodiscard]] double mass_of(double share) const {
    const double* p = all_.p.data();
    double mass = 0;
#pragma omp simd reduction(+ : mass)
    for (Index i = 0; i < all_.size; ++i) mass += p[i] >= share ? p[i] : 0.0;
    return mass;
  }

  template <class Reached>
  Prefix first(Reached&& reached) {
    Prefix before;
    const Candidates* from = &all_;
    for (bool halve = false; from->size > few && from->lowest < from->highest;) {
      const Index size = from->size;
      const auto [upper, lower] = halve ? halves(*from) : around_the_end(*from, before, reached);
      const Sums sums = sums_above(*from, upper, lower);
      if (reached(before.mass + sums.upper_mass, before.count + sums.upper_count)) {
        gather(*from, upper, from->highest, band_);
      } else if (reached(before.mass + sums.lower_mass, before.count + sums.lower_count)) {
        before.mass += sums.upper_mass, before.count += sums.upper_count;
        gather(*from, lower, upper, band_);
      } else {
        before.mass += sums.lower_mass, before.count += sums.lower_count;
        gather(*from, no_floor, lower, band_);
      }
      from = &band_;
      halve = band_.size > size / 2;  // the sample was a bad one; halving the range leaves fewer in any case
    }
    if (from == &all_) gather(all_, no_floor, all_.highest, band_);
    if (band_.size <= few) sort_band();
    for (Index i = 0; i < band_.size; ++i) {
      const auto place = static_cast<std::size_t>(i);
      before = {before.mass + band_.p[place], before.count + 1, band_.token[place], band_.x[place]};
      if (reached(before.mass, before.count)) break;
    }
    return before;
  }

  // Where only tokens of this prefix are asked for from here on: leaves out most others, if they are many.
  void keep(const Prefix& prefix) {
    if (prefix.count < all_.size / 8) gather(all_, std::nextafter(prefix.x, no_floor), all_.highest, all_);
  }

 private:
  static constexpr Index few = 64;
  static constexpr Index most_samples = 256;

  // Tokens in the order of their numbers.
  struct Candidates {
    std::vector<double> x, p;
    std::vector<Token> token;
    Index size = 0;
    double mass = 0;
    double highest = 0, lowest = 0;  // x
    void reserve(Index most) {
      const auto size_for = static_cast<std::size_t>(most);
      if (x.size() < size_for) x.resize(size_for), p.resize(size_for), token.resize(size_for);
    }
  };
  struct Sums {
    double upper_mass, lower_mass;
    Index upper_count, lower_count;
  };
  using Borders = std::pair<double, double>;  // upper, lower

  // act(i) where low < x[i] <= high, in the order of i; where that is so for none of many, they are passed over in vectors.
  template <class S, class Act>
  static void each_between(const S* x, Index count, S low, S high, Act&& act) {
    constexpr Index at_once = 64;
    for (Index begin = 0; begin < count; begin += at_once) {
      const Index end = std::min(begin + at_once, count);
      int any = 0;
#pragma omp simd reduction(| : any)
      for (Index i = begin; i < end; ++i) any |= (x[i] > low) & (x[i] <= high);
      if (any == 0) continue;
      for (Index i = begin; i < end; ++i)
        if (x[i] > low && x[i] <= high) act(i);
    }
  }

  static Sums sums_above(const Candidates& from, double upper, double lower) {
    const double *x = from.x.data(), *p = from.p.data();
    double upper_mass = 0, lower_mass = 0;
    Index upper_count = 0, lower_count = 0;
#pragma omp simd reduction(+ : upper_mass, lower_mass, upper_count, lower_count)
    for (Index i = 0; i < from.size; ++i) {
      upper_mass += x[i] > upper ? p[i] : 0.0, upper_count += x[i] > upper;
      lower_mass += x[i] > lower ? p[i] : 0.0, lower_count += x[i] > lower;
    }
    return {upper_mass, lower_mass, upper_count, lower_count};
  }

  static Borders halves(const Candidates& from) {
    const double half = from.lowest + (from.highest - from.lowest) / 2;
    const double inside = half > from.lowest && half < from.highest ? half : from.lowest;
    return {inside, inside};
  }
  // The places of a sample a little before and a little after the one where it reaches.
  template <class Reached>
  static Borders around_the_end(const Candidates& from, const Prefix& before, Reached&& reached) {
    std::array<std::pair<double, double>, most_samples> sample;
    const Index count = std::clamp<Index>(from.size / 64, 16, most_samples);
    for (Index i = 0; i < count; ++i) {
      const auto place = static_cast<std::size_t>((2 * i + 1) * from.size / (2 * count));
      sample[static_cast<std::size_t>(i)] = {from.x[place], from.p[place]};
    }
    std::sort(sample.begin(), sample.begin() + count, [](const auto& a, const auto& b) { return a.first > b.first; });
    const double each = static_cast<double>(from.size) / static_cast<double>(count);
    double estimate = 0;
    for (Index i = 0; i < count; ++i) estimate += each * sample[static_cast<std::size_t>(i)].second;
    Index end = 0;  // mass that the sample does not account for lies above it
    for (double mass = before.mass + std::max(from.mass - estimate, 0.0); end < count; ++end) {
      mass += each * sample[static_cast<std::size_t>(end)].second;
      if (reached(mass, before.count + static_cast<Index>(each * static_cast<double>(end + 1)))) break;
    }
    const auto at = [&](Index place) { return sample[static_cast<std::size_t>(std::clamp<Index>(place, 0, count - 1))].first; };
    return {at(end - 1 - count / 16), at(end + 1 + count / 16)};
  }

  // What is above `low` and at most `high`, in the same order; `to` may be `from`.
  static void gather(const Candidates& from, double low, double high, Candidates& to) {
    const double *x = from.x.data(), *p = from.p.data();
    const Token* token = from.token.data();
    double *to_x = to.x.data(), *to_p = to.p.data();
    Token* to_token = to.token.data();
    Index size = 0;
    double mass = 0, highest = no_floor, lowest = -no_floor;
    each_between(x, from.size, low, high, [&](Index i) {
      mass += p[i], highest = std::max(highest, x[i]), lowest = std::min(lowest, x[i]);
      to_x[size] = x[i], to_p[size] = p[i], to_token[size++] = token[i];
    });
    to.size = size, to.mass = mass, to.highest = highest, to.lowest = lowest;
  }

  void sort_band() {
    struct Entry {
      double x, p;
      Token token;
    };
    std::array<Entry, few> entries;
    const auto size = static_cast<std::size_t>(band_.size);
    for (std::size_t i = 0; i < size; ++i) entries[i] = {band_.x[i], band_.p[i], band_.token[i]};
    std::sort(entries.begin(), entries.begin() + band_.size,
              [](const Entry& a, const Entry& b) { return a.x != b.x ? a.x > b.x : a.token < b.token; });
    for (std::size_t i = 0; i < size; ++i) band_.x[i] = entries[i].x, band_.p[i] = entries[i].p, band_.token[i] = entries[i].token;
  }

  Candidates all_;   // above the floor
  Candidates band_;  // those of them that may be the end of a prefix
};

}  // namespace rondo

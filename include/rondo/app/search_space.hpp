// What a search (rondo/app/search.hpp) tries and how its tokens are divided.
//
//   SearchedSetting one = searched_setting("optimizer.rate=0.001,0.002");       a setting and its values
//   combinations({one, other})                                                  every value with every other, the last the fastest
//   Halving halving{12, 2};                    candidates 12, 6, 3, 2: rung by rung one of two goes on
//   halving.tokens(0, budget, runs, carried)    of each run since its beginning at the end of a rung
//
// Successive halving (Jamieson and Talwalkar 2016): rungs of n_k = ceil(n_(k-1) / f) candidates as long as there are two, who train on f
// times the tokens of the rung before, r_k = r_0 f^k. All of them together take the budget, B = runs sum_k n_k (r_k - carried r_(k-1)),
// where `carried` is the share of a run's tokens that the next rung need not train on again.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/app/run_description.hpp>

namespace rondo::app {

struct SearchedSetting {
  std::string path;
  std::vector<std::string> values;
};
using ChosenValues = std::vector<std::pair<std::string, std::string>>;  // paths and values

// Commas inside brackets, braces and quotes belong to a value.
inline std::vector<std::string> values_of(std::string_view list) {
  std::vector<std::string> values(1);
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const char c = list[i];
    if (c == '"' && (i == 0 || list[i - 1] != '\\')) quoted = !quoted;
    if (!quoted) depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    if (c == ',' && depth == 0 && !quoted)
      values.emplace_back();
    else
      values.back() += c;
  }
  return values;
}
// Throws Error for what is no setting with values, and for settings that the search itself decides.
inline SearchedSetting searched_setting(const std::string& text) {
  const auto equals = text.find('=');
  require_usage(equals != text.npos && equals > 0, "--search ", text, ": expected NAME=VALUE,VALUE,..., as optimizer.rate=0.001,0.002");
  SearchedSetting setting{present_path(std::string_view(text).substr(0, equals)), values_of(std::string_view(text).substr(equals + 1))};
  require_known_place(setting.path, "--search");
  for (const std::string_view decided : {"train.steps", "train.tokens", "train.epochs", "train.patience"})
    require_usage(setting.path != decided, "--search ", text, ": how long runs are is what --search-tokens decides");
  require_usage(setting.path != "seed", "--search ", text, ": --seeds says how many runs each candidate has");
  for (const std::string_view other : {"composition", "init", "data.tokens", "data.held_out", "data.tokenizer", "distill."})
    require_usage(!setting.path.starts_with(other), "--search ", text, ": not searched over; --only chooses compositions, --data the text");
  for (const std::string& value : setting.values)
    require_usage(!value.empty(), "--search ", text, ": a value is missing between two commas");
  return setting;
}

inline std::vector<ChosenValues> combinations(const std::vector<SearchedSetting>& space) {
  std::vector<ChosenValues> all(1);
  for (const SearchedSetting& setting : space) {
    std::vector<ChosenValues> longer;
    for (const ChosenValues& chosen : all)
      for (const std::string& value : setting.values) (longer.emplace_back(chosen)).emplace_back(setting.path, value);
    all = std::move(longer);
  }
  return all;
}

// How much of a run the next rung goes on from.
enum class GoingOn {
  none,             // the schedule is one of the whole length: each rung is a run of its own
  before_the_fall,  // a trapezoid: from where it begins to fall
  whole             // the same step has the same share however long the run is
};
inline std::string_view name_of(GoingOn going_on) {
  return going_on == GoingOn::whole ? "whole" : going_on == GoingOn::before_the_fall ? "before the fall" : "none";
}
inline GoingOn going_on(const TrainSettings& train, const OptimizerSettings& optimizer) {
  GoingOn least = GoingOn::whole;
  for (const std::string& schedule : {train.schedule, optimizer.decay_schedule}) {
    if (schedule == "trapezoid" && train.cooldown > 0 && least == GoingOn::whole) least = GoingOn::before_the_fall;
    if (schedule == "linear" || schedule == "cosine") least = GoingOn::none;
  }
  // A share of the length as warm-up, a mean over the end.
  return train.warmup < 0 || train.tail > 0 ? GoingOn::none : least;
}
// Steps of a run of so many that are those of any longer one.
inline Index steps_carried(GoingOn going_on, const TrainSettings& train, Index steps) {
  if (going_on == GoingOn::none) return 0;
  if (going_on == GoingOn::whole) return steps;
  return steps - static_cast<Index>(train.cooldown * static_cast<double>(steps));
}
inline double share_carried(GoingOn going_on, const TrainSettings& train) {
  return going_on == GoingOn::none ? 0 : going_on == GoingOn::whole ? 1 : 1 - train.cooldown;
}

class Halving {
 public:
  Halving(Index candidates, Index factor) : factor_(static_cast<double>(factor)) {
    for (Index left = candidates; left > 1; left = (left + factor - 1) / factor) candidates_.push_back(left);
  }

  [[nodiscard]] Index rungs() const { return std::ssize(candidates_); }
  [[nodiscard]] Index candidates(Index rung) const { return candidates_[static_cast<std::size_t>(rung)]; }
  // Of each run since its beginning; `runs` of each candidate.
  [[nodiscard]] double tokens(Index rung, double budget, Index runs, double carried) const {
    double units = 0;
    for (Index k = 0; k < rungs(); ++k) units += static_cast<double>(candidates(k)) * grown(k) * (k > 0 ? 1 - carried / factor_ : 1);
    return budget / (static_cast<double>(runs) * units) * grown(rung);
  }

 private:
  [[nodiscard]] double grown(Index rung) const { return std::pow(factor_, static_cast<double>(rung)); }

  std::vector<Index> candidates_;
  double factor_;
};

}  // namespace rondo::app

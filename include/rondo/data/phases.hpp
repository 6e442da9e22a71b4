// Phases: a size that changes as a run goes on, by the tokens that it has trained on; RowPhases: the rows of a batch and their length.
//
//   Phases length = Phases::read("64@0,128@1000000,256@4000000", "train.length_schedule");
//   length.at(2000000) == 128
//
//   RowPhases rows{batch, length, accumulate};
//   rows.steps_to(5000000)                           steps that take as many tokens, the last of them perhaps more
//   rows.tokens_after(1000)
//   batches.resize(rows.batch.at(tokens), rows.length.at(tokens));
//
// A phase begins with the first step that begins at or after its tokens. (Short sequences first: Li et al. 2022; batches that grow:
// Smith et al. 2018.)
#pragma once

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

class Phases {
 public:
  struct Phase {
    Index value = 1, from = 0;  // tokens
  };

  explicit Phases(Index always) : phases_{{always, 0}} {}
  // "VALUE@TOKENS,..."; throws Error, which begins with `name`, for another text, phases that do not begin at 0 or do not follow one
  // another, and values that are not in [1, most].
  static Phases read(std::string_view text, const std::string& name, Index most) {
    Phases result{1};
    result.phases_.clear();
    const std::string found = ", found \"" + std::string(text) + "\"";
    const auto number = [&](std::string_view digits) {
      Index value = 0;
      const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      require(problem == std::errc{} && end == digits.data() + digits.size() && value >= 0, name,
              ": expected VALUE@TOKENS and so on, as 64@0,128@1000000", found);
      return value;
    };
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const std::string_view one = text.substr(begin, end - begin);
      const std::size_t at = std::min(one.find('@'), one.size());
      const Phase phase{number(one.substr(0, at)), number(one.substr(std::min(at + 1, one.size())))};
      require(phase.value >= 1 && phase.value <= most, name, ": expected sizes from 1 to ", most, ", which is the largest", found);
      require(result.phases_.empty() ? phase.from == 0 : phase.from > result.phases_.back().from, name,
              ": expected a first phase from 0 tokens on and each after the one before it", found);
      result.phases_.push_back(phase);
      begin = end + 1;
    }
    return result;
  }

  [[nodiscard]] const std::vector<Phase>& all() const { return phases_; }
  [[nodiscard]] bool changes() const { return phases_.size() > 1; }
  [[nodiscard]] Index at(Index tokens) const { return (next(tokens) - 1)->value; }
  // Where the next phase begins; `none` where there is no other.
  [[nodiscard]] Index next_after(Index tokens, Index none) const { return next(tokens) == phases_.end() ? none : next(tokens)->from; }

 private:
  [[nodiscard]] std::vector<Phase>::const_iterator next(Index tokens) const {
    return std::upper_bound(phases_.begin(), phases_.end(), tokens, [](Index t, const Phase& phase) { return t < phase.from; });
  }

  std::vector<Phase> phases_;
};

struct RowPhases {
  Phases batch, length;
  Index accumulate = 1;

  [[nodiscard]] bool change() const { return batch.changes() || length.changes(); }
  [[nodiscard]] Index step_tokens(Index tokens) const { return batch.at(tokens) * length.at(tokens) * accumulate; }
  // Where one of them changes next; `none` where none does.
  [[nodiscard]] Index next_after(Index tokens, Index none) const {
    const Index rows = batch.next_after(tokens, none), row = length.next_after(tokens, none);
    return rows == none ? row : row == none ? rows : std::min(rows, row);
  }
  // Rows and length of the largest step after so many tokens.
  [[nodiscard]] std::pair<Index, Index> largest(Index tokens = 0) const {
    std::pair<Index, Index> most{0, 0};
    for (; tokens >= 0; tokens = next_after(tokens, -1))
      if (batch.at(tokens) * length.at(tokens) > most.first * most.second) most = {batch.at(tokens), length.at(tokens)};
    return most;
  }
  [[nodiscard]] Index steps_to(Index tokens) const {
    Index steps = 0;
    for (Index at = 0; at < tokens;) {
      const Index taken = steps_until(std::min(tokens, next_after(at, tokens)), at);
      steps += taken;
      at += taken * step_tokens(at);
    }
    return steps;
  }
  [[nodiscard]] Index tokens_after(Index steps) const {
    Index tokens = 0;
    while (steps > 0) {
      const Index taken = std::min(steps, steps_until(next_after(tokens, Index{1} << 60), tokens));
      steps -= taken;
      tokens += taken * step_tokens(tokens);
    }
    return tokens;
  }

 private:
  [[nodiscard]] Index steps_until(Index border, Index tokens) const {
    const Index step = step_tokens(tokens);
    return (border - tokens + step - 1) / step;
  }
};

}  // namespace rondo

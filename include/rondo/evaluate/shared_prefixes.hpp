// Log-probabilities of texts that begin alike, what they share computed once.
//
//   log p(x_t | x_1 .. x_{t-1}) = z_y - log sum exp z,   z = logits / temperature,   for every token that a text has scored
//
//   TokenScores scores = SharedPrefixes<Cpu>{context, evaluation, texts, options}.scores();
//   scores.of(text)                    [tokens]; 0 where a token is not scored
//
// The texts are a PrefixTree. A pass takes about `batch_tokens` tokens of its nodes, packed; the states behind them are rows that the
// passes of their branches start from: a recurrence's are copied whole, of a cache as much as is filled. States of one pass take no more
// than `state_bytes`. A head is computed for a row once, however many labels it has. Temperatures share all but the softmax. Texts that
// are equal have equal numbers. Throws Error for an id outside the vocabulary and where a model looks back at a cache that a text outgrows.
#pragma once

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include <rondo/backend/host_copy.hpp>
#include <rondo/evaluate/prefix_tree.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/objective/logit_blocks.hpp>

namespace rondo {

struct SharingOptions {
  std::vector<double> temperatures{1.0};
  double branch_cost = 2;  // of a state's copy, in tokens; infinity: nothing is shared
  std::size_t state_bytes = std::size_t{256} << 20;
};
using SharedProgress = std::function<void(Index done, Index all)>;  // computed tokens

// What the tokens of scored texts have for log-probabilities, at each temperature.
class TokenScores {
 public:
  TokenScores(std::span<const ScoredText> texts, std::size_t temperatures) {
    offsets_.push_back(0);
    for (const ScoredText& text : texts) offsets_.push_back(offsets_.back() + text.ids.size());
    values_.assign(temperatures, std::vector<float>(offsets_.back(), 0.0F));
  }
  [[nodiscard]] std::span<const float> of(std::size_t text, std::size_t temperature = 0) const {
    return std::span{values_[temperature]}.subspan(offsets_[text], offsets_[text + 1] - offsets_[text]);
  }
  void set(std::size_t text, std::size_t temperature, std::size_t token, float value) {
    values_[temperature][offsets_[text] + token] = value;
  }

 private:
  std::vector<std::size_t> offsets_;
  std::vector<std::vector<float>> values_;
};

template <class Backend>
class SharedPrefixes {
 public:
  using Scalar = typename Backend::Scalar;
  using Context = typename Backend::Context;

  SharedPrefixes(Context& context, const Evaluation<Backend>& model, std::span<const ScoredText> texts, Index batch_tokens,
                 const SharingOptions& options, const SharedProgress& progress);

  TokenScores scores() &&;

 private:
  using Node = PrefixTree::Node;
  using States = typename Evaluation<Backend>::States;
  struct Branch {
    const Node* node;
    Index parent;  // its row of the states before
  };
  struct Entry {
    Index row;  // of those with labels
    PrefixTree::Label label;
  };

  void score(const std::vector<Branch>& branches, const States& before);
  void pass(std::span<const Branch> branches, const States& before, bool goes_on);
  void read_labels(std::span<const Branch> branches, std::span<const Sequence> sequences, In<Context> hidden);
  void read_block(In<Context> logits, Index first_row, std::span<const Entry> entries);

  Context& context_;
  const Evaluation<Backend>& model_;
  std::span<const ScoredText> texts_;
  Index batch_tokens_;
  SharingOptions options_;
  const SharedProgress& progress_;
  PrefixTree tree_;
  TokenScores scores_;
  HostCopy<Context, Wide<Scalar>> host_copy_;
  Index capacity_ = 1, most_states_ = 1, done_ = 0, all_ = 0;
  static constexpr Index rows_at_once = 512;
};

template <class Backend>
SharedPrefixes<Backend>::SharedPrefixes(Context& context, const Evaluation<Backend>& model, std::span<const ScoredText> texts,
                                        Index batch_tokens, const SharingOptions& options, const SharedProgress& progress)
    : context_(context),
      model_(model),
      texts_(texts),
      batch_tokens_(batch_tokens),
      options_(options),
      progress_(progress),
      tree_(texts, options.branch_cost),
      scores_(texts, options.temperatures.size()) {
  for (const double temperature : options.temperatures)
    require(temperature > 0, "scorer: a temperature must be more than 0, found ", temperature);
  const Index vocabulary = model.shape().vocabulary;
  for (std::size_t number = 0; number < texts.size(); ++number) {
    require(texts[number].scored.size() == texts[number].ids.size(), "text ", number, ": ", texts[number].scored.size(), " marks for ",
            texts[number].ids.size(), " tokens");
    for (const Token id : texts[number].ids)
      require(id >= 0 && id < vocabulary, "text ", number, ": token id ", id, " is outside the vocabulary of ", vocabulary);
    capacity_ = std::max(capacity_, std::ssize(texts[number].ids));
  }
  const auto bytes = static_cast<std::size_t>(std::max<Index>(model.state_size(capacity_), 1)) * sizeof(Scalar);
  most_states_ = std::max<Index>(8, static_cast<Index>(options.state_bytes / bytes));
  all_ = tree_.computed();
}

template <class Backend>
TokenScores SharedPrefixes<Backend>::scores() && {
  std::vector<Branch> roots;
  for (const Node& node : tree_.roots()) roots.push_back({&node, 0});
  score(roots, {});
  return std::move(scores_);
}

// Those that end here and those that branch again by turns: the first leave no states.
template <class Backend>
void SharedPrefixes<Backend>::score(const std::vector<Branch>& branches, const States& before) {
  for (const bool goes_on : {false, true}) {
    std::vector<Branch> chosen;
    for (const Branch& branch : branches)
      if (branch.node->branches.empty() != goes_on) chosen.push_back(branch);
    const bool has_states = goes_on || !before.empty();
    for (std::size_t first = 0; first < chosen.size();) {
      std::size_t last = first;
      Index tokens = 0;
      while (last < chosen.size() && (last == first || (tokens + chosen[last].node->length() <= batch_tokens_ &&
                                                        (!has_states || static_cast<Index>(last - first) < most_states_))))
        tokens += chosen[last++].node->length();
      pass(std::span{chosen}.subspan(first, last - first), before, goes_on);
      first = last;
    }
  }
}

template <class Backend>
void SharedPrefixes<Backend>::pass(std::span<const Branch> branches, const States& before, bool goes_on) {
  std::vector<Token> ids;
  std::vector<Sequence> sequences;
  std::vector<Index> parents;
  for (const Branch& branch : branches) {
    const auto tokens = tree_.tokens(*branch.node);
    sequences.push_back({std::ssize(ids), std::ssize(tokens), static_cast<Index>(branch.node->begin)});
    ids.insert(ids.end(), tokens.begin(), tokens.end());
    parents.push_back(branch.parent);
  }
  auto& c = context_;
  auto mark = c.mark();
  c.begin(sequences, Tokens{ids.data(), 1, std::ssize(ids)});
  States after;
  const Out<Context> hidden = c.matrix(std::ssize(ids), model_.shape().width);
  if (before.empty() && !goes_on)
    model_.hidden(c, hidden);
  else
    model_.hidden_onward(c, hidden, capacity_, before, parents, goes_on ? &after : nullptr);
  read_labels(branches, sequences, hidden);
  done_ += std::ssize(ids);
  if (progress_) progress_(done_, all_);
  if (!goes_on) return;
  std::vector<Branch> next;
  for (std::size_t i = 0; i < branches.size(); ++i)
    for (const Node& node : branches[i].node->branches) next.push_back({&node, static_cast<Index>(i)});
  score(next, after);
}

template <class Backend>
void SharedPrefixes<Backend>::read_labels(std::span<const Branch> branches, std::span<const Sequence> sequences, In<Context> hidden) {
  std::vector<Index> rows;
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < branches.size(); ++i)
    tree_.each_label(*branches[i].node, [&](Index row, const PrefixTree::Label& label) {
      if (rows.empty() || rows.back() != sequences[i].begin + row) rows.push_back(sequences[i].begin + row);
      entries.push_back({std::ssize(rows) - 1, label});
    });
  if (rows.empty()) return;
  auto& c = context_;
  std::size_t next = 0;
  each_block(c, std::ssize(rows), rows_at_once, model_.outputs(), [&](Index begin, Out<Context> logits) {
    const Index first = rows[static_cast<std::size_t>(begin)];
    const bool neighbours = rows[static_cast<std::size_t>(begin + logits.rows - 1)] == first + logits.rows - 1;
    const ChosenRows<Context::place> chosen =
        neighbours
            ? ChosenRows<Context::place>{first, logits.rows}
            : ChosenRows<Context::place>{c.numbers(logits.rows, [&](Index i) { return rows[static_cast<std::size_t>(begin + i)]; })};
    model_.uncapped_logits(c, chosen.of(c, hidden), logits);
    while (next < entries.size() && entries[next].row < begin + logits.rows) {
      std::size_t last = next;
      while (last < entries.size() && entries[last].row < begin + logits.rows && static_cast<Index>(last - next) < rows_at_once) ++last;
      read_block(logits, begin, std::span{entries}.subspan(next, last - next));
      next = last;
    }
  });
}

// Rows of logits, first_row that of the first, to the scores of the texts that the entries are of.
template <class Backend>
void SharedPrefixes<Backend>::read_block(In<Context> logits, Index first_row, std::span<const Entry> entries) {
  auto& c = context_;
  auto mark = c.mark();
  const Index count = std::ssize(entries);
  bool each_once = count == logits.rows;
  for (Index i = 0; i < count; ++i) each_once = each_once && entries[static_cast<std::size_t>(i)].row == first_row + i;
  In<Context> chosen = logits;
  if (!each_once) {
    const Out<Context> repeated = c.matrix(count, logits.columns);
    c.gather_rows(c.numbers(count, [&](Index i) { return entries[static_cast<std::size_t>(i)].row - first_row; }), logits, repeated);
    chosen = repeated;
  }
  const auto labels = c.numbers(count, [&](Index i) { return entries[static_cast<std::size_t>(i)].label.label; });
  const WideOut<Context> result = c.wide(1, count);
  for (std::size_t t = 0; t < options_.temperatures.size(); ++t) {
    auto inner = c.mark();
    const double temperature = options_.temperatures[t];
    In<Context> cooled = chosen;
    if (temperature != 1) {
      const Out<Context> scaled = c.matrix(count, logits.columns);
      c.copy(chosen, scaled);
      c.scale(scaled, 1 / temperature);
      cooled = scaled;
    }
    // cap tanh(z / cap) / T is (cap / T) tanh((z / T) / (cap / T)).
    c.log_probability(cooled, labels, model_.shape().logit_soft_cap / temperature, result);
    const auto values = host_copy_(c, result);
    for (Index i = 0; i < count; ++i) {
      const PrefixTree::Label& label = entries[static_cast<std::size_t>(i)].label;
      for (std::size_t place = label.first; place < label.last; ++place)
        if (const std::size_t text = tree_.order()[place]; texts_[text].scored[label.at] != 0)
          scores_.set(text, t, label.at, static_cast<float>(values(0, i)));
    }
  }
}

}  // namespace rondo

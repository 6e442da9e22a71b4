// SplitScorer: a scorer whose texts are dealt to ranks, each of which has the same model.
//
//   SplitScorer scorer{own, ranks};                        // the same calls on all ranks; all see all log-probabilities
//   HeldOutLoss loss = held_out_loss(scorer, windows);
//
// Texts are packed as one rank would pack them (rondo/evaluate/text_packs.hpp), and the packs dealt in turn: numbers have the bits that one
// rank computes. `batch_tokens` is that of the scorer.
#pragma once

#include <span>
#include <vector>

#include <rondo/evaluate/scorer.hpp>
#include <rondo/parallel/any_ranks.hpp>

namespace rondo {

class SplitScorer : public TextScorer {
 public:
  SplitScorer(TextScorer& own, HostRanks ranks, Index batch_tokens = 4096)
      : own_(own), ranks_(std::move(ranks)), batch_tokens_(batch_tokens) {}

  void each(std::span<const Text> texts, const Visit& visit, const TokensDone& progress = {}) override {
    if (!ranks_.several()) return own_.each(texts, visit, progress);
    std::vector<std::vector<std::size_t>> packs;
    each_pack(texts, batch_tokens_, [&](std::span<const std::size_t> chosen, Index) { packs.emplace_back(chosen.begin(), chosen.end()); });
    // Values lie rank after rank.
    std::vector<Index> borders{0}, place(texts.size());
    for (Index rank = 0; rank < ranks_.size(); ++rank) {
      Index end = borders.back();
      each_pack_of(rank, packs, [&](const std::vector<std::size_t>& pack) {
        for (const std::size_t text : pack) place[text] = end, end += values_of(texts[text]);
      });
      borders.push_back(end);
    }
    std::vector<float> values(static_cast<std::size_t>(borders.back()));
    Index done = 0;
    each_pack_of(ranks_.rank(), packs, [&](const std::vector<std::size_t>& pack) {
      std::vector<Text> chosen;
      for (const std::size_t text : pack) chosen.push_back(texts[text]), done += std::ssize(texts[text]);
      own_.each(chosen, [&](std::size_t text, std::span<const float> found) {
        std::copy(found.begin(), found.end(), values.begin() + place[pack[text]]);
      });
      if (progress) progress(done);
    });
    ranks_.gather(View<float>{values.data(), 1, std::ssize(values)}, borders);
    for (const auto& pack : packs)
      for (const std::size_t text : pack)
        visit(text, std::span<const float>(values.data() + place[text], static_cast<std::size_t>(values_of(texts[text]))));
    Index all = 0;
    for (const Text& text : texts) all += std::ssize(text);
    if (progress) progress(all);
  }

 private:
  static Index values_of(const Text& text) { return std::max<Index>(std::ssize(text) - 1, 0); }
  template <class Act>
  void each_pack_of(Index rank, const std::vector<std::vector<std::size_t>>& packs, Act&& act) const {
    for (Index pack = rank; pack < std::ssize(packs); pack += ranks_.size()) act(packs[static_cast<std::size_t>(pack)]);
  }

  TextScorer& own_;
  HostRanks ranks_;
  Index batch_tokens_;
};

}  // namespace rondo

// HiddenMatching<Inner>: an objective and, beside it, streams of some blocks of the student near those of its teacher.
//
//   L = L_inner + weight sum over tokens with a label of the mean over pairs of d(P h_student + b, h_teacher)
//
//   HiddenMatching objective{Distillation{ForwardKl{}, LiveTeacher<Cpu>{teacher}}, {{.student = 2, .teacher = 5}}, 768, {.weight = 0.1}};
//
// d: rondo/objective/hidden_states.hpp. The streams are those that the teacher's blocks write in the pass that the inner objective
// prepares, of which there must be one. P and b are the weights' `projections` (rondo/model/with_projections.hpp), one for each pair;
// without them the teacher must be as wide as the student. Scratch: the teacher's streams, and one of the student's rows.
#pragma once

#include <array>
#include <vector>

#include <rondo/objective/hidden_states.hpp>
#include <rondo/objective/objective.hpp>

namespace rondo {

// Blocks, from 0.
struct MatchedBlocks {
  Index student = 0, teacher = 0;
};
struct HiddenMatchingOptions {
  HiddenDistance distance = HiddenDistance::mse;
  double weight = 1;
};

template <Objective Inner>
struct HiddenMatching {
  static constexpr std::size_t most = 8;

  Inner inner;
  std::vector<MatchedBlocks> pairs;
  Index teacher_width;
  HiddenMatchingOptions options{};

  void check() const {
    inner.check();
    require(!pairs.empty() && pairs.size() <= most, "hidden states: expected 1 to ", most, " pairs of blocks, found ", pairs.size());
    require(options.weight >= 0 && std::isfinite(options.weight), "hidden states: the weight must be at least 0, found ", options.weight);
  }
  [[nodiscard]] BlockSet taps() const {
    BlockSet blocks = taps_of(inner);
    for (const MatchedBlocks& pair : pairs) blocks.insert(pair.student);
    return blocks;
  }
  template <class C>
  struct Prepared {
    decltype(prepared_by(std::declval<const Inner&>(), std::declval<C&>())) inner;
    std::array<Out<C>, most> streams;  // of the teacher, one for each pair
  };
  // Copies the teacher's streams as they come by.
  template <class C>
  struct Listener {
    const HiddenMatching& matching;
    C& c;
    std::array<Out<C>, most> streams{};
    Listener(const HiddenMatching& matching_, C& c_) : matching(matching_), c(c_) {}
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { c.stream_left = nullptr; }
    void hear(Index block, In<C> stream) {
      for (std::size_t i = 0; i < matching.pairs.size(); ++i)
        if (matching.pairs[i].teacher == block) c.copy(stream, streams[i]);
    }
  };
  template <class C>
  [[nodiscard]] Prepared<C> prepare(C& c) const {
    Listener<C> listener{*this, c};
    for (std::size_t i = 0; i < pairs.size(); ++i) listener.streams[i] = c.matrix(c.extent().tokens, teacher_width);
    c.stream_left = [&listener](Index block, Out<C> stream) { listener.hear(block, stream); };
    return {prepared_by(inner, c), listener.streams};
  }

  // The pass as the inner objective sees it.
  template <class C, class PassType>
  struct InnerPass {
    const PassType& whole;
    decltype((whole.model)) model = whole.model;
    decltype((whole.prepared.inner)) prepared = whole.prepared.inner;
    Out<C> hidden = whole.hidden, d_hidden = whole.d_hidden;
    [[nodiscard]] In<C> stream(Index block) const { return whole.stream(block); }
    [[nodiscard]] Out<C> tap(Index block) const { return whole.tap(block); }
  };
  template <class C>
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    const auto& model = pass.model;
    const auto& streams = pass.prepared.streams;
    const InnerPass<C, std::remove_reference_t<decltype(pass)>> of_inner{pass};
    auto losses = inner.gradient(c, w, of_inner, scale, dw);
    auto mark = c.mark();
    const ChosenRows<C::place> rows = labelled_rows(c).rows;
    const double weight = options.weight / static_cast<double>(pairs.size());
    auto all = losses.sum * 0.0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      auto inside = c.mark();
      WeightAndBias<In<C>, Bias::chosen> projection;
      WeightAndBias<WideOut<C>, Bias::chosen> d_projection;
      if constexpr (requires { w.projections; })
        if (i < w.projections.size()) {
          projection = {w.projections[i].weight, w.projections[i].bias};
          d_projection = {dw.projections[i].weight, dw.projections[i].bias};
        }
      require(projection.weight || teacher_width == model.shape().width, "hidden states: the teacher's have ", teacher_width,
              " channels, the student's ", model.shape().width, ", and there is no projection");
      all += match_hidden<C>(c, options.distance, rows, pass.stream(pairs[i].student), rows.of(c, In<C>(streams[i])), projection,
                             d_projection, weight * scale, pass.tap(pairs[i].student));
    }
    for (auto& part : losses.parts)
      if (part.name.empty()) {
        part = {"hidden", all * (1 / static_cast<double>(pairs.size()))};
        break;
      }
    losses.sum += all * weight;
    return losses;
  }
};
template <class Inner>
HiddenMatching(Inner, std::vector<MatchedBlocks>, Index, HiddenMatchingOptions = {}) -> HiddenMatching<Inner>;

}  // namespace rondo

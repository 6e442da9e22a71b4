// own_gate: a forget gate of your own is one struct, its formula and its derivative. The laws prove it, then a model learns with it.
//
//   a = s(f)^2:   log decay g = 2 log s(f),   write strength k = 1 - a = s(-f) (1 + s(f))
//   dg/df = 2 s(-f),   dk/df = -2 s(f)^2 s(-f)
#include <iostream>

#include <rondo/rondo.hpp>
#include <rondo/testing/prove.hpp>

using namespace rondo;

struct SquaredForget {
  using Shared = NothingShared;  // no parameters that all blocks share; LowerBounds would fill the second argument
  template <class T>
  static GateOutput<T> apply(T f, T) {
    return {T(2) * log_sigmoid(f), sigmoid(-f) * (T(1) + sigmoid(f))};
  }
  template <class T>
  static GateGradient<T> backward(T f, T, T d_log_decay, T d_write) {
    return {T(2) * sigmoid(-f) * (d_log_decay - d_write * sigmoid(f) * sigmoid(f)), T(0)};
  }
};

using Mixer = Hgrn2Mixer<SquaredForget>;
using Model = LanguageModel<Block<RmsNorm, Mixer, GatedMlp<Silu>>>;

int main() {
  const Shape shape{.vocabulary = 8, .width = 16, .depth = 2, .heads = 2, .mlp_width = 32};
  const testing::Findings findings = testing::prove(testing::subject<Mixer>(shape));
  std::cout << (findings.empty() ? "every law holds" : "broken laws:") << findings << '\n';
  if (!findings.empty()) return 1;

  const Model model{shape};
  Parameters<Model, Cpu> weights{model, Seed{1}};
  MemoryTokens text{shape.vocabulary};
  for (int document = 0; document < 4; ++document) text.add({1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2});
  Batches batches{text, BatchOptions{.rows = 2, .length = 8}};
  Trainer trainer{model, weights, AdamW{.rate = 1e-2}, Cosine{.warmup = 5}};
  double first = 0, last = 0;
  trainer.on_step([&](const StepReport& report) { (report.progress.step == 1 ? first : last) = report.loss; });
  trainer.run(batches, 40);
  std::cout << "loss " << first << " -> " << last << '\n';
  return last < 0.5 * first ? 0 : 1;
}

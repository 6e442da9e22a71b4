// What a project that uses rondo does: a model, a training step, a token.
#include <cstdio>

#include <rondo/rondo.hpp>

int main() {
  using namespace rondo;
  const Llama model{Shape{.vocabulary = 64, .width = 32, .depth = 2, .heads = 2, .mlp_width = 64}};
  Parameters<Llama, Cpu> weights{model, Seed{1}};
  MemoryTokens text{64};
  text.add({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  Batches batches{text, BatchOptions{.rows = 2, .length = 4, .shuffled = false}};
  Trainer trainer{model, weights, AdamW{.rate = 1e-2}, Constant{}};
  double first = 0, last = 0;
  trainer.on_step([&](const StepReport& report) { (report.progress.step == 1 ? first : last) = report.loss; });
  trainer.run(batches, 20);
  std::printf("loss %.3f -> %.3f\n", first, last);
  return last < first ? 0 : 1;
}

// Training of each architecture on the Cpu back-end, planned by Trace: compiled by nvcc as host code, it learns.
#include <cmath>
#include <cstdio>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/train/trainer.hpp>

namespace rondo {

// True if the loss begins at that of a guess among all words and is less than half of it 60 steps later.
template <class Model>
bool learns(const char* name) {
  const Model model{Shape{.vocabulary = 30, .width = 16, .depth = 1, .heads = 1, .mlp_width = 24}};
  Parameters<Model, Cpu> weights{model, Seed{1}};
  MemoryTokens documents{30, 0};
  for (int d = 0; d < 50; ++d) {
    std::vector<Token> document;
    for (int i = 0; i < 11; ++i) document.push_back(static_cast<Token>(1 + (7 * d + i) % 29));
    document.push_back(0);
    documents.add(document, 4);
  }
  Batches batches{documents, {.rows = 4, .length = 12}};
  const Sequence whole{0, 48, 0};
  const StepPlan plan = plan_training_step(model, CrossEntropy{}, Sequences{&whole, 1}, 48);
  Trainer<Model, Cpu> trainer{model, weights, AdamW{.rate = 2e-2}};
  double first = 0, last = 0;
  trainer.on_step([&](const StepReport& report) { (report.progress.step == 1 ? first : last) = report.loss; });
  trainer.run(batches, 60);
  std::printf("%s: loss %.3f, then %.3f; %zu bytes planned\n", name, first, last, plan.total());
  return std::abs(first - std::log(30.0)) < 0.2 && last < 0.5 * first && plan.total() > 0;
}

}  // namespace rondo

int main() {
  const bool hgrn2 = rondo::learns<rondo::Hgrn2>("hgrn2");
  const bool llama = rondo::learns<rondo::Llama>("llama");
  const bool lstm = rondo::learns<rondo::Lstm>("lstm");
  return hgrn2 && llama && lstm ? 0 : 1;
}

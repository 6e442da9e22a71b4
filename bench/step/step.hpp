// A training step of one architecture, timed. Each architecture is a translation unit of its own that registers itself:
//
//   const Registered llama{"llama", time_step<Llama>, [](const Size& size) { return size.shape(); }};
#pragma once

#include <omp.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/core/shape.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/train/trainer.hpp>

namespace rondo::bench {

struct Size {
  std::string name;
  Index vocabulary, width, depth, heads, mlp, batch, length;
  [[nodiscard]] Shape shape() const {
    return {.vocabulary = vocabulary, .width = width, .depth = depth, .heads = heads, .mlp_width = mlp};
  }
};

// The same random tokens again and again: rows of one length, a document each.
class RandomBatches {
 public:
  RandomBatches(Index batch, Index length, Index vocabulary) {
    const auto draw = [&](std::uint64_t key, Index i) {
      return static_cast<Token>(below(RandomKey{key}, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(vocabulary)));
    };
    for (Index i = 0; i < batch * length; ++i) {
      ids_.push_back(draw(7, i));
      labels_.push_back(draw(8, i));
    }
    for (Index row = 0; row < batch; ++row) sequences_.push_back({row * length, length, 0});
  }
  bool next(Batch& batch) {
    const auto tokens = static_cast<Index>(ids_.size());
    batch.ids = {ids_.data(), 1, tokens};
    batch.labels = {labels_.data(), 1, tokens};
    batch.sequences = sequences_;
    batch.tokens = tokens;
    return true;
  }
  [[nodiscard]] Sequences sequences() const { return sequences_; }

 private:
  std::vector<Token> ids_, labels_;
  std::vector<Sequence> sequences_;
};

struct StepTime {
  double seconds = 1e30;  // of the shortest step
  std::size_t peak_bytes = 0;
  StepPlan plan;
};

template <class Model>
StepTime time_step(const Shape& shape, const Size& size, int steps) {
  const Model model{shape};
  Parameters<Model, Cpu> weights{model, Seed{1}};
  RandomBatches batches{size.batch, size.length, size.vocabulary};
  StepTime time;
  time.plan = plan_training_step(model, CrossEntropy{}, batches.sequences(), size.batch * size.length);
  Trainer<Model, Cpu> trainer{model, weights, AdamW{.rate = 1e-3}};
  trainer.on_step([&](const StepReport& report) {
    if (report.progress.step > 1) time.seconds = std::min(time.seconds, report.seconds);
  });
  trainer.run(batches, steps);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  time.peak_bytes = static_cast<std::size_t>(usage.ru_maxrss) * 1024;
  return time;
}

struct Registered {
  std::string name;
  StepTime (*time)(const Shape&, const Size&, int steps);
  Shape (*shape)(const Size&);

  Registered(std::string name_, StepTime (*time_)(const Shape&, const Size&, int), Shape (*shape_)(const Size&))
      : name(std::move(name_)), time(time_), shape(shape_) {
    all().push_back(*this);
  }
  static std::vector<Registered>& all() {
    static std::vector<Registered> list;
    return list;
  }
};

}  // namespace rondo::bench

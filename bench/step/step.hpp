// What the benchmarks of whole models do with an architecture. Each is a translation unit of its own that registers itself:
//
//   const Registered llama{"llama", work_of<Llama>(), [](const Size& size) { return size.shape(); }};
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/core/shape.hpp>
#include <rondo/generate/session.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/train/trainer.hpp>

namespace rondo::bench {

struct Size {
  std::string name;
  Index vocabulary, width, depth, heads, mlp, batch, length;
  Precision precision{};
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
    for (Index row = 0; row < batch; ++row) sequences_.push_back({row * length, length, 0, row * length});
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

struct Work {
  StepPlan (*plan)(const Shape& shape, const Size& size);
  // Training steps on random tokens, until goes_on(seconds of the step) says no.
  void (*train)(const Shape& shape, const Size& size, const std::function<bool(double)>& goes_on);
  // One token after another, until goes_on() says no.
  void (*decode)(const Shape& shape, const std::function<bool()>& goes_on);
};

template <class Model>
Work work_of() {
  return {[](const Shape& shape, const Size& size) {
            return plan_training_step(Model{shape}, CrossEntropy{}, RandomBatches{size.batch, size.length, size.vocabulary}.sequences(),
                                      size.batch * size.length, AdamW{}, size.precision);
          },
          [](const Shape& shape, const Size& size, const std::function<bool(double)>& goes_on) {
            const Model model{shape};
            Parameters<Model, Cpu> weights{model, Seed{1}};
            RandomBatches batches{size.batch, size.length, size.vocabulary};
            Trainer<Model, Cpu> trainer{model, weights, AdamW{.rate = 1e-3}, Cosine{}, CrossEntropy{}, {.precision = size.precision}};
            trainer.on_step([&](const StepReport& report) {
              if (!goes_on(report.seconds)) trainer.stop();
            });
            trainer.run(batches, 1 << 20);
          },
          [](const Shape& shape, const std::function<bool()>& goes_on) {
            const Model model{shape};
            const Parameters<Model, Cpu> weights{model, Seed{1}};
            Session<Model, Cpu> session{model, weights};
            const Index limit = shape.context > 0 ? shape.context : 1024;
            Token next = 0;
            do {
              if (session.position() == limit) session.reset();
              next = static_cast<Token>((next + (session.feed(next)(0, 0) > 0) + 1) % shape.vocabulary);
            } while (goes_on());
          }};
}

struct Registered {
  std::string name;
  Work work;
  Shape (*shape)(const Size&);

  Registered(std::string name_, Work work_, Shape (*shape_)(const Size&)) : name(std::move(name_)), work(work_), shape(shape_) {
    all().push_back(*this);
  }
  static std::vector<Registered>& all() {
    static std::vector<Registered> list;
    return list;
  }
};

}  // namespace rondo::bench

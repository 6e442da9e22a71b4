// A model and documents small enough for the Reference back-end, and a trainer on them.
#pragma once

#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/train/trainer.hpp>

namespace rondo::test {

inline Shape small_shape() {
  Shape shape;
  shape.vocabulary = 30;
  shape.width = 16;
  shape.depth = 2;
  shape.heads = 2;
  shape.mlp_width = 24;
  return shape;
}

// Documents of 3 to 20 tokens that count up in steps of 1 to 4.
inline MemoryTokens small_documents(Index count = 50) {
  MemoryTokens source{30, 0};
  for (Index d = 0; d < count; ++d) {
    std::vector<Token> document;
    for (Index i = 0; i < 3 + 5 * d % 17; ++i) document.push_back(static_cast<Token>(1 + (7 * d + i * (1 + d % 4)) % 29));
    document.push_back(0);
    source.add(document, 4);
  }
  return source;
}

template <class Model, class BackendType>
struct SmallRun {
  using Backend = BackendType;
  Model model;
  Parameters<Model, Backend> weights;
  Trainer<Model, Backend> trainer;

  explicit SmallRun(const TrainingOptions& options = {}, Shape shape = small_shape(), AdamW adamw = {.rate = 1e-2})
      : model(shape), weights(model, Seed{1}), trainer(model, weights, adamw, Cosine{.warmup = 5}, CrossEntropy{}, options) {}
};

template <class S>
std::vector<S> numbers(View<S> row) {
  return {row.data, row.data + row.columns};
}

}  // namespace rondo::test

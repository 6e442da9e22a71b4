// The same constructions without their mistakes: what the other files fail for is the mistake alone.
#include <rondo/backend/reference/reference.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/architecture/gla.hpp>
#include <rondo/model/architecture/hgrn1.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>

namespace rondo {

struct Mindful {
  template <class S>
  struct Weights {
    S weight, bias;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(parameter("weight", {2}, zeros(), Decay::no, w.weight...),
                  parameter("bias", {2}, zeros(), Decay::no, w.bias...));
  }
};

int size() { return static_cast<int>(record_size(WeightRecords{}, Mindful{})); }

using Hybrid = LanguageModel<Pattern<Hgrn2Block, Hgrn2Block, LlamaBlock>>;
constexpr Shape shape = checked<Hybrid>(Shape{.vocabulary = 100, .width = 12, .depth = 3, .heads = 3});

constexpr Shape tied = checked<Hgrn1Tied>(Shape{.vocabulary = 100, .width = 12, .depth = 2, .embedding_width = 12});
constexpr Shape even = checked<Gla>(Shape{.vocabulary = 100, .width = 12, .depth = 2, .heads = 3});
constexpr Shape given = checked<Gla>(Shape{.vocabulary = 100, .width = 9, .depth = 2, .heads = 3, .key_width = 2});

struct Wave {};

template <class T>
struct Recurrence<ReferenceContext<T>, Wave> {
  static void forward(ReferenceContext<T>& c, const Wave&, View<T> x) { c.scale(x, 0.5); }
};

void run(ReferenceContext<double>& c, View<double> x) { c.recurrence(Wave{}, x); }

}  // namespace rondo

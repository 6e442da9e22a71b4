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

struct Wave {
  template <class V>
  struct Inputs {
    V x;
  };
  auto input_leaves(Extent extent, auto&... in) const { return leaves(buffer("x", {extent.tokens, 1}, in.x...)); }
  template <class V>
  struct Outputs {
    V y;
  };
  auto output_leaves(Extent extent, auto&... out) const { return leaves(buffer("y", {extent.tokens, 1}, out.y...)); }
  template <class V>
  struct State {
    V phase;
  };
  auto state_leaves(Extent extent, auto&... s) const { return leaves(buffer("phase", {extent.sequences, 1}, s.phase...)); }
  void forward(auto& c, const auto& pass) const { c.copy(pass.in.x, pass.out.y); }
  void gradient(auto& c, const auto& pass) const { c.copy(pass.d_out.y, pass.d_in.x); }
};

void run(ReferenceContext<double>& c, View<double> x) { c.recurrence(Wave{}, {}, {x}, {x}); }

}  // namespace rondo

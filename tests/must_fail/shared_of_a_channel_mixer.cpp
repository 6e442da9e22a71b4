// A channel mixer with parameters that the blocks of a stack are to share.
#include <rondo/model/architecture/hgrn2.hpp>

namespace rondo {

struct BoundedMlp : GatedMlp<Silu> {
  using Shared = LowerBounds;
};
using Model = LanguageModel<Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, BoundedMlp>>;
constexpr Shape shape = checked<Model>(Shape{.vocabulary = 100, .width = 8, .depth = 2, .heads = 2});

}  // namespace rondo

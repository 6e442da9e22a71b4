// Blocks of one stack that share parameters of two kinds.
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/architecture/hgrn2.hpp>

namespace rondo {

class OtherBounds : public LowerBounds {
  using LowerBounds::LowerBounds;
};
struct OtherForget : LowerBoundedForget {
  using Shared = OtherBounds;
};
using Otherwise = Block<RmsNorm, Hgrn2Mixer<OtherForget>, GatedMlp<Silu>>;
using Mixed = LanguageModel<Pattern<Hgrn2Block, Otherwise>>;
constexpr Shape shape = checked<Mixed>(Shape{.vocabulary = 100, .width = 8, .depth = 2, .heads = 2});

}  // namespace rondo

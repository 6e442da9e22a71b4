// A shape that one block of a pattern cannot have: its attention's heads do not divide the width.
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/model/architecture/llama.hpp>

namespace rondo {

using Hybrid = LanguageModel<Pattern<ResidualLstmBlock, ResidualLstmBlock, LlamaBlock>>;
constexpr Shape shape = checked<Hybrid>(Shape{.vocabulary = 100, .width = 12, .depth = 3, .heads = 5});

}  // namespace rondo

// A pattern of more blocks than the stack has.
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>

namespace rondo {

using Hybrid = LanguageModel<Pattern<Hgrn2Block, Hgrn2Block, LlamaBlock>>;
constexpr Shape shape = checked<Hybrid>(Shape{.vocabulary = 100, .width = 8, .depth = 2, .heads = 2});

}  // namespace rondo

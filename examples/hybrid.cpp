// hybrid: HGRN2 with softmax attention in every third block. Try `hybrid --help`; with a window of 128 tokens and six blocks:
//
//   hybrid train --data train.tokens --out run --set shape.window=128 --set shape.depth=6
#include <rondo/app/main.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>

int main(int argc, char** argv) {
  using namespace rondo;
  using Third = Pattern<Hgrn2Block, Hgrn2Block, LlamaBlock>;
  return app::main<LanguageModel<Third>, LanguageModel<Third, RmsNorm, TiedHead<>>>(argc, argv);
}

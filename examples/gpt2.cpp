// gpt2: trains, evaluates and runs language models of GPT-2's and OPT's architectures. Try `gpt2 --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Gpt2, rondo::Gpt2Untied, rondo::Opt, rondo::OptUntied>(argc, argv);
}

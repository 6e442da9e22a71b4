// llama: trains, evaluates and runs language models of this architecture. Try `llama --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/llama.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Llama, rondo::LlamaTied, rondo::LlamaBiased, rondo::LlamaBiasedTied>(argc, argv);
}

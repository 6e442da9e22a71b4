// llama: trains, evaluates and runs language models of Llama and Qwen3. Try `llama --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/qwen3.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Llama, rondo::LlamaTied, rondo::LlamaBiased, rondo::LlamaBiasedTied, rondo::Qwen3, rondo::Qwen3Tied>(
      argc, argv);
}

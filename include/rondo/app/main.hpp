// A full program around the models of one architecture:
//
//   #include <rondo/app/main.hpp>
//   #include <rondo/model/checkpoint/hgrn2.hpp>
//   int main(int argc, char** argv) { return rondo::app::main<rondo::Hgrn2, rondo::Hgrn2Tied>(argc, argv); }
//
// Subcommands: train, distill, teach, finetune, evaluate, score, compare, predictions, generate, logits, summary; --help on each level
// teaches with an example. The first model is the one that `train` and `summary` make where nothing else is said; a folder's config.json
// picks among all of them. Folders of another program's form are read and written where its header (rondo/model/checkpoint/) is included.
// Exit status: rondo/app/common.hpp.
#pragma once

#include <vector>

#include <rondo/app/served_model.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

int run_program(int argc, char** argv, const std::vector<ServedModel>& served);

template <class... Models>
int main(int argc, char** argv) {
  return run_program(argc, argv, {serve<Models>()...});
}

}  // namespace rondo::app

#if RONDO_HEADER_ONLY
#include <rondo/app/program.hpp>
#endif

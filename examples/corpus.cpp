// corpus: tokenizers and token files from text, and the built-in corpus. Try `corpus --help`.
#include <rondo/app/corpus.hpp>

int main(int argc, char** argv) {
  return rondo::app::corpus(argc, argv);
}

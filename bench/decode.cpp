// bench_decode: one token after another, batch 1, as bytes of weights read per second beside the triad's bandwidth in the same run
// (triad as STREAM counts; moved: the line read before it is written included, the stricter measure).
// One JSON line an architecture and storage type; also the rate at a far position, which must not change for a recurrence.
//
//   bench_decode [--tokens N] [--far N] [--threads N]
#include <chrono>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "bandwidth.hpp"

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>
#include <rondo/generate/session.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>

namespace rondo::bench {

template <class Model, class Storage>
void decode(const char* architecture, const char* storage, Index heads, Index tokens, Index far) {
  const Model model{Shape{.vocabulary = 16000, .width = 512, .depth = 8, .heads = heads, .mlp_width = 1536,
                          .context = far + 2 * tokens + 64}};
  const Parameters<Model, Cpu> started{model, Seed{1}};
  Parameters<Model, Cpu, Storage> weights{model};
  for (Index i = 0; i < started.flat().size(); ++i) weights.flat().data[i] = static_cast<Storage>(started.flat().data[i]);
  // The embedding is looked up, not read through.
  const double bytes = static_cast<double>(weights.bytes()) -
                       static_cast<double>(model.shape().vocabulary * model.shape().width) * sizeof(Storage);
  Session<Model, Cpu, Storage> session{model, weights};
  const auto time = [&] {
    Token next = 1;
    for (int i = 0; i < 8; ++i) session.feed(next);
    const double seconds = shortest_seconds(3, [&] {
      for (Index i = 0; i < tokens / 4; ++i) next = static_cast<Token>((session.feed(next)(0, 0) > 0) + i % 100);
    });
    return seconds / static_cast<double>(tokens / 4);
  };
  const double near_seconds = time();
  double far_seconds = near_seconds;
  if (far > 0) {
    std::vector<Token> text(static_cast<std::size_t>(far - session.position()));
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<Token>(i % 1000);
    session.feed(text);
    far_seconds = time();
  }
  const Bandwidth bandwidth = triad_bandwidth();
  const double rate = bytes / near_seconds * 1e-9;
  std::printf(
      "{\"architecture\": \"%s\", \"weights\": \"%s\", \"tokens_per_second\": %.1f, \"tokens_per_second_far\": %.1f, \"far\": %td, "
      "\"weights_gb_per_second\": %.1f, \"triad_gb_per_second\": %.1f, \"fraction_of_triad\": %.3f, \"moved_gb_per_second\": %.1f, "
      "\"fraction_of_moved\": %.3f}\n",
      architecture, storage, 1 / near_seconds, 1 / far_seconds, far, rate, bandwidth.triad, rate / bandwidth.triad, bandwidth.moved,
      rate / bandwidth.moved);
  std::fflush(stdout);
}

int decode_main(int argc, char** argv) {
  CLI::App app{"Times decoding at size M, batch 1, against the machine's memory bandwidth."};
  Index tokens = 128, far = 10000;
  Index threads = 0;
  app.add_option("--tokens", tokens, "tokens to time")->check(CLI::Range(16, 100000));
  app.add_option("--far", far, "the position of the second timing of HGRN2 (0: none)");
  app.add_option("--threads", threads, "threads (0: as many as the process may use)");
  CLI11_PARSE(app, argc, argv);
  use_threads(threads);
  wait_briefly(argv);
  decode<Hgrn2, float>("hgrn2", "float32", 4, tokens, far);
  decode<Hgrn2, bf16>("hgrn2", "bf16", 4, tokens, 0);
  decode<Llama, float>("llama", "float32", 8, tokens, 0);
  decode<Llama, bf16>("llama", "bf16", 8, tokens, 0);
  decode<Lstm, float>("lstm", "float32", 1, tokens, 0);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) { return rondo::bench::decode_main(argc, argv); }

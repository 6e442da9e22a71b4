// bench_scoring: what shared beginnings save, and whether short texts are scored at the rate of a forward pass. One JSON line an
// architecture and set of texts:
//
//   saved_tokens    tokens of the texts over tokens computed         gain   seconds of each text alone over seconds with shared beginnings
//   alone_rate, shared_rate     FLOP/s of either over those of a pass over texts of 512 tokens, in the same run
//
// FLOPs are those of the weights: 2 for each of the trunk's for every computed token, 2 for each of the head's for every row with a label.
// Times are the shortest of several rounds in which all three take turns. Without data the texts are random ids that begin alike as facts
// with many answers do, and pairs of sentences.
//
//   bench_scoring [--facts BEAR_FOLDER --pairs BLIMP_FOLDER --tokenizer FILE --limit N] [--width N --depth N] [--rounds N] [--threads N]
//                 [--architecture hgrn2|llama|lstm] [--branch-cost N]
#include <chrono>
#include <cstdio>
#include <limits>
#include <string>

#include <CLI/CLI.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>
#include <rondo/evaluate/task_files.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>

namespace rondo::bench {

struct Texts {
  std::string name;
  std::vector<ScoredText> texts;
};

class RandomTexts {
 public:
  explicit RandomTexts(Index vocabulary) : vocabulary_(static_cast<std::uint64_t>(vocabulary)) {}
  [[nodiscard]] std::uint64_t draw(std::uint64_t bound) { return below(RandomKey{3}, drawn_++, bound); }
  [[nodiscard]] std::vector<Token> grown(std::vector<Token> text, std::uint64_t tokens) {
    for (std::uint64_t i = 0; i < tokens; ++i) text.push_back(static_cast<Token>(draw(vocabulary_)));
    return text;
  }
  static ScoredText scored(std::vector<Token> ids) {
    std::vector<std::uint8_t> all(ids.size(), 1);
    all.front() = 0;
    return {std::move(ids), std::move(all)};
  }
  // Subjects of a relation in a sentence, each with every answer.
  Texts facts(int relations, int subjects, int answers) {
    Texts result{"facts", {}};
    for (int r = 0; r < relations; ++r) {
      const auto begin = grown({1}, 5);
      std::vector<std::vector<Token>> ends;
      for (int a = 0; a < answers; ++a) ends.push_back(grown({}, 3 + draw(4)));
      for (int s = 0; s < subjects; ++s) {
        const auto before = grown(begin, 3 + draw(4));
        for (const auto& end : ends) {
          auto text = before;
          text.insert(text.end(), end.begin(), end.end());
          result.texts.push_back(scored(std::move(text)));
        }
      }
    }
    return result;
  }
  // Two sentences that differ from some word on.
  Texts pairs(int count) {
    Texts result{"pairs", {}};
    for (int i = 0; i < count; ++i) {
      const auto begin = grown({1}, 3 + draw(6));
      const std::uint64_t rest = 2 + draw(5);
      for (int side = 0; side < 2; ++side) result.texts.push_back(scored(grown(begin, rest)));
    }
    return result;
  }

 private:
  std::uint64_t vocabulary_, drawn_ = 0;
};

Texts texts_of(const ChoiceTask& task, const Tokenizer& tokenizer, const char* convention) {
  return {task.name, choice_texts(task, tokenizer, convention_named(convention)).texts};
}

template <class Model>
void measure(const char* architecture, const Shape& shape, const std::vector<Texts>& sets, int rounds, double branch_cost) {
  const Model model{shape};
  const Parameters<Model, Cpu> weights{model, Seed{1}};
  Scorer<Model, Cpu> scorer{model, weights};
  const auto head = static_cast<double>(shape.vocabulary * shape.width), embedding = head;
  const double trunk = static_cast<double>(weights.count()) - head - embedding;
  RandomTexts random{shape.vocabulary};
  Texts passes{"passes", {}};
  for (int i = 0; i < 16; ++i) passes.texts.push_back(RandomTexts::scored(random.grown({1}, 511)));
  const auto tokens_of = [](const Texts& set) {
    Index sum = 0;
    for (const ScoredText& text : set.texts) sum += std::ssize(text.ids);
    return static_cast<double>(sum);
  };
  const auto seconds = [&](const Texts& set, double cost) {
    const auto start = std::chrono::steady_clock::now();
    static_cast<void>(scorer.token_scores(set.texts, {.branch_cost = cost}));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const Texts& set : sets) {
    double pass = 1e30, alone = 1e30, shared = 1e30;
    for (int round = 0; round <= rounds; ++round) {
      const double times[] = {seconds(passes, infinity), seconds(set, infinity), seconds(set, branch_cost)};
      if (round == 0) continue;  // memory is taken
      pass = std::min(pass, times[0]), alone = std::min(alone, times[1]), shared = std::min(shared, times[2]);
    }
    const auto operations = [&](const Texts& of, double cost) {
      const PrefixTree tree{of.texts, cost};
      double rows = 0;
      const auto count = [&](const auto& again, const std::vector<PrefixTree::Node>& nodes) -> void {
        for (const PrefixTree::Node& node : nodes) {
          Index last = -1;
          tree.each_label(node, [&](Index row, const PrefixTree::Label&) { rows += row != last, last = row; });
          again(again, node.branches);
        }
      };
      count(count, tree.roots());
      return 2 * (trunk * static_cast<double>(tree.computed()) + head * rows);
    };
    const double tokens = tokens_of(set), computed = static_cast<double>(PrefixTree(set.texts, branch_cost).computed());
    const double rate = operations(passes, infinity) / pass;
    std::printf(
        "{\"architecture\": \"%s\", \"texts\": \"%s\", \"number\": %zu, \"tokens\": %.0f, \"saved_tokens\": %.2f, \"gain\": %.2f, "
        "\"alone_rate\": %.3f, \"shared_rate\": %.3f, \"pass_gflops\": %.1f, \"alone_seconds\": %.3f, \"shared_seconds\": %.3f}\n",
        architecture, set.name.c_str(), set.texts.size(), tokens, tokens / computed, alone / shared,
        operations(set, infinity) / alone / rate, operations(set, branch_cost) / shared / rate, rate * 1e-9, alone,
        shared);
    std::fflush(stdout);
  }
}

int scoring_main(int argc, char** argv) {
  CLI::App app{"Times the scoring of short texts with and without shared beginnings."};
  std::string facts, pairs, tokenizer_file, architecture;
  double branch_cost = SharingOptions{}.branch_cost;
  Index width = 256, depth = 6, limit = 0, threads = 0, vocabulary = 8192;
  int rounds = 3;
  app.add_option("--facts", facts, "a folder of BEAR");
  app.add_option("--pairs", pairs, "a folder of minimal pairs");
  app.add_option("--tokenizer", tokenizer_file, "for them");
  app.add_option("--limit", limit, "facts and pairs of a file (0: all)");
  app.add_option("--width", width, "of the models");
  app.add_option("--depth", depth, "of the models");
  app.add_option("--rounds", rounds, "of which the shortest counts")->check(CLI::Range(1, 1000));
  app.add_option("--architecture", architecture, "one of them; all without")->check(CLI::IsMember({"hgrn2", "llama", "lstm"}));
  app.add_option("--branch-cost", branch_cost, "of a state's copy, in tokens")->check(CLI::NonNegativeNumber);
  app.add_option("--threads", threads, "threads (0: as many as the process may use)");
  CLI11_PARSE(app, argc, argv);
  use_threads(threads);
  wait_briefly(argv);
  std::vector<Texts> sets;
  if (tokenizer_file.empty()) {
    RandomTexts random{vocabulary};
    sets.push_back(random.facts(4, 20, 40));
    sets.push_back(random.pairs(1000));
  } else {
    const Tokenizer tokenizer = Tokenizer::load(tokenizer_file);
    vocabulary = tokenizer.vocabulary();
    if (!facts.empty()) sets.push_back(texts_of(read_bear_task("facts", facts, limit), tokenizer, "lm_pub_quiz"));
    if (!pairs.empty()) sets.push_back(texts_of(read_minimal_pair_task("pairs", read_task_files(pairs), limit), tokenizer, "rondo"));
  }
  const Shape shape{.vocabulary = vocabulary, .width = width, .depth = depth, .heads = 4, .mlp_width = 3 * width};
  Shape one_head = shape;
  one_head.heads = 1;
  const auto asked = [&](const char* name) { return architecture.empty() || architecture == name; };
  if (asked("hgrn2")) measure<Hgrn2>("hgrn2", shape, sets, rounds, branch_cost);
  if (asked("llama")) measure<Llama>("llama", shape, sets, rounds, branch_cost);
  if (asked("lstm")) measure<Lstm>("lstm", one_head, sets, rounds, branch_cost);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) {
  return rondo::bench::scoring_main(argc, argv);
}

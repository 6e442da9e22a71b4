// The program `corpus`: from text to tokenizers and token files.
//
//   corpus tokenizer --text FILES --vocabulary N --out tokenizer.json     trains a byte-level BPE
//   corpus encode --tokenizer T --text FILES --out TOKENS                 makes a token file
//   corpus tokens --tokenizer T --jsonl FILE                              ids, offsets and decoded text, a line each
//   corpus decode --tokenizer T --data TOKENS                             the text of a token file
//   corpus info --data TOKENS                                             what is in one
//   corpus grammar --words N --out FOLDER                                 writes the built-in corpus
//
//   int main(int argc, char** argv) { return rondo::app::corpus(argc, argv); }
//
// Exit status: rondo/app/common.hpp. Results go to stdout, progress and errors to stderr. A command that a signal ends leaves no part of
// what it was to write.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/app/stoppable_progress.hpp>
#include <rondo/app/together.hpp>
#include <rondo/app/token_file_commands.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/processors.hpp>
#include <rondo/data/encode_corpus.hpp>
#include <rondo/data/grammar/corpus.hpp>
#include <rondo/data/tokenizer/bpe_training.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/io/input_text.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/output_file.hpp>
#include <rondo/version.hpp>

namespace rondo::app {

// What text files have in common wherever they are read.
struct TextOptions {
  std::vector<std::filesystem::path> files;
  std::string documents = "blank";
  std::string field;  // of JSON lines; empty: plain text
  bool replace_invalid = false;
  [[nodiscard]] DocumentBorder border() const {
    return documents == "line" ? DocumentBorder::line : documents == "file" ? DocumentBorder::file : DocumentBorder::blank_line;
  }
  [[nodiscard]] InvalidUtf8 invalid() const { return replace_invalid ? InvalidUtf8::replaced : InvalidUtf8::refused; }
};
struct TrainTokenizerOptions {
  TextOptions text;
  BpeSettings bpe;
  std::filesystem::path out;
};
struct EncodeOptions {
  TextOptions text;
  std::filesystem::path tokenizer, out;
  std::string end_token;
};
struct TokensOptions {
  std::filesystem::path tokenizer, jsonl;
  bool special = false;
};
struct GrammarOptions {
  grammar::Options corpus;
  std::filesystem::path out;
};

[[nodiscard]] inline Index worker_threads(const CommonOptions& common) {
  return common.threads > 0 ? static_cast<Index>(common.threads) : usable_processors();
}

// 9968399 -> 9,968,399
[[nodiscard]] inline std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

inline int train_tokenizer(const TrainTokenizerOptions& options, const CommonOptions& common) {
  const Stopwatch watch;
  StoppableProgress progress{common};
  require_writable_as(
      options.out, "--out", "a tokenizer", [](std::string_view text) { return is_json_with(text, "model"); }, options.text.files);
  AtomicFile out{options.out};  // a folder that cannot be written is found before the work
  std::vector<TextFile> files;
  for (const auto& path : options.text.files) files.emplace_back(path, options.text.invalid(), options.text.field);
  const WordCounts counts = count_words(files, options.text.border(), worker_threads(common), progress.stage("counting", "bytes"));
  const TrainedBpe trained = train_bpe(counts, options.bpe, progress.stage("joining", "tokens"));
  out.write(json_text(tokenizer_json(trained), options.out.string()));
  out.commit();
  progress.finish();
  std::uint64_t words = 0;
  for (const auto& [word, count] : counts) words += count;
  std::printf("%s: %s tokens (%zu special, 256 bytes, %s merges) from %s words, %s of them different, in %.1f s\n",
              options.out.c_str(), grouped(trained.tokens.size()).c_str(), trained.special_tokens,
              grouped(trained.merges.size()).c_str(), grouped(words).c_str(), grouped(counts.size()).c_str(), watch.seconds());
  const bool full = trained.tokens.size() == static_cast<std::size_t>(options.bpe.vocabulary);
  if (!full)
    std::printf("The text has no more pairs that occur %s times: the vocabulary is smaller than the %s asked for.\n",
                grouped(options.bpe.minimum_frequency).c_str(),
                grouped(static_cast<std::uint64_t>(options.bpe.vocabulary)).c_str());
  print_result(common, {{"out", options.out.string()},
                        {"vocabulary", trained.tokens.size()},
                        {"merges", trained.merges.size()},
                        {"words", words},
                        {"distinct_words", counts.size()},
                        {"seconds", watch.seconds()}});
  return 0;
}

inline int encode(const EncodeOptions& options, const CommonOptions& common) {
  const Stopwatch watch;
  StoppableProgress progress{common};
  const Tokenizer tokenizer = Tokenizer::load(options.tokenizer);
  std::vector<std::filesystem::path> inputs = options.text.files;
  inputs.push_back(options.tokenizer);
  require_writable_as(options.out, "--out", "a token file", is_token_file, inputs);
  const EncodedCorpus made =
      encode_corpus(tokenizer, options.text.files, options.out,
                    {options.text.border(), options.text.invalid(), options.end_token, worker_threads(common), options.text.field},
                    progress.stage("encoding", "bytes"));
  progress.finish();
  const auto& [tokens, words, bytes] = made.totals;
  std::printf("%s: %s tokens in %s documents, from %s words (%.3f tokens a word, %.2f bytes a token), in %.1f s\n",
              options.out.c_str(), grouped(tokens).c_str(), grouped(static_cast<std::uint64_t>(made.documents)).c_str(),
              grouped(words).c_str(), static_cast<double>(tokens) / static_cast<double>(std::max<std::uint64_t>(1, words)),
              static_cast<double>(bytes) / static_cast<double>(tokens), watch.seconds());
  print_result(common, {{"out", options.out.string()},
                        {"tokens", tokens},
                        {"documents", made.documents},
                        {"words", words},
                        {"bytes", bytes},
                        {"vocabulary", tokenizer.vocabulary()},
                        {"seconds", watch.seconds()}});
  return 0;
}

inline int print_tokens(const TokensOptions& options) {
  const Tokenizer tokenizer = Tokenizer::load(options.tokenizer);
  const InputText input{options.jsonl};
  for_each_line(input.text(), [&](std::string_view line, std::size_t number) {
    const std::string name = input.name() + ": line " + std::to_string(number);
    const Json document = parse_json(line, name);
    const std::string& text = JsonPlace{document, name}["text"].text();
    const SpecialTokens around = options.special ? SpecialTokens::included : SpecialTokens::left_out;
    const SpecialTokens decoded = options.special ? SpecialTokens::left_out : SpecialTokens::included;
    const Encoding encoding = tokenizer.encode(text, around);
    Json offsets = Json::array();
    for (const auto& [begin, end] : encoding.offsets) offsets.push_back(Json::array({begin, end}));
    const Json result{
        {"ids", encoding.ids}, {"offsets", std::move(offsets)}, {"decoded", tokenizer.decode(encoding.ids, decoded)}};
    std::printf("%s\n", result.dump().c_str());
  });
  return 0;
}

inline int write_grammar(const GrammarOptions& options, const CommonOptions& common) {
  grammar::Options corpus = options.corpus;
  corpus.seed = common.seed.value_or(corpus.seed);
  const Stopwatch watch;
  const grammar::Summary made = grammar::write_corpus(corpus, options.out);
  std::printf("%s: %s words in %s documents to train on, %s words held out, %s minimal pairs of %zu phenomena, in %.1f s\n",
              options.out.c_str(), grouped(made.train_words).c_str(), grouped(made.train_documents).c_str(),
              grouped(made.held_out_words).c_str(), grouped(made.pairs).c_str(), made.phenomena.size(), watch.seconds());
  print_result(common, {{"out", options.out.string()},
                        {"train_words", made.train_words},
                        {"train_documents", made.train_documents},
                        {"held_out_words", made.held_out_words},
                        {"pairs", made.pairs},
                        {"phenomena", made.phenomena}});
  return 0;
}

inline void add_text_options(CLI::App& command, TextOptions& text) {
  command.add_option("--text", text.files, "text files, UTF-8 (-: standard input)")->required();
  CLI::Option* documents =
      command.add_option("--documents", text.documents, "what separates documents: blank lines, line ends, or files")
          ->check(CLI::IsMember({"blank", "line", "file"}))
          ->capture_default_str();
  command.add_option("--field", text.field, "the files are JSON lines; the text of this member of each is a document")->excludes(documents);
  command.add_flag("--replace-invalid", text.replace_invalid,
                   "bytes that are not UTF-8 become U+FFFD (otherwise they are an error)");
}

inline int corpus(int argc, char** argv) {
  CLI::App program{"Makes tokenizers and token files from text. Each command has its own --help.", "corpus"};
  program.require_subcommand(1);
  program.set_version_flag("--version", version_text);
  program.footer(
      "Example: from text to a file that models train on\n"
      "  corpus tokenizer --text books/*.txt --vocabulary 16000 --out tokenizer.json\n"
      "  corpus encode --tokenizer tokenizer.json --text books/*.txt --out train.tokens");
  CommonOptions common;
  std::function<int()> chosen;
  const auto command = [&](const char* verb, const std::string& purpose, const std::string& example, std::function<int()> act) {
    CLI::App* result = program.add_subcommand(verb, purpose);
    result->footer("Example:\n  corpus " + example);
    result->callback([&chosen, act = std::move(act)] { chosen = act; });
    return result;
  };

  TrainTokenizerOptions training;
  CLI::App* tokenizer = command("tokenizer", "Trains a byte-level BPE and writes it as a tokenizer.json.",
                                "tokenizer --text books/*.txt --vocabulary 16000 --out tokenizer.json",
                                [&] { return train_tokenizer(training, common); });
  add_text_options(*tokenizer, training.text);
  tokenizer->add_option("--vocabulary", training.bpe.vocabulary, "tokens, the 256 bytes and special ones included")
      ->required()
      ->check(whole_number_from(1));
  tokenizer->add_option("--out", training.out, "the tokenizer.json to write")->required();
  tokenizer->add_option("--minimum-frequency", training.bpe.minimum_frequency, "pairs that are rarer are not joined")
      ->check(whole_number_from(0))
      ->capture_default_str();
  tokenizer->add_option("--longest-token", training.bpe.longest_token, "in bytes: no longer ones are made")
      ->check(whole_number_from(0))
      ->capture_default_str();
  tokenizer->add_option("--special", training.bpe.special_tokens, "special tokens; their ids begin at 0")->capture_default_str();

  EncodeOptions encoding;
  CLI::App* encode_command = command(
      "encode", "Encodes text files into a token file; every document ends with the end-of-text token.",
      "encode --tokenizer tokenizer.json --text books/*.txt --out train.tokens\n"
      "  zcat texts.jsonl.gz | corpus encode --tokenizer tokenizer.json --text - --field text --out train.tokens",
      [&] { return encode(encoding, common); });
  encode_command
      ->add_option("--tokenizer", encoding.tokenizer, "tokenizer.json, GPT-2's vocab.json, a SentencePiece .model, or a folder")
      ->required();
  add_text_options(*encode_command, encoding.text);
  encode_command->add_option("--out", encoding.out, "the token file to write")->required();
  encode_command->add_option("--end-token", encoding.end_token, "the token that ends documents (default: the tokenizer's own)");

  TokensOptions tokens;
  CLI::App* tokens_command =
      command("tokens", "Prints ids, offsets in characters and decoded text of {\"text\": ...} lines, a JSON line each.",
              "tokens --tokenizer tokenizer.json --jsonl texts.jsonl", [&] { return print_tokens(tokens); });
  tokens_command->add_option("--tokenizer", tokens.tokenizer, "as for encode")->required();
  tokens_command->add_option("--jsonl", tokens.jsonl, "a JSON object with \"text\" on each line (-: standard input)")->required();
  tokens_command->add_flag("--special", tokens.special,
                           "with the special tokens that the tokenizer puts around a text; decoded without them");

  TokenFileOptions decoding;
  CLI::App* decode_command = command(
      "decode", "Prints the documents of a token file as text, an empty line between them; with --json a JSON line each.",
      "decode --tokenizer tokenizer.json --data train.tokens --documents 3", [&] { return decode_token_file(decoding, common); });
  decode_command->add_option("--data", decoding.data, "the token file")->required();
  decode_command->add_option("--tokenizer", decoding.tokenizer, "the one that made it")->required();
  decode_command->add_option("--documents", decoding.documents, "only the first so many (0: all)")
      ->check(whole_number_from(0))
      ->capture_default_str();

  TokenFileOptions described;
  CLI::App* info_command = command("info", "Says how many tokens, documents, words and bytes a token file has, and what made it.",
                                   "info --data train.tokens", [&] { return describe_token_file(described, common); });
  info_command->add_option("--data", described.data, "the token file")->required();
  info_command->add_option("--tokenizer", described.tokenizer,
                           "checked to be the one that made it; names the token that ends documents");

  GrammarOptions grammar;
  CLI::App* grammar_command =
      command("grammar", "Writes the built-in corpus: text from a grammar of English, held-out text, minimal pairs.",
              "grammar --words 1500000 --out corpus", [&] { return write_grammar(grammar, common); });
  grammar_command->add_option("--words", grammar.corpus.words, "of the training text, at least")
      ->required()
      ->check(whole_number_from(0));
  grammar_command->add_option("--out", grammar.out, "the folder to write")->required();
  grammar_command->add_option("--pairs", grammar.corpus.pairs_per_phenomenon, "minimal pairs of each phenomenon")
      ->check(whole_number_from(0))
      ->capture_default_str();

  for (CLI::App* one : {tokenizer, encode_command, tokens_command, decode_command, info_command, grammar_command}) {
    add_threads_option(*one, common);
    CLI::Option* seed = add_seed_option(*one, common, "of the corpus (default " + std::to_string(grammar::Options{}.seed) + ")");
    if (one != grammar_command) seed->group("");  // nothing there is random
    add_output_options(*one, common);
  }
  if (const auto status = parse(program, argc, argv)) return *status;
  return guarded(
      "corpus", [&] { return together("corpus", common, false, chosen); },
      "files are encoded one by one, and long words and lines as a whole: smaller ones need less");
}

}  // namespace rondo::app

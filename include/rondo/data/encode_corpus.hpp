// From text files to a token file, with all cores.
//
//   EncodedCorpus made = encode_corpus(tokenizer, {"a.txt", "b.txt"}, "train.tokens", {.threads = 8});
//
// Every document ends with the end-of-text token. Files are read one after the other (each checked whole before it is
// used), documents and chunks of long ones are encoded by the threads, and written in order: the result does not depend on
// the number of threads. Throws Error as TextFile and TokenFileWriter do; then nothing is left at `out`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/processors.hpp>
#include <rondo/data/text_files.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/data/tokenizer/count_words.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/data/worker_threads.hpp>

namespace rondo {

struct EncodeSettings {
  DocumentBorder border = DocumentBorder::blank_line;
  InvalidUtf8 invalid = InvalidUtf8::refused;
  std::string end_token{};  // of every document; empty: the tokenizer's end-of-text token
  Index threads = usable_processors();
  std::string field{};  // of JSON lines (text_files.hpp); empty: plain text
};

struct EncodedCorpus {
  Index documents = 0;
  DocumentBegin totals;
};

// The id that ends documents.
[[nodiscard]] inline TokenId end_of_document(const Tokenizer& tokenizer, const std::string& end_token) {
  if (end_token.empty()) {
    const TokenId id = tokenizer.special_ids().end_of_text;
    require(id >= 0, "the tokenizer has no end-of-text token; name one of its tokens to end documents with");
    return id;
  }
  const auto id = tokenizer.id_of(end_token);
  require(id.has_value(), "end token '", end_token, "' is not in the tokenizer's vocabulary");
  return *id;
}

// Encodes chunks, several at a time, and hands them on in order.
class ChunkEncoder {
 public:
  ChunkEncoder(const Tokenizer& tokenizer, TokenId end_of_text, Index threads)
      : tokenizer_(tokenizer),
        end_of_text_(end_of_text),
        threads_(std::max<Index>(1, threads)),
        caches_(static_cast<std::size_t>(threads_)) {}

  template <class Report>
  void encode(const TextFile& file, DocumentBorder border, TokenFileWriter& writer, Report&& report) {
    const auto may_cut = [this](std::string_view document, std::size_t at) { return tokenizer_.may_cut(document, at); };
    std::vector<TextChunk> chunks;
    file.for_each_document(border, [&](std::string_view document) { append_chunks(document, task_bytes, may_cut, chunks); });
    std::vector<Task> tasks;
    for (std::size_t begin = 0; begin < chunks.size();) {
      tasks.clear();
      while (begin < chunks.size() && tasks.size() < static_cast<std::size_t>(8 * threads_)) {
        std::size_t end = begin;
        for (std::size_t bytes = 0; end < chunks.size() && bytes < task_bytes; ++end) bytes += chunks[end].text.size();
        tasks.push_back({{chunks.data() + begin, end - begin}, {}, {}});
        begin = end;
      }
      for_each_task(threads_, static_cast<Index>(tasks.size()), [&](Index worker, Index task) {
        run(tasks[static_cast<std::size_t>(task)], caches_[static_cast<std::size_t>(worker)]);
      });
      for (const Task& task : tasks) write(task, writer);
      report(static_cast<std::uint64_t>(chunks[begin - 1].text.end() - file.text().begin()));
    }
  }

 private:
  static constexpr std::size_t task_bytes = std::size_t{1} << 17;

  struct Task {
    std::span<const TextChunk> chunks;
    std::vector<TokenId> ids;
    struct Made {
      std::size_t ids, words;
    };
    std::vector<Made> made;  // for each chunk: ids up to its end, its words
  };

  void run(Task& task, EncodingCache& cache) const {
    for (const TextChunk& chunk : task.chunks) {
      tokenizer_.append_ids(chunk.text, task.ids, cache);
      if (chunk.ends_document) task.ids.push_back(end_of_text_);
      task.made.push_back({task.ids.size(), count_text_words(chunk.text)});
    }
  }
  void write(const Task& task, TokenFileWriter& writer) {
    std::size_t written = 0;
    for (std::size_t i = 0; i < task.chunks.size(); ++i) {
      writer.append(std::span(task.ids).subspan(written, task.made[i].ids - written));
      written = task.made[i].ids;
      words_ += task.made[i].words;
      bytes_ += task.chunks[i].text.size();
      if (!task.chunks[i].ends_document) continue;
      writer.end_document(words_, bytes_);
      words_ = bytes_ = 0;
    }
  }

  const Tokenizer& tokenizer_;
  TokenId end_of_text_;
  Index threads_;
  std::vector<EncodingCache> caches_;
  std::uint64_t words_ = 0;  // of the present document so far
  std::uint64_t bytes_ = 0;
};

inline EncodedCorpus encode_corpus(const Tokenizer& tokenizer, const std::vector<std::filesystem::path>& files,
                                   const std::filesystem::path& out, const EncodeSettings& settings,
                                   const ProgressReport& report = {}) {
  require(!files.empty(), "no text files to encode");
  const TokenId end_of_text = end_of_document(tokenizer, settings.end_token);
  std::uint64_t total = 0;
  for (const auto& file : files) {
    std::error_code unknown;  // a file that cannot be read is found out when its turn comes
    const std::uintmax_t size = std::filesystem::file_size(file, unknown);
    if (!unknown) total += size;
  }
  TokenFileWriter writer{out, {tokenizer.vocabulary(), end_of_text, tokenizer.fingerprint()}};
  ChunkEncoder encoder{tokenizer, end_of_text, settings.threads};
  std::uint64_t done = 0;
  for (const auto& path : files) {
    const TextFile file{path, settings.invalid, settings.field};
    encoder.encode(file, settings.border, writer, [&](std::uint64_t bytes) {
      if (report) report(done + bytes, std::max(total, done + bytes));
    });
    done += file.text().size();
  }
  writer.commit();
  return {writer.documents(), writer.totals()};
}

}  // namespace rondo

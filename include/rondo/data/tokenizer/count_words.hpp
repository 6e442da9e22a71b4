// How often each word occurs in texts: what BPE training starts from.
//
//   WordCounts counts = count_words(files, DocumentBorder::blank_line, threads);
//
// Words are the pieces of the byte-level split (byte_level.hpp) of each document. They come in byte order, so that the
// result does not depend on the number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/data/text_files.hpp>
#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/word_table.hpp>
#include <rondo/data/worker_threads.hpp>

namespace rondo {

using WordCounts = std::vector<std::pair<std::string, std::uint64_t>>;

// Told how much of the work is done; never by two threads at once.
using ProgressReport = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Counts one thread's words.
class WordCounter {
 public:
  void add(std::string_view text) {
    split_words(text, [&](std::size_t begin, std::size_t end) { add_word(text.substr(begin, end - begin), 1); });
  }
  void add_word(std::string_view word, std::uint64_t count) {
    const auto [number, fresh] = words_.insert(word);
    if (fresh) counts_.push_back(0);
    counts_[number] += count;
  }
  void add(const WordCounter& other) {
    for (std::uint32_t number = 0; number < other.words_.size(); ++number) add_word(other.words_[number], other.counts_[number]);
  }
  [[nodiscard]] WordCounts sorted() const {
    WordCounts counts;
    counts.reserve(words_.size());
    for (std::uint32_t number = 0; number < words_.size(); ++number) counts.emplace_back(words_[number], counts_[number]);
    std::sort(counts.begin(), counts.end());
    return counts;
  }

 private:
  WordTable words_;
  std::vector<std::uint64_t> counts_;
};

[[nodiscard]] inline WordCounts count_words(const std::vector<TextFile>& files, DocumentBorder border, Index threads,
                                            const ProgressReport& report = {}) {
  constexpr std::size_t chunk_bytes = std::size_t{1} << 18;
  std::uint64_t total = 0;
  for (const TextFile& file : files) total += file.text().size();
  std::uint64_t done = 0;
  std::vector<WordCounter> counters(static_cast<std::size_t>(std::max<Index>(1, threads)));
  for (const TextFile& file : files) {
    std::vector<TextChunk> chunks;
    file.for_each_document(border, [&](std::string_view document) { append_chunks(document, chunk_bytes, may_cut_words, chunks); });
    // Short documents are taken many at once.
    std::vector<std::pair<std::size_t, std::size_t>> tasks;
    for (std::size_t i = 0, bytes = chunk_bytes; i < chunks.size(); bytes += chunks[i++].text.size()) {
      if (bytes >= chunk_bytes) {
        tasks.emplace_back(i, i);
        bytes = 0;
      }
      tasks.back().second = i + 1;
    }
    std::atomic<std::uint64_t> of_file{0};
    for_each_task(threads, static_cast<Index>(tasks.size()), [&](Index worker, Index task) {
      const auto [begin, end] = tasks[static_cast<std::size_t>(task)];
      for (std::size_t i = begin; i < end; of_file += chunks[i++].text.size())
        counters[static_cast<std::size_t>(worker)].add(chunks[i].text);
      if (worker == 0 && report) report(done + of_file, total);
    });
    done += file.text().size();
    if (report) report(done, total);
  }
  for (std::size_t i = 1; i < counters.size(); ++i) counters[0].add(counters[i]);
  return counters[0].sorted();
}

}  // namespace rondo

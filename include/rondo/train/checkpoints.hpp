// Checkpoints: the folders under RUN/checkpoints, each complete or not there at all.
//
//   Checkpoints checkpoints{"RUN"};
//   checkpoints.save(step, "", [&](const std::filesystem::path& folder) { ... write files into folder ... });
//   if (auto latest = checkpoints.latest()) load(latest->folder);
//   checkpoints.prune(2);
//   checkpoints.set_aside(damaged);                  renamed to "step-000001000.damaged", so that its place is free
//   checkpoints.save(step, "best", ...);             the model of the best held-out loss, without a training state
//   checkpoints.forget_best_after(step);             what a run had come to that goes on from `step`
//
// A checkpoint is written into "STEP.PID.partial" and renamed to "step-000001000" (or "step-000001000-words-1000000") when all of
// its files are on the disk: whatever stops the program leaves the earlier ones as they are and nothing under a final name.
// Links are not looked at: what they lead to is another's. `latest` is the one of the highest step that holds a training state;
// leftovers of killed programs are removed by save().
// prune keeps the training state of the newest few; an older one loses it, and goes altogether unless it has a milestone's name.
// Of the best models it keeps the last up to the newest training state, from which a run may go on, and all after it.
#pragma once

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <unistd.h>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/train/training_state.hpp>

namespace rondo {

// The last of the word counts at which the BabyLM challenge (2025, 2026) takes checkpoints: 1M to 9M, 10M to 90M, 100M and so on; 0 before.
constexpr Index babylm_count(Index words) {
  constexpr Index million = 1'000'000;
  const Index every = words < 10 * million ? million : words < 100 * million ? 10 * million : 100 * million;
  return words / every * every;
}
// As it calls the one of that count.
inline std::string babylm_name(Index count) { return "chck_" + std::to_string(count / 1'000'000) + "M"; }

struct Checkpoint {
  std::filesystem::path folder;
  Index step = 0;
  std::string milestone;  // "words-1000000"; empty: none
  bool resumable = false;
};

class Checkpoints {
 public:
  static constexpr std::string_view best_name = "best";
  explicit Checkpoints(const std::filesystem::path& run) : root_(run / "checkpoints") {}

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

  // By step.
  [[nodiscard]] std::vector<Checkpoint> all() const {
    std::vector<Checkpoint> found;
    if (!std::filesystem::is_directory(root_)) return found;
    for (const auto& entry : std::filesystem::directory_iterator(root_)) {
      auto checkpoint = parse(entry.path());
      if (checkpoint && entry.is_directory() && !entry.is_symlink()) found.push_back(*std::move(checkpoint));
    }
    std::sort(found.begin(), found.end(), [](const Checkpoint& a, const Checkpoint& b) {
      return std::pair{a.step, a.milestone} < std::pair{b.step, b.milestone};
    });
    return found;
  }
  [[nodiscard]] std::optional<Checkpoint> latest() const {
    const auto found = all();
    const auto last = std::find_if(found.rbegin(), found.rend(), [](const Checkpoint& c) { return c.resumable; });
    return last == found.rend() ? std::nullopt : std::optional<Checkpoint>(*last);
  }

  [[nodiscard]] std::filesystem::path best(Index step) const { return root_ / name(step, std::string(best_name)); }

  // The folder; write(folder) makes its files. A checkpoint of that name that is there already stays.
  template <class Write>
  std::filesystem::path save(Index step, const std::string& milestone, Write&& write) const {
    const std::filesystem::path final_name = root_ / name(step, milestone);
    if (std::filesystem::exists(final_name)) return final_name;
    std::error_code problem;
    std::filesystem::create_directories(root_, problem);
    require(!problem, root_.string(), ": cannot be made: ", problem.message());
    remove_leftovers();
    const std::filesystem::path temporary =
        root_ / (name(step, milestone) + "." + std::to_string(::getpid()) + std::string(partial_ending));
    std::filesystem::create_directory(temporary, problem);
    require(!problem, temporary.string(), ": cannot be made: ", problem.message());
    try {
      write(temporary);
      flush_folder(temporary);
      std::filesystem::rename(temporary, final_name);
      flush_folder(root_);
    } catch (const std::filesystem::filesystem_error& failure) {
      std::filesystem::remove_all(temporary, problem);
      throw error(final_name.string(), ": cannot be written: ", failure.code().message());
    } catch (...) {
      std::filesystem::remove_all(temporary, problem);
      throw;
    }
    return final_name;
  }

  void set_aside(const Checkpoint& checkpoint) const {
    std::filesystem::path aside = checkpoint.folder;
    aside += ".damaged";
    std::error_code problem;
    std::filesystem::remove_all(aside, problem);
    std::filesystem::rename(checkpoint.folder, aside, problem);
    require(!problem, checkpoint.folder.string(), ": cannot be renamed: ", problem.message());
  }

  void forget_best_after(Index step) const {
    std::error_code ignored;
    for (const Checkpoint& checkpoint : all())
      if (checkpoint.milestone == best_name && checkpoint.step > step) std::filesystem::remove_all(checkpoint.folder, ignored);
  }

  void prune(Index keep) const {
    auto found = all();
    std::reverse(found.begin(), found.end());
    Index kept = 0;
    const auto newest = latest();
    bool kept_best = false;
    for (const Checkpoint& checkpoint : found) {
      if (checkpoint.milestone == best_name) {
        if (!newest || checkpoint.step > newest->step) continue;
        std::error_code ignored;
        if (kept_best) std::filesystem::remove_all(checkpoint.folder, ignored);
        kept_best = true;
        continue;
      }
      if (checkpoint.resumable && kept++ < std::max<Index>(keep, 1)) continue;
      std::error_code ignored;
      std::filesystem::remove(checkpoint.folder / training_numbers_file, ignored);  // first: from here on it is not resumable
      std::filesystem::remove(checkpoint.folder / training_tensors_file, ignored);
      if (checkpoint.milestone.empty()) std::filesystem::remove_all(checkpoint.folder, ignored);
    }
  }

 private:
  static std::string name(Index step, const std::string& milestone) {
    const std::string digits = std::to_string(step);
    return "step-" + std::string(digits.size() < 9 ? 9 - digits.size() : 0, '0') + digits +
           (milestone.empty() ? "" : "-" + milestone);
  }
  static std::optional<Checkpoint> parse(const std::filesystem::path& folder) {
    const std::string text = folder.filename().string();
    if (!text.starts_with("step-") || text.ends_with(partial_ending)) return std::nullopt;
    Checkpoint checkpoint{folder, 0, "", false};
    const auto [end, problem] = std::from_chars(text.data() + 5, text.data() + text.size(), checkpoint.step);
    if (problem != std::errc{}) return std::nullopt;
    if (end != text.data() + text.size()) checkpoint.milestone = std::string(end + 1, text.data() + text.size());
    if (name(checkpoint.step, checkpoint.milestone) != text) return std::nullopt;
    checkpoint.resumable =
        std::filesystem::exists(folder / training_numbers_file) && std::filesystem::exists(folder / training_tensors_file);
    return checkpoint;
  }
  // What programs that run no more have left.
  void remove_leftovers() const {
    for (const auto& entry : std::filesystem::directory_iterator(root_)) {
      const std::string text = entry.path().filename().string();
      if (!text.starts_with("step-") || !text.ends_with(partial_ending)) continue;
      const int process = maker_of(text);
      if (process == 0 || (process != ::getpid() && is_running(process))) continue;
      std::error_code ignored;
      std::filesystem::remove_all(entry.path(), ignored);
    }
  }

  std::filesystem::path root_;
};

}  // namespace rondo

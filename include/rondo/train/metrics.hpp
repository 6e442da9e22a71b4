// metrics.jsonl: what a run has done, a JSON object a line.
//
//   {"step": 10, "tokens": 20480, "words": 15000, "loss": 6.1, "rate": 0.0004, "gradient_norm": 1.2, "tokens_per_second": 9000}
//   {"step": 100, "tokens": 204800, "words": 150000, "held_out_loss": 5.2}
// Where the objective names parts of its loss: "parts": {"cross_entropy": 5.9, "divergence": 0.2}.
//
//   MetricsFile metrics{"RUN/metrics.jsonl", step};       // a run that goes on from `step`: later lines are taken away
//   metrics.append(object);                               // on its way to the disk when append returns
//   metrics.flush();                                      // all on the disk when flush returns
//   for (const Json& line : read_metrics(path)) ...       // without a last line that was cut short
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <rondo/core/view.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/mapped_file.hpp>
#include <rondo/train/trainer.hpp>

namespace rondo {

inline Json to_json(const StepReport& report) {
  Json line{{"step", report.progress.step},
            {"tokens", report.progress.tokens},
            {"words", report.progress.words},
            {"loss", report.loss},
            {"rate", report.rate},
            {"gradient_norm", report.gradient_norm},
            {"tokens_per_second", static_cast<double>(report.tokens) / report.seconds},
            {"seconds", report.progress.seconds}};
  for (const auto& [name, value] : report.parts)
    if (!name.empty()) line["parts"][std::string(name)] = value;
  return line;
}

// A line that is not whole at the end of the file is what a killed program left; one before that is an Error.
inline std::vector<Json> read_metrics(const std::filesystem::path& path) {
  std::vector<Json> lines;
  if (!std::filesystem::exists(path) || std::filesystem::file_size(path) == 0) return lines;
  const MappedFile file{path};
  const std::string_view text = file.text();
  for (std::size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const std::size_t end = text.find('\n', begin);
    if (end == text.npos) break;
    const std::string place = path.string() + ":" + std::to_string(number);
    lines.push_back(parse_json(text.substr(begin, end - begin), place));
    require(lines.back().is_object() && lines.back().contains("step") && lines.back()["step"].is_number_integer(), place,
            ": expected an object with a step");
    begin = end + 1;
  }
  return lines;
}

class MetricsFile {
 public:
  MetricsFile(std::filesystem::path path, Index step) : path_(std::move(path)) {
    std::string kept;
    for (const Json& line : read_metrics(path_))
      if (line["step"].get<Index>() <= step) kept += line.dump() + "\n";
    write_file(path_, kept);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (descriptor_ < 0) throw file_error(path_, "be written");
  }
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;
  ~MetricsFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  void append(const Json& line) {
    const std::string text = line.dump() + "\n";
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t written = ::write(descriptor_, text.data() + done, text.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) throw file_error(path_, "be written", written < 0 ? errno : ENOSPC);
      done += static_cast<std::size_t>(written);
    }
  }
  // Some file systems cannot: nothing to be done there.
  void flush() const { ::fdatasync(descriptor_); }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace rondo

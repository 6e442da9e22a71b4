// metrics.jsonl: what a run has done, a JSON object a line.
//
//   {"step": 10, "tokens": 20480, "words": 15000, "loss": 6.1, "rate": 0.0004, "gradient_norm": 1.2, "tokens_per_second": 9000}
//   {"step": 100, "tokens": 204800, "words": 150000, "held_out_loss": 5.2, "held_out_standard_error": 0.03,
//    "held_out_error": "standard error over 67 documents", "held_out_windows": 195, "held_out_all_windows": 4000}
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

#include <rondo/core/view.hpp>
#include <rondo/io/appended_file.hpp>
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
  if (const auto& [busy, waited] = report.communication; busy > 0) line["communication"] = {{"seconds", busy}, {"waited", waited}};
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
  MetricsFile(const std::filesystem::path& path, Index step) : file_(without_later(path, step)) {}

  void append(const Json& line) { file_.append(line.dump() + "\n"); }
  void flush() const { file_.flush(); }

 private:
  static const std::filesystem::path& without_later(const std::filesystem::path& path, Index step) {
    std::string kept;
    for (const Json& line : read_metrics(path))
      if (line["step"].get<Index>() <= step) kept += line.dump() + "\n";
    write_file(path, kept);
    return path;
  }

  AppendedFile file_;
};

}  // namespace rondo

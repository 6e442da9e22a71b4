// The measurements of metrics.jsonl as TensorBoard reads them: scalars in a file of events.
//
//   EventFile events{"RUN/events.out.tfevents.rondo", begin, read_metrics(...)};       begin: seconds since 1970 at which the run
//   began events.append(line);                                                               a line of metrics.jsonl
//
//   record   u64 length of the event, u32 masked CRC-32C of these 8 bytes, the event, u32 masked CRC-32C of it; little-endian
//            masked(c) = (c >> 15 | c << 17) + 0xa282ead8
//   event    protobuf: 1 double wall_time, 2 int64 step, and 3 string file_version or 5 {1 {1 string tag, 2 float value} ...}
//
// (TensorFlow: core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto.) The file is a function of the
// lines: a run that goes on writes it anew from those that it keeps, so that no step stands there twice. Time is that of the run:
// its beginning and the seconds of its steps.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/io/appended_file.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

// The Castagnoli polynomial, bits reversed: 0x82f63b78.
constexpr std::uint32_t crc32c(std::string_view bytes) {
  constexpr auto table = [] {
    std::array<std::uint32_t, 256> result{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t rest = byte;
      for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1u) != 0 ? 0x82f63b78u : 0u);
      result[byte] = rest;
    }
    return result;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xffu];
  return ~crc;
}
constexpr std::uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

// A number as its bytes.
template <class T>
std::string bytes_of(T value) {
  static_assert(std::endian::native == std::endian::little, "event files are little-endian");
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
inline std::string event_record(const std::string& event) {
  const std::string length = bytes_of(static_cast<std::uint64_t>(event.size()));
  return length + bytes_of(masked_crc32c(length)) + event + bytes_of(masked_crc32c(event));
}

// Fields of protobuf messages; kinds of values: 0 variable length, 1 eight bytes, 2 bytes with their length, 5 four bytes.
inline std::string variable_length(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
inline std::string field_key(unsigned field, unsigned kind) {
  return variable_length(field << 3 | kind);
}
inline std::string field_of_bytes(unsigned field, const std::string& bytes) {
  return field_key(field, 2) + variable_length(bytes.size()) + bytes;
}

inline std::string scalar_event(double time, std::uint64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars)
    summary += field_of_bytes(1, field_of_bytes(1, tag) + field_key(2, 5) + bytes_of(static_cast<float>(value)));
  return field_key(1, 1) + bytes_of(time) + field_key(2, 0) + variable_length(step) + field_of_bytes(5, summary);
}

class EventFile {
 public:
  EventFile(const std::filesystem::path& path, double begin, const std::vector<Json>& lines)
      : begin_(begin), file_((write_file(path, text_of(lines)), path)) {}

  void append(const Json& line) { file_.append(record_of(line)); }
  void flush() const { file_.flush(); }

 private:
  std::string text_of(const std::vector<Json>& lines) {
    std::string text = event_record(field_key(1, 1) + bytes_of(begin_) + field_of_bytes(3, "brain.Event:2"));
    for (const Json& line : lines) text += record_of(line);
    return text;
  }
  std::string record_of(const Json& line) {
    if (line.contains("seconds")) seconds_ = line["seconds"].get<double>();
    std::vector<std::pair<std::string, double>> scalars;
    const auto add = [&](const char* key, const char* tag) {
      if (line.contains(key) && line[key].is_number()) scalars.emplace_back(tag, line[key].get<double>());
    };
    add("loss", "training/loss");
    add("rate", "training/rate");
    add("gradient_norm", "training/gradient_norm");
    add("tokens_per_second", "training/tokens_per_second");
    add("held_out_loss", "held_out/loss");
    add("held_out_bits_per_byte", "held_out/bits_per_byte");
    if (line.contains("parts"))
      for (const auto& part : line["parts"].items()) scalars.emplace_back("training/" + part.key(), part.value().get<double>());
    return event_record(scalar_event(begin_ + seconds_, line["step"].get<std::uint64_t>(), scalars));
  }

  double begin_;
  double seconds_ = 0;  // of the steps so far
  AppendedFile file_;
};

}  // namespace rondo

// Event files: checksums of known texts, and every scalar read back by a reader that knows the format alone.
#include <boost/test/unit_test.hpp>

#include <optional>

#include <rondo/train/event_file.hpp>
#include <rondo/train/metrics.hpp>

#include <io/temporary_folder.hpp>

namespace rondo::test {
namespace {

// Reads bytes from the front.
class Bytes {
 public:
  explicit Bytes(std::string_view text) : text_(text) {}
  [[nodiscard]] bool empty() const { return text_.empty(); }
  std::string_view take(std::size_t count) {
    BOOST_TEST_REQUIRE(count <= text_.size());
    const std::string_view front = text_.substr(0, count);
    text_.remove_prefix(count);
    return front;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::uint64_t variable() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

 private:
  std::string_view text_;
};

struct Scalar {
  double time = 0;
  std::uint64_t step = 0;
  std::string tag;
  float value = 0;
  friend bool operator==(const Scalar&, const Scalar&) = default;
};

std::vector<Scalar> scalars_in(const std::string& file, std::string* version = nullptr) {
  std::vector<Scalar> scalars;
  Bytes bytes{file};
  while (!bytes.empty()) {
    const std::string_view length = bytes.take(8);
    BOOST_TEST_REQUIRE(bytes.number<std::uint32_t>() == masked_crc32c(length));
    const std::string_view text = bytes.take(static_cast<std::size_t>(Bytes{length}.number<std::uint64_t>()));
    BOOST_TEST_REQUIRE(bytes.number<std::uint32_t>() == masked_crc32c(text));
    Bytes event{text};
    Scalar common;
    while (!event.empty()) {
      const std::uint64_t key = event.variable();
      if (key == (1 << 3 | 1)) {
        common.time = event.number<double>();
      } else if (key == (2 << 3 | 0)) {
        common.step = event.variable();
      } else if (key == (3 << 3 | 2)) {
        const std::string found(event.take(event.variable()));
        if (version != nullptr) *version = found;
      } else {
        BOOST_TEST_REQUIRE(key == (5 << 3 | 2));
        Bytes summary{event.take(event.variable())};
        while (!summary.empty()) {
          BOOST_TEST_REQUIRE(summary.variable() == (1 << 3 | 2));
          Bytes value{summary.take(summary.variable())};
          Scalar scalar = common;
          BOOST_TEST_REQUIRE(value.variable() == (1 << 3 | 2));
          scalar.tag = value.take(value.variable());
          BOOST_TEST_REQUIRE(value.variable() == (2 << 3 | 5));
          scalar.value = value.number<float>();
          BOOST_TEST_REQUIRE(value.empty());
          scalars.push_back(scalar);
        }
      }
    }
  }
  return scalars;
}

Json step_line(Index step) {
  return {{"step", step},
          {"tokens", 100 * step},
          {"loss", 4.5},
          {"rate", 0.001},
          {"gradient_norm", 1.5},
          {"tokens_per_second", 2000.0},
          {"seconds", 0.5 * static_cast<double>(step)}};
}

BOOST_AUTO_TEST_SUITE(event_file)

// RFC 3720, appendix B.4, and the usual check of a CRC's description.
BOOST_AUTO_TEST_CASE(checksums_of_known_texts) {
  BOOST_TEST(crc32c("123456789") == 0xe3069283u);
  BOOST_TEST(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  BOOST_TEST(crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
  BOOST_TEST(crc32c("") == 0u);
  BOOST_TEST(masked_crc32c("") == 0xa282ead8u);
  BOOST_TEST(masked_crc32c("123456789") == 0xc78ab0e5u);  // 0x2507c60d, rotated, and the constant
}

BOOST_AUTO_TEST_CASE(every_scalar_is_read_back) {
  const TemporaryFolder folder;
  const auto path = folder / "events.out.tfevents.rondo";
  {
    EventFile events{path, 1.7e9, {}};
    events.append(step_line(1));
    events.append({{"step", 1},
                   {"tokens", 100},
                   {"held_out_loss", 4.25},
                   {"held_out_standard_error", Json()},
                   {"held_out_bits_per_byte", 2.0}});
    Json parts = step_line(300);
    parts["parts"] = {{"divergence", 0.25}};
    events.append(parts);
  }
  std::string version;
  const auto scalars = scalars_in(content(path), &version);
  BOOST_TEST(version == "brain.Event:2");
  BOOST_TEST_REQUIRE(scalars.size() == 4U + 2 + 5);
  BOOST_TEST((scalars[0] == Scalar{1.7e9 + 0.5, 1, "training/loss", 4.5F}));
  BOOST_TEST((scalars[3] == Scalar{1.7e9 + 0.5, 1, "training/tokens_per_second", 2000.0F}));
  BOOST_TEST((scalars[4] == Scalar{1.7e9 + 0.5, 1, "held_out/loss", 4.25F}));
  BOOST_TEST((scalars[10] == Scalar{1.7e9 + 150, 300, "training/divergence", 0.25F}));
}

// A run that goes on has the file that it would have had.
BOOST_AUTO_TEST_CASE(no_step_stands_there_twice) {
  const TemporaryFolder folder;
  const auto straight = folder / "straight", broken = folder / "broken", metrics = folder / "metrics.jsonl";
  {
    EventFile events{straight, 10, {}};
    for (Index step = 1; step <= 9; ++step) events.append(step_line(step));
  }
  {
    MetricsFile lines{metrics, 0};
    EventFile events{broken, 10, {}};
    for (Index step = 1; step <= 7; ++step) lines.append(step_line(step)), events.append(step_line(step));
  }
  put(broken, content(broken) + "half of a rec");
  {
    MetricsFile lines{metrics, 4};
    EventFile events{broken, 10, read_metrics(metrics)};
    for (Index step = 5; step <= 9; ++step) events.append(step_line(step));
  }
  BOOST_TEST((content(straight) == content(broken)));
  BOOST_TEST(scalars_in(content(broken)).size() == 36U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

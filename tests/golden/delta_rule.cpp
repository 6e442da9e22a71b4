// The delta rule's plain loops in double, and its form on the Cpu, against every recorded recurrence of its kind: files that hold keys and
// how strongly they are written.
#include <set>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/recurrence/delta_rule.hpp>

#include "golden/recorded_cell.hpp"

namespace rondo::test {
namespace {

// No g: no decay; g of one number a head, or of one a channel of its key.
template <class Cell>
Index decays_of(const Cell& cell) {
  if (!cell.has("g")) return 0;
  return cell.rank("g") == 3 ? 1 : cell.size("g", 3);
}

template <class Backend>
void agrees(const std::filesystem::path& file) {
  RecordedOn<Backend> cell{file, "q"};
  using Matrix = View<typename Backend::Scalar>;
  const Index n = cell.tokens(), b = cell.sequences(), K = cell.size("q", 3);
  const DeltaRule tag{.heads = cell.size("v", 2), .groups = cell.size("q", 2), .decays = decays_of(cell), .key_width = K,
                      .value_width = cell.size("v", 3), .scale = 1 / std::sqrt(static_cast<double>(K))};
  using State = DeltaRule::State<Matrix>;
  using Given = View<const typename Backend::Scalar>;
  const DeltaRule::Inputs<Given> in{.q = cell.given("q", n), .k = cell.given("k", n), .g = cell.given("g", n),
                                    .beta = cell.given("beta", n), .v = cell.given("v", n)};
  const State initial{cell.given("S_0", b)}, final{cell.result("S_T", b)};
  const State* const start = initial.memory ? &initial : nullptr;
  const Matrix o = cell.result("o", n);
  cell.context.recurrence(tag, {}, in, {o}, {start, &final});
  cell.check("o", o);
  cell.check("S_T", final.memory);
  const DeltaRule::Inputs<Matrix> d_in{.q = cell.result("grad.q", n), .k = cell.result("grad.k", n), .g = cell.result("grad.g", n),
                                       .beta = cell.result("grad.beta", n), .v = cell.result("grad.v", n)};
  const State d_final{cell.given("grad.S_T", b)}, d_initial{cell.result("grad.S_0", b)};
  cell.context.recurrence_gradient(tag, {}, in, {}, {cell.given("grad.o", n)}, {}, d_in,
                                   {start, d_final.memory ? &d_final : nullptr, d_initial.memory ? &d_initial : nullptr});
  cell.check("grad.q", d_in.q);
  cell.check("grad.k", d_in.k);
  cell.check("grad.g", d_in.g);
  cell.check("grad.beta", d_in.beta);
  cell.check("grad.v", d_in.v);
  cell.check("grad.S_0", d_initial.memory);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_delta_rule, *needs_shared("golden/newer/cells"))

BOOST_AUTO_TEST_CASE(every_file_agrees) {
  std::set<Index> decays, lengths;
  for (const auto& entry : std::filesystem::directory_iterator(shared("golden/newer/cells"))) {
    if (entry.path().extension() != ".safetensors" || !SafetensorsFile{entry.path()}.contains("beta")) continue;
    agrees<Reference<double>>(entry.path());
    agrees<Cpu>(entry.path());
    const Recorded cell{entry.path(), "q"};
    decays.insert(decays_of(cell) > 1 ? 2 : decays_of(cell));
    lengths.insert(cell.size("q", 1));
  }
  BOOST_TEST(decays.size() == 3U);
  BOOST_TEST(lengths.size() > 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

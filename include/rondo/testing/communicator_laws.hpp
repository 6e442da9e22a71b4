// What every communicator keeps (rondo/parallel/communicator.hpp), as findings of each rank:
//
//   run_ranks(4, [](ThreadRanks ranks) { const Findings findings = communicator_laws<float>(ranks); ... });
//
//   the shares of the ranks are all of a row, one after the other
//   sum          of small whole numbers is exact, in a row or a span; of any numbers all ranks have the same bits
//   scatter_sum  and then gather are sum, to the bit
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <rondo/core/random.hpp>
#include <rondo/parallel/communicator.hpp>
#include <rondo/testing/findings.hpp>

namespace rondo::testing {

template <class S, class Ranks>
Findings communicator_laws(Ranks& ranks) {
  Findings findings;
  const auto row = [](std::vector<S>& values) { return View<S>{values.data(), 1, std::ssize(values)}; };
  const auto expect = [&](bool holds, const std::string& law, Index columns) {
    if (!holds) findings.add({law, "row of " + std::to_string(columns) + " on rank " + std::to_string(ranks.rank()), 0, 0, 1});
  };
  for (const Index columns : {0, 1, 15, 16, 17, 100, 1000}) {
    const auto count = static_cast<std::size_t>(columns);
    std::vector<S> whole(count), drawn(count);
    for (std::size_t i = 0; i < count; ++i) {
      whole[i] = static_cast<S>(static_cast<Index>(i) + 7 * ranks.rank());
      drawn[i] = static_cast<S>(normal_number(key_of(Seed{1}, "ranks").at(ranks.rank()), i));
    }
    Index end = 0;
    for (Index rank = 0; rank < ranks.size(); ++rank) {
      const View<S> part = share(row(whole), rank, ranks.size());
      expect(part.columns == 0 || part.data == whole.data() + end, "shares follow one another", columns);
      end += part.columns;
    }
    expect(end == columns, "shares are all of a row", columns);

    std::vector<double> numbers(whole.begin(), whole.end());
    ranks.sum(row(whole));
    ranks.sum(std::span<double>{numbers});
    const Index n = ranks.size();
    bool exact = true;
    for (std::size_t i = 0; i < count; ++i) {
      const Index expected = n * static_cast<Index>(i) + 7 * n * (n - 1) / 2;
      exact = exact && whole[i] == static_cast<S>(expected) && numbers[i] == static_cast<double>(expected);
    }
    expect(exact, "sum", columns);

    std::vector<S> parts = drawn;
    ranks.scatter_sum(row(parts));
    ranks.gather(row(parts));
    ranks.sum(row(drawn));
    expect(std::memcmp(parts.data(), drawn.data(), count * sizeof(S)) == 0, "scatter_sum and gather are sum", columns);
    // Each rank's own share of the sum, beside what this rank has there.
    std::vector<S> owners = drawn;
    ranks.gather(row(owners));
    expect(std::memcmp(owners.data(), drawn.data(), count * sizeof(S)) == 0, "all ranks have the same sum", columns);
  }
  return findings;
}

}  // namespace rondo::testing

// What every communicator keeps (rondo/parallel/communicator.hpp), as findings of each rank:
//
//   run_ranks(4, [](ThreadRanks ranks) { const Findings findings = communicator_laws<float>(ranks); ... });
//
//   the equal parts of the ranks are all of a row, one after the other
//   sum          of small whole numbers is exact, in a row or a span; of any numbers all ranks have the same bits
//   scatter_sum  and then gather are sum, to the bit, whatever the parts
//   gather       of parts that are all the first rank's gives its row to all
#pragma once

#include <algorithm>
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
    const std::vector<Index> borders = equal_borders(columns, ranks.size(), sizeof(S));
    expect(borders.front() == 0 && borders.back() == columns && std::is_sorted(borders.begin(), borders.end()),
           "parts are all of a row", columns);

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

    std::vector<Index> uneven(borders);
    for (Index& border : uneven) border = border * border / std::max<Index>(1, columns);
    uneven.back() = columns;
    const std::vector<S> own = drawn;
    ranks.sum(row(drawn));
    for (const Borders parts : {Borders(borders), Borders(uneven)}) {
      std::vector<S> summed = own;
      ranks.scatter_sum(row(summed), parts);
      ranks.gather(row(summed), parts);
      expect(std::memcmp(summed.data(), drawn.data(), count * sizeof(S)) == 0, "scatter_sum and gather are sum", columns);
      // Each rank's own part of the sum, beside what this rank has there.
      std::vector<S> owners = drawn;
      ranks.gather(row(owners), parts);
      expect(std::memcmp(owners.data(), drawn.data(), count * sizeof(S)) == 0, "all ranks have the same sum", columns);
    }
    std::vector<double> first(count, static_cast<double>(1 + ranks.rank()));
    ranks.gather(std::span<double>{first}, borders_of_the_first(columns, ranks.size()));
    expect(std::count(first.begin(), first.end(), 1.0) == columns, "gather gives the first rank's to all", columns);
  }
  return findings;
}

}  // namespace rondo::testing

// Faults planted in kernels: each check of the emulator finds its own, says which, and finds nothing in the same kernel without it.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <rondo/backend/emulated/launch.hpp>

namespace rondo {

constexpr int threads = 64;

// What is thrown, or "".
template <class Act>
std::string failure_of(const Act& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
template <class Kernel>
std::string checked(const Kernel& kernel, Index teams = 1) {
  return failure_of([&] { emulate<threads, true>(teams, kernel); });
}
void expect_found(const std::string& failure, const std::string& what) {
  BOOST_TEST(failure.find(what) != std::string::npos, "expected '" << what << "', found '" << failure << "'");
}

// One tile, and a text of a team that a test writes.
template <class Text, class T = float>
struct WithTile {
  Text text;
  template <class Team>
  struct Memory {
    typename Team::template Tile<T, 16, 64> tile, other;
  };
  template <class Team>
  void operator()(Team& team) const {
    text(team, team.template memory<Memory<Team>>());
  }
};
template <class T = float, class Text>
WithTile<Text, T> with_tile(Text text) {
  return {text};
}

BOOST_AUTO_TEST_SUITE(emulator_faults)

BOOST_AUTO_TEST_CASE(races) {
  const auto neighbours = [](bool waits) {
    return with_tile([waits](auto& team, auto& memory) {
      team.each(64, [&](int i) { memory.tile(0, i) = static_cast<float>(i); });
      if (waits) team.sync();
      team.each(64, [&](int i) { memory.other(0, i) = memory.tile(0, 63 - i); });
    });
  };
  expect_found(checked(neighbours(false)), "race: read, but written");
  BOOST_TEST(checked(neighbours(true)) == "");

  const auto overwritten = [](bool waits) {
    return with_tile([waits](auto& team, auto& memory) {
      team.each(64, [&](int i) { memory.tile(0, i) = 1; });
      team.sync();
      team.each(64, [&](int i) { memory.other(0, i) = memory.tile(0, 63 - i); });
      if (waits) team.sync();
      team.each(64, [&](int i) { memory.tile(0, i) = 1; });  // the same values: right by luck
    });
  };
  expect_found(checked(overwritten(false)), "race: written, but read");
  BOOST_TEST(checked(overwritten(true)) == "");

  expect_found(checked(with_tile([](auto& team, auto& memory) { team.each(64, [&](int) { memory.tile(0, 0) = 1; }); })),
               "race: written by two threads");

  // A product reads as all threads do, and results lie with the threads that hold them.
  const auto product = [](bool waits) {
    return with_tile([waits](auto& team, auto& memory) {
      using Team = std::remove_reference_t<decltype(team)>;
      typename Team::template Accumulator<16, 16> acc;
      team.clear(acc);
      team.each(16 * 64, [&](int i) { memory.tile(i / 64, i % 64) = static_cast<float>(i % 3); });
      if (waits) team.sync();
      team.multiply(acc, memory.tile, kernel::transposed(memory.tile));
      team.each(acc, [&](int r, int c, float& value) { memory.other(r, c) = value; });
      if (waits) team.sync();
      team.each(256, [&](int i) { memory.other(i / 16, 16 + i % 16) = memory.other(i / 16, i % 16); });
    });
  };
  expect_found(checked(product(false)), "race: read, but written");
  BOOST_TEST(checked(product(true)) == "");
}

BOOST_AUTO_TEST_CASE(outside_and_unset) {
  expect_found(checked(with_tile([](auto& team, auto& memory) { team.each(65, [&](int i) { memory.tile(0, i) = 1; }); })), "outside");
  expect_found(checked(with_tile([](auto& team, auto& memory) { team.each(16, [&](int i) { memory.tile(i + 1, 0) = 1; }); })), "outside");
  expect_found(checked(with_tile([](auto& team, auto& memory) { team.each(1, [&](int) { memory.tile(0, 0) += 1; }); })), "unset");
  expect_found(checked(with_tile([](auto& team, auto& memory) {
                 using Team = std::remove_reference_t<decltype(team)>;
                 typename Team::template Accumulator<16, 16> acc;
                 team.clear(acc);
                 team.multiply(acc, memory.tile, kernel::transposed(memory.tile));
               })),
               "unset");
}

BOOST_AUTO_TEST_CASE(copies_on_their_way) {
  std::vector<float> numbers(16 * 64, 2);
  const View<const float> view{numbers.data(), 16, 64};
  enum Fault { none, reads, overwrites, no_sync, never, one_too_few };
  const auto copies = [&](Fault fault) {
    return with_tile([=](auto& team, auto& memory) {
      team.copy(memory.tile, 8, view);
      team.copy(memory.other, 16, view);
      if (fault == overwrites) team.each(1, [&](int) { memory.tile(0, 0) = 1; });
      if (fault == none || fault == no_sync) team.template arrived<0>();
      if (fault == one_too_few) team.template arrived<1>();
      if (fault != no_sync) team.sync();
      if (fault != never)
        team.each(64, [&](int i) {
          const float last = fault == one_too_few ? memory.other(0, 63 - i) : memory.tile(7, 63 - i), beyond = memory.tile(8, 63 - i);
          require(last == 2 && beyond == 0, "copied wrongly");
        });
    });
  };
  BOOST_TEST(checked(copies(none)) == "");
  expect_found(checked(copies(reads)), "not arrived: read");
  expect_found(checked(copies(overwrites)), "not arrived: written");
  expect_found(checked(copies(no_sync)), "race: read, but written");
  expect_found(checked(copies(one_too_few)), "not arrived: read");
  expect_found(checked(copies(never)), "not arrived: it ends");
}

BOOST_AUTO_TEST_CASE(nested) {
  expect_found(checked(with_tile([](auto& team, auto&) { team.each(1, [&](int) { team.sync(); }); })), "nested: a sync");
  expect_found(checked(with_tile([](auto& team, auto&) { team.each(1, [&](int) { team.each(1, [](int) {}); }); })), "nested: a loop");
  expect_found(checked(with_tile([](auto& team, auto&) {
                 team.each(1, [&](int) { (void)team.sum(1, [](int) { return 1.0F; }); });
               })),
               "nested: a sum");
  expect_found(checked(with_tile([](auto& team, auto& memory) {
                 using Team = std::remove_reference_t<decltype(team)>;
                 typename Team::template Accumulator<16, 16> acc;
                 team.clear(acc);
                 team.each(acc, [&](int, int, float&) { team.multiply(acc, memory.tile, kernel::transposed(memory.tile)); });
               })),
               "nested: a product");
}

BOOST_AUTO_TEST_CASE(misaligned) {
  std::vector<float> numbers(20 * 64 + 1);
  const auto copy_of = [&](View<const float> view) {
    return checked(with_tile([=](auto& team, auto& memory) {
      team.copy(memory.tile, 2, view);
      team.template arrived<0>();
    }));
  };
  BOOST_TEST(copy_of({numbers.data(), 2, 64}) == "");
  expect_found(copy_of({numbers.data() + 1, 2, 64}), "misaligned");
  expect_found(copy_of({numbers.data(), 2, 63, 64}), "misaligned");  // rows that are not whole packs
  expect_found(copy_of({numbers.data(), 2, 64, 65}), "misaligned");  // rows that begin between packs
  expect_found(copy_of({numbers.data(), 2, 68}), "copy of 68 columns to a tile of 64");
  expect_found(copy_of({numbers.data(), 1, 64}), "copy of 2 rows");

  const View<const float> row{numbers.data(), 1, 6};
  BOOST_TEST(failure_of([&] { (void)kernel::load_pack(row, 0, 0); }) == "");
  expect_found(failure_of([&] { (void)kernel::load_pack(row, 0, 1); }), "beyond its 6 columns");
  expect_found(failure_of([&] { (void)kernel::load_pack(View<const float>{numbers.data() + 1, 1, 6}, 0, 0); }), "not on 16 bytes");
}

BOOST_AUTO_TEST_CASE(unrolled_too_short) {
  const auto loop = [](int count) {
    return with_tile([count](auto& team, auto&) {
      using Team = std::remove_reference_t<decltype(team)>;
      typename Team::template Own<float, 2> own;
      team.template each<2>(count, [&](int i, int slot) { own(i, slot) = static_cast<float>(i); });
      const float sum = team.template sum<2>(count, [&](int i, int slot) { return own(i, slot); });
      require(sum == static_cast<float>(count * (count - 1) / 2), "sum of ", count, ": ", sum);
    });
  };
  BOOST_TEST(checked(loop(2 * threads)) == "");
  BOOST_TEST(checked(loop(3)) == "");
  expect_found(checked(loop(2 * threads + 1)), "is unrolled for");
  expect_found(checked(with_tile([](auto& team, auto&) {
                 using Team = std::remove_reference_t<decltype(team)>;
                 typename Team::template Own<float, 2> own;
                 team.template each<1>(threads, [&](int i, int slot) { own(i, slot) = 1; });
                 team.template each<1>(threads, [&](int i, int slot) { own((i + 1) % threads, slot) = 1; });  // a neighbour's register
               })),
               "own: register");
}

struct TooMuch {
  template <class Team>
  struct Memory {
    typename Team::template Tile<float, 256, 224> tile;
  };
  template <class Team>
  void operator()(Team&) const {}
};
BOOST_AUTO_TEST_CASE(too_much_shared_memory) {
  expect_found(failure_of([] { emulate<threads, false>(1, TooMuch{}); }), "bytes of shared memory");
}

// Each team adds up what the one before it left: dependence between teams that nothing orders.
template <bool waits>
struct Chain {
  std::vector<float>& sums;
  template <class Team>
  using Memory = kernel::NoMemory;
  template <class Team>
  void operator()(Team& team) const {
    const auto at = static_cast<std::size_t>(team.number());
    team.each(1, [&](int) { sums[at] = static_cast<float>(at); });
    if (waits) team.wait_for_all(nullptr);
    team.each(1, [&](int) { sums[sums.size() / 2 + at] = at > 0 ? sums[at - 1] : 0; });
  }
};
BOOST_AUTO_TEST_CASE(dependence_between_teams) {
  const auto sums = [](auto kernel_of, TeamOrder order) {
    std::vector<float> numbers(16, -1);
    emulate_together<threads, true>(8, kernel_of(numbers), order);
    return numbers;
  };
  const auto right = [](std::vector<float>& numbers) { return Chain<true>{numbers}; };
  const auto wrong = [](std::vector<float>& numbers) { return Chain<false>{numbers}; };
  const std::vector<float> expected = sums(right, TeamOrder::forward);
  BOOST_TEST(expected[15] == 6);
  BOOST_TEST((sums(right, TeamOrder::backward) == expected));
  BOOST_TEST((sums(right, TeamOrder::shuffled) == expected));
  BOOST_TEST((sums(wrong, TeamOrder::forward) == expected));  // right by luck
  BOOST_TEST((sums(wrong, TeamOrder::backward) != expected));
  BOOST_TEST((sums(wrong, TeamOrder::shuffled) != expected));
}

struct SomeWait {
  int waiting;
  template <class Team>
  using Memory = kernel::NoMemory;
  template <class Team>
  void operator()(Team& team) const {
    if (team.number() < waiting) team.wait_for_all(nullptr);
  }
};
BOOST_AUTO_TEST_CASE(not_all_reach) {
  BOOST_TEST(failure_of([] { emulate_together<threads, true>(4, SomeWait{4}); }) == "");
  expect_found(failure_of([] { emulate_together<threads, true>(4, SomeWait{3}); }), "3 of 4 wait");
  expect_found(checked(SomeWait{1}), "were not launched together");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo

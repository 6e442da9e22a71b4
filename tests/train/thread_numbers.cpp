// A gradient has the same bits on any number of threads: a trainer may take fewer of them while others need the processors.
#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/model/architecture/mamba.hpp>
#include <rondo/model/architecture/mamba2.hpp>
#include <rondo/model/architecture/xlstm.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/train/workspace.hpp>

#include "small_run.hpp"

namespace rondo::test {
namespace {

template <class Model>
void expect_same_bits(const std::string& name, const Shape& shape) {
  const Model model{shape};
  const Parameters<Model, Cpu> weights{model, Seed{1}};
  // One long sequence beside short ones, none, and padding; then so many that each thread has several.
  const std::vector<std::vector<Sequence>> forms{{{2, 333, 0}, {335, 1, 0}, {336, 0, 0}, {340, 150, 0}},
                                                 {{0, 70, 0}, {70, 31, 0}, {101, 31, 0}, {132, 44, 0}, {176, 57, 0}, {233, 38, 0}, {271, 21, 0},
                                                  {292, 29, 0}, {321, 28, 0}, {349, 42, 0}, {391, 37, 0}, {428, 29, 0}, {457, 33, 0}}};
  for (const auto& sequences : forms) {
    constexpr Index tokens = 500;
    std::vector<Token> ids;
    for (Index t = 0; t < tokens; ++t) ids.push_back(static_cast<Token>(t * t % shape.vocabulary));
    Batch batch;
    batch.ids = batch.labels = {ids.data(), 1, tokens};
    batch.sequences = sequences;
    std::vector<float> expected;
    for (const Index threads : {1, 2, 3, 5, 8}) {
      use_threads(threads);
      Workspace<Model, Cpu> workspace{model, tokens};
      workspace.zero_gradients();
      workspace.add_gradient(weights, batch, CrossEntropy{});
      const std::vector<float> found = numbers(workspace.gradients().flat());
      if (threads == 1) expected = found;
      BOOST_TEST((found == expected), name << ", " << sequences.size() << " sequences, " << threads << " threads");
    }
  }
  use_threads(0);
}

BOOST_AUTO_TEST_SUITE(thread_numbers)

BOOST_AUTO_TEST_CASE(a_gradient_on_any_number_of_threads) {
  Shape shape{.vocabulary = 300, .width = 128, .depth = 2, .heads = 4, .mlp_width = 192};
  expect_same_bits<Hgrn2>("HGRN2", shape);
  expect_same_bits<Llama>("Llama", shape);
  expect_same_bits<Lstm>("LSTM", shape);
  expect_same_bits<Mamba>("Mamba", shape);
  shape.heads = shape.inner() / 64;
  expect_same_bits<Mamba2>("Mamba-2", shape);
  shape.heads = 4;
  expect_same_bits<Xlstm>("mLSTM", shape);
  shape.second_blocks = BlockSet::all(shape.depth);
  expect_same_bits<Xlstm>("sLSTM", shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

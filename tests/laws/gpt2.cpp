// The laws for embeddings, learned positions among them, and for the blocks of GPT-2 and OPT.
#include "every_back_end.hpp"

#include <rondo/model/architecture/gpt2.hpp>

namespace rondo::testing {

template <class EmbeddingType>
auto embedding_of(const Shape& shape) {
  return EmbeddingOf{EmbeddingType{shape, normal(0.02)}, shape};
}

BOOST_AUTO_TEST_SUITE(gpt2)

BOOST_AUTO_TEST_CASE(embedding) {
  expect_laws("Embedding", embedding_of<Embedding>, {.vocabulary = 5, .width = 7});
}
BOOST_AUTO_TEST_CASE(positioned_embedding) {
  expect_laws("PositionedEmbedding", embedding_of<PositionedEmbedding<>>, {.vocabulary = 5, .width = 7});
  expect_laws("PositionedEmbedding<2>", embedding_of<PositionedEmbedding<2>>, {.vocabulary = 9, .width = 3});
}
// Which row of the table a token gets, counted out.
BOOST_AUTO_TEST_CASE(positions_are_counted_from_the_start_of_a_sequence) {
  const Shape shape{.vocabulary = 3, .width = 1, .context = 6};
  const auto subject = embedding_of<PositionedEmbedding<2>>(shape);
  const Batch batch{{{1, 2, 0}, {4, 1, 5}, {5, 0, 6}}, 6};  // rows 0 and 3 are padding
  Inputs<double> in = prepare(subject, batch);
  in.weights[0].values = {0, 0, 0};
  in.weights[1].values = {10, 11, 12, 13, 14, 15, 16, 17};
  BOOST_TEST((run<Reference<double>>(subject, batch, in).y.values == std::vector<double>{0, 12, 13, 0, 17, 0}));
  BOOST_TEST((run<Cpu>(subject, batch, in).y.values == std::vector<double>{0, 12, 13, 0, 17, 0}));
  in.dy.values = {0, 1, 2, 0, 3, 0};
  BOOST_TEST((run<Reference<double>>(subject, batch, in).d_weights[1].values == std::vector<double>{0, 0, 1, 2, 0, 0, 0, 3}));
}
BOOST_AUTO_TEST_CASE(a_sequence_beyond_the_table_is_an_error) {
  const auto subject = embedding_of<PositionedEmbedding<2>>(Shape{.vocabulary = 5, .width = 4, .context = 8});
  const auto says_so = [](const Error& error) {
    return std::string(error.what()) == "embedding: the table has 8 positions, 9 are needed";
  };
  for (const Batch& batch : {packed({9}), packed({2, 1}, 7)}) {
    const Inputs<double> in = draw(subject, batch, Seed{1});
    BOOST_CHECK_EXCEPTION(run_forward<Reference<double>>(subject, batch, in), Error, says_so);
    BOOST_CHECK_EXCEPTION(run_forward<Cpu>(subject, batch, in), Error, says_so);
    BOOST_CHECK_EXCEPTION(touches_no_memory(subject, batch), Error, says_so);
  }
}

BOOST_AUTO_TEST_CASE(blocks) {
  expect_laws("Gpt2Block", [](const Shape& shape) { return subject<Gpt2Block>(shape, 1); },
              {.width = 8, .depth = 2, .heads = 2, .mlp_width = 13, .dropout = 0.2});
  expect_laws("OptBlock", [](const Shape& shape) { return subject<OptBlock>(shape); }, {.width = 9, .heads = 3, .mlp_width = 7});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing

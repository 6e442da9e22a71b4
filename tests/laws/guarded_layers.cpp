// All layers but the token mixers in memory that the host cannot touch.
#include "guarded.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <rondo/combinator/block.hpp>
#include <rondo/combinator/checkpointed.hpp>
#include <rondo/layer/block_linear.hpp>
#include <rondo/layer/embedding.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/mlp.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/layer/positioned_embedding.hpp>
#include <rondo/layer/short_convolution.hpp>
#include <rondo/mixer/cell.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(guarded_layers)

// That the pages are protected at all.
BOOST_AUTO_TEST_CASE(a_look_at_the_memory_ends_the_program) {
  GuardedContext<double> c;
  const auto y = c.matrix(2, 3);
  c.fill(y, 1.5);
  double number = 0;
  c.download(In<GuardedContext<double>>(y.middle_rows(1, 1).middle_columns(2, 1)), std::span{&number, 1});
  BOOST_TEST(number == 1.5);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, [](int) { ::_exit(42); });
    ::_exit(*static_cast<volatile double*>(y.data) == 1.5 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 42));
}

BOOST_AUTO_TEST_CASE(linear) {
  expect_guarded_laws("Linear", subject(Linear<>{12, 7}, 12, 7));
  expect_guarded_laws("Linear with bias", subject(Linear<Bias::yes>{13, 9}, 13, 9));
  expect_guarded_laws("BlockLinear", subject(BlockLinear<Bias::yes>{4, 12, 8}, 12, 8));
}
BOOST_AUTO_TEST_CASE(norms) {
  expect_guarded_laws("RmsNorm", subject(RmsNorm{15, 1e-6, 3}, 15, 15));
  expect_guarded_laws("UnweightedRmsNorm", subject(UnweightedRmsNorm{15, 1e-6, 1}, 15, 15));
  expect_guarded_laws("LayerNorm", subject(LayerNorm{15, 1e-5, 3}, 15, 15));
  expect_guarded_laws("OffsetLayerNorm", subject(OffsetLayerNorm{15, 1e-5, 3}, 15, 15));
  expect_guarded_laws("NoNorm", subject(NoNorm{5, 0}, 5, 5));
}
BOOST_AUTO_TEST_CASE(channel_mixers) {
  expect_guarded_laws("GatedMlp", subject<GatedMlp<Silu>>(Shape{.width = 6, .mlp_width = 10}));
  expect_guarded_laws("GatedMlp with biases", subject<GatedMlp<Silu>>(Shape{.width = 6, .mlp_width = 10, .mlp_bias = true}));
  expect_guarded_laws("Mlp", subject<Mlp<GeluTanh, Bias::yes>>(Shape{.width = 6, .mlp_width = 10}));
}
BOOST_AUTO_TEST_CASE(short_convolution) {
  const Shape shape{.width = 6, .convolution = 4};
  expect_guarded_laws("ShortConvolution", subject(ShortConvolution<Bias::yes>{shape, shape.width}, shape.width, shape.width));
}
BOOST_AUTO_TEST_CASE(embeddings) {
  const Shape shape{.vocabulary = 11, .width = 6, .context = 16};
  expect_guarded_laws("Embedding", EmbeddingOf{Embedding{shape, normal(1)}, shape});
  expect_guarded_laws("PositionedEmbedding", EmbeddingOf{PositionedEmbedding<2>{shape, normal(1)}, shape});
}
BOOST_AUTO_TEST_CASE(checkpointed) {
  expect_guarded_laws("Checkpointed", subject<Checkpointed<PlainBlock<CellMixer<LstmCell>>>>(Shape{.width = 6, .depth = 2}, 1));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing

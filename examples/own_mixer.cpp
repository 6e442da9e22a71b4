// own_mixer: a token mixer of your own is one class: its tensors, listed once, a forward and a backward made of operations that
// every back-end has. The laws prove it, then a model learns with it.
//
//   g = log s(Wf x),  v = Wv x,  h_t = exp(g_t) h_{t-1} + v_t,  y = Wo h         a leaky sum of what was seen, channel by channel
#include <iostream>

#include <rondo/rondo.hpp>
#include <rondo/testing/prove.hpp>

using namespace rondo;

class LeakyMixer : public PlainLayer {
 public:
  LeakyMixer(const Shape& shape, Index)
      : sum_{shape.width}, forget_(shape.width, shape.width), value_(shape.width, shape.width), output_(shape.width, shape.width) {}

  template <class S>
  struct Weights {
    Linear<>::Weights<S> forget, value, output;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("forget", forget_, w.forget...), inside("value", value_, w.value...), inside("output", output_, w.output...));
  }
  template <class S>
  struct Saved {
    S forget, sum;  // Wf x and h: what the backward needs
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("forget", {extent.tokens, sum_.width}, s.forget...), buffer("sum", {extent.tokens, sum_.width}, s.sum...));
  }
  template <class S>
  using State = Diagonal::State<S>;  // h after the last token: what decoding goes on from
  auto state_leaves(Extent extent, auto&... s) const { return sum_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<LeakyMixer, C> carried) const {
    auto mark = c.mark();  // what is taken from here on is free again at the end
    const WideOut<C> log_decay = c.wide(x.rows, sum_.width);  // float where activations are stored in 16 bits
    const Out<C> value = c.matrix(x.rows, sum_.width);
    forget_.forward(c, w.forget, x, saved.forget);
    value_.forward(c, w.value, x, value);
    c.template map<SigmoidRoot<1>>(saved.forget, log_decay);
    c.recurrence(sum_, {}, {.g = log_decay, .x = value}, {saved.sum}, carried);
    output_.forward(c, w.output, saved.sum, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<LeakyMixer, C> carried) const {
    auto mark = c.mark();
    const WideOut<C> log_decay = c.wide(x.rows, sum_.width), d_log_decay = c.wide(x.rows, sum_.width);
    const Out<C> d_forget = c.matrix(x.rows, sum_.width), d_sum = c.matrix(x.rows, sum_.width), d_value = c.matrix(x.rows, sum_.width);
    output_.backward(c, w.output, saved.sum, dy, d_sum, dw.output);
    c.template map<SigmoidRoot<1>>(saved.forget, log_decay);
    c.recurrence_gradient(sum_, {}, {.g = log_decay, .x = {}}, {saved.sum}, {d_sum}, {}, {.g = d_log_decay, .x = d_value}, carried);
    c.template map_gradient<SigmoidRoot<1>>(saved.forget, d_log_decay, d_forget);
    value_.backward(c, w.value, x, d_value, dx, dw.value);
    forget_.backward(c, w.forget, x, d_forget, dx, dw.forget, Onto::add);
  }

 private:
  Diagonal sum_;
  Linear<> forget_, value_, output_;
};

using Model = LanguageModel<Block<RmsNorm, LeakyMixer, GatedMlp<Silu>>>;

int main() {
  const Shape shape{.vocabulary = 8, .width = 16, .depth = 2, .mlp_width = 32};
  const testing::Findings findings = testing::prove(testing::subject<LeakyMixer>(shape));
  std::cout << (findings.empty() ? "every law holds" : "broken laws:") << findings << '\n';
  if (!findings.empty()) return 1;

  const Model model{shape};
  Parameters<Model, Cpu> weights{model, Seed{1}};
  MemoryTokens text{shape.vocabulary};
  for (int document = 0; document < 4; ++document) text.add({1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2});
  Batches batches{text, BatchOptions{.rows = 2, .length = 8}};
  Trainer trainer{model, weights, AdamW{.rate = 1e-2}, Cosine{.warmup = 5}};
  double first = 0, last = 0;
  trainer.on_step([&](const StepReport& report) { (report.progress.step == 1 ? first : last) = report.loss; });
  trainer.run(batches, 40);
  std::cout << "loss " << first << " -> " << last << '\n';
  return last < 0.5 * first ? 0 : 1;
}

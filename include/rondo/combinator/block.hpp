// A block of a pre-norm model:  x -> x + mixer(norm(x)) -> x + channel_mixer(norm(x))
//
//   Block<Norm, Mixer, ChannelMixer>   both residuals; Saved holds the stream between them
//   Block<Norm, Mixer, NoMlp>          the first alone; so is Block<Norm, Mixer, OptionalMlp<F>> where its shape has no such MLP
//   PlainBlock<Mixer>                  y = dropout(mixer(x)): no residual and no norm, as in a classical LSTM
#pragma once

#include <rondo/combinator/kept.hpp>
#include <rondo/combinator/residual.hpp>
#include <rondo/layer/mlp.hpp>

namespace rondo {

template <class Norm, class Mixer, class ChannelMixer>
class Block : public RecordsOf<Kept<Residual<Norm, Mixer>>> {
  static_assert(std::is_same_v<typename ChannelMixer::Shared, NothingShared>,
                "rondo: a block shares what its token mixer names as Shared; a channel mixer of it can share nothing");

 public:
  static constexpr void check(const Shape& shape) {
    Mixer::check(shape);
    ChannelMixer::check(shape);
  }
  Block(const Shape& shape, Index block)
      : RecordsOf<Kept<Residual<Norm, Mixer>>>(Kept<Residual<Norm, Mixer>>({shape, block, 0})),
        channel_({shape, block, 1}),
        width_(shape.width) {
    if constexpr (optional) mixes_channels_ = ChannelMixer::present(shape);
  }

  template <class S>
  struct Weights {
    typename Residual<Norm, Mixer>::template Weights<S> mixer;
    typename Residual<Norm, ChannelMixer>::template Weights<S> channel;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("mixer", this->inner_, w.mixer...), inside("channel", channel_, w.channel...).only_if(mixes_channels_));
  }
  template <class S>
  struct Saved {
    typename Residual<Norm, Mixer>::template Saved<S> mixer;
    S middle;
    typename Residual<Norm, ChannelMixer>::template Saved<S> channel;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("mixer", this->inner_, s.mixer...),
                  buffer("middle", extent.of_kept().kept(width_), s.middle...).only_if(mixes_channels_),
                  inside("channel", channel_, s.channel...).only_if(mixes_channels_));
  }

  [[nodiscard]] Index in() const { return width_; }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const auto& carried) const {
    if constexpr (optional)
      if (!mixes_channels_) return this->inner_.forward(c, w.mixer, x, y, saved.mixer, carried);
    auto mark = c.mark();
    const Out<C> middle = unrounded(c, saved.middle, width_);
    this->inner_.forward(c, w.mixer, x, middle, saved.mixer, carried);
    round_into(c, In<C>(middle), saved.middle);
    channel_.forward(c, w.channel, middle, y, saved.channel, Carried<NoState>{});
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                const auto& carried) const {
    if constexpr (optional)
      if (!mixes_channels_) return this->inner_.backward(c, w.mixer, x, dy, dx, saved.mixer, dw.mixer, carried);
    auto mark = c.mark();
    Out<C> d_middle = c.matrix(x.rows, width_);
    {
      auto inner = c.mark();
      const Out<C> middle = unrounded(c, saved.middle, width_);
      widen_from(c, In<C>(saved.middle), middle);
      channel_.backward(c, w.channel, middle, dy, d_middle, saved.channel, dw.channel, CarriedGradient<NoState>{});
    }
    this->inner_.backward(c, w.mixer, x, d_middle, dx, saved.mixer, dw.mixer, carried);
  }

 private:
  static constexpr bool optional = requires(const Shape& shape) { ChannelMixer::present(shape); };

  Kept<Residual<Norm, ChannelMixer>> channel_;
  Index width_;
  bool mixes_channels_ = true;
};

template <class Norm, class Mixer>
class Block<Norm, Mixer, NoMlp> : public Kept<Residual<Norm, Mixer>> {
 public:
  Block(const Shape& shape, Index block) : Kept<Residual<Norm, Mixer>>({shape, block, 0}), width_(shape.width) {}
  [[nodiscard]] Index in() const { return width_; }

 private:
  Index width_;
};

template <class Mixer>
class PlainBlock : public RecordsOf<Kept<Mixer>> {
 public:
  PlainBlock(const Shape& shape, Index block)
      : RecordsOf<Kept<Mixer>>(Kept<Mixer>({shape, block})),
        dropout_(shape.dropout, static_cast<std::uint64_t>(block * 8)),
        width_(shape.width) {}

  [[nodiscard]] Index in() const {
    if constexpr (requires(const Mixer& mixer) { mixer.in(); }) return this->inner_.inner().in();
    return width_;
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const auto& carried) const {
    this->inner_.forward(c, w, x, y, saved, carried);
    dropout_.apply(c, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                const auto& carried) const {
    if (!dropout_.acts(c)) return this->inner_.backward(c, w, x, dy, dx, saved, dw, carried);
    auto mark = c.mark();
    Out<C> d_mixer = c.matrix(dy.rows, width_);
    c.copy(dy, d_mixer);
    dropout_.apply(c, d_mixer);
    this->inner_.backward(c, w, x, d_mixer, dx, saved, dw, carried);
  }

 private:
  Dropout dropout_;
  Index width_;
};

}  // namespace rondo

// Llama's variants from their files: logits as loops of this test compute them from config.json and the tensors alone.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>

#include <rondo/evaluate/logits_pass.hpp>
#include <rondo/model/checkpoint/llama.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {
namespace {

using Numbers = std::vector<double>;
using Rows = std::vector<Numbers>;

// The formulas of transformers, pair by pair; returns what sines and cosines are multiplied by.
double frequencies(const Json& config, double tokens, Numbers& f) {
  const Json positions = config.contains("rope_scaling") ? config["rope_scaling"] : Json::object();
  const std::string type = positions.value("rope_type", "default");
  const double longest = config["max_position_embeddings"], factor = positions.value("factor", 1.0);
  double base = config["rope_theta"];
  const auto turning = std::floor(config["head_dim"].get<double>() * config.value("partial_rotary_factor", 1.0));
  if (type == "dynamic" && tokens > longest) base *= std::pow(factor * tokens / longest - factor + 1, turning / (turning - 2));
  f.clear();
  for (double i = 0; i < turning; i += 2) f.push_back(std::pow(base, -i / turning));
  const double first = positions.value("original_max_position_embeddings", longest), pi = std::acos(-1.0);
  if (type == "linear")
    for (double& one : f) one /= factor;
  if (type == "llama3") {
    const double low = positions["low_freq_factor"], high = positions["high_freq_factor"];
    for (double& one : f) {
      const double turns = first * one / (2 * pi);
      if (turns < low)
        one /= factor;
      else if (turns <= high)
        one *= (turns - low) / (high - low) + (high - turns) / (high - low) / factor;
    }
  }
  if (type != "yarn") return 1;
  const auto place = [&](double turns) { return turning * std::log(first / (2 * pi * turns)) / std::log(base) / 2; };
  double begin = place(positions.value("beta_fast", 32.0)), end = place(positions.value("beta_slow", 1.0));
  if (positions.value("truncate", true)) begin = std::floor(begin), end = std::ceil(end);
  begin = begin < 0 ? 0 : begin, end = end > turning - 1 ? turning - 1 : end;
  for (std::size_t j = 0; j < f.size(); ++j) {
    const auto at = static_cast<double>(j);
    if (at >= end)
      f[j] /= factor;
    else if (at > begin)
      f[j] *= 1 - (at - begin) / (end - begin) * (1 - 1 / factor);
  }
  return positions.value("attention_factor", 1 + std::log(factor) / 10);
}

class PlainLlama {
 public:
  explicit PlainLlama(const std::filesystem::path& folder) : config_(read_json(folder / "config.json")) {
    const TensorFolder tensors{folder};
    for (const std::string& name : tensors.names()) weights_[name] = tensors.tensor(name).read<double>();
  }

  Rows logits(const std::vector<Token>& ids) const {
    const auto width = config_["hidden_size"].get<std::size_t>();
    Rows stream;
    for (const Token id : ids) {
      const auto row = weights_.at("model.embed_tokens.weight").begin() + id * static_cast<Token>(width);
      stream.emplace_back(row, row + static_cast<Token>(width));
    }
    for (int layer = 0; layer < config_["num_hidden_layers"]; ++layer) {
      const std::string name = "model.layers." + std::to_string(layer) + ".";
      add(stream, map(name + "self_attn.o_proj", attention(name + "self_attn.", normed(stream, name + "input_layernorm.weight"))));
      const Rows in = normed(stream, name + "post_attention_layernorm.weight");
      Rows gate = map(name + "mlp.gate_proj", in);
      const Rows up = map(name + "mlp.up_proj", in);
      for (std::size_t t = 0; t < gate.size(); ++t)
        for (std::size_t i = 0; i < gate[t].size(); ++i) gate[t][i] *= up[t][i] / (1 + std::exp(-gate[t][i]));
      add(stream, map(name + "mlp.down_proj", gate));
    }
    return map("lm_head", normed(stream, "model.norm.weight"));
  }

 private:
  static void add(Rows& to, const Rows& from) {
    for (std::size_t t = 0; t < to.size(); ++t)
      for (std::size_t i = 0; i < to[t].size(); ++i) to[t][i] += from[t][i];
  }
  Rows normed(Rows rows, const std::string& weight) const {
    for (Numbers& row : rows) {
      double squares = 0;
      for (const double x : row) squares += x * x;
      const double root = std::sqrt(squares / static_cast<double>(row.size()) + config_["rms_norm_eps"].get<double>());
      for (std::size_t i = 0; i < row.size(); ++i) row[i] *= weights_.at(weight)[i] / root;
    }
    return rows;
  }
  Rows map(const std::string& name, const Rows& rows) const {
    const Numbers& matrix = weights_.at(name + ".weight");
    const auto bias = weights_.find(name + ".bias");
    const std::size_t in = rows[0].size(), out = matrix.size() / in;
    Rows result;
    for (const Numbers& row : rows) {
      Numbers sums = bias == weights_.end() ? Numbers(out) : bias->second;
      for (std::size_t o = 0; o < out; ++o)
        for (std::size_t i = 0; i < in; ++i) sums[o] += matrix[o * in + i] * row[i];
      result.push_back(sums);
    }
    return result;
  }
  Rows attention(const std::string& name, const Rows& in) const {
    const auto heads = config_["num_attention_heads"].get<std::size_t>(), keys = config_["num_key_value_heads"].get<std::size_t>();
    const auto width = config_["head_dim"].get<std::size_t>();
    Rows q = map(name + "q_proj", in), k = map(name + "k_proj", in);
    const Rows v = map(name + "v_proj", in);
    Numbers f;
    const double amplitude = frequencies(config_, static_cast<double>(in.size()), f);
    const auto turn = [&](Rows& rows) {
      for (std::size_t t = 0; t < rows.size(); ++t)
        for (std::size_t head = 0; head < rows[t].size(); head += width)
          for (std::size_t j = 0; j < f.size(); ++j) {
            const double angle = static_cast<double>(t) * f[j];
            double &a = rows[t][head + j], &b = rows[t][head + j + f.size()];
            const double x = a, y = b;
            a = amplitude * (x * std::cos(angle) - y * std::sin(angle));
            b = amplitude * (y * std::cos(angle) + x * std::sin(angle));
          }
    };
    turn(q), turn(k);
    Rows result(in.size(), Numbers(heads * width));
    for (std::size_t t = 0; t < in.size(); ++t)
      for (std::size_t h = 0; h < heads; ++h) {
        const std::size_t key = h / (heads / keys) * width;
        Numbers share;
        double sum = 0;
        for (std::size_t s = 0; s <= t; ++s) {
          double score = 0;
          for (std::size_t i = 0; i < width; ++i) score += q[t][h * width + i] * k[s][key + i];
          share.push_back(std::exp(score / std::sqrt(static_cast<double>(width))));
          sum += share.back();
        }
        for (std::size_t s = 0; s <= t; ++s)
          for (std::size_t i = 0; i < width; ++i) result[t][h * width + i] += share[s] / sum * v[s][key + i];
      }
    return result;
  }

  Json config_;
  std::map<std::string, Numbers> weights_;
};

// A folder of such a model, read again, gives the logits of the loops and is written as it was.
template <class Model>
void agrees(const std::string& what, auto change) {
  Shape shape{.vocabulary = 19, .width = 24, .depth = 2, .heads = 4, .key_value_heads = 2, .key_width = 8, .mlp_width = 20, .context = 12,
              .rope_theta = 300};
  change(shape);
  const Model model{shape};
  const Parameters<Model, Reference<double>> weights{model, Seed{9}};
  Index number = 0;  // no weight is near a neutral value
  weights.each([&](const std::string&, const Leaf&, View<double> w) {
    for (Index i = 0; i < w.size(); ++i) w.data[i] = w.data[i] * 12 + std::sin(static_cast<double>(++number)) / 4;
  });
  TemporaryFolder folder;
  save_model(folder / "made", weights, {.type = ElementType::f64});
  const ModelFolder made{folder / "made"};
  BOOST_TEST(made.config().model_type() == "llama");
  BOOST_TEST((made.shape<Model>() == shape), what);
  const auto read = made.parameters<Reference<double>>(model);
  save_model(folder / "again", read, {.type = ElementType::f64, .like = made.config()});
  same_tensors(made.tensors(), ModelFolder{folder / "again"}.tensors());
  BOOST_TEST(ModelFolder{folder / "again"}.config().document == made.config().document, what);

  const PlainLlama plain{folder / "made"};
  for (const Index length : {5, 31}) {
    TokenGrid grid{{}, 1, length};
    for (Index t = 0; t < length; ++t) grid.ids.push_back(static_cast<Token>((t * t + 3 * t) % 19));
    const Rows expected = plain.logits(grid.ids);
    double difference = 0;
    std::size_t row = 0;
    LogitsPass{read, grid}.each_logits([&](View<const double> rows) {
      for (Index r = 0; r < rows.rows; ++r, ++row)
        for (Index v = 0; v < rows.columns; ++v)
          difference = std::max(difference, std::abs(rows(r, v) - expected[row][static_cast<std::size_t>(v)]));
    });
    BOOST_TEST(row == expected.size());
    BOOST_TEST(difference < 1e-11, what << ", " << length << " tokens: " << difference);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(llama_variants)

BOOST_AUTO_TEST_CASE(biases) {
  agrees<Llama>("none", [](Shape&) {});
  agrees<Llama>("MLP", [](Shape& shape) { shape.mlp_bias = true; });
  agrees<LlamaBiased>("both", [](Shape& shape) { shape.mlp_bias = true; });
}
BOOST_AUTO_TEST_CASE(positions) {
  const auto scaled = [](const std::string& what, const RotaryScaling& scaling) {
    for (const double share : {1.0, 0.5})
      agrees<Llama>(what, [&](Shape& shape) { shape.rope = scaling, shape.rope_share = share; });
  };
  scaled("default", {});
  scaled("linear", {.kind = RotaryKind::linear, .factor = 2.5});
  scaled("dynamic", {.kind = RotaryKind::dynamic, .factor = 3});
  scaled("llama3", {.kind = RotaryKind::llama3, .factor = 4, .context = 40, .slow = 0.5, .fast = 3});
  scaled("yarn", {.kind = RotaryKind::yarn, .factor = 4, .context = 400});
  scaled("yarn of other bounds",
         {.kind = RotaryKind::yarn, .factor = 4, .context = 60, .slow = 0.5, .fast = 5, .truncate = false, .amplitude = 0.75});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

// config.json of other programs: defaults, the rules between keys, and what is refused by name.
#include <cmath>

#include <boost/test/unit_test.hpp>

#include <rondo/model/checkpoint/gpt2.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/lstm.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

template <class Files>
auto read(const std::string& text) {
  return Files::read(ModelConfig{parse_json(text, "config.json", BareNumbers::allowed), "config.json"}, nullptr);
}
template <class Files>
std::string refusal_of(const std::string& text) {
  return message_of([&] { read<Files>(text); });
}
// Written and read again.
template <class Files, class Described>
Shape again(const Described& description) {
  Json document = Json::object();
  Files::write(description, document);
  const auto back = Files::read(ModelConfig{document, "config.json"}, nullptr);
  BOOST_TEST((back.options == description.options));
  return back.shape;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_config)

BOOST_AUTO_TEST_CASE(hgrn1_defaults_and_rules) {
  const auto found = read<Hgrn1Files>("{}");
  BOOST_TEST((found.shape == Shape{.vocabulary = 32000, .width = 2048, .depth = 24, .mlp_width = 5632}));
  BOOST_TEST((found.options == Hgrn1Options{.lower_bounds = true, .convolved = false, .tied = false}));
  const auto given = read<Hgrn1Files>(
      R"({"hidden_size": 64, "expand_ratio": 2, "intermediate_size": 24, "vocab_size": 61, "norm_eps": 1e-5, "num_hidden_layers": 3,
          "use_short_conv": true, "use_lower_bound": false, "conv_size": 3, "tie_word_embeddings": true, "attn_mode": "chunk"})");
  BOOST_TEST(given.shape.key_width == 128);
  BOOST_TEST(given.shape.convolution == 3);
  BOOST_TEST((given.options == Hgrn1Options{.lower_bounds = false, .convolved = true, .tied = true}));
  BOOST_TEST(Hgrn1Files::refusal(given).empty());
  BOOST_TEST((again<Hgrn1Files>(given) == given.shape));
  auto other = given;
  other.shape.key_width = 100;
  BOOST_TEST(has(Hgrn1Files::refusal(other), "multiple"));
  other.shape = given.shape;
  other.options.lower_bounds = true;
  BOOST_TEST(has(Hgrn1Files::refusal(other), "bounds"));
}
BOOST_AUTO_TEST_CASE(hgrn1_refusals) {
  const auto refused = [](const std::string& member, const std::string& part) {
    const std::string message = refusal_of<Hgrn1Files>("{" + member + "}");
    BOOST_TEST(has(message, part), message);
  };
  refused(R"("attn": {"layers": [1], "num_heads": 4})", "config.json: attn: expected null");
  refused(R"("attnres_block_size": 2)", "config.json: attnres_block_size: expected null");
  refused(R"("hidden_act": "powlu")", "config.json: hidden_act: expected one of 'swish', 'silu', found \"powlu\"");
  refused(R"("elementwise_affine": false)", "config.json: elementwise_affine: expected true");
  refused(R"("expand_ratio": 2)", "config.json: expand_ratio: expected 1 (lower bounds are as wide as the model), found 2");
  refused(R"("expand_ratio": 0.5, "use_lower_bound": false)", "config.json: expand_ratio: expected an integer");
}

BOOST_AUTO_TEST_CASE(hgrn2_defaults) {
  const auto found = read<Hgrn2Files>("{}");
  BOOST_TEST(found.shape.width == 2048);
  BOOST_TEST(found.shape.depth == 24);
  BOOST_TEST(found.shape.vocabulary == 32000);
  BOOST_TEST(found.shape.heads == 16);
  BOOST_TEST(found.shape.head_key_width() == 128);
  BOOST_TEST(found.shape.mlp() == 5632);
  BOOST_TEST(found.shape.norm_epsilon == 1e-6);
  BOOST_TEST(found.shape.mixer_norm_epsilon == 1e-5);
  BOOST_TEST((found.options == Hgrn2Files::Options{.lower_bounds = true, .convolved = false, .tied = false}));
}
BOOST_AUTO_TEST_CASE(hgrn2_heads) {
  // expand_ratio decides where it is not null
  BOOST_TEST(read<Hgrn2Files>(R"({"hidden_size": 64, "expand_ratio": 16, "num_heads": 2})").shape.heads == 4);
  BOOST_TEST(read<Hgrn2Files>(R"({"hidden_size": 256, "num_heads": 8})").shape.heads == 2);
  const auto by_heads = read<Hgrn2Files>(R"({"hidden_size": 64, "expand_ratio": null, "num_heads": 2})");
  BOOST_TEST(by_heads.shape.heads == 2);
  BOOST_TEST(by_heads.shape.head_key_width() == 32);
  BOOST_TEST(refusal_of<Hgrn2Files>(R"({"expand_ratio": null})") == "config.json: num_heads: missing; expected an integer");
  BOOST_TEST(refusal_of<Hgrn2Files>(R"({"hidden_size": 100})") ==
             "config.json: expand_ratio: expected a divisor of hidden_size 100, found 128");
  BOOST_TEST(refusal_of<Hgrn2Files>(R"({"hidden_size": 64, "expand_ratio": null, "num_heads": 3})") ==
             "config.json: num_heads: expected a divisor of hidden_size 64, found 3");
  // even where the keys decide
  BOOST_TEST(refusal_of<Hgrn2Files>(R"({"hidden_size": 64, "expand_ratio": 16, "num_heads": 2147483647})") ==
             "config.json: num_heads: expected a divisor of hidden_size 64, found 2147483647");
}
BOOST_AUTO_TEST_CASE(hgrn2_mlp_width) {
  const auto width = [](const std::string& more) { return read<Hgrn2Files>(R"({"hidden_size": 512)" + more + "}").shape.mlp(); };
  BOOST_TEST(width("") == 1536);
  BOOST_TEST(width(R"(, "intermediate_size": null)") == 1536);
  BOOST_TEST(width(R"(, "hidden_ratio": 2)") == 768);
  BOOST_TEST(width(R"(, "intermediate_size": 40, "hidden_ratio": 2)") == 40);
  BOOST_TEST(read<Hgrn2Files>(R"({"hidden_size": 768})").shape.mlp() == 2048);
  BOOST_TEST(read<Hgrn2Files>(R"({"hidden_size": 1024})").shape.mlp() == 2816);
}
BOOST_AUTO_TEST_CASE(hgrn2_refusals) {
  const auto refused = [](const std::string& member, const std::string& part) {
    const std::string message = refusal_of<Hgrn2Files>("{" + member + "}");
    BOOST_TEST(has(message, part), message);
  };
  refused(R"("attn": {"layers": [1], "num_heads": 4})", "config.json: attn: expected null");
  refused(R"("attnres_block_size": 2)", "config.json: attnres_block_size: expected null");
  refused(R"("hidden_act": "powlu")", "config.json: hidden_act: expected one of 'swish', 'silu', found \"powlu\"");
  refused(R"("elementwise_affine": false)", "config.json: elementwise_affine: expected true");
  refused(R"("hidden_size": "64")", "config.json: hidden_size: expected an integer");
  refused(R"("hidden_size": 64.5)", "hidden_size: expected an integer");
  refused(R"("hidden_size": 0)", "hidden_size: expected an integer from 1");
  refused(R"("num_hidden_layers": -3)", "num_hidden_layers: expected an integer from 1");
  refused(R"("num_hidden_layers": 1000000000000)", "num_hidden_layers: expected an integer from 1");
  refused(R"("norm_eps": true)", "norm_eps: expected a number");
  refused(R"("use_short_conv": 1)", "use_short_conv: expected true or false");
  refused(R"("tie_word_embeddings": "yes")", "tie_word_embeddings: expected true or false");
}
BOOST_AUTO_TEST_CASE(hgrn2_there_and_back) {
  const auto given =
      read<Hgrn2Files>(R"({"hidden_size": 64, "expand_ratio": 8, "intermediate_size": 24, "vocab_size": 61, "norm_eps": 1e-5,
      "num_hidden_layers": 3, "use_short_conv": true, "use_lower_bound": false, "conv_size": 3, "tie_word_embeddings": true})");
  BOOST_TEST(Hgrn2Files::refusal(given).empty());
  BOOST_TEST((again<Hgrn2Files>(given) == given.shape));
  auto other = given;
  other.shape.mixer_norm_epsilon = 2e-5;
  BOOST_TEST(has(Hgrn2Files::refusal(other), "epsilon"));
  other.shape = given.shape;
  other.shape.key_width = 16;
  BOOST_TEST(has(Hgrn2Files::refusal(other), "keys"));
  other.shape = given.shape;
  other.shape.mlp_bias = true;
  BOOST_TEST(has(Hgrn2Files::refusal(other), "biases"));
}

BOOST_AUTO_TEST_CASE(llama_defaults_and_rules) {
  const auto found = read<LlamaFiles>("{}");
  BOOST_TEST((found.shape == Shape{.vocabulary = 32000, .width = 4096, .depth = 32, .heads = 32, .mlp_width = 11008}));
  BOOST_TEST((found.options == LlamaFiles::Options{}));
  const auto grouped = read<LlamaFiles>(
      R"({"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "attention_bias": true,
          "tie_word_embeddings": true, "rope_theta": 5e5, "rope_scaling": null, "rms_norm_eps": 1e-5, "vocab_size": 7})");
  BOOST_TEST(grouped.shape.key_value_head_count() == 2);
  BOOST_TEST(grouped.shape.head_key_width() == 16);
  BOOST_TEST(grouped.shape.rope_theta == 5e5);
  BOOST_TEST(!grouped.shape.mlp_bias);
  const auto biased = read<LlamaFiles>(R"({"mlp_bias": true})");
  BOOST_TEST(biased.shape.mlp_bias);
  BOOST_TEST((again<LlamaFiles>(biased) == biased.shape));
  BOOST_TEST((grouped.options == LlamaFiles::Options{.biased = true, .tied = true}));
  BOOST_TEST((again<LlamaFiles>(grouped) == grouped.shape));
}
BOOST_AUTO_TEST_CASE(llama_rotary_base) {
  const auto base = [](const std::string& member) { return read<LlamaFiles>("{" + member + "}").shape.rope_theta; };
  BOOST_TEST(base(R"("rope_parameters": {"rope_type": "default", "rope_theta": 40000.0})") == 40000);
  BOOST_TEST(base(R"("rope_scaling": {"rope_type": "default"}, "rope_theta": 70000)") == 70000);
  // The object comes before what stands beside it, the older of two objects before the newer, unless it is empty.
  BOOST_TEST(base(R"("rope_scaling": {"rope_type": "default", "rope_theta": 5e5})") == 5e5);
  BOOST_TEST(base(R"("rope_scaling": {"rope_theta": 5e5}, "rope_theta": 70000)") == 5e5);
  BOOST_TEST(base(R"("rope_scaling": {"rope_theta": 5e5}, "rope_parameters": {"rope_theta": 300})") == 5e5);
  BOOST_TEST(base(R"("rope_scaling": {}, "rope_parameters": {"rope_theta": 300}, "rope_theta": 70000)") == 300);
  BOOST_TEST(base(R"("rope_scaling": null, "rope_parameters": null)") == 10000);
}
BOOST_AUTO_TEST_CASE(llama_rotary_scaling) {
  const auto rope = [](const std::string& positions, const std::string& more = "") {
    const auto found = read<LlamaFiles>(R"({"max_position_embeddings": 64, "rope_scaling": )" + positions + more + "}");
    BOOST_TEST((again<LlamaFiles>(found) == found.shape), positions);
    const auto newer = read<LlamaFiles>(R"({"max_position_embeddings": 64, "rope_parameters": )" + positions + more + "}");
    BOOST_TEST((newer.shape == found.shape), positions);
    return found.shape.rope;
  };
  BOOST_TEST((rope(R"({"type": "linear", "factor": 8})") == RotaryScaling{.kind = RotaryKind::linear, .factor = 8}));
  BOOST_TEST((rope(R"({"rope_type": "dynamic", "factor": 2.5, "original_max_position_embeddings": 8})") ==
              RotaryScaling{.kind = RotaryKind::dynamic, .factor = 2.5}));
  BOOST_TEST((rope(R"({"rope_type": "llama3", "factor": 4, "original_max_position_embeddings": 32, "low_freq_factor": 1,
                      "high_freq_factor": 4})") == RotaryScaling{.kind = RotaryKind::llama3, .factor = 4, .context = 32}));
  BOOST_TEST((rope(R"({"rope_type": "llama3", "factor": 4, "low_freq_factor": 2, "high_freq_factor": 3})",
                   R"(, "original_max_position_embeddings": 16)") ==
              RotaryScaling{.kind = RotaryKind::llama3, .factor = 4, .context = 16, .slow = 2, .fast = 3}));
  BOOST_TEST((rope(R"({"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 16})") ==
              RotaryScaling{.kind = RotaryKind::yarn, .factor = 4, .context = 16}));
  BOOST_TEST((rope(R"({"rope_type": "yarn", "factor": null, "original_max_position_embeddings": 16, "beta_fast": 3, "beta_slow": 0.5,
                      "truncate": false, "attention_factor": 0.5, "mscale": 2, "mscale_all_dim": 3})") ==
              RotaryScaling{.kind = RotaryKind::yarn, .factor = 4, .context = 16, .slow = 0.5, .fast = 3, .truncate = false,
                            .amplitude = 0.5}));
  BOOST_TEST((rope(R"({"rope_type": "yarn", "factor": 4, "beta_fast": 32, "beta_slow": 1, "mscale": 1, "mscale_all_dim": 1})") ==
              RotaryScaling{.kind = RotaryKind::yarn, .factor = 4, .amplitude = 1}));
  const double amplitude = rope(R"({"rope_type": "yarn", "factor": 4, "mscale": 0.5, "mscale_all_dim": 2})").amplitude;
  BOOST_TEST(std::abs(amplitude - (1 + 0.05 * std::log(4.0)) / (1 + 0.2 * std::log(4.0))) < 1e-15);
  BOOST_TEST(rope(R"({"rope_type": "yarn", "factor": 4, "mscale": 0.5})").amplitude == 0);

  const auto share = read<LlamaFiles>(R"({"partial_rotary_factor": 0.5, "rope_parameters": {"rope_type": "linear", "factor": 2}})");
  BOOST_TEST(share.shape.rope_share == 0.5);
  BOOST_TEST((again<LlamaFiles>(share) == share.shape));
  BOOST_TEST(read<LlamaFiles>(R"({"rope_parameters": {"partial_rotary_factor": 0.25}})").shape.rope_share == 0.25);
}
BOOST_AUTO_TEST_CASE(llama_rotary_refusals) {
  const auto refused = [](const std::string& positions, const std::string& part) {
    for (const std::string key : {"rope_scaling", "rope_parameters"}) {
      const std::string message = refusal_of<LlamaFiles>(R"({"head_dim": 8, ")" + key + "\": " + positions + "}");
      BOOST_TEST(has(message, "config.json: " + key + part), message);
    }
  };
  for (const char* kind : {"longrope", "su", "proportional", "mrope"})
    refused(R"({"type": ")" + std::string(kind) + R"(", "factor": 8.0})", ".type: expected one of 'default', 'linear'");
  refused(R"({"rope_type": "linear"})", ".factor: missing; expected a number");
  for (const char* factor : {"0", "-1", "1e300", "\"4\""})
    refused(R"({"rope_type": "dynamic", "factor": )" + std::string(factor) + "}", ".factor: expected a number");
  refused(R"({"rope_type": "yarn", "factor": 4, "beta_fast": 0})", ".beta_fast: expected a number");
  refused(R"({"rope_type": "yarn", "factor": 4, "attention_factor": -1})", ".attention_factor: expected a number");
  refused(R"({"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 0})",
          ".original_max_position_embeddings: expected an integer");
  refused(R"({"rope_type": "yarn", "factor": 4, "truncate": 1})", ".truncate: expected true or false");
  refused(R"({"rope_theta": 0.5})", ".rope_theta: expected a number");
  refused(R"({"partial_rotary_factor": 0.4})",
          ".partial_rotary_factor: expected a share that is an even number of a head's 8 channels, found 0.4");
  refused(R"({"partial_rotary_factor": 1.5})", ".partial_rotary_factor: expected a number");
  refused(R"({"full_attention": {"rope_theta": 4e4}})", ".full_attention: expected a number or a word");
  refused(R"([1])", ": expected an object");
  Shape shape = read<LlamaFiles>("{}").shape;
  shape.rope = {.kind = RotaryKind::linear, .factor = 2, .amplitude = 2};
  BOOST_TEST(has(LlamaFiles::refusal({shape, {}}), "amplitude"));
  shape.rope = {.kind = RotaryKind::dynamic, .factor = 2, .context = 16};
  BOOST_TEST(has(LlamaFiles::refusal({shape, {}}), "another length"));
}
// What a folder says in other words stays.
BOOST_AUTO_TEST_CASE(llama_rotary_words_stay) {
  for (const char* text :
       {R"({"rope_theta": 500.0, "rope_scaling": {"type": "linear", "rope_type": "linear", "factor": 2.0}})",
        R"({"rope_parameters": {"rope_type": "yarn", "rope_theta": 500.0, "factor": 4.0, "mscale": 0.5, "mscale_all_dim": 2}})",
        R"({"rope_scaling": {"rope_theta": 5e5, "rope_type": "default"}, "partial_rotary_factor": 0.5})",
        R"({"rope_parameters": {"rope_type": "default", "rope_theta": 40000.0, "factor": 3}})"}) {
    const Json given = parse_json(text, "given");
    Json document = given;
    LlamaFiles::write(read<LlamaFiles>(text), document);
    for (const auto& [key, member] : given.items()) BOOST_TEST(document.at(key) == member, text);
    for (const char* key : {"rope_theta", "rope_scaling", "rope_parameters"})
      BOOST_TEST(document.contains(key) == given.contains(key), text);
    // Another base replaces them in the same form.
    auto other = read<LlamaFiles>(text);
    other.shape.rope_theta = 777;
    LlamaFiles::write(other, document);
    BOOST_TEST(document.contains("rope_parameters") == given.contains("rope_parameters"), text);
    const Shape back = read<LlamaFiles>(document.dump()).shape;
    BOOST_TEST((back.rotation().frequency(3, 9000) == other.shape.rotation().frequency(3, 9000)), text);
    BOOST_TEST(back.rope_share == other.shape.rope_share, text);
  }
}
BOOST_AUTO_TEST_CASE(llama_refusals) {
  BOOST_TEST(has(refusal_of<LlamaFiles>(R"({"mlp_bias": 1})"), "config.json: mlp_bias: expected true or false"));
  BOOST_TEST(has(refusal_of<LlamaFiles>(R"({"hidden_act": "gelu"})"), "config.json: hidden_act: expected one of 'silu'"));
  BOOST_TEST(has(refusal_of<LlamaFiles>(R"({"hidden_size": 30, "num_attention_heads": 4})"),
                 "num_attention_heads: expected a divisor of hidden_size 30, found 4"));
  BOOST_TEST(has(refusal_of<LlamaFiles>(R"({"rope_theta": "10000"})"), "rope_theta: expected a number"));
  BOOST_TEST(has(refusal_of<LlamaFiles>(R"({"rope_parameters": [1]})"), "rope_parameters: expected an object"));
}

BOOST_AUTO_TEST_CASE(gpt2_defaults_and_rules) {
  const auto found = read<Gpt2Files>("{}");
  BOOST_TEST((found.shape == Shape{.vocabulary = 50257, .width = 768, .depth = 12, .heads = 12, .mlp_width = 3072,
                                   .context = 1024, .norm_epsilon = 1e-5, .dropout = 0.1}));
  BOOST_TEST((found.options == Gpt2Options{.activation = "gelu_new", .tied = true}));
  const auto given = read<Gpt2Files>(
      R"({"n_embd": 32, "n_head": 4, "n_layer": 2, "n_inner": 40, "n_positions": 64, "vocab_size": 61, "layer_norm_epsilon": 1e-6,
          "activation_function": "gelu", "resid_pdrop": 0.25, "embd_pdrop": 0.0, "tie_word_embeddings": false})");
  BOOST_TEST((given.shape == Shape{.vocabulary = 61, .width = 32, .depth = 2, .heads = 4, .mlp_width = 40, .context = 64,
                                   .norm_epsilon = 1e-6, .dropout = 0.25}));
  BOOST_TEST((given.options == Gpt2Options{.activation = "gelu", .tied = false}));
  BOOST_TEST((again<Gpt2Files>(given) == given.shape));
  BOOST_TEST((again<Gpt2Files>(found) == found.shape));
  BOOST_TEST(read<Gpt2Files>(R"({"n_embd": 36, "n_head": 3, "n_inner": null})").shape.mlp() == 144);
}
BOOST_AUTO_TEST_CASE(gpt2_inner_width_stays_null) {
  Json document = Json::object();
  auto found = read<Gpt2Files>("{}");
  Gpt2Files::write(found, document);
  BOOST_TEST(document.at("n_inner").is_null());
  found.shape.mlp_width = 3000;
  Gpt2Files::write(found, document);
  BOOST_TEST(document.at("n_inner") == 3000);
  found.shape.mlp_width = 3072;
  Gpt2Files::write(found, document);
  BOOST_TEST(document.at("n_inner") == 3072);
}
BOOST_AUTO_TEST_CASE(gpt2_activations) {
  const auto of = [](const std::string& name) {
    return read<Gpt2Files>(R"({"activation_function": ")" + name + "\"}").options.activation;
  };
  for (const char* name : {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}) BOOST_TEST(of(name) == "gelu_new");
  for (const char* name : {"silu", "swish"}) BOOST_TEST(of(name) == "silu");
  BOOST_TEST(of("gelu") == "gelu");
  BOOST_TEST(of("relu") == "relu");
  for (const char* name : {"quick_gelu", "tanh", "relu2", ""})
    BOOST_TEST(has(refusal_of<Gpt2Files>(std::string(R"({"activation_function": ")") + name + "\"}"),
                   "config.json: activation_function: expected one of 'gelu', 'gelu_new'"),
               name);
  // Another spelling of the same stays.
  Json document{{"activation_function", "gelu_pytorch_tanh"}};
  Gpt2Files::write(read<Gpt2Files>("{}"), document);
  BOOST_TEST(document.at("activation_function") == "gelu_pytorch_tanh");
  Gpt2Files::write(read<Gpt2Files>(R"({"activation_function": "relu"})"), document);
  BOOST_TEST(document.at("activation_function") == "relu");
}
BOOST_AUTO_TEST_CASE(gpt2_refusals) {
  const auto refused = [](const std::string& member, const std::string& part) {
    const std::string message = refusal_of<Gpt2Files>("{" + member + "}");
    BOOST_TEST(has(message, part), message);
  };
  refused(R"("scale_attn_weights": false)", "config.json: scale_attn_weights: expected true");
  refused(R"("scale_attn_by_inverse_layer_idx": true)", "config.json: scale_attn_by_inverse_layer_idx: expected false");
  refused(R"("add_cross_attention": true)", "config.json: add_cross_attention: expected false");
  refused(R"("n_embd": 30, "n_head": 4)", "config.json: n_head: expected a divisor of n_embd 30, found 4");
  refused(R"("n_positions": 0)", "n_positions: expected an integer from 1");
  refused(R"("resid_pdrop": 1.0)", "resid_pdrop: expected a number");
  refused(R"("n_inner": "3072")", "n_inner: expected an integer");
  refused(R"("tie_word_embeddings": 1)", "tie_word_embeddings: expected true or false");
  auto found = read<Gpt2Files>("{}");
  BOOST_TEST(Gpt2Files::refusal(found).empty());
  found.shape.key_value_heads = 3;
  BOOST_TEST(has(Gpt2Files::refusal(found), "key heads"));
  found.shape.key_value_heads = 0, found.shape.key_width = 32;
  BOOST_TEST(has(Gpt2Files::refusal(found), "wide"));
  found.shape.key_width = 0, found.shape.window = 32;
  BOOST_TEST(has(Gpt2Files::refusal(found), "window"));
}

BOOST_AUTO_TEST_CASE(opt_defaults_and_rules) {
  const auto found = read<OptFiles>("{}");
  BOOST_TEST((found.shape == Shape{.vocabulary = 50272, .width = 768, .depth = 12, .heads = 12, .mlp_width = 3072,
                                   .context = 2048, .norm_epsilon = 1e-5, .dropout = 0.1}));
  BOOST_TEST((found.options == OptOptions{.activation = "relu", .tied = true}));
  const auto given = read<OptFiles>(
      R"({"hidden_size": 32, "word_embed_proj_dim": 32, "num_attention_heads": 4, "num_hidden_layers": 3, "ffn_dim": 80,
          "vocab_size": 67, "max_position_embeddings": 64, "dropout": 0.0, "activation_function": "gelu_new",
          "tie_word_embeddings": false})");
  BOOST_TEST((given.options == OptOptions{.activation = "gelu_new", .tied = false}));
  BOOST_TEST(given.shape.context == 64);
  BOOST_TEST((again<OptFiles>(given) == given.shape));
  auto other = given;
  other.shape.norm_epsilon = 1e-6;
  BOOST_TEST(has(OptFiles::refusal(other), "epsilon"));
}
BOOST_AUTO_TEST_CASE(opt_refusals) {
  const auto refused = [](const std::string& member, const std::string& part) {
    const std::string message = refusal_of<OptFiles>("{" + member + "}");
    BOOST_TEST(has(message, part), message);
  };
  refused(R"("do_layer_norm_before": false)", "config.json: do_layer_norm_before: expected true");
  refused(R"("word_embed_proj_dim": 512)", "config.json: word_embed_proj_dim: expected hidden_size, 768");
  refused(R"("hidden_size": 1024)", "config.json: num_attention_heads: expected a divisor of hidden_size 1024, found 12");
  refused(R"("enable_bias": false)", "config.json: enable_bias: expected true");
  refused(R"("layer_norm_elementwise_affine": false)", "config.json: layer_norm_elementwise_affine: expected true");
  refused(R"("_remove_final_layer_norm": true)", "config.json: _remove_final_layer_norm: expected false");
  refused(R"("activation_function": "tanh")", "config.json: activation_function: expected one of");
}

BOOST_AUTO_TEST_CASE(lstm_rules) {
  const std::string sizes = R"("vocab_size": 9, "hidden_size": 8, "num_layers": 2)";
  const auto found = read<LstmFiles>("{" + sizes + R"(, "embedding_dim": 5, "dropout": 0.25})");
  BOOST_TEST(found.shape.embedding() == 5);
  BOOST_TEST(found.shape.dropout == 0.25);
  BOOST_TEST((again<LstmFiles>(found) == found.shape));
  BOOST_TEST(read<LstmFiles>("{" + sizes + "}").shape.embedding() == 8);
  BOOST_TEST(has(refusal_of<LstmFiles>("{" + sizes + R"(, "proj_size": 4})"), "config.json: proj_size: expected 0"));
  BOOST_TEST(has(refusal_of<LstmFiles>(R"({"vocab_size": 9, "num_layers": 2})"), "config.json: hidden_size: missing"));
  BOOST_TEST(has(refusal_of<LstmFiles>("{" + sizes + R"(, "dropout": 1.0})"), "dropout: expected a number"));
}

BOOST_AUTO_TEST_CASE(model_type_must_be_a_text) {
  const ModelConfig none{Json::object(), "config.json"};
  BOOST_TEST(message_of([&] { (void)none.model_type(); }) == "config.json: model_type: missing; expected a text");
  const ModelConfig number{Json{{"model_type", 3}}, "config.json"};
  BOOST_TEST(message_of([&] { (void)number.model_type(); }) == "config.json: model_type: expected a text, found 3");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

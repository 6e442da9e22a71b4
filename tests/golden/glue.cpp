// Tasks, truncation, metrics and early stopping against other implementations: every set of golden/finetune.
#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <rondo/data/text_pair.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/evaluate/glue_tasks.hpp>
#include <rondo/train/early_stopping.hpp>

#include "support/shared.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(glue, *needs_shared("golden/finetune/golden.json"))

BOOST_AUTO_TEST_CASE(tasks) {
  const Json document = read_json(shared("golden/finetune/tasks.json"));
  for (const auto& [name, entry] : document.at("tasks").items()) {
    const GlueTask& task = glue_task(name);
    BOOST_TEST_REQUIRE(entry.at("classes").size() == task.classes.size(), name);
    for (std::size_t k = 0; k < task.classes.size(); ++k) BOOST_TEST(entry["classes"][k] == std::string(task.classes[k]));
    BOOST_TEST(entry.at("metric_2024") == std::string(class_metric_names[static_cast<std::size_t>(task.metric)]), name);
    std::vector<Index> labels;
    for (const Json& row : entry.at("rows")) {
      const ClassExample example = read_class_example(task, row.at("example"), name);
      labels.push_back(example.label);
      BOOST_TEST(row.at("a") == example.first);
      BOOST_TEST(row.at("b").is_null() == !example.second.has_value());
      if (example.second) BOOST_TEST(row.at("b") == *example.second);
      for (const auto& [tokenizer_name, lengths] : row.at("encodings").items()) {
        const Tokenizer tokenizer = Tokenizer::load(shared("golden/evaluation/" + tokenizer_name + ".json"));
        for (const auto& [length, ids] : lengths.items()) {
          const EncodedTexts found = encode_texts(tokenizer, example.first, example.second ? &*example.second : nullptr, std::stol(length));
          BOOST_TEST(found.ids == ids.get<std::vector<TokenId>>(), name << ", " << tokenizer_name << ", " << length);
          if (found.cut > 0) BOOST_TEST(std::ssize(found.ids) == std::stol(length), "what is cut is full");
        }
      }
    }
    BOOST_TEST(document.at("predictions_file").at(name) == predictions_json(name, labels), name);
  }
}

BOOST_AUTO_TEST_CASE(metrics) {
  const Json document = read_json(shared("golden/finetune/metrics.json"));
  for (const Json& one : document.at("metrics")) {
    const auto labels = one.at("labels").get<std::vector<Index>>(), predicted = one.at("predictions").get<std::vector<Index>>();
    Index classes = 2;
    for (std::size_t i = 0; i < labels.size(); ++i) classes = std::max({classes, labels[i] + 1, predicted[i] + 1});
    LabelCounts counts{classes};
    for (std::size_t i = 0; i < labels.size(); ++i) counts.add(labels[i], predicted[i]);
    const auto equals = [&](const char* key, double found) {
      if (one.contains(key)) BOOST_TEST(std::abs(found - one[key].get<double>()) < 1e-14, one.at("case") << ": " << key << " is " << found);
    };
    equals("accuracy", counts.accuracy());
    equals("f1", counts.f1());
    equals("f1_macro", counts.macro_f1());
    equals("mcc", counts.mcc());
  }
}

BOOST_AUTO_TEST_CASE(early_stopping) {
  const Json document = read_json(shared("golden/finetune/metrics.json"));
  for (const Json& one : document.at("early_stopping").at("cases")) {
    EarlyStopping stopping{.patience = one.at("patience").get<Index>(), .threshold = one.at("threshold").get<double>()};
    Json stops_after;
    for (const Json& value : one.at("metric_by_epoch")) {
      stopping.see(value.get<double>());
      if (!stopping.over()) continue;
      stops_after = stopping.seen;
      break;
    }
    BOOST_TEST(stopping.best_at == one.at("kept_epoch").get<Index>(), one);
    BOOST_TEST(stops_after == one.at("stops_after_epoch"), one);
  }
}

BOOST_AUTO_TEST_SUITE_END()

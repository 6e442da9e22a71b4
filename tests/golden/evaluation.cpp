// Scoring conventions against what lm-evaluation-harness, lm-pub-quiz and BabyLM's pipelines make of the same items: tokens, masks, sums,
// decisions, accuracies, temperature sweeps, reading times, prediction files.
#include <boost/test/unit_test.hpp>

#include <rondo/app/benchmark_tasks.hpp>
#include <rondo/app/model_from_folder.hpp>
#include <rondo/evaluate/benchmark_scores.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>

#include "support/shared.hpp"

namespace rondo::test {
namespace {

const std::filesystem::path folder = shared("golden/evaluation");

// A model and a tokenizer, of which there is a file of scores.
struct Combination {
  std::string name, model, tokenizer;
};
std::vector<Combination> combinations() {
  std::vector<Combination> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string stem = entry.path().stem().string();
    if (!stem.starts_with("scores_")) continue;
    const std::string name = stem.substr(7);
    for (std::size_t at = name.find('_'); at != name.npos; at = name.find('_', at + 1))
      if (Combination one{name, name.substr(0, at), "tokenizer_" + name.substr(at + 1) + ".json"};
          std::filesystem::exists(folder / one.model) && std::filesystem::exists(folder / one.tokenizer))
        found.push_back(std::move(one));
  }
  BOOST_TEST_REQUIRE(!found.empty());
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

struct Loaded {
  Json golden;
  Tokenizer tokenizer;
  app::ModelFromFolder model;
  std::string name;
  TextScorer& scorer() { return model.model->scorer(); }
};
void with_each(const std::function<void(Loaded&)>& act) {
  const std::vector<app::ServedModel> served{app::serve<Hgrn2>(), app::serve<Llama>()};
  for (const Combination& one : combinations())
    for (const char* backend : {"reference", "cpu"}) {
      BOOST_TEST_CONTEXT(one.name << " on " << backend) {
        app::CommonOptions common;
        common.backend = backend;
        Loaded loaded{read_json(folder / ("scores_" + one.name + ".json")), Tokenizer::load(folder / one.tokenizer),
                      app::ModelFromFolder{served, folder / one.model, common}, one.name};
        act(loaded);
      }
    }
}

ChoiceTask task_of(const char* name) {
  const app::Suite everything{"everything", "", {name}};
  app::BenchmarkTask task = app::read_task(app::find_tasks(everything, {folder / "data"}, false).present.at(0), "");
  return std::get<ChoiceTask>(std::move(task.items));
}

// A task's options, fed as a convention says.
struct ScoredTask {
  ChoiceTask task;
  const AnyConvention& convention;
  ChoiceTexts texts;
  std::vector<OptionScore> scores;

  ScoredTask(const char* name, const char* convention_name, Loaded& loaded)
      : task(task_of(name)),
        convention(convention_named(convention_name)),
        texts(choice_texts(task, loaded.tokenizer, convention)),
        scores(option_scores(task, texts, loaded.scorer().token_scores(texts.texts))) {}
  [[nodiscard]] std::vector<ChoiceOutcome> outcomes(Reduction reduction, Ties ties = Ties::first_wins) const {
    return choose(task, scores, reduction, ties);
  }
  [[nodiscard]] TaskScore score(Reduction reduction, Ties ties = Ties::first_wins) const {
    return score_of(task, outcomes(reduction, ties));
  }
};

// {ids, scored, sum, tokens}. Whether the first token is said to be scored does not matter: it has no log-probability.
void expect_entry(const Json& entry, const ScoredTask& scored, std::size_t number) {
  const ScoredText& text = scored.texts.texts.at(number);
  BOOST_TEST_REQUIRE(text.ids == entry["ids"].get<std::vector<Token>>(), boost::test_tools::per_element());
  auto mask = entry["scored"].get<std::vector<int>>();
  mask.front() = 0;
  const std::vector<int> own(text.scored.begin(), text.scored.end());
  BOOST_TEST(own == mask, boost::test_tools::per_element());
  BOOST_TEST(scored.scores.at(number).tokens == entry["tokens"].get<Index>());
  BOOST_TEST(std::abs(scored.scores.at(number).sum - entry["sum"].get<double>()) < 1e-3);
}

// items(subset, number): what is expected of an item, with "options" and "choice".
template <class Items>
void expect_choices(const ScoredTask& scored, Items&& items, Reduction reduction = Reduction::sum) {
  const auto outcomes = scored.outcomes(reduction);
  std::size_t option = 0, next = 0;
  for (const ChoiceSubset& subset : scored.task.subsets)
    for (std::size_t i = 0; i < subset.items.size(); ++i) {
      BOOST_TEST_CONTEXT(subset.name << " item " << i) {
        const Json& expected = items(subset.name, i);
        BOOST_TEST_REQUIRE(expected["options"].size() == subset.items[i].options.size());
        for (const Json& entry : expected["options"]) expect_entry(entry, scored, option++);
        BOOST_TEST(outcomes[next++].choice == expected["choice"].get<std::size_t>());
      }
    }
  BOOST_TEST(option == scored.scores.size());
}
void expect_parts(const Json& expected, const std::vector<SubsetScore>& parts) {
  BOOST_TEST(expected.size() == parts.size());
  for (const SubsetScore& part : parts) BOOST_TEST(std::abs(part.estimate.score - expected[part.name].get<double>()) < 1e-12, part.name);
}
void expect_near(double found, const Json& expected, double tolerance = 1e-12) {
  BOOST_TEST(std::abs(found - expected.get<double>()) < tolerance);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_evaluation, *needs_shared("golden/evaluation"))

BOOST_AUTO_TEST_CASE(minimal_pairs) {
  with_each([](Loaded& loaded) {
    for (const auto& [golden_name, name] : {std::pair{"blimp", "blimp"}, {"supplement", "blimp_supplement"}})
      for (const auto& [golden_convention, convention] :
           {std::pair{"lm_eval", "lm_eval"}, {"lm_eval", "pipeline2024"}, {"pipeline", "pipeline2025"}, {"bos_no_space", "rondo"}}) {
        BOOST_TEST_CONTEXT(name << " by " << convention) {
          const ScoredTask scored{name, convention, loaded};
          const Json& golden = loaded.golden[golden_name];
          const auto by_sum = scored.outcomes(Reduction::sum), by_token = scored.outcomes(Reduction::token_mean);
          const auto by_character = scored.outcomes(Reduction::character_mean);
          std::size_t next = 0;
          BOOST_TEST(golden["items"].size() == scored.task.subsets.size());
          for (const ChoiceSubset& subset : scored.task.subsets) {
            BOOST_TEST_REQUIRE(golden["items"][subset.name].size() == subset.items.size());
            for (const Json& item : golden["items"][subset.name]) {
              const Json& expected = item[golden_convention];
              expect_entry(expected["good"], scored, 2 * next);
              expect_entry(expected["bad"], scored, 2 * next + 1);
              BOOST_TEST(by_sum[next].choice == expected["choice_by_sum"].get<std::size_t>());
              BOOST_TEST(by_sum[next].tie == expected["tie"].get<bool>());
              BOOST_TEST(by_token[next].choice == expected["choice_by_token_mean"].get<std::size_t>());
              if (expected.contains("choice_by_character_mean"))
                BOOST_TEST(by_character[next].choice == expected["choice_by_character_mean"].get<std::size_t>());
              ++next;
            }
          }
          for (const auto& [rule, reduction] :
               {std::pair{"sum", Reduction::sum}, {"token_mean", Reduction::token_mean}, {"character_mean", Reduction::character_mean}}) {
            const std::string key = std::string(golden_convention) + ".choice_by_" + rule;
            if (!golden["accuracy"].contains(key)) continue;
            const Json& accuracy = golden["accuracy"][key];
            const TaskScore score = scored.score(reduction);
            expect_parts(accuracy["files"], score.subsets);
            expect_near(score.estimate.score, accuracy["macro"]);
            if (reduction == Reduction::sum)
              expect_near(scored.score(reduction, Ties::half_right).estimate.score, accuracy["macro_with_ties_as_half"]);
          }
        }
      }
  });
}

BOOST_AUTO_TEST_CASE(world_knowledge) {
  with_each([](Loaded& loaded) {
    for (const auto& [rule, convention] : {std::pair{"pipeline", "pipeline2025"},
                                           {"pipeline_full_sentence", "pipeline2025_full_sentence"},
                                           {"lm_eval_2024", "pipeline2024"}}) {
      BOOST_TEST_CONTEXT(convention) {
        const ScoredTask scored{"ewok", convention, loaded};
        const Json& golden = loaded.golden["ewok"];
        expect_choices(
            scored, [&, key = rule](const std::string& subset, std::size_t i) -> const Json& { return golden["items"][subset][i][key]; });
        expect_parts(golden["accuracy"][rule]["domains"], scored.score(Reduction::sum).subsets);
        expect_near(scored.score(Reduction::sum).estimate.score, golden["accuracy"][rule]["macro"]);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(entities_and_concepts) {
  with_each([](Loaded& loaded) {
    for (const char* name : {"entity_tracking", "comps"}) {
      const ScoredTask scored{name, "pipeline2025", loaded};
      const Json& golden = loaded.golden[name];
      expect_choices(scored, [&](const std::string& subset, std::size_t i) -> const Json& { return golden["items"][subset][i]; });
      const TaskScore score = scored.score(Reduction::sum);
      expect_parts(golden["accuracy"]["subsets"], score.subsets);
      if (golden["accuracy"].contains("splits")) {
        expect_parts(golden["accuracy"]["splits"], score.groups);
        expect_near(score.estimate.score, golden["accuracy"]["run.py (mean of splits)"]);
        expect_near(mean_of(score.subsets).score, golden["accuracy"]["calculate_results_from_pred.py (mean of subsets)"]);
      } else {
        expect_near(score.estimate.score, golden["accuracy"]["macro"]);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(new_words) {
  with_each([](Loaded& loaded) {
    for (const char* name : {"wug_adj", "wug_past"}) {
      const ScoredTask scored{name, "pipeline2025", loaded};
      const Json& golden = loaded.golden[name];
      expect_choices(scored, [&](const std::string&, std::size_t i) -> const Json& { return golden["items"][i]; });
      const auto outcomes = scored.outcomes(Reduction::sum);
      for (std::size_t i = 0; i < outcomes.size(); ++i) expect_near(outcomes[i].first, golden["items"][i]["prob"], 1e-3);
      expect_near(scored.score(Reduction::sum).estimate.score, golden["spearman"]);
    }
  });
}

BOOST_AUTO_TEST_CASE(reading_times) {
  with_each([](Loaded& loaded) {
    const app::Suite suite{"everything", "", {"reading"}};
    auto task = app::read_task(app::find_tasks(suite, {folder / "data"}, false).present.at(0), "");
    auto& data = std::get<ReadingTimes>(task.items);
    const TaskResult result = score_reading_times(loaded.scorer(), data, "reading", loaded.tokenizer);
    const Json& golden = loaded.golden["reading"];
    BOOST_TEST_REQUIRE(result.items.size() == golden["predictions"].size());
    for (std::size_t i = 0; i < result.items.size(); ++i) {
      expect_near(result.items[i]["pred"].get<double>(), golden["predictions"][i]["pred"], 1e-3);
      const bool absent = !golden["predictions"][i]["prev_pred"].is_number();
      BOOST_TEST(result.items[i]["prev_pred"].is_null() == absent);
      if (!absent) expect_near(result.items[i]["prev_pred"].get<double>(), golden["predictions"][i]["prev_pred"], 1e-3);
    }
    for (const auto& [column, gain] : golden["eye_tracking"].items())
      expect_near(result.report["eye_tracking_by_measure"][column].get<double>(), gain, 1e-2);
    expect_near(result.report["eye_tracking"].get<double>(), golden["eye_tracking_score"], 1e-2);
    expect_near(result.report["self_paced"].get<double>(), golden["self_paced_score"], 1e-2);
  });
}

BOOST_AUTO_TEST_CASE(facts) {
  with_each([](Loaded& loaded) {
    const ScoredTask scored{"bear", "lm_pub_quiz", loaded};
    const Json& golden = loaded.golden["bear"];
    std::map<std::string, std::size_t> seen;
    for (const auto& [key, reduction] :
         {std::pair{"sum", Reduction::sum}, {"mean", Reduction::token_mean}, {"conditional_sum", Reduction::conditional_sum}}) {
      BOOST_TEST_CONTEXT(key) {
        const auto outcomes = scored.outcomes(reduction);
        std::size_t next = 0, option = 0;
        for (const ChoiceSubset& subset : scored.task.subsets) {
          const std::size_t cut = subset.name.rfind('_');
          const Json& items = golden["items"][subset.name.substr(0, cut)][std::stoul(subset.name.substr(cut + 1))];
          BOOST_TEST_REQUIRE(items.size() == subset.items.size());
          for (std::size_t i = 0; i < items.size(); ++i, ++next) {
            BOOST_TEST_CONTEXT(subset.name << " fact " << i) {
              BOOST_TEST(subset.items[i].right == items[i]["answer_idx"].get<std::size_t>());
              BOOST_TEST(outcomes[next].choice == items[i][key]["choice"].get<std::size_t>());
              for (std::size_t a = 0; a < subset.items[i].options.size(); ++a, ++option) {
                const Json& entry = items[i]["options"][a];
                const ChoiceOption& own = subset.items[i].options[a];
                BOOST_TEST(own.context + own.completion == entry["text"].get<std::string>());
                BOOST_TEST(count_characters(own.context) == entry["answer_start"].get<std::size_t>());
                expect_entry(entry, scored, option);
                expect_near(scored.scores[option].conditional_sum, entry["conditional_sum"], 1e-3);
              }
            }
          }
        }
        const Json report = bear_report(scored.task, outcomes);
        const Json& accuracy = golden["accuracy"][key];
        for (std::size_t t = 0; t < accuracy["micro_by_template"].size(); ++t)
          expect_near(report["micro_by_template"]["template_" + std::to_string(t)].get<double>(), accuracy["micro_by_template"][t]);
        expect_near(report["mean_over_templates"].get<double>(), accuracy["mean_over_templates"]);
        expect_near(report["macro_by_template"]["template_0"].get<double>(), accuracy["macro_over_relations_template_0"]);
      }
    }
    expect_near(scored.score(Reduction::sum).estimate.score, golden["accuracy"]["sum"]["mean_over_templates"]);
    expect_near(scored.score(Reduction::sum).estimate.chance, golden["chance_micro"]);
  });
}

BOOST_AUTO_TEST_CASE(temperatures) {
  with_each([](Loaded& loaded) {
    const Json& golden = loaded.golden["temperatures"];
    std::vector<double> expected;
    for (const Json& row : golden["grid"]) expected.push_back(row["temperature"].get<double>());
    BOOST_TEST_REQUIRE(expected.size() > 1);
    const std::vector<double> grid = temperature_grid(expected.front(), expected.back(), expected[1] - expected[0]);
    BOOST_TEST_REQUIRE(grid == expected, boost::test_tools::per_element());
    for (const char* name : {"blimp", "ewok"}) {
      const TaskResult result =
          score_choices(loaded.scorer(), task_of(name), loaded.tokenizer, convention_named("pipeline2025"), {.temperatures = grid});
      for (std::size_t t = 0; t < grid.size(); ++t)
        expect_near(result.report["temperatures"][t]["score"].get<double>(), golden["grid"][t][name]);
      // The best of the grid, the first of those that are equal but for the rounding of a mean.
      double best = 0;
      for (const Json& row : golden["grid"])
        if (row["temperature"] == golden["best"][name]) best = row[name].get<double>();
      for (const Json& row : golden["grid"])
        if (best - row[name].get<double>() < 1e-12) {
          BOOST_TEST(result.report["temperature"].get<double>() == row["temperature"].get<double>());
          break;
        }
    }
  });
}

BOOST_AUTO_TEST_CASE(prediction_files) {
  with_each([](Loaded& loaded) {
    for (const auto& [year, convention] : {std::pair{"2024", "pipeline2024"}, {"2025", "pipeline2025"}}) {
      const std::filesystem::path file = folder / ("predictions_" + std::string(year) + "_" + loaded.name + ".json");
      BOOST_TEST_REQUIRE(std::filesystem::exists(file));
      const Json golden = read_json(file);
      for (const auto& [task, subsets] : golden.items()) {
        if (task == "reading") continue;  // numbers: above
        BOOST_TEST_CONTEXT(year << ' ' << task) {
          const ChoiceTask items = task_of(task.c_str());
          const TaskResult result = score_choices(loaded.scorer(), items, loaded.tokenizer, convention_named(convention));
          const Json own = task_predictions(items, result, convention_named(convention).leading_space);
          BOOST_TEST_REQUIRE(own.size() == subsets.size());
          for (const auto& [subset, expected] : subsets.items()) {
            BOOST_TEST_REQUIRE(own.contains(subset));
            const Json &list = own[subset]["predictions"], &expected_list = expected["predictions"];
            BOOST_TEST_REQUIRE(list.size() == expected_list.size());
            for (std::size_t i = 0; i < list.size(); ++i) {
              BOOST_TEST(list[i].size() == expected_list[i].size());
              BOOST_TEST(list[i]["id"] == expected_list[i]["id"]);
              BOOST_TEST(list[i]["pred"] == expected_list[i]["pred"]);
              if (expected_list[i].contains("prob")) expect_near(list[i]["prob"].get<double>(), expected_list[i]["prob"], 1e-3);
            }
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test

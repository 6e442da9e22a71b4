// Items that two models were scored on: how they are read, put side by side and compared; predictions against evaluation data.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <rondo/evaluate/item_comparison.hpp>
#include <rondo/evaluate/predictions.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

namespace tt = boost::test_tools;

std::string item(const std::string& file, int line, const std::string& right, const std::string& more = "") {
  return "{\"file\": \"" + file + "\", \"line\": " + std::to_string(line) + ", \"right\": " + right + more + "}\n";
}

BOOST_AUTO_TEST_SUITE(item_results)

BOOST_AUTO_TEST_CASE(items_are_read_by_task_and_file) {
  const TemporaryFolder folder;
  const std::string task = ", \"task\": \"islands\"", phenomenon = ", \"phenomenon\": \"extraction\"";
  put(folder / "items.jsonl", item("one", 1, "1", phenomenon) + item("two", 1, "0.5") + item("one", 2, "0.0", phenomenon) +
                                  item("one", 1, "1", task + ", \"sentence_good\": \"a\", \"sentence_bad\": \"b\"") + "\n" +
                                  "{\"file\": \"two\", \"id\": \"second\", \"right\": 1}\n");
  const ItemResults results = read_item_results(folder / "items.jsonl");
  BOOST_TEST_REQUIRE(results.groups.size() == 3U);
  const ItemGroup &one = results.groups[0], &two = results.groups[1], &other = results.groups[2];
  BOOST_TEST(one.full_name() == "one");
  BOOST_TEST(one.phenomenon == "extraction");
  BOOST_TEST(one.accuracy() == 0.5);
  BOOST_TEST(two.items == (std::vector<std::string>{"1", "second"}), tt::per_element());
  BOOST_TEST(two.accuracy() == 0.75);
  BOOST_TEST(other.full_name() == "islands: one");
  BOOST_TEST(other.items[0] == "1 'a' 'b'");
}

BOOST_AUTO_TEST_CASE(what_is_no_item_is_told_with_its_line) {
  const TemporaryFolder folder;
  const std::string file = (folder / "items.jsonl").string();
  const auto message = [&](const std::string& bytes) {
    put(file, bytes);
    return message_of([&] { static_cast<void>(read_item_results(file)); });
  };
  const std::string expected = R"(: expected an item with a text "file" and a number "right", as `score --items` writes them)";
  BOOST_TEST(message(item("one", 1, "1") + "{\"file\": \"one\"}\n") == file + ":2" + expected);
  BOOST_TEST(message("{\"right\": 1}\n") == file + ":1" + expected);
  BOOST_TEST(message("[]\n") == file + ":1" + expected);
  BOOST_TEST(message(item("one", 1, "1.5")) == file + ":1: 'right': expected a number from 0 to 1, found 1.5");
  BOOST_TEST(has(message("\n"), file + ": no items in it"));
}

BOOST_AUTO_TEST_CASE(a_folder_has_a_file_of_each_seed) {
  const TemporaryFolder folder;
  const auto files = [&] {
    std::string names;
    for (const auto& file : item_result_files(folder.path())) names += std::filesystem::relative(file, folder.path()).generic_string() + " ";
    return names;
  };
  BOOST_TEST(has(message_of([&] { static_cast<void>(files()); }), "no .jsonl files in this folder"));
  for (const char* name : {"seed1.jsonl", "seed0.jsonl", "notes.txt"}) put(folder / name, "");
  BOOST_TEST(files() == "seed0.jsonl seed1.jsonl ");
  for (const char* name : {"b", "a", "c"}) std::filesystem::create_directory(folder / name);
  for (const char* name : {"b/items.jsonl", "a/items.jsonl", "c/others.jsonl"}) put(folder / name, "");
  BOOST_TEST(files() == "a/items.jsonl b/items.jsonl ");
  put(folder / "items.jsonl", "");
  BOOST_TEST(files() == "items.jsonl ");
  BOOST_TEST(item_result_files(folder / "seed0.jsonl").size() == 1U);
}

ItemResults results_of(const std::string& path, std::vector<ItemGroup> groups) { return {path, std::move(groups)}; }

BOOST_AUTO_TEST_CASE(only_the_same_items_are_compared) {
  const ItemResults a = results_of("a", {{"", "one", "", {"1", "2"}, {1, 0}}, {"", "two", "", {"1"}, {1}}});
  ItemResults turned = results_of("b", {{"", "two", "", {"1"}, {0}}, {"", "one", "", {"1", "2"}, {1, 1}}});
  align_items(a, turned);
  BOOST_TEST(turned.groups[0].name == "one");
  BOOST_TEST(turned.groups[1].right[0] == 0.0F);
  const auto message = [&](std::vector<ItemGroup> groups) {
    ItemResults b = results_of("b", std::move(groups));
    return message_of([&] { align_items(a, b); });
  };
  BOOST_TEST(message({{"", "one", "", {"1", "2"}, {1, 0}}}) == "a: has items of 'two', b has none");
  BOOST_TEST(message({{"", "one", "", {"1", "2"}, {1, 0}}, {"t", "two", "", {"1"}, {1}}}) == "b: has items of 't: two', a has none");
  BOOST_TEST(message({{"", "one", "", {"1"}, {1}}, {"", "two", "", {"1"}, {1}}}) == "b: 1 items of 'one', a has 2");
  BOOST_TEST(message({{"", "one", "", {"1", "3"}, {1, 0}}, {"", "two", "", {"1"}, {1}}}) == "b: item 2 of 'one' is 3, in a it is 2");
}

BOOST_AUTO_TEST_CASE(one_pair_of_checkpoints) {
  // Of one phenomenon two files, of another one: all its items are won, none lost.
  const std::vector<std::string> three{"1", "2", "3"};
  std::vector<ItemGroup> a{{"", "one", "binding", three, {1, 0, 0.5F}}, {"", "two", "binding", {"1"}, {1}}, {"", "three", "islands", {}, {}}};
  std::vector<ItemGroup> b{{"", "one", "binding", three, {0, 0, 1}}, {"", "two", "binding", {"1"}, {0}}, {"", "three", "islands", {}, {}}};
  for (int i = 0; i < 12; ++i) {
    for (auto* groups : {&a, &b}) (*groups)[2].items.push_back(std::to_string(i));
    a[2].right.push_back(0);
    b[2].right.push_back(1);
  }
  std::vector<Index> told;
  const std::vector<TaskComparison> tasks =
      compare_items({results_of("a", a)}, {results_of("b", b)}, {.draws = 2000}, [&](Index done, Index all) { told.push_back(10 * done + all); });
  BOOST_TEST_REQUIRE(tasks.size() == 1U);
  const ItemComparison& whole = tasks[0].whole;
  BOOST_TEST(tasks[0].name == "items");
  BOOST_TEST(whole.files == 3);
  BOOST_TEST(whole.items == 16);
  BOOST_TEST(whole.first == 0.5, tt::tolerance(1e-12));
  BOOST_TEST(whole.second == (1.0 / 3 + 0 + 1) / 3, tt::tolerance(1e-12));
  BOOST_TEST(whole.difference.mean == whole.second - whole.first, tt::tolerance(1e-12));
  BOOST_TEST(whole.seed_differences.size() == 1U);
  // The tie is less right than what is right.
  BOOST_TEST(whole.discordant.first == 2);
  BOOST_TEST(whole.discordant.second == 13);
  BOOST_TEST(whole.discordant.p() == 2 * (1.0 + 15 + 105) / 32768, tt::tolerance(1e-12));
  BOOST_TEST_REQUIRE(tasks[0].parts.size() == 2U);
  const ItemComparison &binding = tasks[0].parts[0], &islands = tasks[0].parts[1];
  BOOST_TEST(binding.name == "binding");
  BOOST_TEST(binding.files == 2);
  BOOST_TEST(binding.difference.mean == (-1.0 / 6 - 1) / 2, tt::tolerance(1e-6));
  BOOST_TEST(islands.name == "islands");
  BOOST_TEST(islands.difference.mean == 1.0);
  BOOST_TEST(islands.difference.p == 2.0 / 2001, tt::tolerance(1e-12));
  BOOST_TEST(islands.adjusted_p == 4.0 / 2001, tt::tolerance(1e-12));
  BOOST_TEST(islands.discordant.p() == 2.0 / 4096, tt::tolerance(1e-12));
  BOOST_TEST((told == std::vector<Index>{13, 23, 33}));
}

BOOST_AUTO_TEST_CASE(pairs_of_seeds_of_several_tasks) {
  const auto seed = [](const std::string& path, float first, float second) {
    return results_of(path, {{"x", "one", "", {"1", "2"}, {first, 0}}, {"y", "one", "", {"1"}, {second}}});
  };
  const std::vector<TaskComparison> tasks =
      compare_items({seed("a0", 0, 1), seed("a1", 0, 1)}, {seed("b0", 1, 1), seed("b1", 0.5F, 1)}, {.draws = 100});
  BOOST_TEST_REQUIRE(tasks.size() == 2U);
  BOOST_TEST(tasks[0].name == "x");
  BOOST_TEST(tasks[0].whole.seed_differences == (std::vector<double>{0.5, 0.25}), tt::per_element());
  BOOST_TEST(tasks[0].whole.second == 0.375);
  BOOST_TEST(tasks[1].name == "y");
  BOOST_TEST(tasks[1].whole.difference.mean == 0.0);
  BOOST_TEST(tasks[1].whole.difference.p == 1.0);
  BOOST_TEST(message_of([&] { static_cast<void>(compare_items({seed("a0", 0, 1)}, {})); }) ==
             "comparison: 1 results and 0; seeds come in pairs");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(predictions)

ChoiceTask two_files() {
  const auto pair = [](const std::string& good, const std::string& bad, std::size_t line) {
    return ChoiceItem{{{"", good, good}, {"", bad, bad}}, 0, line, 0};
  };
  return {"blimp", Average::subsets, Metric::accuracy,
          {{"one", "islands", "data/one.jsonl", {pair("Yes.", "No.", 1), pair("In.", "Out.", 2)}},
           {"two", "", "data/two.jsonl", {pair("Up.", "Down.", 1)}}}};
}
Json json_of(const std::string& text) { return parse_json(text, "p.json"); }
const std::string texts = R"({"one": {"predictions": [{"id": "one_0", "pred": " Yes."}, {"id": "one_1", "pred": "Out."}]}})";

BOOST_AUTO_TEST_CASE(chosen_texts_are_right_or_wrong) {
  std::vector<Json> items;
  const PredictedTask scored = score_predictions(two_files(), json_of(texts), "p.json: blimp", [&](const Json& item) { items.push_back(item); });
  BOOST_TEST(scored.score.estimate.score == 0.5);
  BOOST_TEST(scored.score.estimate.standard_error == std::sqrt(0.125), tt::tolerance(1e-12));
  BOOST_TEST(scored.missing == std::vector<std::string>{"two"}, tt::per_element());
  BOOST_TEST(scored.measures == std::vector<std::string>{"accuracy"}, tt::per_element());
  BOOST_TEST_REQUIRE(items.size() == 2U);
  BOOST_TEST((items[1] == Json{{"task", "blimp"}, {"file", "one"}, {"phenomenon", "islands"}, {"line", 2}, {"right", 0.0}, {"choice", 1}}));
}

BOOST_AUTO_TEST_CASE(correlations_take_probabilities) {
  ChoiceTask task = two_files();
  task.metric = Metric::spearman;
  for (std::size_t i = 0; i < 2; ++i) task.subsets[0].items[i].target = static_cast<double>(i);
  task.subsets.pop_back();
  const auto with = [&](const std::string& first, const std::string& second) {
    return score_predictions(task, json_of(R"({"one": {"predictions": [{"id": "one_0", "pred": "Yes.")" + first +
                                           R"(}, {"id": "one_1", "pred": "Out.")" + second + "}]}}"), "p.json: wug");
  };
  BOOST_TEST(with(", \"prob\": 0.2", ", \"prob\": 0.9").score.estimate.score == 1.0, tt::tolerance(1e-12));
  BOOST_TEST(with(", \"prob\": 0.9", ", \"prob\": 0.2").score.estimate.score == -1.0, tt::tolerance(1e-12));
  BOOST_TEST(message_of([&] { static_cast<void>(with("", "")); }) == "p.json: wug.one: prediction 1: expected a number \"prob\"");
}

BOOST_AUTO_TEST_CASE(classes_are_measured_as_their_task_asks) {
  const TemporaryFolder folder;
  std::string subsets;
  for (const std::string name : {"cola", "mrpc", "rte"}) {
    std::string labels;
    for (const char label : std::string("00111"))
      labels += std::string(R"({"sentence": "a", "sentence1": "a", "sentence2": "b", "label": )") + label + "}\n";
    put(folder / (name + ".valid.jsonl"), labels);
    put(folder / (name + ".train.jsonl"), "no labels");
    subsets += (subsets.empty() ? "\"" : ", \"") + name + "\": {\"predictions\": [";
    for (int i = 0; i < 5; ++i)
      subsets += (i > 0 ? ", " : "") + std::string("{\"id\": \"") + name + "_" + std::to_string(i) + "\", \"pred\": " + "01110"[i] + "}";
    subsets += "]}";
  }
  const auto scored = [&](GlueMetrics metrics) { return score_glue_predictions(folder.path(), json_of("{" + subsets + "}"), "p.json: glue", metrics); };
  const PredictedTask own = scored(GlueMetrics::of_each_task);
  BOOST_TEST(own.measures == (std::vector<std::string>{"mcc", "f1", "accuracy"}), tt::per_element());
  BOOST_TEST(own.score.subsets[0].estimate.score == 1.0 / 6, tt::tolerance(1e-12));
  BOOST_TEST(own.score.subsets[1].estimate.score == 4.0 / 6, tt::tolerance(1e-12));
  BOOST_TEST(own.score.estimate.score == (1.0 / 6 + 4.0 / 6 + 0.6) / 3, tt::tolerance(1e-12));
  BOOST_TEST(own.missing.empty());
  BOOST_TEST(scored(GlueMetrics::accuracy).score.estimate.score == 0.6, tt::tolerance(1e-12));
  const auto message = [&](const std::string& text) {
    return message_of([&] { static_cast<void>(score_glue_predictions(folder.path(), json_of(text), "p.json: glue", GlueMetrics::accuracy)); });
  };
  BOOST_TEST(message(R"({"rte": []})") == R"(p.json: glue.rte: expected an object with an array "predictions")");
  BOOST_TEST(message(R"({"wnli": {"predictions": []}})") == "p.json: glue.wnli: the data has no such subset");
}

BOOST_AUTO_TEST_CASE(predictions_that_do_not_belong_to_the_data) {
  const auto message = [](const std::string& text) {
    return message_of([&] { static_cast<void>(score_predictions(two_files(), json_of(text), "p.json: blimp")); });
  };
  const auto one = [&](const std::string& list) { return message(R"({"one": {"predictions": [)" + list + "]}}"); };
  const std::string first = R"({"id": "one_0", "pred": "Yes."})";
  BOOST_TEST(one(first) == "p.json: blimp.one: 1 predictions, data/one.jsonl has 2 items");
  BOOST_TEST(one(first + R"(, {"id": "one_7", "pred": "In."})") ==
             "p.json: blimp.one: prediction 2: expected an object with id 'one_1' and a member 'pred', found {\"id\":\"one_7\",\"pred\":\"In.\"}");
  BOOST_TEST(one(first + R"(, {"id": "one_1", "pred": "Perhaps."})") ==
             "p.json: blimp.one: one_1: expected a text of data/one.jsonl:2, found \"Perhaps.\"");
  BOOST_TEST(one(first + R"(, {"id": "one_1", "pred": 1})") == "p.json: blimp.one: one_1: expected a text of data/one.jsonl:2, found 1");
  BOOST_TEST(message(R"({"three": {"predictions": []}})") == "p.json: blimp.three: the data has no such subset");
  BOOST_TEST(message("[]") == "p.json: blimp: expected an object of subsets, found array");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

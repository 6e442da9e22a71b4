// What a run folder holds: run.json read strictly and compared, metrics that go back with a run, the report.
#include <boost/test/unit_test.hpp>

#include <rondo/app/report.hpp>
#include <rondo/app/run_description.hpp>

#include <io/temporary_folder.hpp>

namespace rondo::test {
namespace {

using app::RunDescription;
using app::TrainSettings;

const AdamW& adamw_of(const RunDescription& run) {
  return std::get<AdamW>(run.optimizer.optimizer.chosen);
}

RunDescription with_settings(const std::vector<std::string>& settings, Json document = Json::object()) {
  app::apply_settings(document, settings);
  return app::read_run_description(document, "run.json");
}
std::string problem_of(const std::vector<std::string>& settings) {
  return message_of([&] { with_settings(settings); });
}

BOOST_AUTO_TEST_SUITE(run_folder)

BOOST_AUTO_TEST_CASE(settings_reach_their_places) {
  const RunDescription run = with_settings({"shape.width=96", "shape.dropout=0.1", "train.rate=2e-3", "train.schedule=trapezoid",
                                            "train.checkpoint_words=1e6", "data.pack=windows", "seed=7"});
  BOOST_TEST(run.shape.width == 96);
  BOOST_TEST(run.shape.dropout == 0.1);
  BOOST_TEST(adamw_of(run).rate == 2e-3);
  BOOST_TEST(run.train.schedule == "trapezoid");
  BOOST_TEST(run.train.checkpoint_words == 1000000);
  BOOST_TEST(run.data.pack == "windows");
  BOOST_TEST(run.seed == 7U);
  BOOST_TEST(adamw_of(run).beta2 == AdamW{}.beta2);
}

BOOST_AUTO_TEST_CASE(blocks_are_a_list) {
  for (const char* list : {"3,5,7", "[3, 5, 7]", "5, 7, 3"})
    BOOST_TEST((with_settings({std::string("shape.second_blocks=") + list}).shape.second_blocks == BlockSet{3, 5, 7}), list);
  BOOST_TEST((with_settings({"shape.second_blocks=4"}).shape.second_blocks == BlockSet{4}));
  BOOST_TEST((with_settings({"shape.second_blocks="}).shape.second_blocks == BlockSet{}));
  for (const char* list : {"-1", "128", "3,x", "1.5", "true", "{}"})
    BOOST_TEST(has(problem_of({std::string("shape.second_blocks=") + list}),
                   "shape.second_blocks: expected numbers of blocks from 0 to 127"), list);
}

BOOST_AUTO_TEST_CASE(an_optimizer_is_chosen_by_its_name) {
  const std::string two_groups = R"([{"roles": ["embedding", "head"], "rate": 0.5, "decay": 0}, {"path": "blocks.*.bias"}])";
  const RunDescription run = with_settings({"optimizer.name=muon", "optimizer.rate=0.05", "optimizer.scaling=match_rms",
                                            "optimizer.rest.rate=4e-3", "optimizer.groups=" + two_groups,
                                            "optimizer.decay_schedule=linear"});
  const Muon& muon = std::get<Muon>(run.optimizer.optimizer.chosen);
  BOOST_TEST((muon.rate == 0.05 && muon.scaling == Muon::Scaling::match_rms && muon.rest.rate == 4e-3));
  const auto& groups = run.optimizer.groups;
  BOOST_TEST_REQUIRE(groups.size() == 2U);
  BOOST_TEST((groups[0].roles == std::vector<Role>{Role::embedding, Role::head} && groups[0].rate == 0.5 && groups[0].decay == 0.0));
  BOOST_TEST((groups[1].path == "blocks.*.bias" && groups[1].roles.empty() && groups[1].rate == 1 && !groups[1].decay));
  const Json document = app::to_json(run);
  BOOST_TEST(app::to_json(app::read_run_description(document, "run.json")).dump() == document.dump());
}

BOOST_AUTO_TEST_CASE(optimizer_settings_of_older_files_are_read_and_compared) {
  Json old = app::to_json(with_settings({"train.steps=100"}));
  old.erase("optimizer");
  for (const auto& [name, value] : {std::pair{"rate", 2e-3}, {"beta1", 0.9}, {"beta2", 0.98}, {"epsilon", 1e-8}, {"decay", 0.05}})
    old["train"][name] = value;
  const AdamW read = adamw_of(app::read_run_description(old, "run.json"));
  BOOST_TEST((read.rate == 2e-3 && read.beta1 == 0.9 && read.beta2 == 0.98 && read.decay == 0.05));
  const auto problem = [&](const std::vector<std::string>& settings) {
    return message_of([&] { app::require_same_run(old, app::to_json(with_settings(settings, old)), "run.json"); });
  };
  BOOST_TEST(problem({}) == "no error");
  BOOST_TEST(problem({"train.rate=2e-3"}) == "no error");
  BOOST_TEST(has(problem({"train.rate=1e-3"}), "optimizer.rate was 0.002"));
  BOOST_TEST(has(problem({"optimizer.rate=1e-3"}), "optimizer.rate was 0.002"));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  RunDescription run = with_settings({"shape.width=96", "shape.second_blocks=1,64", "train.ema=0.99", "train.steps=7", "data.tokens=a b.tokens", "seed=3"});
  run.record["threads"] = 2;
  const Json document = app::to_json(run);
  BOOST_TEST(app::to_json(app::read_run_description(document, "run.json")).dump() == document.dump());
}

BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  BOOST_TEST(problem_of({"train.stepz=4"}) == "run.json: train.stepz: unknown key; did you mean 'steps'?");
  BOOST_TEST(has(problem_of({"shape.widht=4"}), "did you mean 'width'?"));
  BOOST_TEST(has(problem_of({"trian.steps=4"}), "did you mean 'train'?"));
  BOOST_TEST(has(problem_of({"train.steps=-4"}), "train.steps: expected an integer from 0 to 1099511627776, found -4"));
  BOOST_TEST(has(problem_of({"train.steps=many"}), "found \"many\""));
  BOOST_TEST(has(problem_of({"train.batch=0"}), "train.batch"));
  BOOST_TEST(has(problem_of({"train.schedule=cosin"}), "expected one of 'constant'"));
  BOOST_TEST(has(problem_of({"train.steps"}), "expected NAME=VALUE"));
  BOOST_TEST(has(problem_of({"optimizer.name=adamv"}), "optimizer.name: expected one of 'adamw', 'adam', 'lamb', 'lion', 'muon'"));
  BOOST_TEST(has(problem_of({"optimizer.name=lion", "optimizer.epsilon=1"}), "optimizer.epsilon: unknown key"));
  BOOST_TEST(has(problem_of({"optimizer.beta2=1"}), "optimizer.beta2: expected a number in [0, 1), found 1"));
  BOOST_TEST(has(problem_of({"optimizer.name=muon", "optimizer.rest.rate=-1"}), "optimizer.rest.rate: expected a number at least 0"));
  BOOST_TEST(has(problem_of({R"(optimizer.groups=[{"roles": ["heads"]}])"}), "optimizer.groups[0]: roles: expected each one of matrix"));
  BOOST_TEST(has(problem_of({"shape.heads=1.5"}), "expected an integer"));
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_as_it_was) {
  const RunDescription run = with_settings({"train.steps=100", "shape.width=64"});
  const Json before = app::to_json(run);
  const auto problem = [&](const std::vector<std::string>& settings) {
    return message_of([&] { app::require_same_run(before, app::to_json(with_settings(settings, before)), "run.json"); });
  };
  BOOST_TEST(problem({}) == "no error");
  BOOST_TEST(problem({"train.steps=200", "train.checkpoint_minutes=1", "train.keep=5", "data.held_out=x"}) == "no error");
  BOOST_TEST(problem({"train.batch=4"}) == "run.json: train.batch was 8 and cannot become 4 in a run that goes on");
  BOOST_TEST(has(problem({"shape.width=32"}), "shape.width was 64"));
  BOOST_TEST(has(problem({"seed=5"}), "seed was 0"));
  BOOST_TEST(has(problem({"data.shuffle=false"}), "data.shuffle was true"));
}

BOOST_AUTO_TEST_CASE(length_of_a_run) {
  const auto resolved = [](std::vector<std::string> settings, Index steps_before = 0) {
    settings.insert(settings.end(), {"train.batch=4", "train.length=25", "train.accumulate=2"});  // 200 tokens a step
    TrainSettings train = with_settings(settings).train;
    app::resolve_steps(train, 10001, steps_before);
    return train;
  };
  BOOST_TEST(resolved({}).steps == 51);  // one epoch
  BOOST_TEST(resolved({"train.epochs=2"}).steps == 101);
  BOOST_TEST(resolved({"train.tokens=1000"}).steps == 5);
  BOOST_TEST(resolved({"train.steps=1000"}).steps == 1000);
  BOOST_TEST(resolved({"train.steps=1000"}).warmup == 30);
  BOOST_TEST(resolved({"train.steps=1000", "train.warmup=0"}).warmup == 0);
  BOOST_TEST(resolved({"train.steps=1000"}).held_out_steps == 100);
  BOOST_TEST(resolved({"train.steps=51", "train.epochs=2"}, 51).steps == 101);
  BOOST_CHECK_THROW(resolved({"train.steps=10", "train.epochs=2"}), Error);
}

BOOST_AUTO_TEST_CASE(shape_alone_for_a_summary) {
  BOOST_TEST(app::run_from_settings({"shape.width=512"}).shape.width == 512);
  BOOST_TEST(app::run_from_settings({}).shape.vocabulary == 8192);
}

Json step_line(Index step, double loss) {
  return {
      {"step", step}, {"tokens", 100 * step}, {"words", 70 * step}, {"loss", loss}, {"seconds", 0.5 * static_cast<double>(step)}};
}

BOOST_AUTO_TEST_CASE(parts_of_a_loss_are_told_apart) {
  StepReport report;
  report.loss = 3;
  report.seconds = 1;
  BOOST_TEST(!to_json(report).contains("parts"));
  report.parts = {{{"cross_entropy", 2.5}, {"divergence", 0.5}}};
  const Json line = to_json(report);
  BOOST_TEST(line["loss"].get<double>() == 3);
  BOOST_TEST(line["parts"].dump() == R"({"cross_entropy":2.5,"divergence":0.5})");
}

BOOST_AUTO_TEST_CASE(metrics_go_back_with_a_run) {
  const TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  {
    MetricsFile metrics{path, 0};
    for (Index step = 1; step <= 10; ++step) metrics.append(step_line(step, 5));
  }
  put(path, content(path) + R"({"step": 11, "tok)");  // killed while writing
  BOOST_TEST(read_metrics(path).size() == 10U);
  {
    MetricsFile metrics{path, 6};
    metrics.append(step_line(7, 4));
  }
  const auto lines = read_metrics(path);
  BOOST_TEST_REQUIRE(lines.size() == 7U);
  BOOST_TEST(lines[6]["loss"].get<double>() == 4.0);
  put(path, "{\"step\": 1}\nnonsense\n");
  BOOST_TEST(has(message_of([&] { read_metrics(path); }), "metrics.jsonl:2"));
}

BOOST_AUTO_TEST_CASE(report_is_one_page) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "a&b");
  const auto run = folder / "a&b";
  write_json(run / "run.json", app::to_json(with_settings({"data.tokens=<x>.tokens"})));
  {
    MetricsFile metrics{run / "metrics.jsonl", 0};
    for (Index step = 1; step <= 1000; ++step) metrics.append(step_line(step, 3 + 1 / static_cast<double>(step)));
    metrics.append({{"step", 1000}, {"tokens", 100000}, {"words", 70000}, {"held_out_loss", 3.25}});
  }
  app::write_report(run);
  const std::string page = content(run / "report.html"), picture = content(run / "loss.svg");
  BOOST_TEST(has(page, "<h1>a&amp;b</h1>"));
  BOOST_TEST(has(page, "&lt;x&gt;.tokens"));
  BOOST_TEST(has(page, "<svg"));
  BOOST_TEST(has(page, "<tr><th>held_out_loss</th><td>3.25</td></tr>"));
  BOOST_TEST(has(page, "<tr><th>tokens_per_second</th><td>200.0</td></tr>"));
  BOOST_TEST((!has(page, "href=") && !has(page, "src=")));
  BOOST_TEST(has(picture, "held out"));
  BOOST_TEST(picture.size() < 60000U);  // a thousand steps are drawn as two hundred
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

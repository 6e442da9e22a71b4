// Commands: what a program can do, while its command line is made and read. Commands of a kind are a unit of their own: each has a function
// that adds them.
//
//   CLI::App& command = commands.add("train", "Trains a model ...", "train --data train.tokens --out run", "of the weights' start");
//   command.add_option(...);
//   commands.on(command, options, train);                    train(served, *options, common), where it was chosen
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/app/served_model.hpp>

namespace rondo::app {

class Commands {
 public:
  using Act = std::function<int(const std::vector<ServedModel>& served, const CommonOptions& common)>;

  // The program must outlive them.
  Commands(CLI::App& program, std::string name) : program_(program), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] CommonOptions& common() { return common_; }
  // `seed`: what it is good for; empty: nothing is random.
  CLI::App& add(const char* verb, const std::string& purpose, const std::string& example, const std::string& seed = "") {
    CLI::App* result = program_.add_subcommand(verb, purpose);
    result->footer("Example:\n  " + name_ + " " + example);
    add_threads_option(*result, common_);
    CLI::Option* option = add_seed_option(*result, common_, seed.empty() ? "taken, but nothing here is random" : seed);
    if (seed.empty()) option->group("");
    add_output_options(*result, common_);
    return *result;
  }
  void add_backend_option(CLI::App& command) {
    command.add_option("--backend", common_.backend, backend_help)
        ->check(CLI::IsMember(std::vector<std::string>(backend_names.begin(), backend_names.end())))
        ->capture_default_str();
  }
  // `divides`: whether its work is divided among ranks.
  void on(CLI::App& command, Act act, bool divides = false) {
    command.callback([this, divides, act = std::move(act)] { chosen_ = act, divides_ = divides; });
  }
  // act(served, *options, common)
  template <class Options, class Function>
  void on(CLI::App& command, std::shared_ptr<Options> options, Function act, bool divides = false) {
    on(command, [options, act](const auto& served, const auto& common) { return act(served, *options, common); }, divides);
  }
  // Does what was chosen; the exit status.
  int run(const std::vector<ServedModel>& served) { return chosen_(served, common_); }
  [[nodiscard]] bool divides() const { return divides_; }

 private:
  CLI::App& program_;
  std::string name_;
  CommonOptions common_;
  Act chosen_;
  bool divides_ = false;
};

inline CLI::Option* add_model_option(CLI::App& command, std::filesystem::path& model) {
  return command.add_option("--model", model, "checkpoint folder or run");
}

void add_training_commands(Commands& commands);     // train, distill, teach, find-rate, summary
void add_fine_tuning_commands(Commands& commands);  // finetune
void add_scoring_commands(Commands& commands);      // evaluate, score, logits, compare, predictions
void add_benchmark_commands(Commands& commands);    // benchmark
void add_generating_commands(Commands& commands);   // generate

}  // namespace rondo::app

// OpenedTeacher: the folder of a model that teaches, looked at before memory is taken for its weights.
//
//   const std::vector<ServedModel> known = known_models(served);
//   const OpenedTeacher teacher{known, "models/large"};
//   teacher.require_fits(vocabulary, data);               Error for another vocabulary or tokenizer, with both sizes and fingerprints
//   std::shared_ptr<EvaluatedModel> model = teacher.loaded();
//
// Any architecture that the program knows: its own ones and, with rondo::compiled, all of rondo's (rondo/app/every_architecture.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <rondo/app/every_architecture.hpp>
#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/score.hpp>
#include <rondo/app/served_model.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/model/checkpoint/fingerprint.hpp>
#include <rondo/model/checkpoint/reader.hpp>

namespace rondo::app {

inline std::vector<ServedModel> known_models(const std::vector<ServedModel>& served) {
  std::vector<ServedModel> known = served;
#if !RONDO_HEADER_ONLY
  for (ServedModel& one : every_architecture()) known.push_back(std::move(one));
#endif
  return known;
}

class OpenedTeacher {
 public:
  // `known` must outlive this.
  OpenedTeacher(const std::vector<ServedModel>& known, const std::filesystem::path& path) : path_(path), folder_(path) {
    std::tie(known_, form_) = choose(known, folder_.config(), &folder_.tensors());
    folder_.check(form_.names, known_->leaves(form_.shape));
  }

  [[nodiscard]] Index vocabulary() const { return form_.shape.vocabulary; }
  // Of the weights.
  [[nodiscard]] std::string fingerprint() const { return fingerprint_of(folder_.tensors()); }
  void require_fits(Index student, const TokenFile& data) const {
    const auto tokenizer = own_fingerprint(path_);
    require(vocabulary() == student && (!tokenizer || *tokenizer == data.tokenizer()), path_.string(),
            ": a teacher of another vocabulary or tokenizer: ", vocabulary(), " tokens",
            tokenizer ? " (tokenizer " + hexadecimal(*tokenizer) + ")" : "", ", the student has ", student, " (tokenizer ",
            hexadecimal(data.tokenizer()), " of ", data.path().string(), ")");
  }
  // For run.json.
  [[nodiscard]] Json facts() const {
    Json fact{{"folder", path_.string()},
              {"composition", known_->files.composition},
              {"parameters", known_->parameters(form_.shape)},
              {"vocabulary", vocabulary()},
              {"fingerprint", fingerprint()}};
    if (const auto tokenizer = own_fingerprint(path_)) fact["tokenizer"] = hexadecimal(*tokenizer);
    return fact;
  }
  [[nodiscard]] std::shared_ptr<EvaluatedModel> loaded() const {
    std::shared_ptr<EvaluatedModel> model = evaluated_model(known_->model(form_.shape));
    folder_.load(form_.names, model->tensors());
    return model;
  }

 private:
  std::filesystem::path path_;
  ModelFolder folder_;
  const ServedModel* known_ = nullptr;
  ModelForm form_;
};

}  // namespace rondo::app

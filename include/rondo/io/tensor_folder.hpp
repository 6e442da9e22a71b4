// TensorFolder: the tensors of a checkpoint by name, in however many files they lie.
//
//   TensorFolder checkpoint{"models/hgrn2"};               // a folder, or one .safetensors file
//   const StoredTensor& head = checkpoint.tensor("lm_head.weight");
//
// A folder holds either STEM.safetensors, or STEM.safetensors.index.json and the shards it names:
// {"metadata": {...}, "weight_map": {TENSOR: FILE}}; where both are there, the single file counts. Throws Error for a folder
// with neither, a shard that is missing, and an index that does not agree with its shards (a tensor it names that is not
// there, one it leaves out, one that lies elsewhere). Of pytorch_model.bin, which only Python should open, it says how to convert it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/nearest_word.hpp>
#include <rondo/io/safetensors.hpp>

namespace rondo {

class TensorFolder {
 public:
  explicit TensorFolder(const std::filesystem::path& path, const std::string& stem = "model") : name_(path.string()) {
    const std::filesystem::path single = path / (stem + ".safetensors");
    const std::filesystem::path index_file = path / (stem + ".safetensors.index.json");
    if (!std::filesystem::is_directory(path)) {
      files_.emplace_back(path);
    } else if (std::filesystem::exists(single)) {
      files_.emplace_back(single);
    } else if (std::filesystem::exists(index_file)) {
      open_shards(path, index_file);
    } else {
      const std::string found = listing(path);
      throw Error(name_, "folder", stem + ".safetensors or " + stem + ".safetensors.index.json",
                  holds_pickles(path) ? found + "; convert it: " + std::string(pickle_conversion) + " '" + name_ + "'" : found);
    }
    for (const SafetensorsFile& file : files_)
      for (const StoredTensor& tensor : file.tensors()) {
        const auto [place, added] = places_.emplace(tensor.name, &tensor);
        if (!added)
          throw error(name_, ": tensor '", tensor.name, "' is in two files: ", place->second->file, " and ", tensor.file);
        names_.push_back(tensor.name);
      }
  }

  // In the order of the files and, within a file, of its header.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] const std::vector<SafetensorsFile>& files() const { return files_; }
  [[nodiscard]] bool contains(const std::string& name) const { return places_.contains(name); }
  [[nodiscard]] const StoredTensor* find(const std::string& name) const {
    const auto place = places_.find(name);
    return place == places_.end() ? nullptr : place->second;
  }
  [[nodiscard]] const StoredTensor& tensor(const std::string& name) const {
    const StoredTensor* found = find(name);
    if (found == nullptr) throw error(name_, ": no tensor '", name, "' among ", names_.size(), did_you_mean(name, names_));
    return *found;
  }

 private:
  // A line for the shell, which the folder follows. Weights that share memory (a tied head) are stored as two.
  static constexpr std::string_view pickle_conversion =
      "python3 -c \"import sys, glob, torch; from safetensors.torch import save_file; "
      "save_file({name: tensor.clone().contiguous() for file in sorted(glob.glob(sys.argv[1] + '/pytorch_model*.bin')) "
      "for name, tensor in torch.load(file, map_location='cpu', weights_only=True).items()}, "
      "sys.argv[1] + '/model.safetensors', {'format': 'pt'})\"";
  static bool holds_pickles(const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("pytorch_model") && name.ends_with(".bin")) return true;
    }
    return false;
  }

  void open_shards(const std::filesystem::path& folder, const std::filesystem::path& index_file) {
    const Json document = read_json(index_file);
    const std::string index_name = index_file.string();
    const auto map = document.is_object() ? document.find("weight_map") : document.end();
    if (map == document.end() || !map->is_object() || map->empty())
      throw Error(index_name, "content", "an object 'weight_map' of names and files", "none");
    std::map<std::string, std::vector<std::string>> tensors_of_file;
    std::unordered_map<std::string, std::string> file_of_tensor;
    for (const auto& [tensor, file] : map->items()) {
      const std::string file_name = file.is_string() ? file.get<std::string>() : "";
      const bool names_a_file = !file_name.empty() && file_name != "." && file_name != ".." && file_name.find('\0') == file_name.npos;
      if (!names_a_file || std::filesystem::path(file_name).filename() != file_name)
        throw Error(index_name, "tensor '" + tensor + "'", "the name of a file in the same folder", file.dump());
      tensors_of_file[file_name].push_back(tensor);
      file_of_tensor[tensor] = file_name;
    }
    for (const auto& [file_name, tensors] : tensors_of_file) {
      if (!std::filesystem::exists(folder / file_name))
        throw Error(index_name, "tensor '" + tensors.front() + "'", "the file '" + file_name + "'", "no such file in the folder");
    }
    for (const auto& [file_name, tensors] : tensors_of_file) {
      const SafetensorsFile& file = files_.emplace_back(folder / file_name);
      for (const std::string& tensor : tensors)
        if (!file.contains(tensor))
          throw Error(index_name, "tensor '" + tensor + "'", "it in '" + file_name + "'", "no such tensor in that file");
      for (const StoredTensor& tensor : file.tensors()) {
        const auto listed = file_of_tensor.find(tensor.name);
        if (listed == file_of_tensor.end())
          throw Error(index_name, "tensor '" + tensor.name + "' of '" + file_name + "'", "it in the index", "no such name");
        if (listed->second != file_name)
          throw Error(index_name, "tensor '" + tensor.name + "'", "the file '" + file_name + "', which holds it",
                      "'" + listed->second + "'");
      }
    }
  }

  static std::string listing(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    std::string text = names.empty() ? "an empty folder" : "";
    for (std::size_t i = 0; i < names.size() && i < 8; ++i) text += (i == 0 ? "" : ", ") + names[i];
    return text + (names.size() > 8 ? ", ..." : "");
  }

  std::string name_;
  std::vector<SafetensorsFile> files_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, const StoredTensor*> places_;
};

}  // namespace rondo

// `logits`: a model's logits, loss and gradients for given tokens, as a file to compare with other implementations.
//
//   write_logits(served, {.model = "folder", .input = "x.safetensors", .output = "y.safetensors"}, common);
//
// Reads I64 `input_ids` [B, T]; writes F32 `logits` [B, T, vocabulary]. With `gradients` also F32 `loss` [1], the mean next-token
// cross-entropy over the B (T - 1) predictions, and `grad.NAME`, its gradients under the names of the folder's own tensors; T = 1
// has no loss: the logits alone. Throws Error for ids outside the vocabulary.
#pragma once

#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include <rondo/app/model_from_folder.hpp>
#include <rondo/evaluate/logits_pass.hpp>
#include <rondo/io/output_file.hpp>
#include <rondo/io/safetensors_writer.hpp>

namespace rondo::app {

inline TokenGrid read_token_grid(const StoredTensor& tensor, Index vocabulary) {
  if (tensor.shape.size() != 2 || tensor.elements() == 0)
    throw tensor.mismatch("shape [sequences, length], neither 0", "shape " + shape_text(tensor.shape));
  TokenGrid grid{{}, tensor.shape[0], tensor.shape[1]};
  for (const std::int64_t id : tensor.read<std::int64_t>()) {
    if (id < 0 || id >= vocabulary)
      throw tensor.mismatch("ids from 0 to " + std::to_string(vocabulary - 1) + " (the model's vocabulary)",
                            std::to_string(id) + " at place " + std::to_string(grid.ids.size()));
    grid.ids.push_back(static_cast<Token>(id));
  }
  return grid;
}

struct LogitsOptions {
  std::filesystem::path model, input, output;
  bool gradients = false;
};

inline int write_logits(const std::vector<ServedModel>& served, const LogitsOptions& options, const CommonOptions& common) {
  require_writable_as(
      options.output, "--output", "a file of logits",
      [](std::string_view bytes) {
        try {
          return SafetensorsFile{"", std::as_bytes(std::span{bytes})}.find("logits") != nullptr;
        } catch (const Error&) {
          return false;
        }
      },
      {options.input});
  const SafetensorsFile input{options.input};
  const ModelFromFolder from{served, options.model, common};
  const TokenGrid grid = read_token_grid(input.tensor("input_ids"), from.model->shape().vocabulary);
  SafetensorsWriter writer;
  writer.add("logits", {grid.sequences, grid.length, from.model->shape().vocabulary}, ElementType::f32,
             [&](TensorSink& sink) { from.model->each_logits(grid, [&](View<const float> rows) { sink.put(rows); }); });
  std::vector<double> loss;
  std::size_t gradients = 0;
  if (options.gradients && grid.length > 1) {
    loss.push_back(from.model->gradients(grid));
    writer.add("loss", {1}, ElementType::f32, std::span<const double>{loss});
    std::visit(
        [&](const auto& tensors) {
          const auto named = file_tensors(from.form.names, tensors);
          gradients = named.size();
          add_tensors(writer, named, ElementType::f32, "grad.");
        },
        from.model->gradient_tensors());
  }
  writer.write_file(options.output);
  std::printf("%s: logits [%td, %td, %td]", options.output.c_str(), grid.sequences, grid.length, from.model->shape().vocabulary);
  if (!loss.empty()) std::printf(", loss %.6f, gradients of %zu tensors", loss.front(), gradients);
  std::printf("%s\n", options.gradients && loss.empty() ? "; texts of one token have no loss" : "");
  Json result{{"output", options.output.string()},
              {"logits", {grid.sequences, grid.length, from.model->shape().vocabulary}},
              {"gradients", gradients}};
  if (!loss.empty()) result["loss"] = loss.front();
  print_result(common, result);
  return 0;
}

}  // namespace rondo::app

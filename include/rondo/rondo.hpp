// The library core in one include: layers, models, back-ends, training, evaluation and generation. It needs a C++20 compiler and
// Eigen. Tokenizers, files and the program around a model have their own headers (rondo/data, rondo/io, rondo/app).
#pragma once

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/backend/trace/trace.hpp>
#include <rondo/combinator/checkpointed.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/evaluate/scorer.hpp>
#include <rondo/generate/sampler.hpp>
#include <rondo/generate/session.hpp>
#include <rondo/model/architecture/delta_net.hpp>
#include <rondo/model/architecture/gla.hpp>
#include <rondo/model/architecture/gpt2.hpp>
#include <rondo/model/architecture/hgrn1.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/model/architecture/mamba.hpp>
#include <rondo/model/architecture/mamba2.hpp>
#include <rondo/model/architecture/mamba3.hpp>
#include <rondo/model/architecture/qwen3.hpp>
#include <rondo/model/architecture/xlstm.hpp>
#include <rondo/model/equal_parameters.hpp>
#include <rondo/model/parameters.hpp>
#include <rondo/model/with_projections.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/objective/distillation.hpp>
#include <rondo/objective/hidden_matching.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/train/trainer.hpp>
#include <rondo/version.hpp>

// StoppableProgress: shows how far the work is, and ends it by an exception after a signal.
//
//   StoppableProgress progress{common};
//   work(progress.stage("encoding", "bytes"));        // told (done, all); throws StoppedBySignal
//   progress.finish();
#pragma once

#include <cstdint>
#include <functional>

#include <rondo/app/common.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/app/signals.hpp>

namespace rondo::app {

class StoppableProgress {
 public:
  explicit StoppableProgress(const CommonOptions& common) : line_(common.quiet) {}

  [[nodiscard]] std::function<void(std::uint64_t done, std::uint64_t all)> stage(const char* name, const char* unit) {
    return [this, name, unit](std::uint64_t done, std::uint64_t all) {
      if (const int signal = signals_.caught(); signal != 0) throw StoppedBySignal{signal};
      line_.show(name, static_cast<Index>(done), static_cast<Index>(all), unit);
    };
  }
  void finish() { line_.finish(); }

 private:
  StopSignals signals_{"stopping"};
  ProgressLine line_;
};

}  // namespace rondo::app

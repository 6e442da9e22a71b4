// BlockedSignals: no signal handler runs on this thread, nor on the OpenMP threads under it, while the object lives.
//
//   { const BlockedSignals blocked; dnnl_sgemm(...); }     what arrives meanwhile is handled at the end
//
// For code that uses the stack pointer for something else, on whose memory a handler would write its frame. The OpenMP threads
// of the caller block signals from then on for good (new ones start as the caller is at that time), so that a signal to the process
// waits for the caller; inside a parallel region only the caller is looked at. Signals that report an error of the thread itself
// (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT) are not blocked. POSIX.
#pragma once

#include <csignal>

#include <pthread.h>

#include <rondo/backend/cpu/threads.hpp>

namespace rondo {

class BlockedSignals {
 public:
  BlockedSignals() {
    block(&before_);
    if (thread_count() == 1) return;
#pragma omp parallel
    {
      static thread_local bool blocked = false;
      if (!blocked && thread_number() != 0) block(nullptr), blocked = true;
    }
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  static void block(sigset_t* before) {
    sigset_t set;
    ::sigfillset(&set);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) ::sigdelset(&set, own);
    ::pthread_sigmask(SIG_BLOCK, &set, before);
  }
  sigset_t before_;
};

}  // namespace rondo

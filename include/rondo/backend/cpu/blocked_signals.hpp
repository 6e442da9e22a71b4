// BlockedSignals: no signal handler runs on this thread while the object lives.
//
//   { const BlockedSignals blocked; dnnl_sgemm(...); }     what arrives meanwhile is handled at the end, or by another thread
//
// For code that uses the stack pointer for something else, on whose memory a handler would write its frame. Signals that report an error of
// the thread itself (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT) are not blocked. POSIX.
#pragma once

#include <csignal>

#include <pthread.h>

namespace rondo {

class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) ::sigdelset(&set, own);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace rondo

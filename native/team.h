// The threads that share the work of an op. TensorFlow's own pool puts its threads to sleep between two ops, and waking
// one takes longer than many ops of a training step; these threads spin for a moment before they sleep.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace thaw {

class Team {
 public:
  // The team of this process, with `threads` members, the caller included, at its first call.
  static Team& shared(int threads) {
    static Team* team = new Team(threads);  // never ended: its threads may still look for work when the process ends
    return *team;
  }

  // Runs `work(begin, end)` over [0, total) in about `pieces` parts of about the same size. Returns when all is done; throws
  // what one of the parts has thrown, then.
  template <typename Work>
  void run(int64_t total, int64_t pieces, const Work& work) {
    pieces = std::min(pieces, total);
    std::unique_lock<std::mutex> only(running_, std::defer_lock);
    if (pieces <= 1 || helpers_ == 0 || !only.try_lock()) return work(0, total);
    call_ = [](const void* work, int64_t begin, int64_t end) { (*static_cast<const Work*>(work))(begin, end); };
    work_ = &work;
    total_ = total;
    pieces_ = pieces;
    done_.store(0, std::memory_order_relaxed);
    epoch_ += 1;
    open_.store(epoch_ << 32 | static_cast<uint64_t>(pieces));
    if (asleep_.load() > 0) {
      std::lock_guard<std::mutex> lock(sleep_);
      wake_.notify_all();
    }
    while (takePiece()) {
    }
    for (int64_t spins = 0; done_.load(std::memory_order_acquire) < pieces; ++spins) rest(spins);
    if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  static constexpr int64_t kLookOut = 100;  // microseconds, some ops' worth: a training step's next op comes sooner

  explicit Team(int threads) : helpers_(std::max(0, threads - 1)) {
    for (int i = 0; i < helpers_; ++i) std::thread([this] { help(); }).detach();
  }

  // Takes one of the pieces left and does it; false where none is left. The number of pieces left and the number of the
  // run they belong to are one word, so that a piece is never taken from a run that is over.
  bool takePiece() {
    uint64_t open = open_.load(std::memory_order_acquire);
    do {
      if ((open & 0xffffffffu) == 0) return false;
    } while (!open_.compare_exchange_weak(open, open - 1, std::memory_order_acq_rel));
    const int64_t left = static_cast<int64_t>(open & 0xffffffffu);
    const int64_t index = pieces_ - left;
    try {
      call_(work_, total_ * index / pieces_, total_ * (index + 1) / pieces_);
    } catch (...) {
      std::lock_guard<std::mutex> lock(failing_);
      failure_ = std::current_exception();
    }
    done_.fetch_add(1, std::memory_order_release);
    return true;
  }

  void help() {
    while (true) {
      while (takePiece()) {
      }
      const auto began = std::chrono::steady_clock::now();
      for (int64_t spins = 1; !isOpen(); ++spins) {
        rest(spins & 63);
        if (spins % 64 == 0 && std::chrono::steady_clock::now() - began > std::chrono::microseconds(kLookOut)) {
          std::unique_lock<std::mutex> lock(sleep_);
          asleep_.fetch_add(1);
          wake_.wait(lock, [this] { return isOpen(); });
          asleep_.fetch_sub(1);
          break;
        }
      }
    }
  }

  bool isOpen() const { return (open_.load() & 0xffffffffu) != 0; }

  // A moment's wait; longer ones give the core to whoever needs it.
  static void rest(int64_t spins) {
    if (spins > 2000) {
      std::this_thread::yield();
      return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }

  const int helpers_;
  std::mutex running_;
  // What is run; written only while no piece is open.
  void (*call_)(const void*, int64_t, int64_t) = nullptr;
  const void* work_ = nullptr;
  int64_t total_ = 0;
  int64_t pieces_ = 0;
  uint64_t epoch_ = 0;
  std::mutex failing_;
  std::exception_ptr failure_;
  alignas(64) std::atomic<uint64_t> open_{0};  // number of the run, pieces left
  alignas(64) std::atomic<int64_t> done_{0};
  std::atomic<int> asleep_{0};
  std::mutex sleep_;
  std::condition_variable wake_;
};

}  // namespace thaw

// Drives one generated top through a file of events and records what comes out.
//
//   harness EVENTS TAKEN SHOWN SEED RESET_CYCLES [+verilator+...]
//
// EVENTS, 32-bit little-endian words, per event:
//   gap          int32: the event is offered from the earliest legal edge + gap on, and held until
//                it is taken. The earliest legal edge is INTERVAL after the last event taken, or the
//                one after a reset. A negative gap offers it while ready_o should still be low.
//   reset_after  0: none; k: rst_i is high at the k-th edge after the one that took this event
//   data         the input ports, each padded to whole words
// TAKEN: per event taken, the edge that took it, uint64.
// SHOWN: per edge that sees valid_o high, the edge, uint64, then the output ports' words.
//
// Edges are counted from power-up. rst_i is high at the first RESET_CYCLES of them, and valid_o is
// believed from then on. While valid_i is low the data inputs carry noise, and so does valid_i
// while rst_i is high.
//
// Exit code 0: all events offered and taken; 2: files or arguments; 3: ready_o stayed low (the
// records up to there are written).

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <type_traits>
#include <vector>

#include "harness_ports.h"
#include "verilated.h"

namespace {

using Word = std::uint32_t;
using Edge = std::uint64_t;
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the files are little-endian");

constexpr Edge PATIENCE = 4 * (static_cast<Edge>(LATENCY) + INTERVAL) + 1000;
constexpr Edge DRAIN = 2 * static_cast<Edge>(LATENCY) + INTERVAL + 8;

// Verilator's port types: unsigned integers of 8 to 64 bits, and VlWide beyond.
template <typename T>
void put_words(T& port, const Word* words, unsigned count) {
    if constexpr (!std::is_integral_v<T>) {
        for (unsigned i = 0; i < count; ++i) port[i] = words[i];
    } else if constexpr (sizeof(T) > sizeof(Word)) {
        port = static_cast<T>(words[0]) | (static_cast<T>(words[1]) << 32);
    } else {
        port = static_cast<T>(words[0]);
    }
}

template <typename T>
void get_words(const T& port, Word* words, unsigned count) {
    if constexpr (!std::is_integral_v<T>) {
        for (unsigned i = 0; i < count; ++i) words[i] = port[i];
    } else if constexpr (sizeof(T) > sizeof(Word)) {
        words[0] = static_cast<Word>(port);
        words[1] = static_cast<Word>(port >> 32);
    } else {
        words[0] = static_cast<Word>(port);
    }
}

// xorshift64*: noise that is cheap and repeatable.
class Noise {
  public:
    explicit Noise(std::uint64_t seed) : state_{seed * 0x9E3779B97F4A7C15ull | 1} {}
    Word next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return static_cast<Word>((state_ * 0x2545F4914F6CDD1Dull) >> 32);
    }

  private:
    std::uint64_t state_;
};

class File {
  public:
    File(const char* path, const char* mode) : file_{std::fopen(path, mode)} {
        if (!file_) fail(path);
        std::setvbuf(file_, nullptr, _IOFBF, 1 << 20);
    }
    ~File() {
        if (file_) std::fclose(file_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    bool read(Word* words, std::size_t count) {
        const std::size_t got = std::fread(words, sizeof(Word), count, file_);
        if (got != 0 && got != count) fail("events: the last one is cut");
        return got == count;
    }
    template <typename T>
    void write(const T* items, std::size_t count) {
        if (std::fwrite(items, sizeof(T), count, file_) != count) fail("results");
    }
    void close() {
        if (std::fclose(file_) != 0) fail("results");
        file_ = nullptr;
    }
    [[noreturn]] static void fail(const char* what) {
        std::perror(what);
        std::exit(2);
    }

  private:
    std::FILE* file_;
};

struct Event {
    std::vector<Word> words = std::vector<Word>(2 + IN_WORDS);
    std::int32_t gap() const { return static_cast<std::int32_t>(words[0]); }
    Word reset_after() const { return words[1]; }
    const Word* data() const { return words.data() + 2; }
};

class Bench {
  public:
    Bench(Vdut& top, File& events, File& taken, File& shown, std::uint64_t seed, Edge reset_edges)
        : top_{top}, events_{events}, taken_{taken}, shown_{shown}, noise_{seed},
          reset_edges_{reset_edges}, end_{reset_edges + DRAIN} {}

    // Returns false if ready_o stayed low.
    bool run() {
        advance(reset_edges_);
        for (; more_ || edge_ < end_; ++edge_) {
            if (more_ && edge_ > offer_at_ + PATIENCE) return false;
            cycle();
        }
        return true;
    }

  private:
    void cycle() {
        const bool reset = edge_ < reset_edges_ || resets_.erase(edge_) != 0;
        const bool offered = more_ && edge_ >= offer_at_;
        drive(reset, offered);
        top_.clk_i = 0;
        top_.eval();
        if (top_.valid_o && edge_ >= reset_edges_) show();
        const bool taken = offered && top_.ready_o && !reset;
        top_.clk_i = 1;
        top_.eval();
        if (taken) take();
        if (reset && more_ && !offered) shorten();
    }

    void drive(bool reset, bool offered) {
        top_.rst_i = reset;
        top_.valid_i = offered || (reset && (noise_.next() & 1));
        if (offered) {
            const Word* data = event_.data();
            for_each_input(top_, [data](auto& port, unsigned word, unsigned count, unsigned) {
                put_words(port, data + word, count);
            });
            return;
        }
        for_each_input(top_, [this](auto& port, unsigned, unsigned count, unsigned width) {
            for (unsigned i = 0; i < count; ++i) scratch_[i] = noise_.next();
            if (width % 32) scratch_[count - 1] &= (Word{1} << (width % 32)) - 1;
            put_words(port, scratch_.data(), count);
        });
    }

    void show() {
        for_each_output(top_, [this](auto& port, unsigned word, unsigned count) {
            get_words(port, record_.data() + 2 + word, count);
        });
        record_[0] = static_cast<Word>(edge_);
        record_[1] = static_cast<Word>(edge_ >> 32);
        shown_.write(record_.data(), record_.size());
    }

    void take() {
        taken_.write(&edge_, 1);
        if (event_.reset_after()) resets_.insert(edge_ + event_.reset_after());
        end_ = (resets_.empty() ? edge_ : *resets_.rbegin()) + DRAIN;
        last_ = edge_;
        advance(edge_ + INTERVAL);
    }

    // Reads the next event and decides from which edge on it is offered.
    void advance(Edge legal) {
        more_ = events_.read(event_.words.data(), event_.words.size());
        offer_at_ = shifted(legal, last_);
    }

    // A reset makes the design ready at the edge after it.
    void shorten() {
        const Edge after = shifted(edge_ + 1, edge_);
        if (after < offer_at_) offer_at_ = after;
    }

    Edge shifted(Edge legal, Edge after) const {
        const auto edge = static_cast<std::int64_t>(legal) + event_.gap();
        return edge > static_cast<std::int64_t>(after) ? static_cast<Edge>(edge) : after + 1;
    }

    Vdut& top_;
    File& events_;
    File& taken_;
    File& shown_;
    Noise noise_;
    Edge reset_edges_;
    Edge end_;
    Edge edge_ = 0;
    Edge offer_at_ = 0;
    Edge last_ = 0;
    bool more_ = false;
    Event event_;
    std::set<Edge> resets_;
    std::vector<Word> scratch_ = std::vector<Word>(IN_WORDS);
    std::vector<Word> record_ = std::vector<Word>(2 + OUT_WORDS);
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: harness EVENTS TAKEN SHOWN SEED RESET_CYCLES\n");
        return 2;
    }
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vdut top{&context};
    File events{argv[1], "rb"};
    File taken{argv[2], "wb"};
    File shown{argv[3], "wb"};
    Bench bench{top,   events,
                taken, shown,
                std::strtoull(argv[4], nullptr, 10), std::strtoull(argv[5], nullptr, 10)};
    const bool ready = bench.run();
    taken.close();
    shown.close();
    top.final();
    return ready ? 0 : 3;
}

// Vectorscan (Hyperscan) in block mode, with each rule as a literal `.rule\n`. A batch is one scan
// over the lines of all its names.
//
// Its compiler cannot be interrupted. It runs in a child process, which sends the database back and
// is killed if it takes too long.

#include <hs.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "benchmarks/matcher/rival.h"

namespace sluice::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostRules = 400'000;
constexpr auto kMostTime = std::chrono::seconds(60);

// The database in its portable form. Empty: compilation failed.
std::vector<char> compiled(const Names& rules) {
  Names framed;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    framed.add('.' + std::string(rules[i]) + '\n');
  }
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  std::vector<unsigned> ids;  // with one ID for all, compilation takes minutes
  for (std::size_t i = 0; i < framed.size(); ++i) {
    texts.push_back(framed[i].data());
    sizes.push_back(framed[i].size());
    ids.push_back(static_cast<unsigned>(i));
  }
  const std::vector<unsigned> flags(texts.size(), 0);
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  char* bytes = nullptr;
  std::size_t size = 0;
  if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                           static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr, &database,
                           &error) != HS_SUCCESS ||
      hs_serialize_database(database, &bytes, &size) != HS_SUCCESS) {
    return {};
  }
  return {bytes, bytes + size};
}

void write_all(int to, const std::vector<char>& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t written = write(to, bytes.data() + at, bytes.size() - at);
    if (written <= 0) return;
    at += static_cast<std::size_t>(written);
  }
}

// Reads until end of file. False: timed out.
bool read_all(int from, std::vector<char>& bytes) {
  const auto until = steady_clock::now() + kMostTime;
  std::vector<char> some(1 << 20);
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now());
    pollfd ready = {.fd = from, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
    const ssize_t got = read(from, some.data(), some.size());
    if (got <= 0) return true;
    bytes.insert(bytes.end(), some.data(), some.data() + got);
  }
}

class Vectorscan final : public Rival {
 public:
  ~Vectorscan() override {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  std::string_view name() const override { return "vectorscan"; }

  std::string build(const Names& rules) override {
    if (rules.size() > kMostRules) return "over 400,000 rules: it takes minutes to compile";
    int ends[2];
    if (pipe(ends) != 0) return "no pipe";
    const pid_t child = fork();
    if (child < 0) return "no child process";
    if (child == 0) {
      close(ends[0]);
      write_all(ends[1], compiled(rules));
      _exit(0);
    }
    close(ends[1]);
    std::vector<char> bytes;
    const bool in_time = read_all(ends[0], bytes);
    close(ends[0]);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (!in_time) return "it did not compile within 60 s";
    if (bytes.empty() ||
        hs_deserialize_database(bytes.data(), bytes.size(), &database_) != HS_SUCCESS ||
        hs_alloc_scratch(database_, &scratch_) != HS_SUCCESS) {
      return "it cannot compile these rules";
    }
    return {};
  }
  Footprint bytes() const override {
    std::size_t database = 0;
    std::size_t scratch = 0;
    hs_database_size(database_, &database);
    hs_scratch_size(scratch_, &scratch);
    return {.hot = database + scratch};
  }

  std::uint64_t count_single(QuerySlice queries) const override {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const auto stop = [](unsigned, unsigned long long, unsigned long long, unsigned, void*) {
        return 1;
      };
      const std::string_view text = queries.framed(i);
      count += hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_,
                       stop, nullptr) == HS_SCAN_TERMINATED
                   ? 1U
                   : 0U;
    }
    return count;
  }

  bool has_batches() const override { return true; }
  std::uint64_t count_batch(QuerySlice queries, std::size_t batch) const override {
    Lines lines;
    for (std::size_t at = 0; at < queries.size(); at += batch) {
      const std::string_view text = queries.framed(at, std::min(batch, queries.size() - at));
      lines.last = 0;
      hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_, count_line,
              &lines);
    }
    return lines.count;
  }

 private:
  // Several rules may cover one name. Their matches end at the same place and come in a row.
  struct Lines {
    std::uint64_t count = 0;
    unsigned long long last = 0;
  };
  static int count_line(unsigned, unsigned long long, unsigned long long end, unsigned,
                        void* context) {
    auto& lines = *static_cast<Lines*>(context);
    lines.count += end != lines.last ? 1U : 0U;
    lines.last = end;
    return 0;
  }

  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

}  // namespace

std::unique_ptr<Rival> make_vectorscan() {
  return std::make_unique<Vectorscan>();
}

}  // namespace sluice::bench

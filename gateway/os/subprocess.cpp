#include "gateway/os/subprocess.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace sluice::os {
namespace {

constexpr std::size_t kMostOutput = 4096;  // bytes that an error quotes

// What the child has for standard input and output, and its signals as programs expect them.
class Setting {
 public:
  Setting() {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    sigset_t ours{};
    sigemptyset(&ours);
    sigaddset(&ours, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &ours);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~Setting() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

  void read_nothing() {
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  void read_from(int descriptor) {
    posix_spawn_file_actions_adddup2(&files_, descriptor, STDIN_FILENO);
  }
  void write_to(int descriptor) {
    posix_spawn_file_actions_adddup2(&files_, descriptor, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files_, descriptor, STDERR_FILENO);
  }
  // What ends a group of processes, or is sent by hand, does not end it.
  void ignore_ends() {
    sigset_t ends{};
    sigemptyset(&ends);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&ends, signal);
    posix_spawnattr_setsigmask(&attributes_, &ends);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  // Error: why it could not be started.
  [[nodiscard]] Result<pid_t, std::string> start(const Words& words) const {
    Words copies = words;
    std::vector<char*> arguments;
    arguments.reserve(copies.size() + 1);
    for (std::string& word : copies) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, arguments[0], &files_, &attributes_, arguments.data(), environ);
    if (error != 0) return fail(std::string(std::strerror(error)));
    return child;
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

struct Pipe {
  Descriptor out, in;  // what is written into `in` comes out of `out`
};

Result<Pipe, std::string> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(std::string(std::strerror(errno)));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Empty: its exit status was 0.
std::string wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return std::strerror(errno);
  }
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) == 0) return {};
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

// To its end, of which the first part is kept.
std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 1024> bytes{};
  for (;;) {
    const ssize_t count = ::read(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    if (text.size() < kMostOutput) text.append(bytes.data(), static_cast<std::size_t>(count));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

std::string run_program(const Words& words) {
  Setting setting;
  setting.read_nothing();
  setting.write_to(STDERR_FILENO);
  const auto child = setting.start(words);
  return child ? wait_for(*child) : child.error();
}

Result<void, std::string> feed_program(const Words& words, std::string_view input) {
  auto program = WaitingProgram::start(words);
  if (!program) return fail(program.error());
  return program->finish(input);
}

Result<WaitingProgram, std::string> WaitingProgram::start(const Words& words) {
  auto input = open_pipe();
  if (!input) return fail(input.error());
  auto output = open_pipe();
  if (!output) return fail(output.error());
  Setting setting;
  setting.read_from(input->out.value());
  setting.write_to(output->in.value());
  setting.ignore_ends();
  const auto child = setting.start(words);
  if (!child) return fail(words.front() + ": " + child.error());
  return WaitingProgram(*child, std::move(input->in), std::move(output->out));
}

WaitingProgram::~WaitingProgram() {
  if (!input_.is_open()) return;
  input_ = Descriptor();
  static_cast<void>(wait_for(child_));
}

Result<void, std::string> WaitingProgram::finish(std::string_view input) {
  // A program that ended already takes nothing, and its output says why.
  sigset_t pipes{};
  sigset_t before{};
  sigemptyset(&pipes);
  sigaddset(&pipes, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipes, &before);
  while (!input.empty()) {
    const ssize_t count = ::write(input_.value(), input.data(), input.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    input.remove_prefix(static_cast<std::size_t>(count));
  }
  constexpr timespec kNow{};
  while (::sigtimedwait(&pipes, nullptr, &kNow) == SIGPIPE) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  input_ = Descriptor();
  const std::string said = read_all(output_.value());
  const std::string problem = wait_for(child_);
  if (problem.empty()) return {};
  return fail(said.empty() ? problem : said);
}

}  // namespace sluice::os

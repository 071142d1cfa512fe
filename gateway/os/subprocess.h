#pragma once

// Runs other programs. No shell reads the words; the program is looked for in PATH. Not for
// workers.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "filters/base/result.h"
#include "gateway/os/descriptor.h"

namespace sluice::os {

using Words = std::vector<std::string>;  // a program and its arguments; not empty

// Runs it to its end. Its input is empty; what it prints goes to our standard error.
// Empty: its exit status was 0. Else why not: `exit status 2`, `No such file or directory`.
[[nodiscard]] std::string run_program(const Words& words);

// Runs it to its end with this input. Error: the first lines that it printed, or why it did not
// end well. REQUIRES: `input` fits a pipe, 64 KiB.
[[nodiscard]] Result<void, std::string> feed_program(const Words& words, std::string_view input);

// A program that waits for its input, out of reach of the signals that end us: so that what it is
// to do last can be done when we may start no programs any more. It does nothing if we die.
class WaitingProgram {
 public:
  [[nodiscard]] static Result<WaitingProgram, std::string> start(const Words& words);
  WaitingProgram(WaitingProgram&&) noexcept = default;
  WaitingProgram& operator=(WaitingProgram&&) = delete;
  // Ends it without input, unless it was given some.
  ~WaitingProgram();

  // Gives it its input and waits for its end. REQUIRES: `input` fits a pipe; not called before.
  [[nodiscard]] Result<void, std::string> finish(std::string_view input);

 private:
  WaitingProgram(pid_t child, Descriptor input, Descriptor output)
      : child_(child), input_(std::move(input)), output_(std::move(output)) {}

  pid_t child_;
  Descriptor input_, output_;
};

}  // namespace sluice::os

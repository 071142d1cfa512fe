#pragma once

// The bpf system call. Needs no library, so that every build can check.

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sluice::io {

// A descriptor or 0; -1: errno says why.
[[nodiscard]] inline long bpf_call(bpf_cmd command, bpf_attr& attributes) noexcept {
  return ::syscall(__NR_bpf, command, &attributes, sizeof attributes);
}

}  // namespace sluice::io

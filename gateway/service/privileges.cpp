#include "gateway/service/privileges.h"

#include <cap-ng.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace sluice::service {
namespace {

// What root keeps. A service has none of them.
constexpr std::array<unsigned, 3> kKept = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
                                           CAP_NET_BIND_SERVICE};

// Not ptrace(2): the leak checker of the sanitizers needs it, and without capabilities it reaches
// only processes of the same user.
constexpr auto kDenied = std::to_array<int>({
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(add_key),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(keyctl),
    SCMP_SYS(request_key),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(open_by_handle_at),
});

// Of bpf(2), what works on maps and links that are open already.
constexpr std::array kAllowedBpf = {BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM,
                                    BPF_MAP_GET_NEXT_KEY, BPF_OBJ_GET_INFO_BY_FD};

constexpr std::array kDeniedSockets = {AF_PACKET, AF_XDP, AF_ALG, AF_VSOCK, AF_KEY};

struct ReleaseFilter {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;  // scmp_filter_ctx

std::string reason(int error) {
  return std::generic_category().message(error);
}

// Zero, or a negative error number.
int deny(const Filter& filter, int call, std::initializer_list<scmp_arg_cmp> condition = {}) {
  const std::vector<scmp_arg_cmp> conditions(condition);
  const int error =
      seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), call,
                             static_cast<unsigned>(conditions.size()), conditions.data());
  return error == -EDOM ? 0 : error;  // this architecture has no such call
}

scmp_arg_cmp first_is(scmp_compare how, scmp_datum_t value) {
  return {.arg = 0, .op = how, .datum_a = value, .datum_b = 0};
}

// The kernel looks at commands below `last` one by one, and at all others at once.
int deny_bpf(const Filter& filter) {
  constexpr unsigned kLast = BPF_OBJ_GET_INFO_BY_FD;
  for (unsigned command = 0; command <= kLast; ++command) {
    const auto is_it = [command](auto allowed) {
      return static_cast<unsigned>(allowed) == command;
    };
    if (std::ranges::any_of(kAllowedBpf, is_it)) continue;
    if (const int error = deny(filter, SCMP_SYS(bpf), {first_is(SCMP_CMP_EQ, command)})) {
      return error;
    }
  }
  return deny(filter, SCMP_SYS(bpf), {first_is(SCMP_CMP_GT, kLast)});
}

int fill(const Filter& filter) {
  // For all threads, in one step; and without what the kernel would switch off in the processor.
  for (const auto attribute : {SCMP_FLTATR_CTL_TSYNC, SCMP_FLTATR_CTL_SSB}) {
    if (const int error = seccomp_attr_set(filter.get(), attribute, 1)) return error;
  }
  for (const int call : kDenied) {
    if (const int error = deny(filter, call)) return error;
  }
  for (const int family : kDeniedSockets) {
    const auto value = static_cast<scmp_datum_t>(family);
    if (const int error = deny(filter, SCMP_SYS(socket), {first_is(SCMP_CMP_EQ, value)})) {
      return error;
    }
  }
  return deny_bpf(filter);
}

// Of those that the calling thread has.
Result<void, std::string> keep_only(std::vector<unsigned> kept) {
  if (capng_get_caps_process() != 0) {
    return fail("privileges cannot be read: " + reason(errno));
  }
  std::erase_if(kept, [](unsigned capability) {
    return capng_have_capability(CAPNG_PERMITTED, capability) == 0;
  });
  capng_clear(CAPNG_SELECT_CAPS);
  for (const unsigned capability : kept) {
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                 capability);
  }
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
    return fail("privileges cannot be given up: " + reason(errno));
  }
  return {};
}

}  // namespace

Result<void, std::string> drop_capabilities(NetAdmin net_admin) {
  std::vector<unsigned> kept(kKept.begin(), kKept.end());
  if (net_admin == NetAdmin::keep) kept.push_back(CAP_NET_ADMIN);
  return keep_only(std::move(kept));
}

Result<void, std::string> keep_net_admin_only() {
  return keep_only({CAP_NET_ADMIN});
}

Result<void, std::string> deny_system_calls() {
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return fail(std::string("system calls cannot be denied: no memory"));
  int error = fill(filter);
  if (error == 0) error = seccomp_load(filter.get());
  if (error != 0) return fail("system calls cannot be denied: " + reason(-error));
  return {};
}

}  // namespace sluice::service

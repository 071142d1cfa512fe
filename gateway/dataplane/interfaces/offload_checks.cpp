#include "gateway/dataplane/interfaces/offload_checks.h"

#include <initializer_list>

namespace sluice::io {
namespace {

struct NamedOffload {
  const char* word;  // as `ethtool -K` takes it
  Offload state;
};

// What is on, and the command that switches off what can be.
struct SwitchedOn {
  std::string words;
  bool some_fixed = false;
  Command off;
};

SwitchedOn switched_on(const std::string& interface, std::initializer_list<NamedOffload> offloads) {
  SwitchedOn result;
  std::vector<std::string> words = {"ethtool", "-K", interface};
  for (const auto& [word, state] : offloads) {
    if (!state.on) continue;
    result.words += (result.words.empty() ? "" : ", ") + std::string(word);
    result.some_fixed |= state.fixed;
    if (!state.fixed) words.insert(words.end(), {word, "off"});
  }
  if (words.size() > 3) result.off = {std::move(words), true};
  return result;
}

std::string and_fixed(const SwitchedOn& on) {
  return on.some_fixed ? ", and the driver does not let all be switched off" : "";
}

// The kernel merges frames behind native XDP, but before generic XDP and packet sockets.
void check_merging(const InterfaceFacts& interface, const Offloads& offloads, CheckList& checks) {
  const std::string& name = interface.name;
  const bool is_xdp = checks.kind() == Kind::xdp;
  // Drivers keep GRO_HW and LRO out of native XDP themselves.
  const SwitchedOn on = is_xdp ? switched_on(name, {{"gro", offloads.gro}})
                               : switched_on(name, {{"gro", offloads.gro},
                                                    {"lro", offloads.lro},
                                                    {"rx-gro-hw", offloads.gro_hw}});
  if (on.words.empty()) return checks.ok(Check::no_merging, name);
  const std::string what = "receive offloads (" + on.words + ") merge frames beyond the MTU";
  if (is_xdp && interface.xdp && interface.xdp->native) {
    return checks.ok(
        Check::no_merging, name,
        on.words + " is on, but merges behind XDP in the driver (not with xdp_mode = \"generic\")");
  }
  if (is_xdp && !interface.xdp) {
    return checks.failed(Check::no_merging, name, what + " if XDP cannot run in the driver", on.off,
                         Severity::slows);
  }
  checks.failed(Check::no_merging, name, what + and_fixed(on), on.off);
}

// A veth hands frames over as their sender left them: unfinished, where a card would finish them.
void check_other_end(const InterfaceFacts& interface, const InterfaceFacts::OtherEnd& end,
                     CheckList& checks) {
  if (end.name.empty() || !end.offloads) {
    return checks.unknown(Check::finished_checksums, interface.name,
                          "the other end of this veth is in another namespace; there, run: "
                          "ethtool -K END tx off tso off gso off");
  }
  const SwitchedOn on = switched_on(
      end.name,
      {{"tx", end.offloads->tx_checksum}, {"tso", end.offloads->tso}, {"gso", end.offloads->gso}});
  if (on.words.empty()) return checks.ok(Check::finished_checksums, interface.name);
  checks.failed(Check::finished_checksums, interface.name,
                "its other end, " + end.name + ", leaves work to a card that is not there (" +
                    on.words + "): checksums are wrong and frames too large" + and_fixed(on),
                on.off);
}

}  // namespace

void check_offloads(const InterfaceFacts& interface, CheckList& checks) {
  const std::string& name = interface.name;
  if (interface.other_end) check_other_end(interface, *interface.other_end, checks);
  if (!interface.offloads) {
    return checks.unknown(Check::no_merging, name, "the driver does not tell its offloads");
  }
  const Offloads& offloads = *interface.offloads;
  check_merging(interface, offloads, checks);
  const SwitchedOn lro = switched_on(name, {{"lro", offloads.lro}});
  checks.add(
      Check::no_lro, name, lro.words.empty(),
      "LRO is on: drivers then refuse XDP, which runs slower outside of them" + and_fixed(lro),
      lro.off);
  const SwitchedOn tags = switched_on(name, {{"rxvlan", offloads.rx_vlan}});
  checks.add(Check::vlan_tags, name, tags.words.empty(),
             "the card takes VLAN tags off frames (rxvlan): XDP programs do not see them, and "
             "frames go on without" +
                 and_fixed(tags),
             tags.off);
}

}  // namespace sluice::io

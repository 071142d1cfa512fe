#include "gateway/dataplane/interfaces/check.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace sluice::io {
namespace {

using enum Severity;

constexpr std::array kKinds = {Kind::pcap, Kind::xdp, Kind::nfqueue};
constexpr std::optional<Severity> kNone;

// What a failed check means to each kind of dataplane.
struct Row {
  Check check;
  std::string_view id, title;
  std::array<std::optional<Severity>, kKinds.size()> severities;  // in the order of kKinds
};

constexpr auto kRows = std::to_array<Row>({
    {Check::kernel, "kernel", "kernel", {note, breaks, note}},
    {Check::btf, "btf", "kernel describes its types (BTF)", {note, note, note}},
    {Check::bpf, "bpf", "BPF maps can be made", {note, breaks, note}},
    {Check::bpf_jit, "bpf_jit", "BPF programs are compiled", {note, slows, note}},
    {Check::bpf_filesystem, "bpf_filesystem", "BPF file system is mounted", {note, risks, note}},
    {Check::xdp_sockets, "xdp_sockets", "AF_XDP sockets can be opened", {note, breaks, note}},
    {Check::locked_memory, "locked_memory", "memory can be locked", {note, risks, note}},
    {Check::packet_queues,
     "packet_queues",
     "packets can be queued (NFQUEUE)",
     {kNone, kNone, breaks}},
    {Check::privileges, "privileges", "this process is privileged", {breaks, breaks, breaks}},
    {Check::cpu_governor, "cpu_governor", "processors run at full speed", {slows, slows, slows}},
    {Check::cpus, "cpus", "processors", {note, note, note}},
    {Check::memory, "memory", "memory", {risks, risks, risks}},
    {Check::named, "named", "is named in the configuration", {breaks, breaks, breaks}},
    {Check::distinct, "distinct", "inside and outside differ", {breaks, breaks, breaks}},
    {Check::same_mtu, "same_mtu", "has the MTU of the other side", {breaks, breaks, kNone}},
    {Check::exists, "exists", "exists", {breaks, breaks, breaks}},
    {Check::up, "up", "is up", {breaks, breaks, breaks}},
    {Check::ethernet, "ethernet", "is Ethernet", {breaks, breaks, kNone}},
    {Check::carrier, "carrier", "has a carrier", {risks, risks, risks}},
    {Check::no_master, "no_master", "belongs to no bridge or bond", {breaks, breaks, kNone}},
    {Check::driver, "driver", "driver", {note, note, note}},
    {Check::no_merging, "no_merging", "receive offloads merge no frames", {breaks, breaks, kNone}},
    {Check::no_lro, "no_lro", "LRO is off", {kNone, slows, kNone}},
    {Check::native_xdp, "native_xdp", "driver runs XDP programs", {kNone, slows, kNone}},
    {Check::redirect_target,
     "redirect_target",
     "frames can be redirected to it",
     {kNone, risks, kNone}},
    {Check::xdp_mtu, "xdp_mtu", "MTU fits XDP in the driver", {kNone, note, kNone}},
    {Check::vlan_tags, "vlan_tags", "XDP programs see VLAN tags", {kNone, risks, kNone}},
    {Check::queues, "queues", "queues", {kNone, slows, kNone}},
    {Check::flow_hash,
     "flow_hash",
     "flows are spread by addresses and ports",
     {kNone, note, kNone}},
    {Check::promiscuous, "promiscuous", "is promiscuous", {kNone, note, kNone}},
    {Check::finished_checksums,
     "finished_checksums",
     "its other end finishes checksums",
     {risks, risks, kNone}},
    {Check::no_address, "no_address", "has no address", {risks, risks, kNone}},
    {Check::no_link_local, "no_link_local", "has no link-local address", {note, note, kNone}},
    {Check::no_forwarding,
     "no_forwarding",
     "the host does not route its packets",
     {risks, risks, kNone}},
    {Check::forwarding, "forwarding", "the host routes its packets", {kNone, kNone, risks}},
    {Check::bridge_filter,
     "bridge_filter",
     "the firewall sees the packets of its bridge",
     {kNone, kNone, breaks}},
    {Check::bridge_tags,
     "bridge_tags",
     "the firewall sees packets in VLAN tags and PPPoE",
     {kNone, kNone, risks}},
    {Check::no_program, "no_program", "runs no XDP program of others", {risks, risks, kNone}},
});

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].check != static_cast<Check>(i)) return false;
  }
  return kRows.size() == static_cast<std::size_t>(Check::no_program) + 1;
}
static_assert(rows_are_in_order(), "a row for each check, in the order of its enumerator");

const Row& row_of(Check check) noexcept {
  return kRows[static_cast<std::size_t>(check)];
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case note:
      return "note";
    case slows:
      return "slows";
    case risks:
      return "risks";
    case breaks:
      return "breaks";
  }
  return "?";
}

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::pcap:
      return "pcap";
    case Kind::xdp:
      return "xdp";
    case Kind::nfqueue:
      return "nfqueue";
  }
  return "?";
}

std::optional<Kind> kind_of(std::string_view word) noexcept {
  for (const Kind kind : kKinds) {
    if (word == to_string(kind)) return kind;
  }
  return std::nullopt;
}

std::string_view id_of(Check check) noexcept {
  return row_of(check).id;
}
std::string_view to_string(Check check) noexcept {
  return row_of(check).title;
}

std::string to_string(const Command& command) {
  std::string text;
  for (const std::string& word : command.words) text += (text.empty() ? "" : " ") + quoted(word);
  return text;
}

std::string to_string(const CheckResult& result) {
  using enum CheckResult::Outcome;
  std::string line = result.subject + ": ";
  if (result.outcome != failed) line += to_string(result.what);
  if (result.outcome == ok && result.found.empty()) return line + ": ok";
  if (result.outcome != failed) return line + ": " + result.found;
  line += result.found;
  if (!result.command.words.empty()) line += "; run: " + to_string(result.command);
  return line;
}

std::optional<Severity> severity_of(Check check, Kind kind) noexcept {
  const auto column = std::ranges::find(kKinds, kind) - kKinds.begin();
  return row_of(check).severities[static_cast<std::size_t>(column)];
}

std::vector<Kind> matters_to(Check check) {
  std::vector<Kind> kinds;
  for (const Kind kind : kKinds) {
    if (severity_of(check, kind).value_or(note) != note) kinds.push_back(kind);
  }
  return kinds;
}

bool matters_to_others(Check check, Kind kind) {
  return severity_of(check, kind) == note && !matters_to(check).empty();
}

std::string problems_of(std::span<const CheckResult> results) {
  std::string lines;
  for (const CheckResult& result : results) {
    if (!result.is_finding() || result.severity != breaks) continue;
    lines += (lines.empty() ? "" : "\n") + to_string(result);
  }
  return lines;
}

CheckResult* CheckList::append(Check what, const std::string& subject) {
  const auto severity = severity_of(what, kind_);
  if (!severity) return nullptr;
  CheckResult& result = results_.emplace_back(what, subject);
  result.severity = *severity;
  return &result;
}

void CheckList::ok(Check what, const std::string& subject, std::string found) {
  if (CheckResult* const result = append(what, subject)) result->found = std::move(found);
}

void CheckList::unknown(Check what, const std::string& subject, std::string why) {
  CheckResult* const result = append(what, subject);
  if (result == nullptr) return;
  result->outcome = CheckResult::Outcome::unknown;
  result->found = std::move(why);
}

void CheckList::failed(Check what, const std::string& subject, std::string found, Command command,
                       Severity at_most) {
  CheckResult* const result = append(what, subject);
  if (result == nullptr) return;
  result->outcome = CheckResult::Outcome::failed;
  result->severity = std::min(result->severity, at_most);
  result->found = std::move(found);
  result->command = std::move(command);
}

bool CheckList::add(Check what, const std::string& subject, bool holds, std::string problem,
                    Command command) {
  if (holds) {
    ok(what, subject);
  } else {
    failed(what, subject, std::move(problem), std::move(command));
  }
  return holds;
}

}  // namespace sluice::io

#include "gateway/dataplane/nfqueue/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sluice::io {
namespace {

constexpr std::size_t kMostName = 15;  // IFNAMSIZ without its end

// IP protocols that show no names: ICMP, IGMP, RSVP, ICMPv6, EIGRP, OSPF, PIM, VRRP, SCTP.
constexpr std::array kNoNames = {1, 2, 46, 58, 88, 89, 103, 112, 132};
// Encapsulations that nobody reads: ESP, minimal encapsulation, IPComp, L2TPv3. A worker has to
// know of them now and then.
constexpr std::array kUnread = {50, 55, 108, 115};

// Of iptables, in its table `security`.
constexpr std::array<std::string_view, 5> kChains = {"SLUICE", "SLUICE-LOOK", "SLUICE-JUDGED",
                                                     "SLUICE-UDP", "SLUICE-UP"};

std::string number(std::uint32_t value) {
  return fmt::format("{:#010x}", value);
}

// `0x10000000/0x70000000`
std::string masked(const Marks& marks, Mark mark) {
  return number(marks.bits(mark)) + '/' + number(marks.mask());
}

// Whatever crosses the outside interface, by whichever other one.
bool takes_all(const RuleSettings& settings) {
  return settings.inside.empty() || settings.local;
}
unsigned last_queue(const RuleSettings& settings) {
  return settings.first_queue + settings.queues - 1U;
}

template <std::size_t kCount>
std::string joined(const std::array<int, kCount>& numbers) {
  std::string text;
  for (const int one : numbers) text += (text.empty() ? "" : ", ") + std::to_string(one);
  return text;
}

// ── nftables ──

class NftScript {
 public:
  explicit NftScript(const RuleSettings& settings) : settings_(settings), marks_(settings.marks) {}

  [[nodiscard]] std::string text() {
    text_ = nftables_removal();
    line("table inet sluice {");
    if (settings_.flowtable) add_flowtable();
    add_queue();
    add_judged();
    add_datagrams();
    add_look();
    add_entries();
    line("}");
    return std::move(text_);
  }

 private:
  void line(std::string_view text) {
    text_ += text;
    text_ += '\n';
  }
  void rule(const std::string& text) { line("    " + text); }
  void open(const std::string& chain) { line("  chain " + chain + " {"); }
  void close() { line("  }"); }

  // The packet's, or the connection's, mark has these bits.
  [[nodiscard]] std::string is(std::string_view whose, Mark mark) const {
    return fmt::format("{} mark and {} == {}", whose, number(marks_.mask()),
                       number(marks_.bits(mark)));
  }
  [[nodiscard]] std::string remember(Mark mark) const {
    return fmt::format("ct mark set ct mark and {} or {}", number(~marks_.mask()),
                       number(marks_.bits(mark)));
  }

  void add_flowtable() {
    line("  flowtable fast {");
    rule("hook ingress priority filter");
    rule(fmt::format("devices = {{ \"{}\", \"{}\" }}", settings_.inside, settings_.outside));
    line("  }");
  }
  void add_queue() {
    open("up");
    const unsigned last = last_queue(settings_);
    rule(fmt::format("queue num {}-{}{}", settings_.first_queue, last,
                     settings_.bypass ? " bypass" : ""));
    close();
  }
  void add_judged() {
    open("judged");
    for (const Mark mark : {Mark::passed, Mark::dropped, Mark::quiet}) {
      rule(is("meta", mark) + ' ' + remember(mark));
    }
    rule(is("meta", Mark::dropped) + " drop");
    rule("meta mark set meta mark and " + number(~marks_.mask()) + " accept");
    close();
  }
  // Offsets are of bits, from the UDP header on.
  void add_datagrams() {
    open("datagrams");
    rule("@th,64,1 1 goto up comment \"QUIC long header\"");
    rule("@th,64,8 20-26 goto up comment \"DTLS record\"");
    rule(is("ct", Mark::passed) + " accept");
    rule("@th,64,8 and 0x89 == 0x09 @th,136,8 0x51 goto up comment \"QUIC of Google\"");
    rule("@th,64,4 6 @th,128,32 0x20010000 goto up comment \"Teredo\"");
    rule("@th,64,4 6 @th,256,32 0x20010000 goto up comment \"Teredo\"");
    rule(is("ct", Mark::quiet) + " accept");
    rule("goto up");
    close();
  }
  void add_look() {
    open("look");
    rule("meta l4proto tcp tcp flags & syn == syn " + remember(Mark::none) + " goto up");
    if (settings_.flowtable) {
      rule("meta l4proto tcp " + is("ct", Mark::passed) + " flow add @fast");
      rule("meta l4proto tcp " + is("ct", Mark::passed) + " accept");
    }
    rule("meta l4proto tcp tcp flags & rst == rst goto up");
    rule(is("ct", Mark::dropped) + " drop");
    rule("meta l4proto tcp goto up");
    rule("meta l4proto udp goto datagrams");
    rule(fmt::format("meta l4proto {{ {} }} accept", joined(kNoNames)));
    for (const std::string_view ip : {"ip", "ip6"}) {
      rule(
          fmt::format("meta l4proto {{ {1} }} meter unread_{0} size 4096 {{ {0} saddr . {0} daddr "
                      "limit rate 1/minute burst 1 packets }} goto up",
                      ip, joined(kUnread)));
    }
    rule(fmt::format("meta l4proto {{ {} }} accept", joined(kUnread)));
    rule("goto up");
    close();
  }
  void add_entries() {
    const std::string in =
        takes_all(settings_) ? "" : fmt::format(" iifname \"{}\"", settings_.inside);
    const std::string out =
        takes_all(settings_) ? "" : fmt::format(" oifname \"{}\"", settings_.inside);
    open("crossing");
    rule("meta mark and " + number(marks_.mask()) + " != 0 goto judged");
    // Most packets go no further than this.
    if (!settings_.flowtable) {
      rule("tcp flags & syn == 0 " + is("ct", Mark::passed) + " accept");
    }
    rule(fmt::format("oifname \"{}\"{} goto look", settings_.outside, in));
    rule(fmt::format("iifname \"{}\"{} goto look", settings_.outside, out));
    close();
    add_hook("forward", "security", "jump crossing");
    if (settings_.local) {
      add_hook("input", "security", "jump crossing");
      add_hook("output", "security", "jump crossing");
    }
    add_hook("output", "raw", is("meta", Mark::injected) + " notrack", "injected");
  }
  void add_hook(const std::string& hook, const std::string& priority, const std::string& text,
                const std::string& name = "") {
    open(name.empty() ? hook : name);
    rule(fmt::format("type filter hook {} priority {}; policy accept;", hook, priority));
    rule(text);
    close();
  }

  const RuleSettings& settings_;
  const Marks& marks_;
  std::string text_;
};

// ── iptables ──

// How u32 (iptables-extensions(8)) finds the UDP payload, and a byte of it.
struct Payload {
  // Of a packet with no more headers than usual.
  [[nodiscard]] std::string at(unsigned byte) const {
    return family == Family::ipv4 ? fmt::format("0>>22&0x3C@{}", 8 + byte)
                                  : std::to_string(40 + 8 + byte);
  }
  Family family;
};

class IptablesScript {
 public:
  IptablesScript(const RuleSettings& settings, Family family)
      : settings_(settings), marks_(settings.marks), family_(family) {}

  [[nodiscard]] std::string text(const Jumps& present) {
    line("*raw");
    line(":SLUICE-OWN - [0:0]");
    rule("SLUICE-OWN", "-m mark --mark " + masked(marks_, Mark::injected) + " -j CT --notrack");
    if (!present.own) rule("OUTPUT", "-j SLUICE-OWN");
    line("COMMIT");
    line("*security");
    for (const std::string_view chain : kChains) line(fmt::format(":{} - [0:0]", chain));
    add_queue();
    add_judged();
    add_datagrams();
    add_look();
    add_entries();
    if (!present.forward) rule("FORWARD", "-j SLUICE");
    want("INPUT", settings_.local, present.input);
    want("OUTPUT", settings_.local, present.output);
    line("COMMIT");
    return std::move(text_);
  }

 private:
  void line(std::string_view text) {
    text_ += text;
    text_ += '\n';
  }
  void rule(std::string_view chain, const std::string& text) {
    line(fmt::format("-A {} {}", chain, text));
  }
  void want(std::string_view chain, bool wanted, bool present) {
    if (wanted != present) line(fmt::format("{} {} -j SLUICE", wanted ? "-A" : "-D", chain));
  }
  [[nodiscard]] std::string is_decided(Mark mark) const {
    return "-m connmark --mark " + masked(marks_, mark);
  }
  [[nodiscard]] std::string remember(Mark mark) const {
    return "-j CONNMARK --set-xmark " + masked(marks_, mark);
  }

  void add_queue() {
    const unsigned last = last_queue(settings_);
    const std::string queues =
        settings_.queues == 1 ? fmt::format("--queue-num {}", last)
                              : fmt::format("--queue-balance {}:{}", settings_.first_queue, last);
    rule("SLUICE-UP", "-j NFQUEUE " + queues + (settings_.bypass ? " --queue-bypass" : ""));
  }
  void add_judged() {
    for (const Mark mark : {Mark::passed, Mark::dropped, Mark::quiet}) {
      rule("SLUICE-JUDGED", "-m mark --mark " + masked(marks_, mark) + ' ' + remember(mark));
    }
    rule("SLUICE-JUDGED", "-m mark --mark " + masked(marks_, Mark::dropped) + " -j DROP");
    rule("SLUICE-JUDGED", "-j MARK --set-xmark " + masked(marks_, Mark::none));
    rule("SLUICE-JUDGED", "-j ACCEPT");
  }
  void add_datagrams() {
    const Payload payload{family_};
    const auto up_if = [&](const std::string& test) {
      rule("SLUICE-UDP", "-m u32 --u32 \"" + test + "\" -j SLUICE-UP");
    };
    // Behind extension headers the payload stands elsewhere.
    if (family_ == Family::ipv6) {
      rule("SLUICE-UDP", "-m u32 ! --u32 \"4>>8&0xFF=17\" -j SLUICE-UP");
    }
    up_if(payload.at(0) + ">>31=1");      // QUIC long header
    up_if(payload.at(0) + ">>24=20:26");  // DTLS record
    rule("SLUICE-UDP", is_decided(Mark::passed) + " -j ACCEPT");
    up_if(payload.at(0) + ">>24&0x89=0x09&&" + payload.at(9) + ">>24=0x51");  // QUIC of Google
    up_if(payload.at(0) + ">>28=6&&" + payload.at(8) + "=0x20010000");        // Teredo
    up_if(payload.at(0) + ">>28=6&&" + payload.at(24) + "=0x20010000");
    rule("SLUICE-UDP", is_decided(Mark::quiet) + " -j ACCEPT");
    rule("SLUICE-UDP", "-j SLUICE-UP");
  }
  void add_look() {
    const std::string_view look = "SLUICE-LOOK";
    rule(look, "-p tcp --tcp-flags SYN SYN " + remember(Mark::none));
    rule(look, "-p tcp --tcp-flags SYN SYN -j SLUICE-UP");
    rule(look, "-p tcp --tcp-flags RST RST -j SLUICE-UP");
    rule(look, is_decided(Mark::dropped) + " -j DROP");
    rule(look, "-p tcp -j SLUICE-UP");
    rule(look, "-p udp -j SLUICE-UDP");
    for (const int protocol : kNoNames) rule(look, fmt::format("-p {} -j ACCEPT", protocol));
    for (const int protocol : kUnread) {
      rule(look, fmt::format("-p {} -m hashlimit --hashlimit-upto 1/minute --hashlimit-burst 1 "
                             "--hashlimit-mode srcip,dstip --hashlimit-htable-max 4096 "
                             "--hashlimit-name sluice-{}-{} -j SLUICE-UP",
                             protocol, protocol, family_ == Family::ipv4 ? 4 : 6));
      rule(look, fmt::format("-p {} -j ACCEPT", protocol));
    }
    rule(look, "-j SLUICE-UP");
  }
  void add_entries() {
    const bool all = takes_all(settings_);
    rule("SLUICE", "-m mark ! --mark " + masked(marks_, Mark::none) + " -j SLUICE-JUDGED");
    // Most packets go no further than this.
    rule("SLUICE", "-p tcp --tcp-flags SYN NONE " + is_decided(Mark::passed) + " -j ACCEPT");
    if (settings_.bridged) return add_bridge_entries();
    rule("SLUICE", fmt::format("-o {}{} -j SLUICE-LOOK", settings_.outside,
                               all ? "" : " -i " + settings_.inside));
    rule("SLUICE", fmt::format("-i {}{} -j SLUICE-LOOK", settings_.outside,
                               all ? "" : " -o " + settings_.inside));
  }
  // For the firewall, packets of a bridge come in at the bridge and leave it there.
  void add_bridge_entries() {
    for (const auto& [in, out] : {std::pair(settings_.inside, settings_.outside),
                                  std::pair(settings_.outside, settings_.inside)}) {
      rule("SLUICE", fmt::format("-m physdev --physdev-is-bridged --physdev-in {} --physdev-out {} "
                                 "-j SLUICE-LOOK",
                                 in, out));
    }
  }

  const RuleSettings& settings_;
  const Marks& marks_;
  Family family_;
  std::string text_;
};

// An interface name that no script reads as something else; iptables takes a `+` at the end for any
// name that begins so.
bool is_plain_name(std::string_view name) {
  return name.size() <= kMostName && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-' || c == '@' || c == ':';
         });
}

}  // namespace

Result<void, std::string> check_rules(const RuleSettings& settings) {
  if (settings.outside.empty()) return fail(std::string("no outside interface"));
  for (const std::string& name : {settings.inside, settings.outside}) {
    if (!is_plain_name(name)) return fail("\"" + name + "\" cannot be named in firewall rules");
  }
  if (settings.bridged && settings.local) {
    return fail(settings.inside + " and " + settings.outside +
                " are ports of a bridge: `local` is for routers");
  }
  if (settings.queues == 0 || settings.first_queue > 0xffff - (settings.queues - 1)) {
    return fail(std::to_string(settings.queues) + " queues from " +
                std::to_string(settings.first_queue) + " on: the last is 65535");
  }
  return {};
}

std::string nftables_rules(const RuleSettings& settings) {
  return NftScript(settings).text();
}

// Removing needs something that is there.
std::string nftables_removal() {
  return "table inet sluice\ndelete table inet sluice\n";
}

std::string iptables_rules(const RuleSettings& settings, Family family, const Jumps& present) {
  return IptablesScript(settings, family).text(present);
}

std::string iptables_removal(const Jumps& present) {
  std::string text = "*raw\n";
  if (present.own) text += "-D OUTPUT -j SLUICE-OWN\n";
  text += "-F SLUICE-OWN\n-X SLUICE-OWN\nCOMMIT\n*security\n";
  for (const auto& [chain, has_jump] :
       {std::pair("FORWARD", present.forward), std::pair("INPUT", present.input),
        std::pair("OUTPUT", present.output)}) {
    if (has_jump) text += fmt::format("-D {} -j SLUICE\n", chain);
  }
  // None can go while another jumps to it.
  for (const std::string_view what : {"-F", "-X"}) {
    for (const std::string_view chain : kChains) text += fmt::format("{} {}\n", what, chain);
  }
  return text + "COMMIT\n";
}

}  // namespace sluice::io

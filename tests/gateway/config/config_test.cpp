#include "gateway/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "gateway/config/timetable.h"
#include "tests/gateway/config/errors.h"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFile = "/etc/sluice/sluice.toml";

Config good(std::string_view text, const std::filesystem::path& file = kFile) {
  auto config = parse(text, file);
  if (config) return std::move(*config);
  for (const ConfigError& error : config.error()) ADD_FAILURE() << error.to_string();
  return {};
}

TEST(Config, PrefixesOfNat64AreChecked) {
  const Nat64 ours = good("[lists]\nnat64 = [\"2001:db8:64::/96\"]\n").live.nat64;
  EXPECT_FALSE(ours.embedded(*IpAddress::parse("64:ff9b::192.0.2.1")));  // in place of the default
  EXPECT_THAT(errors_of("[lists]\nnat64 = [\"64:ff9b::/95\", \"10.0.0.0/8\", \"x\"]\n"),
              ElementsAre(HasSubstr("sluice.toml:2: lists.nat64[0]: \"64:ff9b::/95\" is no prefix"),
                          HasSubstr("lists.nat64[1]: \"10.0.0.0/8\" is no prefix"),
                          HasSubstr("lists.nat64[2]: \"x\" is not an IP address")));
}

TEST(Config, AnEmptyFileGivesDefaults) {
  const Config config = good("");
  EXPECT_EQ(config.start.inside, "");
  EXPECT_EQ(config.start.buffer_mib, 16U);
  EXPECT_FALSE(config.start.asymmetric);
  EXPECT_EQ(config.start.flows, 65536U);
  EXPECT_EQ(config.start.metrics_listen, "127.0.0.1:9464");
  EXPECT_EQ(config.start.log_level, "info");
  EXPECT_EQ(config.live.verdicts.unjudged, Fallback::drop);
  EXPECT_THAT(config.live.lists, IsEmpty());
  EXPECT_THAT(config.live.policies, IsEmpty());
}

// Bug: whatever the list named, all tunnels were looked into.
TEST(Config, LooksIntoNoTunnelButThoseNamed) {
  packet::Tunnels two;
  two.add(packet::Tunnel::gre);
  two.add(packet::Tunnel::vxlan);
  EXPECT_EQ(good("[dataplane]\ntunnels = [\"gre\", \"vxlan\"]").start.tunnels, two);
  EXPECT_EQ(good("[dataplane]\ntunnels = [\"none\"]").start.tunnels, packet::Tunnels{});
  EXPECT_EQ(good("[dataplane]").start.tunnels, packet::Tunnels::all());
  EXPECT_THAT(errors_of("[dataplane]\ntunnels = [\"gre\", \"ipsec\"]"),
              ElementsAre(HasSubstr("\"ipsec\" is not a known tunnel")));
}

TEST(Config, ReadsWhatIsFixedAtStart) {
  const StartSettings start = good(R"(
    [dataplane]
    type = "pcap"
    workers = 4
    cpus = [6, 4, 2, 0]
    link_state = "propagate"
    inside = "lan0"
    outside = "wan0"
    buffer_mib = 64
    asymmetric = true
    [limits]
    flows = 4096
    streams = 32
    quic_flows = 2048
    quic_streams = 64
    quic_initials_per_second = 50
    audit_ring = 512
    idle_timeout_seconds = 60
    [endpoints]
    enable = true
    resolver = "[2001:db8::53]:5353"
    per_second = 50
    most_names = 10
    refresh_seconds = 600
    [suggest]
    enable = true
    file = "/var/lib/sluice/suggestions.json"
    names = 128
    [metrics]
    listen = "[::1]:9999"
    [audit]
    file = "/var/log/sluice/audit.jsonl"
    pseudonymise_clients = true
    key_file = "/etc/sluice/audit.key"
    [control]
    socket = "control.sock"
    read_group = "operators"
    admin_group = "wheel"
    [log]
    level = "debug"
  )")
                                  .start;
  EXPECT_EQ(start.dataplane, io::Kind::pcap);
  EXPECT_EQ(start.workers, 4U);
  EXPECT_THAT(start.cpus, ElementsAre(6, 4, 2, 0));
  EXPECT_EQ(start.link_state, io::LinkState::propagate);
  EXPECT_EQ(start.inside, "lan0");
  EXPECT_EQ(start.outside, "wan0");
  EXPECT_EQ(start.buffer_mib, 64U);
  EXPECT_TRUE(start.asymmetric);
  EXPECT_EQ(start.flows, 4096U);
  EXPECT_EQ(start.streams, 32U);
  EXPECT_EQ(start.quic_flows, 2048U);
  EXPECT_EQ(start.quic_streams, 64U);
  EXPECT_EQ(start.quic_initials_per_second, 50U);
  EXPECT_EQ(start.audit_ring, 512U);
  EXPECT_EQ(start.idle_timeout, std::chrono::seconds(60));
  EXPECT_TRUE(start.endpoints.enable);
  EXPECT_EQ(start.endpoints.resolver, "[2001:db8::53]:5353");
  EXPECT_EQ(start.endpoints.per_second, 50U);
  EXPECT_EQ(start.endpoints.most_names, 10U);
  EXPECT_EQ(start.endpoints.refresh_seconds, 600U);
  EXPECT_TRUE(start.suggest.enable);
  EXPECT_EQ(start.suggest.file, "/var/lib/sluice/suggestions.json");
  EXPECT_EQ(start.suggest.names, 128U);
  EXPECT_EQ(start.metrics_listen, "[::1]:9999");
  EXPECT_EQ(start.audit_file, "/var/log/sluice/audit.jsonl");
  EXPECT_TRUE(start.audit_pseudonymise);
  EXPECT_EQ(start.audit_key_file, "/etc/sluice/audit.key");
  EXPECT_EQ(start.control_socket, "/etc/sluice/control.sock");
  EXPECT_EQ(start.control_read_group, "operators");
  EXPECT_EQ(start.control_admin_group, "wheel");
  EXPECT_EQ(start.log_level, "debug");
}

TEST(Config, ReadsWhatIsSwappedAtReload) {
  const LiveSettings live = good(R"(
    [verdicts]
    malformed = "drop"
    unjudged = "pass"
    fragments = "drop"
    quic_unknown = "drop"
    checksums = "ignore"
    ech = "strip"
    [dns]
    ports = [53, 5300]
    judge_service_targets = true
    exceptions_cover_answers = false
    refusal_ttl_seconds = 300
    trusted_resolvers = ["192.0.2.53", "2001:db8:53::/48"]
    [reload]
    kill_open_flows = true
    [lists]
    critical = "/lists/critical.txt"
    popular = "popular.txt"
    nat64 = ["64:ff9b::/96", "2001:db8:64::/48"]
    [[list]]
    app = "chat"
    file = "/lists/chat.hosts"
    name = "chat-hosts"
    format = "hosts"
    force = true
    [[list]]
    file = "/lists/let-through.list"
    exceptions = true
    [[list]]
    app = "chat"
    file = "/lists/chat-exceptions.list"
    exceptions = true
    [[policy]]
    name = "office"
    clients = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]
    apps = ["chat"]
    action = "reject"
    answer = "sinkhole"
    sinkhole = ["192.0.2.80", "2001:db8::80"]
  )")
                                .live;
  EXPECT_EQ(live.verdicts.malformed, Fallback::drop);
  EXPECT_EQ(live.verdicts.unjudged, Fallback::pass);
  EXPECT_EQ(live.verdicts.fragments, Fallback::drop);
  EXPECT_EQ(live.verdicts.quic_unknown, Fallback::drop);
  EXPECT_EQ(live.verdicts.checksums, Checksums::ignore);
  EXPECT_EQ(live.verdicts.ech, Ech::strip);
  EXPECT_TRUE(live.dns.has(Port{53}) && live.dns.has(Port{5300}));
  EXPECT_EQ(live.dns.port_count, 2U);
  EXPECT_TRUE(live.dns.service_targets);
  EXPECT_FALSE(live.dns.exceptions_cover_answers);
  EXPECT_EQ(live.dns.refusal_ttl, 300U);
  EXPECT_TRUE(live.dns.trusts(*IpAddress::parse("192.0.2.53")));
  EXPECT_TRUE(live.dns.trusts(*IpAddress::parse("2001:db8:53:1::2")));
  EXPECT_FALSE(live.dns.trusts(*IpAddress::parse("192.0.2.54")));
  EXPECT_TRUE(live.kill_open_flows);
  EXPECT_EQ(live.critical, "/lists/critical.txt");
  EXPECT_EQ(live.popular, "/etc/sluice/popular.txt");
  EXPECT_TRUE(live.nat64.embedded(*IpAddress::parse("64:ff9b::192.0.2.1")));
  EXPECT_TRUE(live.nat64.embedded(*IpAddress::parse("2001:db8:64::1")));
  EXPECT_FALSE(live.image);
  ASSERT_EQ(live.lists.size(), 3U);
  EXPECT_EQ(live.lists[0].app, "chat");
  EXPECT_EQ(live.lists[0].source.name(), "/lists/chat.hosts");
  EXPECT_EQ(live.lists[0].name, "chat-hosts");
  EXPECT_EQ(live.lists[0].format, lists::Format::hosts);
  EXPECT_TRUE(live.lists[0].forced);
  EXPECT_FALSE(live.lists[0].exceptions);
  EXPECT_EQ(live.lists[1].app, "*");
  EXPECT_EQ(live.lists[1].name, "let-through");
  EXPECT_TRUE(live.lists[1].exceptions);
  EXPECT_EQ(live.lists[2].app, "chat");
  ASSERT_EQ(live.policies.size(), 1U);
  EXPECT_EQ(live.policies[0].name, "office");
  EXPECT_EQ(live.policies[0].action, policy::Action::reject);
  EXPECT_EQ(live.policies[0].answer.kind, policy::DnsAnswerKind::sinkhole);
  EXPECT_EQ(live.policies[0].answer.ipv4, IpAddress::parse("192.0.2.80"));
  EXPECT_EQ(live.policies[0].answer.ipv6, IpAddress::parse("2001:db8::80"));
  EXPECT_THAT(live.policies[0].apps, ElementsAre("chat"));
  EXPECT_THAT(live.policies[0].clients,
              ElementsAre(*IpPrefix::parse("10.0.0.0/8"), *IpPrefix::parse("2001:db8::/32"),
                          *IpPrefix::parse("192.0.2.7/32")));
}

TEST(Config, ReadsWhatAReloadMayChange) {
  const ReloadGuard guard =
      good("[reload]\nmax_shrink = 100\nmax_refused = 0\nmax_newly_blocked = 7").live.guard;
  EXPECT_EQ(guard.max_shrink, 100U);
  EXPECT_EQ(guard.max_refused, 0U);
  EXPECT_EQ(guard.max_newly_blocked, 7U);
  EXPECT_THAT(
      errors_of("[reload]\nmax_shrink = 101\nmax_refused = -1"),
      ElementsAre("sluice.toml:2: reload.max_shrink: must be a whole number from 0 to 100",
                  "sluice.toml:3: reload.max_refused: must be a whole number from 0 to 100"));
}

TEST(Config, ReadsWhoMayReadTheMetrics) {
  EXPECT_THAT(good("").start.metrics_allow, IsEmpty());
  EXPECT_THAT(good("[metrics]\nallow = [\"127.0.0.1\", \"2001:db8::/32\"]").start.metrics_allow,
              ElementsAre(*IpPrefix::parse("127.0.0.1"), *IpPrefix::parse("2001:db8::/32")));
  EXPECT_THAT(errors_of("[metrics]\nallow = [\"office\"]"),
              ElementsAre(HasSubstr(":2: metrics.allow[0]: \"office\" is not an IP address")));
}

TEST(Config, EveryWordOfAChoiceIsKnown) {
  for (const char* level : {"debug", "info", "warn", "error"}) {
    EXPECT_EQ(good("[log]\nlevel = \"" + std::string(level) + "\"").start.log_level, level);
  }
  for (const auto action :
       {policy::Action::allow, policy::Action::log, policy::Action::drop, policy::Action::reject}) {
    const std::string text =
        "[[list]]\napp = \"a\"\nfile = \"a\"\n[[policy]]\nname = \"p\"\napps = [\"a\"]\n"
        "action = \"" +
        std::string(to_string(action)) + "\"";
    EXPECT_EQ(good(text).live.policies.at(0).action, action);
  }
}

TEST(Config, APolicyWithoutClientsIsForEveryOne) {
  const Config config =
      good("[[list]]\napp = \"a\"\nfile = \"a\"\n[[policy]]\nname = \"p\"\napps = [\"a\"]");
  EXPECT_THAT(config.live.policies.at(0).clients, IsEmpty());
  EXPECT_EQ(config.live.policies.at(0).action, policy::Action::drop);
}

TEST(Config, RelativePathsAreTakenFromTheFilesFolder) {
  const Config config = good(
      "[audit]\nfile = \"audit.jsonl\"\nkey_file = \"../key\"\n"
      "[[list]]\napp = \"a\"\nfile = \"../lists/./a.list\"");
  EXPECT_EQ(config.start.audit_file, "/etc/sluice/audit.jsonl");
  EXPECT_EQ(config.start.audit_key_file, "/etc/key");
  EXPECT_EQ(config.live.lists.at(0).source.name(), "/etc/lists/a.list");
  const Config beside = good("[[list]]\napp = \"a\"\nfile = \"a.list\"", "sluice.toml");
  EXPECT_EQ(beside.live.lists.at(0).source.name(), "a.list");
}

struct Broken {
  const char* name;
  const char* text;
  std::vector<const char*> says;  // parts of one line of the errors
};

void PrintTo(const Broken& broken, std::ostream* out) {
  *out << broken.text;
}

class BrokenConfig : public testing::TestWithParam<Broken> {};

TEST_P(BrokenConfig, IsRefusedWithFileLineKeyAndReason) {
  const std::vector<std::string> lines = errors_of(GetParam().text);
  ASSERT_EQ(lines.size(), 1U) << testing::PrintToString(lines);
  for (const char* part : GetParam().says) EXPECT_THAT(lines[0], HasSubstr(part));
  EXPECT_THAT(lines[0], testing::StartsWith("sluice.toml:"));
}

#define LIST_A "[[list]]\napp = \"a\"\nfile = \"a\"\n"
#define POLICY LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\n"
INSTANTIATE_TEST_SUITE_P(
    Config, BrokenConfig,
    testing::Values(
        Broken{"NoToml", "[dataplane]\ninside = eth1\n", {":2: "}},
        Broken{"NotUtf8", "[dataplane]\n\ninside = \"\xff\"\n", {":3: "}},
        Broken{"KeyTwice", "[log]\nlevel = \"info\"\nlevel = \"warn\"\n", {":3: ", "level"}},
        Broken{"UnknownTable", "\n[dataplan]\n", {":2: dataplan: ", "mean \"dataplane\""}},
        Broken{"UnknownKey",
               "[limits]\nflow = 2048\n",
               {":2: limits.flow: no such key", "mean \"flows\""}},
        Broken{"UnknownKeyLikeNothing",
               "[log]\ncolour_of_the_sky = 1\n",
               {":2: log.colour_of_the_sky: no such key"}},
        Broken{"UnknownKeyOfAList",
               LIST_A "exception = true\n",
               {":4: list[0].exception: ", "mean \"exceptions\""}},
        Broken{"UnknownKeyOfAPolicy",
               LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\nactions = \"drop\"\n",
               {":7: policy[0].actions: ", "mean \"action\""}},
        Broken{"TableThatIsNone", "limits = 5\n", {":1: limits: must be a table"}},
        Broken{"OneListForMany", "[list]\n", {":1: list: must be written [[list]]"}},
        Broken{"ListOfNumbers", "list = [1]\n", {":1: list[0]: must be a table"}},
        Broken{"TextWithoutQuotes",
               "[dataplane]\ninside = 1\n",
               {":2: dataplane.inside: must be text in quotes"}},
        Broken{"UnknownDataplane",
               "[dataplane]\ntype = \"dpdk\"\n",
               {":2: dataplane.type: \"dpdk\" is none of: pcap"}},
        Broken{"NoWorkers",
               "[dataplane]\nworkers = 0\n",
               {":2: dataplane.workers: must be a whole number from 1 to 64"}},
        Broken{"NoLinkState",
               "[dataplane]\nlink_state = \"follow\"\n",
               {":2: dataplane.link_state: \"follow\" is none of: keep, propagate"}},
        Broken{"LinksOfARouter",
               "[dataplane]\nlink_state = \"propagate\"\ntype = \"nfqueue\"\noutside = \"wan0\"\n",
               {":2: dataplane.link_state: \"propagate\" needs type = \"xdp\" or \"pcap\""}},
        Broken{"FewerCpusThanWorkers",
               "[dataplane]\nworkers = 2\ncpus = [0]\n",
               {":3: dataplane.cpus: has 1 CPUs for 2 workers"}},
        Broken{"ACpuTwice",
               "[dataplane]\nworkers = 2\ncpus = [3, 3]\n",
               {":3: dataplane.cpus[1]: CPU 3 is there already"}},
        Broken{
            "NoCpu", "[dataplane]\ncpus = [\"0\"]\n", {":2: dataplane.cpus[0]: must be a whole"}},
        Broken{"TooManyWorkers", "[dataplane]\nworkers = 65\n", {":2: dataplane.workers: "}},
        Broken{"NumberTooSmall",
               "[limits]\nstreams = 1\n",
               {":2: limits.streams: ", "from 16 to 1048576"}},
        Broken{"NumberTooLarge",
               "[limits]\naudit_ring = 9999999\n",
               {":2: limits.audit_ring: ", "from 16 to 1048576"}},
        Broken{"NumberNegative",
               "[limits]\nflows = -1\n",
               {":2: limits.flows: ", "from 1024 to 16777216"}},
        Broken{"NumberBeyond32Bits",
               "[limits]\nidle_timeout_seconds = 4294967297\n",
               {":2: limits.idle_timeout_seconds: ", "from 1 to 86400"}},
        Broken{"NumberWithAFraction",
               "[dataplane]\nbuffer_mib = 1.5\n",
               {":2: dataplane.buffer_mib: must be a whole number from 1 to 1024"}},
        Broken{"UnknownVerdict",
               "[verdicts]\nmalformed = \"reject\"\n",
               {":2: verdicts.malformed: \"reject\" is none of: pass, drop"}},
        // An empty word is no way to ask for the default.
        Broken{"EmptyVerdict",
               "[verdicts]\nunjudged = \"\"\n",
               {":2: verdicts.unjudged: \"\" is none of: pass, drop"}},
        Broken{"UnknownChecksums",
               "[verdicts]\nchecksums = \"drop\"\n",
               {":2: verdicts.checksums: \"drop\" is none of: verify, ignore"}},
        Broken{"UnknownEch",
               "[verdicts]\nech = \"pass\"\n",
               {":2: verdicts.ech: \"pass\" is none of: allow, strip, drop"}},
        Broken{"NoDnsPort", "[dns]\nports = []\n", {":2: dns.ports: must have one entry at least"}},
        Broken{"DnsPortThatIsNone",
               "[dns]\nports = [53,\n0]\n",
               {":3: dns.ports[1]: must be a whole number from 1 to 65535"}},
        Broken{"DnsPortThatIsNoList",
               "[dns]\nports = 53\n",
               {":2: dns.ports: must be a list of numbers, in brackets"}},
        Broken{"MoreDnsPortsThanThereIsRoomFor",
               "[dns]\nports = [1, 2, 3, 4, 5, 6, 7, 8, 9]\n",
               {":2: dns.ports: has more than 8 entries"}},
        Broken{"AnswerWithoutReject",
               POLICY "answer = \"nodata\"",
               {"policy[0].answer: needs action = \"reject\""}},
        Broken{"UnknownAnswer",
               POLICY "action = \"reject\"\nanswer = \"servfail\"",
               {"policy[0].answer: \"servfail\" is none of: nxdomain, nodata, refused, sinkhole"}},
        Broken{"SinkholeWithoutAddresses",
               POLICY "action = \"reject\"\nanswer = \"sinkhole\"",
               {"policy[0].answer: needs sinkhole = [addresses]"}},
        Broken{"AddressesWithoutSinkhole",
               POLICY "action = \"reject\"\nsinkhole = [\"192.0.2.80\"]",
               {"policy[0].sinkhole: needs answer = \"sinkhole\""}},
        Broken{"SinkholeThatIsNoAddress",
               POLICY "action = \"reject\"\nanswer = \"sinkhole\"\nsinkhole = [\"a.example\"]",
               {"policy[0].sinkhole[0]: \"a.example\" is not an IP address"}},
        Broken{"TwoSinkholesOfOneFamily",
               POLICY "action = \"reject\"\nanswer = \"sinkhole\"\n"
                      "sinkhole = [\"192.0.2.80\", \"192.0.2.81\"]",
               {"policy[0].sinkhole[1]: is the second address of its family"}},
        Broken{"TrustedResolver",
               "[dns]\ntrusted_resolvers = [\"192.0.2.53\",\n\"dns.example\"]\n",
               {":3: dns.trusted_resolvers[1]: \"dns.example\" is not an IP address or prefix"}},
        Broken{
            "TooManyTrustedResolvers",
            "[dns]\ntrusted_resolvers = [\"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\", \"10.0.0.4\", "
            "\"10.0.0.5\", \"10.0.0.6\", \"10.0.0.7\", \"10.0.0.8\", \"10.0.0.9\", \"10.0.1.1\", "
            "\"10.0.1.2\", \"10.0.1.3\", \"10.0.1.4\", \"10.0.1.5\", \"10.0.1.6\", \"10.0.1.7\", "
            "\"10.0.1.8\"]\n",
            {":2: dns.trusted_resolvers: has more than 16 entries"}},
        Broken{"VerdictThatIsNoText",
               "[verdicts]\nfragments = true\n",
               {":2: verdicts.fragments: must be text in quotes"}},
        Broken{"ListenWithoutPort",
               "[metrics]\nlisten = \"127.0.0.1\"\n",
               {":2: metrics.listen: \"127.0.0.1\" is not an IP address with a port"}},
        Broken{"ListenOnAName",
               "[metrics]\nlisten = \"localhost:9464\"\n",
               {":2: metrics.listen: \"localhost:9464\""}},
        Broken{"ListenOnPortZero", "[metrics]\nlisten = \"127.0.0.1:0\"\n", {":2: "}},
        Broken{"ListenOnPortTooLarge", "[metrics]\nlisten = \"127.0.0.1:65536\"\n", {":2: "}},
        Broken{"ListenOnPortWithMore", "[metrics]\nlisten = \"127.0.0.1:94x\"\n", {":2: "}},
        Broken{"ListenOnV6WithoutBrackets", "[metrics]\nlisten = \"::1:9464\"\n", {":2: "}},
        Broken{"EndpointsWithoutResolver",
               "[endpoints]\nenable = true\n",
               {":1: endpoints.resolver: is required if enable = true"}},
        Broken{"SuggestionsWithoutAFile",
               "[suggest]\nenable = true\n",
               {":1: suggest.file: is required if enable = true"}},
        Broken{"SuggestionsToStandardOutput",
               "[suggest]\nfile = \"-\"\n",
               {":2: suggest.file: \"-\" is no file"}},
        Broken{"TooFewSuggestions", "[suggest]\nnames = 1\n", {":2: suggest.names: "}},
        Broken{"ResolverThatIsAName",
               "[endpoints]\nresolver = \"dns.example\"\n",
               {":2: endpoints.resolver: \"dns.example\" is not an IP address"}},
        Broken{"PseudonymsWithoutKey",
               "[audit]\npseudonymise_clients = true\n",
               {":1: audit.key_file: is required"}},
        Broken{"FlagThatIsNone",
               "[audit]\npseudonymise_clients = \"yes\"\n",
               {":2: audit.pseudonymise_clients: must be true or false"}},
        Broken{"ControlSocketThatIsStandardOutput",
               "[control]\nsocket = \"-\"\n",
               {":2: control.socket: \"-\" is no path"}},
        Broken{"UnknownLevel",
               "[log]\nlevel = \"loud\"\n",
               {":2: log.level: \"loud\" is none of: debug, info, warn, error"}},
        Broken{"SourceWithoutState",
               "[[source]]\nname = \"s\"\nfolder = \"f\"\n",
               {":2: source[0].name: needs [lists] state"}},
        Broken{"SourceByHttp",
               "[lists]\nstate = \"s\"\n[[source]]\nname = \"s\"\nurl = \"http://a.example/\"\n",
               {":5: source[0].url: must begin with https://"}},
        Broken{"SourceOfTwoPlaces",
               "[lists]\nstate = \"s\"\n[[source]]\nname = \"s\"\nurl = \"https://a.example/\"\n"
               "folder = \"f\"\n",
               {":5: source[0].url: a source has a url or a folder"}},
        Broken{"SourceOutsideItsFolder",
               "[lists]\nstate = \"s\"\n[[source]]\nname = \"../s\"\nfolder = \"f\"\n",
               {":4: source[0].name: has other signs"}},
        Broken{"ListOfNoSource",
               "[[list]]\napp = \"a\"\nsource = \"s\"\n",
               {":3: list[0].source: no [[source]]"}},
        Broken{"ListWithoutFile", "[[list]]\napp = \"a\"\n", {":1: list[0].file: is missing"}},
        Broken{"ListWithEmptyFile",
               "[[list]]\napp = \"a\"\nfile = \"\"\n",
               {":3: list[0].file: is missing"}},
        Broken{"ListWithoutApp", "\n[[list]]\nfile = \"a\"\n", {":2: list[0].app: is missing"}},
        Broken{"ListOfEveryApp",
               "[[list]]\napp = \"*\"\nfile = \"a\"\n",
               {":2: list[0].app: only exceptions may be for every app"}},
        Broken{"ListOfUnknownFormat",
               LIST_A "format = \"csv\"\n",
               {":4: list[0].format: \"csv\" is none of: auto, domains, hosts, endpoints"}},
        Broken{"ImageWithoutPath", "[[list]]\nimage = \"\"\n", {":2: list[0].image: is missing"}},
        Broken{"ImageAndFile",
               "[[list]]\nimage = \"i\"\nfile = \"a\"\n",
               {":3: list[0].file: cannot be combined with image"}},
        Broken{"ImageWithAName",
               "[[list]]\nimage = \"i\"\nname = \"a\"\n",
               {":3: list[0].name: cannot be combined with image"}},
        Broken{"ImageOfASourceWithoutKeys",
               "[lists]\nstate = \"s\"\n[[source]]\nname = \"s\"\nfolder = \"f\"\n"
               "[[list]]\nimage = \"i\"\nsource = \"s\"\n",
               {":8: list[0].source: an image comes in signed bundles only"}},
        Broken{"ImageOfNoSource",
               "[[list]]\nimage = \"i\"\nsource = \"s\"\n",
               {":3: list[0].source: no [[source]]"}},
        Broken{"ImageOfAnApp",
               "[[list]]\nimage = \"i\"\napp = \"a\"\n",
               {":3: list[0].app: cannot be combined with image"}},
        Broken{"UnknownKeyBesideAnImage",
               "[[list]]\nimage = \"i\"\nversion = 1\n",
               {":3: list[0].version: no such key"}},
        Broken{"ImageBesideAList",
               LIST_A "[[list]]\nimage = \"i\"\n",
               {":5: list[1].image: must be the only list"}},
        Broken{"UnknownKeyOfLists",
               "[lists]\ncritica = \"c\"\n",
               {":2: lists.critica: no such key", "mean \"critical\""}},
        Broken{"UnknownKeyOfReload",
               "[reload]\nkill_flows = true\n",
               {":2: reload.kill_flows: no such key"}},
        Broken{"ListNamedTwice",
               LIST_A LIST_A,
               {":4: list[1].name: \"a\" is the name of an earlier list"}},
        Broken{"PolicyWithoutName",
               LIST_A "[[policy]]\napps = [\"a\"]\n",
               {":4: policy[0].name: is missing"}},
        Broken{"PolicyNamedTwice",
               LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\n"
                      "[[policy]]\nname = \"p\"\napps = [\"a\"]\n",
               {":8: policy[1].name: \"p\" is the name of an earlier policy"}},
        Broken{
            "PolicyWithoutApps", "[[policy]]\nname = \"p\"\n", {":1: policy[0].apps: is missing"}},
        Broken{"PolicyWithEmptyApps",
               "[[policy]]\nname = \"p\"\napps = []\n",
               {":3: policy[0].apps: must have one entry at least"}},
        Broken{"PolicyOfUnknownApp",
               LIST_A "[[policy]]\nname = \"p\"\napps = [\n\"a\",\n\"b\"]\n",
               {":8: policy[0].apps[1]: no list is of the app \"b\""}},
        Broken{"PolicyOfUnknownAction",
               LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\naction = \"block\"\n",
               {":7: policy[0].action: \"block\" is none of: drop, reject, log, allow"}},
        Broken{"PolicyWithAppsThatAreNoList",
               LIST_A "[[policy]]\nname = \"p\"\napps = \"a\"\n",
               {":6: policy[0].apps: must be a list of texts"}},
        Broken{"ClientThatIsNoAddress",
               LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\nclients = [\n\"office\"]\n",
               {":8: policy[0].clients[0]: \"office\" is not an IP address or prefix"}},
        Broken{"ClientWithBitsBelowThePrefix",
               LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\nclients = [\"10.0.0.1/8\"]\n",
               {":7: policy[0].clients[0]: \"10.0.0.1/8\"", "bits set behind it"}},
        Broken{"ClientWithPrefixTooLong",
               LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\nclients = [\"10.0.0.0/33\"]\n",
               {":7: policy[0].clients[0]: \"10.0.0.0/33\"", "wrong prefix length"}},
        Broken{"ClientThatIsNoText",
               LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\nclients = [10]\n",
               {":7: policy[0].clients[0]: must be text in quotes"}}),
    [](const auto& param) { return param.param.name; });

TEST(Config, AnImageIsTheOnlyListAndItsAppsAreCheckedWhenItIsLoaded) {
  const LiveSettings live = good(R"(
    [[list]]
    image = "names.image"
    [[policy]]
    name = "office"
    apps = ["chat"]
  )")
                                .live;
  ASSERT_TRUE(live.image);
  EXPECT_THAT(live.image({}).error().to_string(), HasSubstr("/etc/sluice/names.image: "));
  EXPECT_THAT(live.lists, IsEmpty());
  ASSERT_EQ(live.policies.size(), 1U);
}

// A policy with a misspelt app would ban nothing.
TEST(Config, APolicyOfAnAppThatTheSetHasNotIsRefused) {
  match::DomainSetBuilder builder({1, 2});
  const match::AppId mail = *builder.app("mail");
  const match::AppId chat = *builder.app("chat");
  const match::DomainSet domains = builder.build()->set;
  LiveSettings live{.policies = {{.name = "office", .apps = {"chat"}}}};
  const auto resolved = resolve_policies(live, domains, {});
  ASSERT_TRUE(resolved);
  EXPECT_TRUE(resolved->all().at(0).apps.has(chat));
  EXPECT_FALSE(resolved->all().at(0).apps.has(mail));
  live.policies[0].apps.emplace_back("chatt");
  EXPECT_EQ(resolve_policies(live, domains, {}).error(),
            "policy \"office\": no list is of the app \"chatt\"");
}

TEST(Config, ExceptionsHaveAnOwnerAReasonAndAnEnd) {
  const std::string before =
      "[[list]]\napp = \"chat\"\nfile = \"a.list\"\n[[policy]]\nname = \"all\"\napps = [\"chat\"]\n"
      "[[exception]]\n";
  const std::string clients = "clients = [\"10.1.0.0/16\"]\n";
  const std::string rest =
      "apps = [\"chat\"]\nowner = \"Ms Weber\"\nreason = \"press\"\n"
      "expires = 2026-01-06T00:00:00Z\n";
  const LiveSettings live = good(before + clients + rest).live;
  ASSERT_EQ(live.exceptions.size(), 1U);
  const ExceptionSpec& it = live.exceptions[0];
  EXPECT_EQ(name_of(it), "Ms Weber: press");
  EXPECT_EQ(next_change(live, it.expires - std::chrono::hours(1)), it.expires);
  match::DomainSetBuilder builder{HashKey{1, 2}};
  const auto chat = builder.app("chat").value();
  const match::DomainSet domains = builder.build()->set;
  const auto bans = [&](const char* client, schedule::Time now) {
    const policy::PolicySet policies = resolve_policies(live, domains, now).value();
    const auto id = policies.policy_for(IpAddress::parse(client).value());
    return policies.all()[id.index].apps.has(chat);
  };
  EXPECT_FALSE(bans("10.1.2.3", it.expires - std::chrono::seconds(1)));
  EXPECT_TRUE(bans("10.2.2.3", it.expires - std::chrono::seconds(1)));
  EXPECT_TRUE(bans("10.1.2.3", it.expires));
  const auto wrong = [&](const std::string& text) {
    std::string all;
    for (const std::string& error : errors_of(before + text)) all += error + '\n';
    return all;
  };
  EXPECT_EQ(wrong(rest), "sluice.toml:7: exception[0].clients: is missing\n");
  EXPECT_THAT(wrong(clients + "apps = [\"chat\"]\nowner = \"a\"\nreason = \"b\"\n"),
              HasSubstr("exception[0].expires: is missing"));
  EXPECT_THAT(wrong(clients + "apps = [\"game\"]\n"), HasSubstr("no list is of the app"));
  EXPECT_THAT(wrong(clients + rest + "[[exception]]\n" + clients + rest),
              HasSubstr("an earlier exception has the same owner and reason"));
  EXPECT_THAT(wrong("clients = [\"10.1.0.0/16\"]\napps = [\"chat\"]\nowner = \"a\\nb\"\n"),
              HasSubstr("must be one line of at most 200 bytes"));
}

TEST(Config, PoliciesHaveHoursAndListsAValidity) {
  const std::string list = "[[list]]\napp = \"chat\"\nfile = \"a.list\"\n";
  const auto office = [](const std::string& name, const std::string& more) {
    return "[[policy]]\nname = \"" + name + "\"\napps = [\"chat\"]\n" + more;
  };
  const std::string day = "hours = [\"Mon-Fri 08:00-18:00\"]\ntime_zone = \"Europe/Berlin\"\n";
  const std::string until = "valid_until = 2026-01-06T00:00:00+01:00\n";
  const LiveSettings live =
      good(list + "valid_from = 2026-01-01T00:00:00Z\n" + until + office("day", day) +
           office("always", ""))  // the same clients: they take turns
          .live;
  using schedule::Time;
  const Time monday(std::chrono::sys_days(std::chrono::year(2026) / 1 / 5));
  const auto state = [&](Time now) {
    const std::vector<Timed> all = timed(live, now);
    return std::string(all.at(0).in_force ? "policy " : "") + (all.at(1).in_force ? "list" : "");
  };
  EXPECT_EQ(state(monday), "list");
  EXPECT_EQ(next_change(live, monday), monday + std::chrono::hours(7));
  EXPECT_EQ(state(monday + std::chrono::hours(7)), "policy list");
  EXPECT_EQ(next_change(live, monday + std::chrono::hours(17)), monday + std::chrono::hours(23));
  EXPECT_EQ(state(monday + std::chrono::hours(23)), "");
  EXPECT_EQ(state(monday - std::chrono::hours(24 * 28 - 8)), "policy ");  // before the list counts
  EXPECT_TRUE(live.lists[0].apart);
  const auto wrong = [&](const std::string& of_list, const std::string& of_policy) {
    const auto errors = errors_of(list + of_list + office("day", of_policy));
    return errors.size() == 1 ? errors[0] : std::to_string(errors.size()) + " errors";
  };
  EXPECT_EQ(wrong("valid_from = 2026-01-07T00:00:00Z\n" + until, ""),
            "sluice.toml:5: list[0].valid_until: is not later than valid_from");
  EXPECT_EQ(wrong("valid_until = 2026-01-06\n", ""),
            "sluice.toml:4: list[0].valid_until: must be a date and time with an offset "
            "(2026-12-31T18:00:00+01:00)");
  EXPECT_THAT(wrong("valid_until = 2026-01-06T00:00:00\n", ""), HasSubstr("with an offset"));
  EXPECT_EQ(wrong("", "hours = [\"Mon 08:00-18:00\"]\n"),
            "sluice.toml:7: policy[0].hours: hours and time_zone go together");
  EXPECT_EQ(wrong("", "hours = [\"Mon 08:00-18:00\", \"Mon\"]\ntime_zone = \"UTC\"\n"),
            "sluice.toml:7: policy[0].hours[1]: \"Mon\" is not of the form Mon-Fri 08:00-18:00");
  EXPECT_THAT(wrong("", "hours = [\"Mon 08:00-18:00\"]\ntime_zone = \"Berlin\"\n"),
              HasSubstr("sluice.toml:8: policy[0].time_zone: \"Berlin\" is no time zone"));
}

TEST(Config, PoliciesAndListsMayBeOnTrial) {
  const std::string lists =
      "[[list]]\napp = \"chat\"\nfile = \"a.list\"\n"
      "[[list]]\napp = \"chat\"\nfile = \"b.list\"\nshadow = true\n";
  const std::string office = "[[policy]]\nname = \"office\"\napps = [\"chat\"]\n";
  const LiveSettings live = good(lists + office + "shadow_lists = [\"a\"]\n" +
                                 "[[policy]]\nname = \"trial\"\napps = [\"chat\"]\nshadow = true\n")
                                .live;
  ASSERT_EQ(live.policies.size(), 2U);
  EXPECT_THAT(live.policies[0].shadow_lists, ElementsAre("a", "b"));
  EXPECT_THAT(live.policies[1].shadow_lists, ElementsAre("b"));
  EXPECT_TRUE(live.policies[1].shadow);  // the same clients: it holds none of them
  EXPECT_TRUE(live.lists[0].apart && live.lists[1].apart);
  EXPECT_FALSE(good(lists + office).live.lists[0].apart);
  EXPECT_THAT(errors_of(lists + office + "shadow_lists = [\"c\"]\n"),
              ElementsAre("sluice.toml:11: policy[0].shadow_lists[0]: no list has the name \"c\""));
  EXPECT_THAT(errors_of("[[list]]\nimage = \"x\"\n" + office + "shadow_lists = [\"a\"]\n"),
              ElementsAre(HasSubstr("cannot be combined with an image")));
  std::string many;
  for (int i = 0; i < 33; ++i) {
    many += "[[policy]]\nname = \"p" + std::to_string(i) + "\"\nclients = [\"10.0.0." +
            std::to_string(i) + "\"]\napps = [\"chat\"]\nshadow = true\n";
  }
  EXPECT_THAT(errors_of(lists + many),
              ElementsAre(HasSubstr("more than 32 policies are on trial")));
}

TEST(Config, AllErrorsAreSaidInTheOrderOfLines) {
  EXPECT_THAT(errors_of("[log]\nlevel = \"loud\"\n[limits]\nflows = 1\n[nonsense]\n"),
              ElementsAre(HasSubstr(":2: log.level"), HasSubstr(":4: limits.flows"),
                          HasSubstr(":5: nonsense")));
}

// "*" is the app of exceptions that hold for every app. As an app of a policy it would ban nothing.
TEST(Config, APolicyCannotBanTheAppOfExceptions) {
  EXPECT_THAT(errors_of("[[list]]\nfile = \"e\"\nexceptions = true\n"
                        "[[policy]]\nname = \"p\"\napps = [\"*\"]\n"),
              ElementsAre(HasSubstr(":6: policy[0].apps[0]: no list is of the app \"*\"")));
}

// A template that fills in no client must not become a policy for every client.
TEST(Config, AnEmptyListOfClientsIsNotEveryClient) {
  EXPECT_THAT(errors_of(LIST_A "[[policy]]\nname = \"p\"\nclients = []\napps = [\"a\"]\n"),
              ElementsAre(HasSubstr(":6: policy[0].clients: must have one entry at least")));
}

// Bug: the second policy loaded in silence, and never decided.
TEST(Config, TwoPoliciesWithOnePrefixAreRefusedWithBothLines) {
  EXPECT_THAT(
      errors_of(LIST_A "[[policy]]\nname = \"p\"\nclients = [\"10.0.0.0/8\"]\napps = [\"a\"]\n"
                       "[[policy]]\nname = \"q\"\nclients = [\"192.0.2.0/24\",\n\"10.0.0.0/8\"]\n"
                       "apps = [\"a\"]\naction = \"allow\"\n"),
      ElementsAre("sluice.toml:11: policy[1].clients[1]: 10.0.0.0/8 is already in policy "
                  "\"p\", line 6"));
  EXPECT_THAT(errors_of(LIST_A "[[policy]]\nname = \"p\"\napps = [\"a\"]\n"
                               "[[policy]]\nname = \"q\"\napps = [\"a\"]\naction = \"log\"\n"),
              ElementsAre("sluice.toml:7: policy[1].clients: every client is already in policy "
                          "\"p\", line 4"));
  // The same prefix in other words.
  EXPECT_THAT(
      errors_of(LIST_A "[[policy]]\nname = \"p\"\nclients = [\"192.0.2.1\"]\napps = [\"a\"]\n"
                       "[[policy]]\nname = \"q\"\nclients = [\"192.0.2.1/32\"]\n"
                       "apps = [\"a\"]\n"),
      ElementsAre(HasSubstr("192.0.2.1/32 is already in policy \"p\", line 6")));
  EXPECT_THAT(
      errors_of(LIST_A "[[policy]]\nname = \"p\"\nclients = [\"10.0.0.0/8\", \"10.0.0.0/8\"]\n"
                       "apps = [\"a\"]\n"
                       "[[policy]]\nname = \"q\"\nclients = [\"10.0.0.0/16\", \"0.0.0.0/0\"]\n"
                       "apps = [\"a\"]\n[[policy]]\nname = \"r\"\napps = [\"a\"]\n"),
      IsEmpty());
}

TEST(Config, ListsAndPoliciesAreBounded) {
  std::string lists;
  for (int i = 0; i < 5000; ++i) lists += "[[list]]\n";
  EXPECT_THAT(errors_of(lists), ElementsAre("sluice.toml:1: list: more than 4096 lists"));
  std::string policies = LIST_A;
  for (int i = 0; i < 1025; ++i) policies += "[[policy]]\n";
  EXPECT_THAT(errors_of(policies), ElementsAre("sluice.toml:4: policy: more than 1024 policies"));
}
#undef LIST_A

TEST(Config, ErrorsAreBounded) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(errors_of(text).size(), 100U);
  const std::string key(500'000, 'k');
  EXPECT_THAT(errors_of(key + " = 1"),
              ElementsAre("sluice.toml:1: " + key.substr(0, 64) + "…: no such key"));
}

TEST(Config, AFileThatCannotBeReadIsNamed) {
  const auto missing = load("no-such-folder/sluice.toml");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().at(0).to_string(),
              testing::AllOf(HasSubstr("no-such-folder/sluice.toml: "), HasSubstr("No such file")));
  const auto folder = load("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().at(0).to_string(), "/: a directory, not a file");
}

// Bug: the open of a pipe waited for a writer for ever, and /dev/zero filled the memory.
TEST(Config, OnlyRegularFilesAreRead) {
  const auto pipe =
      std::filesystem::temp_directory_path() / ("sluice_config_pipe_" + std::to_string(::getpid()));
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(load(pipe).error().at(0).reason, "not a regular file");
  std::filesystem::remove(pipe);
  EXPECT_EQ(load("/dev/zero").error().at(0).to_string(), "/dev/zero: not a regular file");
}

TEST(Config, ErrorsWithoutLineOrKeyReadWell) {
  EXPECT_EQ((ConfigError{"f", 0, "", "r"}).to_string(), "f: r");
  EXPECT_EQ((ConfigError{"f", 3, "", "r"}).to_string(), "f:3: r");
  EXPECT_EQ((ConfigError{"f", 3, "k", "r"}).to_string(), "f:3: k: r");
}

}  // namespace
}  // namespace sluice::config

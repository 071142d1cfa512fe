#pragma once

// Clients that look names up and show them, and traffic without a name whose fate tells what the
// gateway believes of a server's address.
//
//   staff  192.0.2.0/24   2001:db8:0:x::1   a policy bans `wechat.com`
//   guests 10.99.0.0/16   2001:db8:9:x::1   another policy, or none
//   servers 203.0.113.x   2001:db8:ff::x

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/gateway/engine/lab.h"
#include "tests/support/dns_response.h"

namespace sluice::test {

inline constexpr std::string_view kBannedName = "sg.wechat.com";
inline constexpr std::string_view kInnocentName = "www.example.io";

class EvidenceLab {
 public:
  explicit EvidenceLab(bool v6 = false, LabOptions options = {})
      : lab_(with_sides(options)), v6_(v6) {
    use(ban());
  }

  [[nodiscard]] std::string staff(int number) const {
    return v6_ ? "2001:db8:0:" + std::to_string(number) + "::1"
               : "192.0.2." + std::to_string(number);
  }
  [[nodiscard]] std::string guest(int number) const {
    return v6_ ? "2001:db8:9:" + std::to_string(number) + "::1"
               : "10.99.0." + std::to_string(number);
  }
  [[nodiscard]] std::string server(int number) const {
    return (v6_ ? "2001:db8:ff::" : "203.0.113.") + std::to_string(number);
  }
  [[nodiscard]] std::string trusted_resolver() const {
    return v6_ ? "2001:db8:53::1" : "198.51.100.53";
  }
  [[nodiscard]] std::string other_resolver() const {
    return v6_ ? "2001:db8:66::1" : "198.51.100.66";
  }

  // Staff under `drop`, guests under `of_guests` or no policy.
  [[nodiscard]] std::shared_ptr<const engine::Snapshot> ban(
      std::optional<policy::Action> of_guests = std::nullopt,
      const LabOptions& options = {}) const {
    const auto usual = wechat_ban(options);
    auto snapshot = std::make_shared<engine::Snapshot>(*usual);
    policy::Policy staff = usual->policies.all()[0];
    staff.clients = {*IpPrefix::parse("192.0.2.0/24"), *IpPrefix::parse("2001:db8:0::/48")};
    std::vector<policy::Policy> policies{staff};
    if (of_guests) {
      policy::Policy guests{.name = "guests", .apps = staff.apps, .action = *of_guests};
      guests.clients = {*IpPrefix::parse("10.99.0.0/16"), *IpPrefix::parse("2001:db8:9::/48")};
      policies.push_back(guests);
    }
    snapshot->policies = policy::PolicySet(policies);
    snapshot->dns = trusting(trusted_resolver());
    return snapshot;
  }
  void use(std::shared_ptr<const engine::Snapshot> snapshot) {
    lab_.snapshots.publish(std::move(snapshot));
  }

  // A client asks a resolver and is answered, over UDP.
  void look_up(const std::string& client, std::string_view name, const std::string& address,
               std::string_view resolver = "", io::Side answer_from = io::Side::outside) {
    const std::string from = new_end(client);
    const std::string to = end(resolver.empty() ? trusted_resolver() : std::string(resolver), 53);
    const auto id = static_cast<std::uint16_t>(port_);
    const std::uint16_t qtype = v6_ ? 28 : 1;
    lab_.send(FrameBuilder(from, to).payload(dns_query(name, {.id = id, .qtype = qtype})).build());
    DnsResponse response(name, qtype, id);
    static_cast<void>(v6_ ? response.aaaa(name, address) : response.a(name, address));
    lab_.send(FrameBuilder(to, from).payload(response.build()).build(), answer_from);
  }
  // A server takes a connection in which the client shows a name.
  void show(const std::string& client, std::string_view name, const std::string& server) {
    const Connection connection(new_end(client), end(server, 443));
    const ByteVector bytes = hello(name);
    connection.open(lab_);
    lab_.send(connection.data(0, bytes));
    lab_.send(connection.acknowledge(bytes.size()), io::Side::outside);
  }

  [[nodiscard]] bool drops_ssh(const std::string& client, const std::string& server) {
    const Connection connection(new_end(client), end(server, 22));
    connection.open(lab_);
    lab_.send(connection.acknowledge(0, "SSH-2.0-x\r\n"), io::Side::outside);
    return !io::passes(lab_.send(connection.data(0, as_bytes("SSH-2.0-OpenSSH_9.2\r\n"))));
  }
  [[nodiscard]] bool drops_datagram(const std::string& client, const std::string& server) {
    const ByteVector wireguard = byte_vector(std::string(148, '\x01'));
    return !io::passes(
        lab_.send(FrameBuilder(new_end(client), end(server, 51820)).payload(wireguard).build()));
  }

  [[nodiscard]] std::string new_end(const std::string& client) { return end(client, ++port_); }
  [[nodiscard]] static std::string end(const std::string& address, int port) {
    const std::string host = address.contains(':') ? "[" + address + "]" : address;
    return host + ":" + std::to_string(port);
  }
  [[nodiscard]] Lab& lab() { return lab_; }

 private:
  static LabOptions with_sides(LabOptions options) {
    options.can.sides = true;
    return options;
  }

  Lab lab_;
  bool v6_;
  int port_ = 5000;
};

}  // namespace sluice::test

#pragma once

// A real primary name server on the loopback: Knot DNS or BIND 9, with one zone, in a folder and a
// process of its own. Ends the process by its id.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace sluice::test {

enum class Server : std::uint8_t { knot, bind };

struct PrimaryOptions {
  Server server = Server::knot;
  std::string zone = "rpz.test.";
  std::string key = {};           // `hmac-sha256:name.:secret`; empty: unsigned
  std::uint16_t notify_port = 0;  // on 127.0.0.1; 0: none
};

class PrimaryServer {
 public:
  // Why this server cannot be tested here; empty: it can.
  [[nodiscard]] static std::string missing(Server server);
  // A port of 127.0.0.1 that nobody uses at this moment.
  [[nodiscard]] static std::uint16_t free_port();

  PrimaryServer(std::filesystem::path folder, PrimaryOptions options);
  ~PrimaryServer();
  PrimaryServer(const PrimaryServer&) = delete;
  PrimaryServer& operator=(const PrimaryServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  // Its records, relative to the zone: `bad.com CNAME .`
  std::set<std::string> records;
  std::uint32_t serial = 1;
  std::uint32_t refresh = 3600, retry = 1;

  // Starts, and waits until it answers. False: it did not within ten seconds; log() says why.
  [[nodiscard]] bool start();
  void stop();
  // Writes the zone with the next serial, and tells the server.
  void update();
  [[nodiscard]] std::string log() const;

 private:
  void write_zone() const;
  void write_config() const;
  [[nodiscard]] std::string knot_config() const;
  [[nodiscard]] std::string bind_config() const;

  std::filesystem::path folder_;
  PrimaryOptions options_;
  std::uint16_t port_;
  pid_t process_ = -1;
};

}  // namespace sluice::test

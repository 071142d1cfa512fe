#include "tests/lists/transfer/primary_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace sluice::test {
namespace {

constexpr std::array<const char*, 2> kPrograms = {"/usr/sbin/knotd", "/usr/sbin/named"};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool accepts(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool accepted =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return accepted;
}

struct KeyParts {
  std::string algorithm, name, secret;
};
KeyParts parts_of(const std::string& key) {
  const std::size_t first = key.find(':');
  const std::size_t second = key.find(':', first + 1);
  return {key.substr(0, first), key.substr(first + 1, second - first - 1), key.substr(second + 1)};
}

}  // namespace

std::string PrimaryServer::missing(Server server) {
  const char* const program = kPrograms[static_cast<std::size_t>(server)];
  return ::access(program, X_OK) == 0 ? "" : std::string(program) + " is not installed";
}

std::uint16_t PrimaryServer::free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  static_cast<void>(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size));
  static_cast<void>(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size));
  ::close(socket);
  return ntohs(address.sin_port);
}

PrimaryServer::PrimaryServer(std::filesystem::path folder, PrimaryOptions options)
    : folder_(std::move(folder)), options_(std::move(options)), port_(free_port()) {
  std::filesystem::create_directories(folder_ / "db");
}

PrimaryServer::~PrimaryServer() {
  stop();
}

void PrimaryServer::write_zone() const {
  std::ofstream out(folder_ / "zone");
  out << "$ORIGIN " << options_.zone << "\n$TTL 60\n@ SOA ns hostmaster " << serial << ' '
      << refresh << ' ' << retry << " 604800 60\n@ NS ns\nns A 127.0.0.1\n";
  for (const std::string& record : records) out << record << '\n';
}

std::string PrimaryServer::knot_config() const {
  std::ostringstream out;
  const std::string folder = folder_.string();
  out << "server:\n  rundir: \"" << folder << "\"\n  listen: 127.0.0.1@" << port_
      << "\n  tcp-workers: 1\n  udp-workers: 1\n  background-workers: 1\n"
      << "database:\n  storage: \"" << folder << "/db\"\n"
      << "log:\n  - target: stderr\n    any: info\n";
  std::string key_line;
  if (!options_.key.empty()) {
    const KeyParts key = parts_of(options_.key);
    out << "key:\n  - id: " << key.name << "\n    algorithm: " << key.algorithm
        << "\n    secret: " << key.secret << '\n';
    key_line = "    key: " + key.name + "\n";
  }
  if (options_.notify_port != 0) {
    out << "remote:\n  - id: sluice\n    address: 127.0.0.1@" << options_.notify_port << '\n'
        << key_line;
  }
  out << "acl:\n  - id: out\n    action: transfer\n    address: 127.0.0.1\n" << key_line;
  out << "zone:\n  - domain: " << options_.zone << "\n    storage: \"" << folder
      << "\"\n    file: zone\n    acl: out\n    zonefile-load: difference\n    zonefile-sync: -1\n"
      << "    journal-content: changes\n";
  if (options_.notify_port != 0) out << "    notify: sluice\n";
  return out.str();
}

std::string PrimaryServer::bind_config() const {
  std::ostringstream out;
  const std::string folder = folder_.string();
  std::string access = "127.0.0.1;";
  std::string notify_key;
  if (!options_.key.empty()) {
    const KeyParts key = parts_of(options_.key);
    out << "key \"" << key.name << "\" { algorithm " << key.algorithm << "; secret \"" << key.secret
        << "\"; };\n";
    access = "key \"" + key.name + "\";";
    notify_key = " key \"" + key.name + "\"";
  }
  out << "options { directory \"" << folder << "\"; pid-file \"" << folder
      << "/pid\"; session-keyfile \"" << folder << "/session.key\"; listen-on port " << port_
      << " { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no;"
      << " max-transfer-idle-out 1; notify-delay 0; notify-rate 100; serial-query-rate 100;"
      << " startup-notify-rate 100; };\ncontrols { };\n"
      << "zone \"" << options_.zone << "\" { type primary; file \"" << folder
      << "/zone\"; ixfr-from-differences yes; allow-transfer { " << access << " };";
  if (options_.notify_port != 0) {
    out << " notify explicit; also-notify { 127.0.0.1 port " << options_.notify_port << notify_key
        << "; };";
  } else {
    out << " notify no;";
  }
  out << " };\n";
  return out.str();
}

void PrimaryServer::write_config() const {
  std::ofstream(folder_ / "conf") << (options_.server == Server::knot ? knot_config()
                                                                      : bind_config());
}

bool PrimaryServer::start() {
  write_zone();
  write_config();
  const std::string conf = (folder_ / "conf").string();
  const std::string log = (folder_ / "log").string();
  std::vector<const char*> words = {kPrograms[static_cast<std::size_t>(options_.server)]};
  if (options_.server == Server::knot) {
    words.insert(words.end(), {"-c", conf.c_str()});
  } else {
    words.insert(words.end(), {"-g", "-n", "1", "-c", conf.c_str()});
  }
  words.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whatever becomes of the test
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDERR_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::execv(words[0], const_cast<char* const*>(words.data()));
    ::_exit(127);
  }
  for (int i = 0; i < 200; ++i) {
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return false;
    }
    if (accepts(port_)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

void PrimaryServer::stop() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  for (int i = 0; i < 100; ++i) {
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ::kill(process_, SIGKILL);
  static_cast<void>(::waitpid(process_, nullptr, 0));
  process_ = -1;
}

void PrimaryServer::update() {
  ++serial;
  write_zone();
  if (process_ > 0) ::kill(process_, SIGHUP);
}

std::string PrimaryServer::log() const {
  std::ifstream in(folder_ / "log");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace sluice::test

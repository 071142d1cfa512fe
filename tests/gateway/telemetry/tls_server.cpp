#include "tests/gateway/telemetry/tls_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>

namespace sluice::telemetry {
namespace {

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

CertificateFiles make_certificate(const std::filesystem::path& folder, const std::string& file,
                                  const std::string& names, long seconds) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), seconds < 0 ? 2 * seconds : 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(file.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_subject_alt_name, names);
  EXPECT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
  CertificateFiles files{folder / (file + ".pem"), folder / (file + ".key")};
  std::FILE* out = std::fopen(files.cert.c_str(), "w");
  PEM_write_X509(out, certificate);
  std::fclose(out);
  out = std::fopen(files.key.c_str(), "w");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

struct TlsServer::State {
  Options options;
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port = 0;
  std::atomic<int> peer = -1;
  mutable std::mutex mutex;
  std::string received;  // guarded by it
  std::jthread thread;

  void listen() {
    const int small = 4096;  // so that a server that does not read stalls its client soon
    ::setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(listener, 8), 0);
    socklen_t size = sizeof at;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
  }

  // Until the destructor shuts the listener down.
  void serve(const std::stop_token& stopping) {
    while (!stopping.stop_requested()) {
      const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      peer = socket;
      SSL* const connection = SSL_new(context);
      SSL_set_fd(connection, socket);
      if (SSL_accept(connection) == 1) read(connection, stopping);
      SSL_free(connection);
      peer = -1;
      ::close(socket);
    }
  }

  void read(SSL* connection, const std::stop_token& stopping) {
    std::array<char, 4096> bytes{};
    while (!options.reads && !stopping.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    for (std::size_t got = 0; SSL_read_ex(connection, bytes.data(), bytes.size(), &got) == 1;) {
      const std::lock_guard lock(mutex);
      received.append(bytes.data(), got);
    }
  }
};

TlsServer::TlsServer(const Options& options) : state_(std::make_unique<State>()) {
  state_->options = options;
  SSL_CTX* const context = state_->context;
  EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context, options.own.cert.c_str()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context, options.own.key.c_str(), SSL_FILETYPE_PEM), 1);
  if (!options.clients.empty()) {
    EXPECT_EQ(SSL_CTX_load_verify_locations(context, options.clients.c_str(), nullptr), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  state_->listen();
  state_->thread = std::jthread(
      [state = state_.get()](const std::stop_token& stopping) { state->serve(stopping); });
}

TlsServer::~TlsServer() {
  state_->thread.request_stop();
  ::shutdown(state_->listener, SHUT_RDWR);
  hang_up();
  state_->thread.join();
  ::close(state_->listener);
  SSL_CTX_free(state_->context);
}

std::uint16_t TlsServer::port() const noexcept {
  return state_->port;
}

std::string TlsServer::received() const {
  const std::lock_guard lock(state_->mutex);
  return state_->received;
}

void TlsServer::hang_up() {
  if (const int peer = state_->peer; peer >= 0) ::shutdown(peer, SHUT_RDWR);
}

}  // namespace sluice::telemetry

#include "gateway/telemetry/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "filters/base/ip_address.h"

namespace sluice::telemetry {
namespace {

using Clock = std::chrono::steady_clock;

struct Free {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* connection) const noexcept { SSL_free(connection); }
};

// Why the last call failed. The queue of errors is the thread's own.
std::string reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
  if (text != nullptr) return text;
  return errno == 0 ? "it closed the connection" : std::strerror(errno);
}

// Until the connection can go on; false: not by then.
bool wait_for(SSL* connection, int result, Clock::time_point until) {
  pollfd wait{SSL_get_fd(connection), 0, 0};
  switch (SSL_get_error(connection, result)) {
    case SSL_ERROR_WANT_READ:
      wait.events = POLLIN;
      break;
    case SSL_ERROR_WANT_WRITE:
      wait.events = POLLOUT;
      break;
    default:
      return false;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  return left.count() > 0 && ::poll(&wait, 1, static_cast<int>(left.count())) == 1;
}

bool is_waiting(SSL* connection, int result) {
  const int error = SSL_get_error(connection, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

// The certificate has to have the name, or, of an address, that address.
bool expect_name(SSL* connection, const std::string& name) {
  if (IpAddress::parse(name)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), name.c_str()) == 1;
  }
  SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // As the macro SSL_set_tlsext_host_name, whose cast GCC refuses. OpenSSL copies the name.
  return SSL_set1_host(connection, name.c_str()) == 1 &&
         SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  const_cast<char*>(name.c_str())) == 1;
}

}  // namespace

struct TlsClient::State {
  Options options;
  std::unique_ptr<SSL_CTX, Free> context;
  std::unique_ptr<SSL, Free> connection;

  Result<void, std::string> read_files() const {
    SSL_CTX* const to = context.get();
    const auto refused = [](const char* key, const std::filesystem::path& file) {
      return fail(std::string(key) + ": " + file.string() + ": " + reason());
    };
    if (options.ca_file.empty()) {
      SSL_CTX_set_default_verify_paths(to);
    } else if (SSL_CTX_load_verify_locations(to, options.ca_file.c_str(), nullptr) != 1) {
      return refused("ca_file", options.ca_file);
    }
    if (options.cert_file.empty()) return {};
    if (SSL_CTX_use_certificate_chain_file(to, options.cert_file.c_str()) != 1) {
      return refused("cert_file", options.cert_file);
    }
    if (SSL_CTX_use_PrivateKey_file(to, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
      return refused("key_file", options.key_file);
    }
    return {};
  }

  [[nodiscard]] std::string why_no_handshake(int result) const {
    if (is_waiting(connection.get(), result)) return "no answer to the TLS handshake in time";
    const long verified = SSL_get_verify_result(connection.get());
    if (verified == X509_V_OK) return "the TLS handshake failed: " + reason();
    ERR_clear_error();
    return std::string("its certificate is refused: ") + X509_verify_cert_error_string(verified);
  }
};

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

TlsClient::~TlsClient() {
  close();
}

Result<std::unique_ptr<TlsClient>, std::string> TlsClient::make(Options options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->context.reset(SSL_CTX_new(TLS_client_method()));
  if (!state->context) return fail("no TLS: " + reason());
  SSL_CTX_set_min_proto_version(state->context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(state->context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(state->context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (const auto read = state->read_files(); !read) return fail(read.error());
  return std::unique_ptr<TlsClient>(new TlsClient(std::move(state)));
}

Result<void, std::string> TlsClient::open(int socket, std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  state_->connection.reset(SSL_new(state_->context.get()));
  SSL* const connection = state_->connection.get();
  if (connection == nullptr || SSL_set_fd(connection, socket) != 1 ||
      !expect_name(connection, state_->options.name)) {
    return fail("no TLS connection: " + reason());
  }
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_connect(connection);
    if (result == 1) return {};
    if (wait_for(connection, result, until)) continue;
    std::string why = state_->why_no_handshake(result);
    state_->connection.reset();
    return fail(std::move(why));
  }
}

Result<void, std::string> TlsClient::send(std::string_view bytes,
                                          std::chrono::milliseconds patience) {
  SSL* const connection = state_->connection.get();
  while (!bytes.empty()) {
    ERR_clear_error();
    errno = 0;
    std::size_t sent = 0;
    const int result = SSL_write_ex(connection, bytes.data(), bytes.size(), &sent);
    if (result == 1) {
      bytes.remove_prefix(sent);
      continue;
    }
    if (wait_for(connection, result, Clock::now() + patience)) continue;
    return fail(is_waiting(connection, result) ? "takes no more bytes" : reason());
  }
  return {};
}

bool TlsClient::is_alive() {
  constexpr int kMostReads = 16;  // tickets and the like; a server of syslog sends nothing else
  std::array<char, 1024> discarded{};
  for (int i = 0; i < kMostReads; ++i) {
    ERR_clear_error();
    std::size_t read = 0;
    const int result =
        SSL_read_ex(state_->connection.get(), discarded.data(), discarded.size(), &read);
    if (result != 1) return is_waiting(state_->connection.get(), result);
  }
  return true;
}

void TlsClient::close() noexcept {
  if (state_->connection) SSL_shutdown(state_->connection.get());
  state_->connection.reset();
  ERR_clear_error();
}

}  // namespace sluice::telemetry

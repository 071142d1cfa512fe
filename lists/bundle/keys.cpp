#include "lists/bundle/keys.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>

#include "lists/compile/digest.h"
#include "lists/compile/load.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kRawKeyBytes = 32;
constexpr std::size_t kMostPem = std::size_t{64} << 10;  // bytes of a file of keys

struct Free {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;
using Key = std::shared_ptr<evp_pkey_st>;

Key owned(EVP_PKEY* key) {
  return {key, [](EVP_PKEY* mine) { EVP_PKEY_free(mine); }};
}

const unsigned char* data_of(Bytes bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// REQUIRES: at most kMostPem bytes.
Bio reader_of(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (bio == nullptr) throw std::bad_alloc();
  return bio;
}

std::string written_text(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string os_error() {
  return std::system_category().message(errno);
}

Result<void, std::string> check_kind(const Key& key) {
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) return {};
  return fail(std::string("a key, but not an Ed25519 one"));
}

// One block of a PEM text.
struct Block {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }
  [[nodiscard]] bool read(BIO* from) {
    return PEM_read_bio(from, &name, &header, &data, &size) == 1;
  }
};

Result<Key, std::string> public_key_of(const Block& block) {
  const std::string_view name = block.name;
  if (name.ends_with("PRIVATE KEY")) {
    return fail(std::string("a private key, where only public ones belong"));
  }
  if (name != PEM_STRING_PUBLIC) return fail(std::string("holds something else than public keys"));
  const unsigned char* at = block.data;
  Key key = owned(d2i_PUBKEY(nullptr, &at, block.size));
  if (key == nullptr || at != block.data + block.size) {
    return fail(std::string("a public key in it is damaged"));
  }
  if (const auto kind = check_kind(key); !kind) return fail(kind.error());
  return key;
}

// OpenSSL would ask the terminal for a passphrase.
int refuse_passphrase(char* /*to*/, int /*room*/, int /*writes*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// Whether all of it was written and is on disk.
bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0;
}

}  // namespace

std::string to_string(const KeyId& id) {
  return to_hex(id.bytes);
}

PublicKey::PublicKey(Key key) : key_(std::move(key)) {
  std::array<std::byte, kRawKeyBytes> raw{};
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()),
                                  &size) != 1) {
    throw std::bad_alloc();  // an Ed25519 key has one
  }
  const Sha256 digest = sha256(raw);
  std::copy_n(digest.begin(), id_.bytes.size(), id_.bytes.begin());
}

Result<std::vector<PublicKey>, std::string> PublicKey::parse(std::string_view pem) {
  if (pem.size() > kMostPem) return fail(std::string("too large for keys"));
  const Bio bio = reader_of(pem);
  std::vector<PublicKey> keys;
  ERR_clear_error();
  for (;;) {
    Block block;
    if (!block.read(bio.get())) break;
    if (keys.size() == kMostInFile) {
      return fail("more than " + std::to_string(kMostInFile) + " keys");
    }
    auto key = public_key_of(block);
    ERR_clear_error();
    if (!key) return fail(std::move(key.error()));
    keys.push_back(PublicKey(std::move(*key)));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return fail(std::string("damaged: its PEM text cannot be read"));
  if (keys.empty()) {
    return fail(std::string("no public key in it (PEM, as lists keygen and openssl write it)"));
  }
  return keys;
}

Result<std::vector<PublicKey>, std::string> PublicKey::read(const std::filesystem::path& file) {
  const auto loaded = load_file(file, kMostPem);
  if (!loaded) return fail(loaded.error());
  return parse(loaded->text);
}

std::string PublicKey::pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) throw std::bad_alloc();
  return written_text(bio.get());
}

bool PublicKey::verifies(std::string_view message, Bytes signature) const noexcept {
  if (signature.size() != kSignatureBytes) return false;
  const Context context(EVP_MD_CTX_new());
  const bool right =
      context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), data_of(signature), signature.size(),
                       data_of(as_bytes(message)), message.size()) == 1;
  ERR_clear_error();  // a wrong signature leaves one
  return right;
}

Result<PrivateKey, std::string> PrivateKey::generate() {
  Key key = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (key == nullptr) return fail(std::string("OpenSSL cannot make a key"));
  return PrivateKey(std::move(key));
}

Result<PrivateKey, std::string> PrivateKey::parse(std::string_view pem) {
  if (pem.size() > kMostPem) return fail(std::string("too large for a key"));
  const Bio bio = reader_of(pem);
  bool encrypted = false;
  Key key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, &encrypted));
  ERR_clear_error();
  if (encrypted) {
    return fail(std::string("an encrypted key; `openssl pkey -in FILE -out PLAIN` decrypts it"));
  }
  if (key == nullptr) return fail(std::string("no private key in it (PEM, PKCS#8)"));
  if (const auto kind = check_kind(key); !kind) return fail(kind.error());
  return PrivateKey(std::move(key));
}

Result<PrivateKey, std::string> PrivateKey::read(const std::filesystem::path& file) {
  auto loaded = load_file(file, kMostPem);
  if (!loaded) return fail(std::move(loaded.error()));
  auto key = parse(loaded->text);
  OPENSSL_cleanse(loaded->text.data(), loaded->text.size());
  return key;
}

Result<void, std::string> PrivateKey::write(const std::filesystem::path& file) const {
  const Bio bio(BIO_new(BIO_s_secmem()));  // cleansed when it is freed
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0,
                                                      nullptr, nullptr) != 1) {
    throw std::bad_alloc();
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (opened < 0) return fail(os_error());
  bool written = write_all(opened, {text, static_cast<std::size_t>(size)});
  std::string error = written ? std::string() : os_error();
  if (::close(opened) != 0 && written) {
    written = false;
    error = os_error();
  }
  if (written) return {};
  ::unlink(file.c_str());
  return fail(std::move(error));
}

PublicKey PrivateKey::public_key() const {
  // Only the public half, so that no copy of the private one lives on in it.
  std::array<unsigned char, kRawKeyBytes> raw{};
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size) != 1) throw std::bad_alloc();
  Key half = owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), size));
  if (half == nullptr) throw std::bad_alloc();
  return PublicKey(std::move(half));
}

Signature PrivateKey::sign(std::string_view message) const {
  const Context context(EVP_MD_CTX_new());
  Signature signature{};
  std::size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     data_of(as_bytes(message)), message.size()) != 1 ||
      size != signature.size()) {
    throw std::bad_alloc();  // nothing else can fail
  }
  return signature;
}

}  // namespace sluice::lists

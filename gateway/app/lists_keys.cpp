// `sluice lists keygen`, and the keys that `sign` and `verify` are given.

#include "gateway/app/lists_keys.h"

#include <fstream>
#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"

namespace sluice::app {

Result<std::vector<lists::PublicKey>, std::string> read_trusted(
    const std::vector<std::string>& files) {
  std::vector<lists::PublicKey> all;
  for (const std::string& file : files) {
    auto keys = lists::PublicKey::read(file);
    if (!keys) return fail(file + ": " + keys.error());
    all.insert(all.end(), keys->begin(), keys->end());
  }
  return all;
}

Result<lists::PrivateKey, std::string> read_private(const std::string& file) {
  auto key = lists::PrivateKey::read(file);
  if (!key) return fail(file + ": " + key.error());
  using std::filesystem::perms;
  std::error_code error;
  const perms mode = std::filesystem::status(file, error).permissions();
  if (!error && (mode & (perms::group_all | perms::others_all)) != perms::none) {
    std::cerr << file << ": warning: others may read this key; chmod 600 it\n";
  }
  return std::move(*key);
}

int lists_keygen(const cli::ListsKeygenCommand& command) {
  const std::string secret = command.out + ".key";
  const std::string open = command.out + ".pub";
  const auto refuse = [](const std::string& file, const std::string& why) {
    std::cerr << "sluice: " << file << ": " << why << '\n';
    return kUnusable;
  };
  const auto key = lists::PrivateKey::generate();
  if (!key) return refuse(secret, key.error());
  if (const auto written = key->write(secret); !written) return refuse(secret, written.error());
  std::ofstream out(open, std::ios::binary | std::ios::noreplace);
  out << key->public_key().pem();
  out.close();
  if (out.fail()) {
    std::error_code error;
    std::filesystem::remove(secret, error);  // made just now, and of no use to anybody
    return refuse(open, "cannot be written, or exists already");
  }
  std::cout << secret << ": private key; keep it secret\n"
            << open << ": public key " << to_string(key->public_key().id())
            << "; gateways trust it\n";
  return all_written() ? kOk : kUnusable;
}

}  // namespace sluice::app

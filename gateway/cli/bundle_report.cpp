#include "gateway/cli/bundle_report.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "lists/bundle/manifest_json.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::vector<lists::KeyId>& keys) {
  Json json = Json::array();
  for (const lists::KeyId& key : keys) json.push_back(to_string(key));
  return json;
}

}  // namespace

std::string bundle_text(std::string_view file, const lists::Bundle& bundle) {
  const lists::Manifest& manifest = bundle.manifest;
  std::ostringstream out;
  out << file << ":\n  version      " << manifest.version << "\n  created      "
      << lists::time_text(manifest.created) << "\n  valid until  "
      << lists::time_text(manifest.valid_until) << '\n';
  if (!manifest.author.empty()) out << "  author       " << manifest.author << '\n';
  out << "  digest       " << bundle.digest << '\n';
  for (const lists::KeyId& key : bundle.signers) {
    out << "  signed by    " << to_string(key) << " (trusted)\n";
  }
  for (const lists::KeyId& key : bundle.strangers) {
    out << "  signed by    " << to_string(key) << " (not trusted, not verified)\n";
  }
  for (const lists::Member& member : manifest.members) {
    out << "  " << to_string(member.kind) << std::string(13 - to_string(member.kind).size(), ' ')
        << member.name << ": ";
    if (!member.app.empty()) out << "app " << member.app << ", ";
    if (member.format) out << to_string(*member.format) << ", ";
    out << member.size << " bytes, sha256 " << member.sha256 << '\n';
  }
  return out.str();
}

std::string bundle_json(std::string_view file, const lists::Bundle* bundle,
                        const lists::Refusal* refusal) {
  Json json = {{"bundle", file}, {"accepted", refusal == nullptr}};
  if (refusal != nullptr) {
    json["reason"] = to_string(refusal->reason);
    json["text"] = refusal->text;
  }
  if (bundle != nullptr) {
    json.update(lists::json_of(bundle->manifest));
    json["digest"] = bundle->digest;
    json["signers"] = json_of(bundle->signers);
    json["strangers"] = json_of(bundle->strangers);
  }
  // File names may hold bytes that are not UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::cli

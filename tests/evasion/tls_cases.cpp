// One ClientHello in many records, and names in the forms that servers treat as equal.

#include <algorithm>

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

constexpr std::size_t kKeyShare = 1700;  // a little larger than a post-quantum key share

ByteVector hello_of(const Payload& payload) {
  return client_hello(payload.name, payload.kind == Kind::tls_post_quantum ? kKeyShare : 32);
}

Script in_records(const Payload& payload, const std::vector<std::size_t>& sizes) {
  return Script(test::tls_records(hello_of(payload), sizes)).open();
}

Scripts two_records(const Payload& payload) {
  Scripts scripts;
  for (const std::size_t cut : cuts_of(payload)) {
    if (cut + 5 >= payload.stream.size()) continue;
    scripts.push_back(in_records(payload, {cut}).whole());
    scripts.back().what = "record of " + std::to_string(cut);
  }
  return scripts;
}

Scripts tiny_records(const Payload& payload) {
  Scripts scripts;
  for (const std::size_t size : {1U, 2U, 7U, 40U}) {
    Script script = in_records(payload, std::vector<std::size_t>(4000, size)).whole();
    script.what = "records of " + std::to_string(size);
    scripts.push_back(std::move(script));
  }
  return scripts;
}

Scripts record_and_segment(const Payload& payload) {
  Scripts scripts;
  const std::size_t in_name = payload.name_at - 5 + 4;  // in the handshake
  for (const std::size_t shift : {0U, 2U, 5U, 6U, 8U}) {
    Script script = in_records(payload, {in_name});
    const std::size_t cut = in_name + shift;
    scripts.push_back(Script(script).part(0, cut).part(cut, script.stream.size()));
    scripts.push_back(Script(script).part(cut, script.stream.size()).part(0, cut));
  }
  return scripts;
}

Scripts record_a_byte_a_segment(const Payload& payload) {
  Script script = in_records(payload, {payload.name_at - 5 + 7});
  for (std::size_t i = 0; i < script.stream.size(); ++i) script.part(i, i + 1);
  return {script};
}

Scripts other_versions(const Payload& payload) {
  Scripts scripts;
  for (const auto& [high, low] : {std::pair{3, 0}, {3, 3}, {3, 4}, {3, 255}}) {
    Script script(payload.stream);
    script.stream[1] = static_cast<std::byte>(high);
    script.stream[2] = static_cast<std::byte>(low);
    scripts.push_back(script.open().whole());
  }
  return scripts;
}

// Records that OpenSSL, GnuTLS or Go step over, in front of the hello and inside of it.
Scripts idle_records(const Payload& payload) {
  const ByteVector hello = hello_of(payload);
  const std::size_t in_name = payload.name_at - 5 + 4;
  Scripts scripts;
  for (const auto& idle : {test::byte_vector(std::string_view("\x16\3\x7f\0\0", 5)),
                           test::byte_vector(std::string_view("\x14\3\3\0\1\1", 6)),
                           test::byte_vector(std::string_view("\x15\3\1\0\2\1\x70", 7))}) {
    const ByteVector two = test::joined({idle, idle});
    scripts.push_back(Script(test::joined({two, test::tls_records(hello)})).open().whole());
    const std::size_t cut = two.size() + 7;
    Script halves = scripts.back();
    halves.shots.clear();
    halves.open().part(0, cut).part(cut, halves.stream.size());
    scripts.push_back(std::move(halves));
    if (idle[0] == std::byte{0x15}) continue;
    for (const std::size_t at : {std::size_t{1}, std::size_t{3}, in_name}) {
      Script inside(test::joined({test::tls_records(Bytes(hello).first(at)), two,
                                  test::tls_records(Bytes(hello).subspan(at))}));
      inside.what = "behind " + std::to_string(at);
      scripts.push_back(inside.open().whole());
    }
  }
  return scripts;
}

// After a HelloRetryRequest, or in front of it.
Scripts second_hello(const Payload& payload) {
  const ByteVector first = test::tls_records(client_hello(kDecoyName));
  const ByteVector change = test::byte_vector(std::string_view("\x14\3\3\0\1\1", 6));
  Script script(test::joined({first, change, payload.stream}));
  const std::size_t cut = first.size(), size = script.stream.size();
  return {Script(script).open().whole(), Script(script).open().part(0, cut).part(cut, size),
          Script(script).open().part(cut, size).part(0, cut),
          Script(script).open().part(0, cut + 20).part(cut + 20, size)};
}

Scripts odd_versions(const Payload& payload) {
  Scripts scripts;
  for (const int record : {0, 0x7f, 0xff}) {
    for (const auto& [high, low] : {std::pair{3, 9}, {4, 9}, {0xff, 0xff}}) {
      ByteVector stream = payload.stream;
      stream[2] = static_cast<std::byte>(record);
      stream[9] = static_cast<std::byte>(high);
      stream[10] = static_cast<std::byte>(low);
      scripts.push_back(Script(stream).open().whole());
    }
  }
  return scripts;
}

Scripts named(std::string_view name) {
  return {Script(test::tls_records(client_hello(name))).open().whole()};
}

Scripts sni_in_odd_case(const Payload& payload) {
  std::string name = payload.name;
  for (std::size_t i = 0; i < name.size(); i += 2) {
    if (name[i] >= 'a') name[i] = static_cast<char>(name[i] - 'a' + 'A');
  }
  return named(name);
}

Scripts final_dot(const Payload& payload) {
  return named(payload.name + ".");
}

Scripts with_port(const Payload& payload) {
  Scripts scripts = named(payload.name + ":443");
  std::ranges::move(named(payload.name + ".:443"), std::back_inserter(scripts));
  return scripts;
}

}  // namespace

std::span<const Case> tls_cases() {
  static const std::vector<Case> cases{
      {"tls_two_records", "two records, cut at every byte, in one segment", kTlsKinds, two_records},
      {"tls_tiny_records", "records of 1, 2, 7 and 40 bytes", kTlsKinds, tiny_records},
      {"tls_record_and_segment", "a record and a segment cut in the name", kTlsKinds,
       record_and_segment},
      {"tls_record_byte_by_byte", "two records in segments of one byte", kTlsKinds,
       record_a_byte_a_segment},
      {"tls_record_version", "record versions 3.0, 3.3, 3.4 and 3.255", kTlsKinds, other_versions},
      {"tls_idle_records", "empty records and others that say nothing", kTlsKinds, idle_records},
      {"tls_second_hello", "a decoy, then the hello that a HelloRetryRequest asks for", kTlsKinds,
       second_hello},
      {"tls_odd_versions", "versions of record and hello that do not exist", kTlsKinds,
       odd_versions},
      {"tls_port", "a port behind the name", {Kind::tls}, with_port},
      {"tls_odd_case", "upper and lower case in the name", {Kind::tls}, sni_in_odd_case},
      {"tls_final_dot", "a name with its final dot", {Kind::tls}, final_dot},
  };
  return cases;
}

}  // namespace sluice::evasion

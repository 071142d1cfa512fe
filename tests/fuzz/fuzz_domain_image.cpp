// Any bytes as an image: whatever opens answers every look-up from inside the image, and ends. Any
// bytes as names: a set that is built of them finds them all, in every form, and no name beside.
//
//   byte 0      then
//   0: image     the bytes of the image
//   1: damage    four bytes each: section of a right image, place in it (2), value. From section
//                128 on, all of the section takes the value
//   2: names     8 bytes of seed, names in wire form one after the other

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "filters/match/address_set.h"
#include "filters/match/domain_image.h"
#include "filters/match/domain_set_builder.h"
#include "tests/fuzz/require.h"

namespace sluice::match {
namespace {

using fuzz::lies_in;
using fuzz::require;
using name::Name;

constexpr std::size_t kMostNames = 64;

std::shared_ptr<std::byte> aligned_copy(Bytes image) {
  auto memory = DomainSetBuilder::allocate_plain(image.size());
  std::ranges::copy(image, memory.get());
  return memory;
}

void add(DomainSetBuilder& builder, std::string_view text, EntryKind kind, AppId app, ListId list,
         std::uint16_t type = 1) {
  const auto name = *Name::from_text(text);
  const NewEntry entry{.name = name.wire(),
                       .kind = kind,
                       .is_glob = text.contains('*'),
                       .app = app,
                       .list = list,
                       .line = 7,
                       .source = text.contains('*') ? text : std::string_view{},
                       .answer = {AnswerKind::record, type, 60, name.wire()}};
  require(builder.add(entry).has_value());
}

DomainSet small_set() {
  DomainSetBuilder builder({1, 2});
  const AppId chat = *builder.app("chat");
  const AppId mail = *builder.app("mail");
  const ListId list = *builder.list("names", "0123456789abcdef");
  add(builder, "example.com", EntryKind::suffix, chat, list);
  add(builder, "example.com", EntryKind::suffix, chat, list, 5);  // another record of it
  add(builder, "example.com", EntryKind::exact, mail, list);
  add(builder, "open.example.com", EntryKind::exception, AppId{}, list);
  add(builder, "a.b.c.d.example.org", EntryKind::suffix, mail, list);
  add(builder, "p16-*.cdn.example.com", EntryKind::suffix, chat, list);
  add(builder, "*-x.cdn.example.com", EntryKind::exception, chat, list);
  add(builder, "test", EntryKind::exact_exception, mail, list);
  for (const char* range : {"203.0.113.0/24", "203.0.113.7", "2001:db8::/32"}) {
    require(builder.add(*IpPrefix::parse(range), EntryKind::exact, chat, list, 8).has_value());
  }
  return builder.build()->set;
}

// --- any bytes as an image

void read_rule(const DomainSet& set, RuleId id, Bytes image) {
  const Rule rule = set.rule(id);
  require(lies_in(set.rule_source(id), image));
  for (const std::uint16_t type : {std::uint16_t{1}, std::uint16_t{16}}) {
    const Answer answer = set.rule_answer(id, type);
    require(lies_in(answer.rdata, image) && answer.kind <= AnswerKind::record);
    require(answer.rdata.size() <= kMostAnswerBytes);
  }
  require(lies_in(set.list_name(rule.list), image));
  require(lies_in(set.list_version(rule.list), image));
  require(rule.app == AppId{} || rule.app.index >= set.app_count() ||
          lies_in(set.app_name(rule.app), image));
  require(set.rule_name(id).wire().size() <= name::kMaxNameBytes);
  require(rule_text(set, id).size() <= std::tuple_size_v<RuleText>);
}

void read_match(const DomainSet& set, const Match& match, Bytes image) {
  if (!match.rule.valid()) return;
  read_rule(set, match.rule, image);
}

void look_up(const DomainSet& set, std::span<const std::string_view> texts, Bytes image) {
  std::vector<Name> names;
  std::vector<WireName> wires;
  std::vector<HostName> hosts;
  for (const std::string_view text : texts) {
    names.push_back(Name::from_host(text));
    hosts.push_back(HostName::from(text));
  }
  for (const Name& name : names) wires.push_back({name.wire(), 0});
  std::vector<Match> by_wire(texts.size());
  std::vector<Match> by_host(texts.size());
  set.find_batch(wires, by_wire);
  set.find_batch(hosts, by_host);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (const Match& match :
         {by_wire[i], by_host[i], set.find(names[i]), set.find(wires[i]), set.find(hosts[i])}) {
      read_match(set, match, image);
    }
    set.find_all(names[i], [&](const Match& match) {
      read_match(set, match, image);
      return true;
    });
  }
}

// The first and the last address of each range are found, and its rules are in the image.
void look_up_addresses(const DomainSet& set, Bytes image) {
  const AddressSet addresses(set);
  set.for_each_rule([&](RuleId id) {
    const auto range = set.rule_range(id);
    if (!range) return;
    for (const IpAddress& address : {range->address(), range->last()}) {
      bool found = false;
      addresses.find_all(address, [&](const Match& match) {
        read_match(set, match, image);
        require(set.rule_range(match.rule)->contains(address));
        found = found || match.rule == id;
        return true;
      });
      require(found);
    }
  });
}

void check_image(Bytes image) {
  const auto memory = aligned_copy(image);
  const Bytes copy(memory.get(), image.size());
  const auto set = DomainSet::open(copy, memory);
  if (!set) return require(!to_string(set.error()).empty());
  std::vector<RuleId> rules;
  set->for_each_rule([&](RuleId id) { rules.push_back(id); });
  require(rules.size() <= set->size() && rules.size() <= copy.size());
  // Names of the image itself reach its rules; others its empty slots.
  std::vector<std::string> own;
  for (const RuleId id : rules) {
    read_rule(*set, id, copy);
    if (set->rule_range(id)) continue;
    std::array<char, name::kMaxTextBytes> text;
    if (own.size() >= kMostNames) continue;
    own.emplace_back(to_text(set->rule_name(id), text));
    own.push_back("www." + own.back());
  }
  std::vector<std::string_view> texts = {"",
                                         ".",
                                         "test",
                                         "com",
                                         "example.com",
                                         "WWW.Example.Com.",
                                         "a.open.example.com",
                                         "p16-9.cdn.example.com",
                                         "p16-x.cdn.example.com",
                                         "a.b.c.d.example.org",
                                         "x.d.example.org",
                                         "no.example.net",
                                         "a..example.com"};
  texts.insert(texts.end(), own.begin(), own.end());
  look_up(*set, texts, copy);
  look_up_addresses(*set, copy);
}

// Where the sections of an image start, and its end.
std::vector<std::size_t> borders(Bytes image) {
  SluiceImageHeader header;
  std::memcpy(&header, image.data(), sizeof header);
  return {0,
          header.filter.at,
          header.buckets.at,
          header.rule_bytes.at,
          header.addresses.at,
          header.texts.at,
          header.answers.at,
          header.strings.at,
          image.size()};
}

// A right image that was damaged: leads further in than any bytes would.
void check_damaged(Bytes changes) {
  const DomainSet set = small_set();
  std::vector<std::byte> image(set.image().begin(), set.image().end());
  const std::vector<std::size_t> at = borders(image);
  for (; changes.size() >= 4; changes = changes.subspan(4)) {
    const auto number = [&](std::size_t i) { return std::to_integer<std::size_t>(changes[i]); };
    const std::size_t section = number(0) % 128 % (at.size() - 1);
    const auto part = std::span(image).subspan(at[section], at[section + 1] - at[section]);
    if (number(0) >= 128) {
      std::ranges::fill(part, changes[3]);
    } else {
      part[(number(1) << 8 | number(2)) % part.size()] = changes[3];
    }
  }
  check_image(image);
}

// --- any bytes as names

std::vector<Name> names_in(Bytes input) {
  std::vector<Name> names;
  while (!input.empty() && names.size() < kMostNames) {
    const auto name = Name::from_wire(input);
    if (name && name->label_count() > 0) names.push_back(*name);
    input = input.subspan(name ? name->wire().size() : 1);
  }
  return names;
}

// Whether the entries, all of them suffixes, cover the name: read label by label.
std::size_t covered_labels(std::span<const Name> entries, const Name& name) {
  std::size_t labels = 0;
  for (const Name& entry : entries) {
    const std::size_t count = entry.label_count();
    if (count > name.label_count() || count <= labels) continue;
    if (std::ranges::equal(name.suffix(count), entry.wire())) labels = count;
  }
  return labels;
}

void require_found(const DomainSet& set, const Name& name, std::size_t labels) {
  const Match match = set.find(name);
  require(match.rule.valid() == (labels > 0) && match.labels == labels);
  if (!match.rule.valid()) return;
  require(std::ranges::equal(set.rule_name(match.rule).wire(), name.suffix(labels)));
}

void check_names(HashKey seed, Bytes input) {
  const std::vector<Name> names = names_in(input);
  DomainSetBuilder builder(seed);
  const AppId app = *builder.app("app");
  const ListId list = *builder.list("list");
  // The other half is only looked up.
  const std::span entries = std::span(names).first((names.size() + 1) / 2);
  for (const Name& name : entries) {
    require(builder.add(name, EntryKind::suffix, app, list, 1).has_value());
  }
  const auto built = builder.build();
  require(built.has_value());
  std::vector<WireName> wires;
  for (const Name& name : names) {
    require_found(built->set, name, covered_labels(entries, name));
    wires.push_back({name.wire(), 0});
  }
  std::vector<Match> matches(wires.size());
  built->set.find_batch(wires, matches);
  for (std::size_t i = 0; i < names.size(); ++i) {
    require(matches[i].rule == built->set.find(names[i]).rule);
    require(matches[i].rule == built->set.find(wires[i]).rule);
  }
  check_image(built->set.image());
}

void check(Bytes input) {
  if (input.empty()) return;
  const Bytes rest = input.subspan(1);
  switch (std::to_integer<unsigned>(input[0])) {
    case 0:
      return check_image(rest);
    case 1:
      return check_damaged(rest);
    default:
      break;
  }
  HashKey seed{};
  if (rest.size() < sizeof(std::uint64_t)) return;
  std::memcpy(&seed.k0, rest.data(), sizeof(std::uint64_t));
  check_names(seed, rest.subspan(sizeof(std::uint64_t)));
}

}  // namespace
}  // namespace sluice::match

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::match::check(std::as_bytes(std::span(data, size)));
  return 0;
}

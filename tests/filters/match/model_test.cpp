// Compares the set with a naive one: lists with nested entries, exceptions, exact entries and
// globs; look-ups in every form that the set accepts; with and without an overlay.

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "filters/match/glob.h"
#include "tests/filters/match/naive_set.h"

namespace sluice::match {
namespace {

using test::NaiveMatch;
using test::NaiveRule;

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }
  bool chance(std::size_t percent) { return below(100) < percent; }

  // Few different labels, so that many names lie below others; now and then a long or binary one.
  std::string label(bool glob) {
    if (chance(3)) return std::string(1 + below(63), static_cast<char>('a' + below(3)));
    if (chance(2)) {
      std::string bytes;
      for (std::size_t i = 0; i <= below(6); ++i) bytes += static_cast<char>(below(256));
      if (bytes.find('*') == std::string::npos) return bytes;
    }
    static constexpr std::array<const char*, 9> kWords = {
        "a", "b", "com", "net", "example", "cdn", "long", "label-sixteen-oct", "x1"};
    std::string word = kWords[below(kWords.size())];
    if (glob) word.insert(below(word.size() + 1), "*");
    return word;
  }
  name::Name name(std::size_t most_labels, bool glob = false) {
    name::Name name;
    const std::size_t labels = 1 + below(most_labels) + (glob ? 1 : 0);
    const std::size_t starred = glob ? below(labels - 1) : labels;
    for (std::size_t i = 0; i < labels; ++i) {
      if (!name.append(as_bytes(label(i == starred)))) break;  // 255 bytes are full
    }
    return name;
  }
  std::string in_mixed_case(std::string_view text) {
    std::string mixed(text);
    for (char& c : mixed) {
      if (c >= 'a' && c <= 'z' && chance(50)) c = static_cast<char>(c - 'a' + 'A');
    }
    return mixed;
  }

 private:
  std::mt19937 random_;
};

struct Model {
  std::vector<NaiveRule> rules;
  DomainSet set;
};

// The overlay moves a share of the rules out of the image, and takes others away that are in it.
enum class With : std::uint8_t { image_alone, overlay };

struct ModelRule {
  NaiveRule rule;
  bool in_image = true;
  bool in_model = true;
};

NewEntry entry_of(const ModelRule& it, ListId list) {
  return {.name = it.rule.name.wire(),
          .kind = it.rule.kind,
          .is_glob = it.rule.is_glob,
          .app = AppId{it.rule.app},
          .list = list,
          .line = it.rule.line};
}

DomainSet with_overlay(const DomainSet& base, const std::vector<ModelRule>& rules, ListId list) {
  DomainSetBuilder beside = DomainSetBuilder::beside(base);
  std::vector<RuleId> removed;
  for (const ModelRule& it : rules) {
    if (!it.in_image) {
      beside.add(entry_of(it, list)).value();
    } else if (!it.in_model) {
      removed.push_back(base.find_rule({.name = it.rule.name.wire(),
                                        .kind = it.rule.kind,
                                        .is_glob = it.rule.is_glob,
                                        .app = AppId{it.rule.app}},
                                       [](ListId) { return true; }));
      EXPECT_TRUE(removed.back().valid());
    }
  }
  return base.with(beside.build()->set, std::move(removed));
}

Model make_model(Generator& generator, std::size_t count, std::size_t most_labels,
                 With with = With::image_alone) {
  DomainSetBuilder builder({generator.below(1U << 30), 7});
  const ListId list = *builder.list("list");
  for (const char* app : {"0", "1", "2"}) builder.app(app).value();
  std::vector<ModelRule> rules;
  for (std::size_t i = 0; i < count; ++i) {
    const bool glob = generator.chance(10);
    const name::Name name = generator.name(most_labels, glob);
    const auto kind = static_cast<EntryKind>(generator.chance(60) ? 0 : generator.below(4));
    const bool starred = as_text(name.wire()).find('*') != std::string_view::npos;
    ModelRule it{{name, kind, glob && starred, static_cast<std::uint8_t>(generator.below(3)),
                  static_cast<std::uint32_t>(i + 1)}};
    if (with == With::overlay) {
      it.in_image = generator.chance(60);
      it.in_model = !it.in_image || generator.chance(60);
    }
    const bool seen = std::ranges::any_of(rules, [&](const ModelRule& other) {
      return other.rule.name == name && other.rule.kind == kind &&
             other.rule.is_glob == it.rule.is_glob && other.rule.app == it.rule.app;
    });
    // Of duplicates the image leaves the later ones out; an overlay holds none.
    if (seen && with == With::overlay) continue;
    if (it.in_image && !builder.add(entry_of(it, list))) continue;  // no fixed label is left
    if (!it.in_image && it.rule.is_glob && fixed_part(name.wire()).size() == 1) continue;
    if (!seen) rules.push_back(it);
  }
  Model model;
  model.set = builder.build()->set;
  if (with == With::overlay) model.set = with_overlay(model.set, rules, list);
  for (const ModelRule& it : rules) {
    if (it.in_model) model.rules.push_back(it.rule);
  }
  return model;
}

NaiveMatch as_naive(const DomainSet& set, const Match& match) {
  const Rule rule = set.rule(match.rule);
  return {match.labels, match.kind, rule.app.index, rule.line};
}

// Names in one buffer, one after the other, in mixed case; and as text, where that says the same.
struct Queries {
  std::vector<name::Name> names;
  std::vector<std::byte> wires;
  std::vector<WireName> wire_names;
  std::vector<std::string> texts;
};

void make_queries(Generator& generator, const Model& model, std::size_t count, Queries& queries) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < count; ++i) {
    name::Name name = generator.name(6);
    // Half of them lie at or below a rule.
    if (!model.rules.empty() && generator.chance(50)) {
      const name::Name& rule = model.rules[generator.below(model.rules.size())].name;
      name.clear();
      if (generator.chance(50)) static_cast<void>(name.append(as_bytes(generator.label(false))));
      for (std::size_t l = 0; l < rule.label_count(); ++l) {
        std::string label(as_text(rule.label(l)));
        while (label.find('*') != std::string::npos) label.replace(label.find('*'), 1, "zz");
        static_cast<void>(name.append(as_bytes(label)));
      }
    }
    starts.push_back(queries.wires.size());
    const std::string mixed = generator.in_mixed_case(as_text(name.wire()));
    const Bytes bytes = as_bytes(mixed);
    queries.wires.insert(queries.wires.end(), bytes.begin(), bytes.end());
    std::string text;
    for (std::size_t l = 0; l < name.label_count(); ++l) {
      text += (l > 0 ? "." : "") + std::string(as_text(name.label(l)));
    }
    queries.texts.push_back(generator.in_mixed_case(text));
    queries.names.push_back(name);
  }
  for (const std::size_t start : starts) {
    queries.wire_names.push_back({queries.wires, static_cast<std::uint32_t>(start)});
  }
}

// A text says the same as the name only where no label has a dot in it.
bool has_dots_inside(const name::Name& name) {
  for (std::size_t l = 0; l < name.label_count(); ++l) {
    if (as_text(name.label(l)).find('.') != std::string_view::npos) return true;
  }
  return false;
}

void expect_agreement(const Model& model, const Queries& queries) {
  std::vector<HostName> hosts;
  for (const std::string& text : queries.texts) hosts.push_back(HostName::from(text));
  std::vector<Match> by_wire(queries.names.size());
  std::vector<Match> by_host(queries.names.size());
  model.set.find_batch(queries.wire_names, by_wire);
  model.set.find_batch(hosts, by_host);
  for (std::size_t i = 0; i < queries.names.size(); ++i) {
    const name::Name& name = queries.names[i];
    std::vector<NaiveMatch> wanted = test::naive_find_all(model.rules, name);
    std::vector<NaiveMatch> got;
    model.set.find_all(name, [&](const Match& match) {
      got.push_back(as_naive(model.set, match));
      return true;
    });
    for (std::size_t g = 1; g < got.size(); ++g) {  // best first
      ASSERT_GE(got[g - 1].labels, got[g].labels);
      if (got[g - 1].labels == got[g].labels) {
        ASSERT_GE(is_exception(got[g - 1].kind), is_exception(got[g].kind));
      }
    }
    const Match best = model.set.find(name);
    ASSERT_EQ(best.rule.valid(), !got.empty());
    if (best.rule.valid()) {
      ASSERT_EQ(as_naive(model.set, best), got.front());
    }
    test::sort_matches(wanted);
    test::sort_matches(got);
    ASSERT_EQ(got, wanted) << queries.texts[i];
    ASSERT_EQ(model.set.find(queries.wire_names[i]).rule, best.rule) << queries.texts[i];
    ASSERT_EQ(by_wire[i].rule, best.rule) << queries.texts[i];
    if (has_dots_inside(name)) continue;
    ASSERT_EQ(model.set.find(hosts[i]).rule, best.rule) << queries.texts[i];
    ASSERT_EQ(by_host[i].rule, best.rule) << queries.texts[i];
  }
}

void expect_all_listed(const Model& model) {
  std::vector<std::uint32_t> lines;
  model.set.for_each_rule([&](RuleId id) { lines.push_back(model.set.rule(id).line); });
  std::vector<std::uint32_t> wanted;
  for (const NaiveRule& rule : model.rules) wanted.push_back(rule.line);
  std::ranges::sort(lines);
  std::ranges::sort(wanted);
  EXPECT_EQ(lines, wanted);
  EXPECT_EQ(model.set.size(), wanted.size());
}

TEST(DomainSetModel, ManySmallLists) {
  Generator generator(1);
  for (int round = 0; round < 400; ++round) {
    const Model model = make_model(generator, generator.below(40), 5);
    Queries queries;
    make_queries(generator, model, 100, queries);
    expect_agreement(model, queries);
  }
}

TEST(DomainSetModel, ListsOfThousands) {
  Generator generator(2);
  const Model model = make_model(generator, 3000, 7);
  Queries queries;
  make_queries(generator, model, 5000, queries);
  expect_agreement(model, queries);
}

TEST(DomainSetModel, DeepLists) {
  Generator generator(3);
  const Model model = make_model(generator, 200, 120);
  Queries queries;
  make_queries(generator, model, 2000, queries);
  expect_agreement(model, queries);
}

TEST(DomainSetModel, ManySmallListsWithAnOverlay) {
  Generator generator(4);
  for (int round = 0; round < 400; ++round) {
    const Model model = make_model(generator, generator.below(60), 5, With::overlay);
    Queries queries;
    make_queries(generator, model, 100, queries);
    expect_agreement(model, queries);
    expect_all_listed(model);
  }
}

TEST(DomainSetModel, ThousandsWithAnOverlay) {
  Generator generator(5);
  const Model model = make_model(generator, 3000, 7, With::overlay);
  Queries queries;
  make_queries(generator, model, 5000, queries);
  expect_agreement(model, queries);
  expect_all_listed(model);
}

TEST(DomainSetModel, DeepListsWithAnOverlay) {
  Generator generator(6);
  const Model model = make_model(generator, 200, 120, With::overlay);
  Queries queries;
  make_queries(generator, model, 2000, queries);
  expect_agreement(model, queries);
}

}  // namespace
}  // namespace sluice::match

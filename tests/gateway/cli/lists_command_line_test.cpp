#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/cli/command_words.h"

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using testing::FieldsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ListsCommandLine, Build) {
  const auto plain = parse_as<ListsBuildCommand>({"lists", "build", "--out", "i", "a/chat.list"});
  EXPECT_EQ(plain.out, "i");
  EXPECT_THAT(plain.input.lists, ElementsAre(FieldsAre("chat", "a/chat.list")));
  EXPECT_THAT(plain.input.exceptions, IsEmpty());
  EXPECT_FALSE(plain.input.format);
  EXPECT_EQ(plain.input.critical + plain.input.popular, "");
  EXPECT_FALSE(plain.input.force);

  const auto full =
      parse_as<ListsBuildCommand>({"lists", "build", "-o", "i", "mail=b.txt", "--exceptions",
                                   "ours.list", "--force", "c", "--exceptions", "mail=more.list",
                                   "--critical", "vital", "--popular=top", "--format", "hosts"});
  EXPECT_THAT(full.input.lists, ElementsAre(FieldsAre("mail", "b.txt"), FieldsAre("c", "c")));
  EXPECT_THAT(full.input.exceptions,
              ElementsAre(FieldsAre("*", "ours.list"), FieldsAre("mail", "more.list")));
  EXPECT_EQ(full.input.format, lists::Format::hosts);
  EXPECT_EQ(full.input.critical, "vital");
  EXPECT_EQ(full.input.popular, "top");
  EXPECT_TRUE(full.input.force);
}

TEST(ListsCommandLine, LintReadsTheSame) {
  const auto lint = parse_as<ListsLintCommand>({"lists", "lint", "--exceptions", "*=a", "b=c"});
  EXPECT_THAT(lint.input.lists, ElementsAre(FieldsAre("b", "c")));
  EXPECT_THAT(lint.input.exceptions, ElementsAre(FieldsAre("*", "a")));
}

TEST(ListsCommandLine, APathIsNoApp) {
  const auto lint = parse_as<ListsLintCommand>({"lists", "lint", "./a=b.list", "app=./c=d"});
  EXPECT_THAT(lint.input.lists,
              ElementsAre(FieldsAre("a=b", "./a=b.list"), FieldsAre("app", "./c=d")));
}

TEST(ListsCommandLine, Show) {
  EXPECT_EQ(parse_as<ListsShowCommand>({"lists", "show", "i"}).image, "i");
  EXPECT_FALSE(parse_as<ListsShowCommand>({"lists", "show", "i"}).json);
  EXPECT_TRUE(parse_as<ListsShowCommand>({"lists", "show", "--json", "i"}).json);
}

TEST(ListsCommandLine, Search) {
  const auto search = parse_as<ListsSearchCommand>({"lists", "search", "i", "a.example", "b"});
  EXPECT_EQ(search.image, "i");
  EXPECT_THAT(search.names, ElementsAre("a.example", "b"));
  EXPECT_FALSE(search.json);
}

TEST(ListsCommandLine, Convert) {
  const auto plain = parse_as<ListsConvertCommand>({"lists", "convert", "--to", "rpz", "f"});
  EXPECT_EQ(plain.file, "f");
  EXPECT_EQ(plain.to, lists::Format::rpz);
  EXPECT_FALSE(plain.from);
  EXPECT_EQ(plain.out, "");
  const auto full = parse_as<ListsConvertCommand>(
      {"lists", "convert", "--format", "hosts", "--to", "adblock", "-o", "o", "f"});
  EXPECT_EQ(full.from, lists::Format::hosts);
  EXPECT_EQ(full.out, "o");
}

TEST(ListsCommandLine, Suggest) {
  const auto plain = parse_as<ListsSuggestCommand>({"lists", "suggest", "--file", "f"});
  EXPECT_EQ(plain.file, "f");
  EXPECT_EQ(plain.config + plain.app + plain.critical + plain.popular + plain.to, "");
  EXPECT_EQ(plain.least_count, 5U);
  EXPECT_EQ(plain.least_clients, 3U);
  EXPECT_FALSE(plain.json || plain.replace);
  const auto full = parse_as<ListsSuggestCommand>(
      {"lists", "suggest", "-c", "c", "--app", "chat", "--min-count", "9", "--min-clients", "0",
       "--critical", "v", "--popular", "p", "--to", "l", "--replace"});
  EXPECT_EQ(full.config + full.app + full.critical + full.popular + full.to, "cchatvpl");
  EXPECT_EQ(full.least_count, 9U);
  EXPECT_EQ(full.least_clients, 0U);
  EXPECT_TRUE(full.replace);
  EXPECT_TRUE(parse_as<ListsSuggestCommand>({"lists", "suggest", "-c", "c", "--json"}).json);
}

TEST(ListsCommandLine, Diff) {
  const auto plain = parse_as<ListsDiffCommand>({"lists", "diff", "old.list", "chat=new.list"});
  EXPECT_THAT(plain.before, FieldsAre("list", "old.list"));
  EXPECT_THAT(plain.after, FieldsAre("chat", "new.list"));
  EXPECT_EQ(plain.most, 100U);
  const auto full =
      parse_as<ListsDiffCommand>({"lists", "diff", "--json", "--capture", "c", "--audit", "a",
                                  "--most", "5", "--format", "auto", "i", "j"});
  EXPECT_EQ(full.capture + full.audit, "ca");
  EXPECT_EQ(full.most, 5U);
  EXPECT_TRUE(full.json);
}

TEST(ListsCommandLine, AloneItTellsWhatThereIs) {
  const Answer alone = answer_to({"lists"});
  EXPECT_EQ(alone.exit_status, 2);
  for (const char* word : {"--help", "-h", "help"}) {
    const Answer asked = answer_to({"lists", word});
    EXPECT_EQ(asked.exit_status, 0);
    EXPECT_EQ(asked.text, alone.text);
  }
  EXPECT_THAT(alone.text, HasSubstr("usage: sluice lists COMMAND"));
  for (const char* command :
       {"build ", "lint ", "show ", "search ", "convert ", "diff ", "suggest ", "rollback "}) {
    EXPECT_THAT(alone.text, HasSubstr(command));
  }
}

TEST(ListsCommandLine, HelpOfEachHasUsageExamplesAndExitStatus) {
  for (const char* command :
       {"build", "lint", "show", "search", "convert", "diff", "suggest", "rollback"}) {
    const Answer answer = answer_to({"lists", command, "--help"});
    EXPECT_EQ(answer.exit_status, 0) << command;
    EXPECT_THAT(answer.text, HasSubstr("usage: sluice lists " + std::string(command)));
    EXPECT_THAT(answer.text, HasSubstr("examples:\n  sluice lists " + std::string(command)));
    EXPECT_THAT(answer.text, HasSubstr("exit status: 0"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    ListsCommandLine, WrongUsage,
    testing::Values(
        Wrong{"UnknownCommand", {"lists", "frobnicate"}, "unknown command \"lists frobnicate\""},
        Wrong{
            "CommandOfALaterVersion", {"lists", "resign", "i"}, "unknown command \"lists resign\""},
        Wrong{"BuildWithoutOut", {"lists", "build", "a.list"}, "--out is missing"},
        Wrong{"BuildWithoutList", {"lists", "build", "--out", "i"}, "LIST is missing"},
        Wrong{"LintWithoutList", {"lists", "lint", "--force"}, "LIST is missing"},
        Wrong{"LintWithOut", {"lists", "lint", "--out", "i", "a"}, "'--out'"},
        Wrong{"ListWithoutFile", {"lists", "lint", "app="}, "\"app=\""},
        Wrong{"ListWithoutApp", {"lists", "lint", "=a.list"}, "\"=a.list\""},
        Wrong{"EmptyList", {"lists", "lint", ""}, "\"\" is not a list"},
        Wrong{"ListOfEveryApp", {"lists", "lint", "*=a.list"}, "only exceptions"},
        Wrong{"UnknownFormat", {"lists", "lint", "--format", "xml", "a"}, "\"xml\""},
        Wrong{"SearchWithoutName", {"lists", "search", "i"}, "NAME is missing"},
        Wrong{"ConvertWithoutTo", {"lists", "convert", "a"}, "--to is missing"},
        Wrong{"ConvertToAddresses", {"lists", "convert", "--to", "endpoints", "a"}, "of names"},
        Wrong{"ConvertOfTwo", {"lists", "convert", "--to", "rpz", "a", "b"}, "\"b\""},
        Wrong{"DiffOfOne", {"lists", "diff", "a"}, "NEW is missing"},
        Wrong{"DiffOfThree", {"lists", "diff", "a", "b", "c"}, "\"c\""},
        Wrong{"ShowWithoutImage", {"lists", "show", "--json"}, "IMAGE is missing"},
        Wrong{"ShowOfTwoImages", {"lists", "show", "i", "j"}, "\"j\""}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace sluice::cli

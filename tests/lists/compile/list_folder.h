#pragma once

// Lists that a test writes, in a temporary folder of its own, and what they compile to.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "lists/compile/compile.h"
#include "tests/lists/format/written.h"

namespace sluice::test {

[[nodiscard]] inline name::Name name_of(std::string_view text) {
  return *name::Name::from_text(text);
}

// Lists in a temporary folder of their own.
class ListFolder : public testing::Test {
 protected:
  ListFolder() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ListFolder() override { std::filesystem::remove_all(folder_); }
  ListFolder(const ListFolder&) = delete;
  ListFolder& operator=(const ListFolder&) = delete;

  std::filesystem::path write(const std::string& file, std::string_view text) {
    std::ofstream(folder_ / file, std::ios::binary) << text;
    return folder_ / file;
  }
  lists::ListSpec list(const std::string& name, std::string_view text) {
    return {.name = name, .source = lists::Source::file(write(name + ".list", text)), .app = name};
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("sluice_") +
       testing::UnitTest::GetInstance()->current_test_info()->test_suite_name() + "_" +
       testing::UnitTest::GetInstance()->current_test_info()->name());
};

// The rule that a name meets first, as its list writes it; empty: none.
[[nodiscard]] inline std::string found(const lists::Compiled& compiled, std::string_view name) {
  const match::Match match = compiled.domains.find(name_of(name));
  return match.rule.valid() ? match::rule_text(compiled.domains, match.rule) : "";
}

}  // namespace sluice::test

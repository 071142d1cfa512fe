// Any bytes as an audit trail: every line is a record or counted as none, the report in each of its
// forms holds, and a chain that is put on the lines is whole.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "gateway/audit/report.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view bytes) {
  std::istringstream in{std::string(bytes)};
  audit::ReportBuilder builder;
  audit::Chain chain("key");
  audit::ChainCheck check("key");
  std::uint64_t lines = 0;
  for (std::string line; audit::next_line(in, line);) {
    builder.take(line);
    if (line.empty()) continue;
    ++lines;
    if (!line.starts_with('{') || !line.ends_with('}')) continue;
    chain.add(line);
    const auto found = check.take(line);
    require(found != audit::ChainCheck::Finding::broken &&
            found != audit::ChainCheck::Finding::not_chained);
  }
  const audit::Report& report = builder.report();
  require(report.records + report.unreadable == lines);
  require(report.chained + report.not_chained == lines);
  require(nlohmann::json::parse(to_json(report, 5)).at("records") == report.records);
  const std::string page = to_html(report, 5);
  require(page.ends_with("</html>\n") && page.find("<script") == std::string::npos);
  require(!to_text(report, 5).empty());
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

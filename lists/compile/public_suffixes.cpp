#include "lists/compile/public_suffixes.h"

#include <libpsl.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include "filters/name/name.h"
#include "lists/compile/load.h"
#include "lists/compile/wire_labels.h"

namespace sluice::lists {
namespace {

constexpr std::string_view kAcePrefix = "xn--";

using Buffer = std::array<char, name::kMaxNameBytes>;

// The name as text with a NUL behind it, for libpsl. Empty: it holds a byte that would be read as
// something else, so nobody can register it.
std::string_view as_host(Bytes name, Buffer& buffer) {
  char* to = buffer.data();
  bool is_host = true;
  for_each_label(name, [&](Bytes label) {
    for (const char c : as_text(label)) {
      is_host &= c != '.' && c != '\0';
      *to++ = c;
    }
    *to++ = '.';
  });
  *--to = '\0';
  return is_host ? std::string_view(buffer.data(), to) : std::string_view{};
}

std::string_view parent_of(std::string_view host) {
  return host.substr(std::min(host.find('.'), host.size() - 1) + 1);
}

// A filter in front of libpsl: passes all hosts that have a rule, and few others. libpsl takes 230
// ns (350 in a list of millions), this takes 20.
class Hints {
 public:
  // Lines of a Public Suffix List: `example`, `*.example`, `!example`, `// a comment`.
  void read(std::string_view list) {
    while (!list.empty()) {
      const std::size_t end = std::min(list.find('\n'), list.size() - 1);
      std::string_view rule = list.substr(0, list.find_first_of(" \t\r\n"));
      list.remove_prefix(end + 1);
      if (rule.empty() || rule.starts_with("//")) continue;
      if (rule.starts_with('!')) rule.remove_prefix(1);
      if (rule.starts_with("*.")) {
        rule.remove_prefix(2);
        parents_.set(bit(rule));
      }
      hosts_.set(bit(rule));  // libpsl reads `*.ck` as `ck` too
    }
  }
  [[nodiscard]] bool may_have_rule(std::string_view host) const {
    // The list writes rules as U-labels.
    return hosts_[bit(host)] || parents_[bit(parent_of(host))] || host.contains(kAcePrefix);
  }

 private:
  static constexpr std::size_t kBits = std::size_t{1} << 19;  // 64 KiB; 9,500 rules are 2 % of it
  static std::size_t bit(std::string_view host) {
    return std::hash<std::string_view>{}(host) % kBits;
  }
  std::bitset<kBits> hosts_, parents_;
};

// The text of the system's list, unless it is older than the one built into libpsl; else empty.
std::filesystem::path list_file() {
  const std::filesystem::path known = psl_dist_filename();
  const auto file = known.parent_path() / "public_suffix_list.dat";
  std::error_code error;
  const auto written = std::filesystem::last_write_time(file, error);
  if (error) return {};
  const auto seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(
          std::chrono::file_clock::to_sys(written)));
  return seconds >= psl_builtin_file_time() ? file : std::filesystem::path{};
}

}  // namespace

struct PublicSuffixes::State {
  State() {
    // The hints must be of the same list as the rules.
    const auto file = list_file();
    const auto loaded = load_file(file);
    if (loaded) list = psl_load_file(file.c_str());
    has_hints = list != nullptr;
    if (has_hints) {
      hints.read(loaded->text);
    } else {
      list = psl_latest(nullptr);  // the system's newest list, else the built-in one
    }
  }
  ~State() { psl_free(list); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  psl_ctx_t* list = nullptr;
  Hints hints;
  bool has_hints = false;
};

PublicSuffixes::PublicSuffixes() : state_(std::make_unique<State>()) {}
PublicSuffixes::~PublicSuffixes() = default;

PublicSuffix PublicSuffixes::look_up(Bytes name) const {
  const std::size_t labels = count_labels(name);
  if (labels == 1) return PublicSuffix::icann;  // whether the list has it or not
  if (labels > kMostLabels) return PublicSuffix::no;
  Buffer buffer;
  const std::string_view host = as_host(name, buffer);
  if (host.empty() || (state_->has_hints && !state_->hints.may_have_rule(host))) {
    return PublicSuffix::no;
  }
  if (psl_is_public_suffix2(state_->list, host.data(), PSL_TYPE_ANY) == 0) return PublicSuffix::no;
  return psl_is_public_suffix2(state_->list, host.data(), PSL_TYPE_ICANN) != 0
             ? PublicSuffix::icann
             : PublicSuffix::private_part;
}

}  // namespace sluice::lists

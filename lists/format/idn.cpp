#include "lists/format/idn.h"

#include <idn2.h>
#include <unictype.h>
#include <unistr.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>
#include <vector>

namespace sluice::lists {
namespace {

constexpr int kFlags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
// IDNA judges the joiners: some scripts need them (RFC 5892 appendix A).
constexpr char32_t kJoiners[] = {0x200c, 0x200d};

struct Freed {
  void operator()(void* memory) const noexcept { idn2_free(memory); }
};
template <typename T>
using Owned = std::unique_ptr<T, Freed>;

const std::uint8_t* as_u8(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

// Empty: not UTF-8.
std::vector<ucs4_t> code_points(std::string_view text) {
  std::vector<ucs4_t> points;
  while (!text.empty()) {
    ucs4_t point = 0;
    const int size = u8_mbtoucr(&point, as_u8(text), text.size());
    if (size <= 0) return {};
    points.push_back(point);
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return points;
}

std::string shown(ucs4_t point) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "U+%04X", static_cast<unsigned>(point));
  return text.data();
}

// Why a list may not use a code point; empty: IDNA judges it. A name with invisible characters
// would look like another one.
std::string refusal_of(ucs4_t point) {
  if (uc_is_general_category_withtable(point, UC_CATEGORY_MASK_Cn)) {
    return shown(point) + " is not assigned";
  }
  if (uc_is_general_category_withtable(point, UC_CATEGORY_MASK_Cc)) {
    return shown(point) + " is a control character";
  }
  if (uc_is_general_category_withtable(point, UC_CATEGORY_MASK_Cf) &&
      std::ranges::find(kJoiners, point) == std::end(kJoiners)) {
    return shown(point) + " is invisible";
  }
  return {};
}

std::string idna_reason(int code) {
  return std::string("not valid in IDNA2008: ") + idn2_strerror(code);
}

using Scripts = std::set<std::string_view>;

Scripts scripts_of(const std::uint32_t* label) {
  Scripts scripts;
  for (; *label != 0; ++label) {
    const uc_script_t* script = uc_script(*label);
    if (script != nullptr) scripts.insert(script->name);
  }
  scripts.erase("Common");
  scripts.erase("Inherited");
  return scripts;
}

bool is_highly_restrictive(const Scripts& scripts) {
  static const std::array<Scripts, 3> together = {{
      {"Latin", "Han", "Hiragana", "Katakana"},
      {"Latin", "Han", "Bopomofo"},
      {"Latin", "Han", "Hangul"},
  }};
  return scripts.size() <= 1 || std::ranges::any_of(together, [&](const Scripts& allowed) {
           return std::ranges::includes(allowed, scripts);
         });
}

std::string doubt_of(const std::string& label) {
  std::uint8_t* lookup = nullptr;
  int code = idn2_lookup_u8(as_u8(label), &lookup, kFlags);
  const Owned<std::uint8_t> looked_up(lookup);
  std::uint32_t* points = nullptr;
  if (code == IDN2_OK) code = idn2_to_unicode_8z4z(label.c_str(), &points, kFlags);
  const Owned<std::uint32_t> decoded(points);
  std::string doubt = label;
  if (code != IDN2_OK) return doubt.append(" is ").append(idna_reason(code));
  const Scripts scripts = scripts_of(points);
  if (is_highly_restrictive(scripts)) return {};
  doubt += " mixes scripts:";
  for (const std::string_view script : scripts) {
    doubt.append(script == *scripts.begin() ? " " : ", ").append(script);
  }
  return doubt;
}

}  // namespace

Result<std::string, std::string> to_a_labels(std::string_view name) {
  const auto points = code_points(name);
  if (points.empty()) return fail(std::string("neither ASCII nor UTF-8"));
  for (const ucs4_t point : points) {
    if (auto reason = refusal_of(point); !reason.empty()) return fail(std::move(reason));
  }
  const std::string terminated(name);
  std::uint8_t* out = nullptr;
  const int code = idn2_lookup_u8(as_u8(terminated), &out, kFlags);
  const Owned<std::uint8_t> owned(out);
  if (code != IDN2_OK) return fail(idna_reason(code));
  return std::string(reinterpret_cast<const char*>(out));
}

std::string doubt_of_a_labels(Bytes wire) {
  while (wire.size() > 1 && wire[0] != std::byte{0}) {
    const auto size = std::to_integer<std::size_t>(wire[0]);
    const std::string label(as_text(wire.subspan(1, size)));
    // libidn2 would read it up to the NUL.
    if (label.starts_with("xn--") && !label.contains('\0')) {
      if (auto doubt = doubt_of(label); !doubt.empty()) return doubt;
    }
    wire = wire.subspan(1 + size);
  }
  return {};
}

}  // namespace sluice::lists

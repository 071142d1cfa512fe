#pragma once

// Domain names in the one canonical form that everything here compares (RFC 1035 section 3.1).
//
// Canonical: DNS wire format, labels lower-cased in ASCII (RFC 4343), root label included:
//
//   "Web.WeChat.com."  ->  | 3 | w e b | 6 | w e c h a t | 3 | c o m | 0 |
//   offsets of labels:       0           4                11          15
//
// Every name is made by append(), so there is one place that folds case and checks the limits of 63
// bytes a label and 255 a name. A label may hold any byte.
// A Name owns its bytes in a fixed buffer: a value, safe to copy, no allocation, no exceptions.

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::name {

inline constexpr std::size_t kMaxNameBytes = 255;  // on the wire, with the root label
inline constexpr std::size_t kMaxLabelBytes = 63;
inline constexpr std::size_t kMaxLabels = 127;  // without the root

enum class NameError : std::uint8_t {
  empty_label,     // two dots in a row, or a dot in front
  label_too_long,  // over 63 bytes
  name_too_long,   // over 255 bytes on the wire
  bad_escape,      // a backslash that starts neither \DDD nor \X
  truncated,       // wire form ends before the root label
  compressed,      // wire form with a pointer or a reserved label type where none may be
};

[[nodiscard]] std::string_view to_string(NameError error) noexcept;

class Name {
 public:
  constexpr Name() noexcept = default;  // the root

  // Uncompressed wire form; bytes after the root label are ignored.
  [[nodiscard]] static Result<Name, NameError> from_wire(Bytes wire) noexcept;
  // Presentation form (RFC 1035 section 5.1) as lists and command lines have it: `\DDD` and `\X`
  // are escapes, one final dot is ignored, "." and "" are the root.
  [[nodiscard]] static Result<Name, NameError> from_text(std::string_view text) noexcept;
  // A host without port: no escapes, final dots ignored. Never fails, because servers accept more
  // than domain names: what cannot be a label becomes the label "?", and a name that is too long
  // keeps its rightmost labels behind a "?". So a suffix still matches:
  // "a..wechat.com" -> "a.?.wechat.com".
  [[nodiscard]] static Name from_host(std::string_view host) noexcept {
    Name name;
    name.assign_host(host);
    return name;
  }
  // The same in place.
  void assign_host(std::string_view host) noexcept;

  // Spare bytes of the buffer before and behind the wire form. A reader may load whole words, and
  // step over labels, without checking where the name ends.
  // All of them are zero.
  static constexpr std::size_t kHeadroom = 16;
  static constexpr std::size_t kTailroom = 4;

  // Adds a label on the right, before the root. Folds case. A failure changes nothing.
  [[nodiscard]] Result<void, NameError> append(Bytes label) noexcept;
  // Makes it the root again.
  void clear() noexcept {
    size_ = 1;
    labels_ = 0;
    end_at(0);
  }

  [[nodiscard]] Bytes wire() const noexcept { return Bytes(buffer_).subspan(kHeadroom, size_); }
  [[nodiscard]] Bytes buffer() const noexcept { return Bytes(buffer_).first(kHeadroom + size_); }
  [[nodiscard]] std::size_t label_count() const noexcept { return labels_; }
  // Label `index` counted from the left. REQUIRES: index < label_count().
  [[nodiscard]] Bytes label(std::size_t index) const noexcept;
  // Wire form of the rightmost `count` labels; count 0 is the root.
  // REQUIRES: count <= label_count().
  [[nodiscard]] Bytes suffix(std::size_t count) const noexcept;

  friend bool operator==(const Name& a, const Name& b) noexcept {
    return as_text(a.wire()) == as_text(b.wire());
  }

 private:
  // Writes the root label behind `used` bytes, and the spare bytes.
  void end_at(std::size_t used) noexcept {
    std::memset(buffer_.data() + kHeadroom + used, 0, 1 + kTailroom);
  }

  std::array<std::byte, kHeadroom + kMaxNameBytes + kTailroom>
      buffer_{};  // the root: one zero byte
  std::array<std::uint8_t, kMaxLabels> offsets_{};
  std::uint8_t size_ = 1;
  std::uint8_t labels_ = 0;
};

// Room for the longest presentation form: four characters a byte.
inline constexpr std::size_t kMaxTextBytes = 4 * kMaxNameBytes;

// The presentation form that we print everywhere: no final dot, "" for the root; bytes outside
// 0x21..0x7E as \DDD, a backslash and a dot inside a label behind a backslash.
// Writes into `out` and returns a view of it.
[[nodiscard]] std::string_view to_text(const Name& name,
                                       std::array<char, kMaxTextBytes>& out) noexcept;

}  // namespace sluice::name

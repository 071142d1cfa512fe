#pragma once

// Messages of netlink: attributes in, attributes out, and one question at a time to the kernel.
//
//   message:  [nlmsghdr][header of the family][attribute]…     all in the host's byte order
//   attribute: length (2, with its header) type (2) value, padded to 4
//
// Reading is pure and bounds-checked; views point into the message.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"

namespace sluice::io {

struct Attribute {
  std::uint16_t type = 0;  // without the flags of netlink
  Bytes value;
};

// Attributes in their order; ends at the first that is malformed.
class AttributeReader {
 public:
  explicit AttributeReader(Bytes attributes) noexcept : rest_(attributes) {}
  [[nodiscard]] std::optional<Attribute> next() noexcept;

 private:
  Bytes rest_;
};

// 0 if there are fewer bytes.
[[nodiscard]] std::uint8_t read_u8(Bytes value) noexcept;
[[nodiscard]] std::uint16_t read_u16(Bytes value) noexcept;
[[nodiscard]] std::uint32_t read_u32(Bytes value) noexcept;
[[nodiscard]] std::uint64_t read_u64(Bytes value) noexcept;
[[nodiscard]] std::string read_text(Bytes value);  // up to its NUL

// A request of one message.
class NetlinkRequest {
 public:
  // `header`: of the family, behind the header of netlink.
  NetlinkRequest(std::uint16_t type, Bytes header);
  void add_u32(std::uint16_t attribute, std::uint32_t value);
  void add_text(std::uint16_t attribute, std::string_view text);  // with a NUL
  // Complete; valid until something is added.
  [[nodiscard]] Bytes message();

 private:
  void append(Bytes bytes);
  void add(std::uint16_t attribute, Bytes value);

  std::vector<std::byte> bytes_;
};

// A socket of one netlink family. One thread.
class NetlinkSocket {
 public:
  explicit NetlinkSocket(int protocol) noexcept;
  ~NetlinkSocket();
  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;

  // What follows the header of netlink in the answer. None: an error, or no answer within a second.
  [[nodiscard]] std::optional<std::vector<std::byte>> ask(NetlinkRequest& request) const;

 private:
  int socket_;
};

}  // namespace sluice::io

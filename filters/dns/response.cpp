#include "filters/dns/response.h"

#include <algorithm>

namespace sluice::dns {
namespace {

constexpr std::size_t kPointerBytes = 2;
constexpr std::uint16_t kRcodeMask = 0x000f;
constexpr std::size_t kMxPreference = 2;
constexpr std::size_t kSrvFields = 6;  // priority, weight, port

// RDATA that is a name and nothing else.
bool is_bare_name(RecordType type) noexcept {
  return type == RecordType::cname || type == RecordType::dname || type == RecordType::ns;
}

bool is_pointer_at(Bytes message, std::size_t offset) noexcept {
  return (message[offset] & std::byte{0xc0}) == std::byte{0xc0};
}

// Header and questions.
Result<Header, ResponseError> parse_head(Bytes message, Response& response) noexcept {
  response.query.count = 0;
  response.records = response.answers = 0;
  const auto header = read_header(message);
  if (!header || !header->is_response() || !header->is_standard_query()) {
    return fail(ResponseError::not_response);
  }
  response.query.take_header(*header);
  response.rcode = static_cast<std::uint8_t>(header->flags & kRcodeMask);
  response.truncated = header->truncated();
  if (header->questions > kMaxQuestions) return fail(ResponseError::too_many_questions);
  const auto end = read_questions(message, header->questions, response.query.questions);
  if (!end) return fail(ResponseError::malformed);
  response.query.count = header->questions;
  response.query.questions_end = *end;
  return *header;
}

// Skips the records, counts them and looks for OPT; false: one is cut off.
bool count_records(Bytes message, const Header& header, Response& response) noexcept {
  ByteReader reader(message);
  reader.skip(response.query.questions_end);
  while (response.records < header.records()) {
    const auto record = read_record(reader);
    if (!record) return false;
    if (record->type == RecordType::opt) response.query.take_edns(*record);
    ++response.records;
    if (response.records <= header.answers) ++response.answers;
  }
  return true;
}

// RDATA in front of a name.
constexpr std::size_t kServicePriority = 2;
std::size_t bytes_before_name(RecordType type) noexcept {
  switch (type) {
    case RecordType::mx:
      return kMxPreference;
    case RecordType::srv:
      return kSrvFields;
    case RecordType::svcb:
    case RecordType::https:
      return kServicePriority;
    default:
      return 0;
  }
}

// The name of RDATA, which ends with it.
std::optional<Target> last_name(Bytes message, const Record& record, JumpsLeft& jumps) noexcept {
  const auto at = name_in_data(record);
  if (!at) return std::nullopt;
  const auto read = read_name(message, *at, jumps);
  if (!read || read->end != record.data + record.size) return std::nullopt;
  return Target{.name = read->name};
}

std::optional<Target> target_of(Bytes message, const Record& record, JumpsLeft& jumps) noexcept {
  switch (record.type) {
    case RecordType::svcb:
    case RecordType::https: {
      const auto binding = read_service_binding(message, record, jumps);
      if (!binding) return std::nullopt;
      const bool has_ech = !binding->ech.empty();
      // RFC 9460 section 2.5.2: in ServiceMode, "." stands for the owner.
      if (binding->priority == 0 || binding->target != name::Name{}) {
        return Target{.name = binding->target, .has_ech = has_ech};
      }
      const auto owner = read_name(message, record.owner, jumps);
      if (!owner) return std::nullopt;
      return Target{.name = owner->name, .has_ech = has_ech};
    }
    default:
      return last_name(message, record, jumps);
  }
}

}  // namespace

std::optional<std::size_t> name_in_data(const Record& record) noexcept {
  if (!is_alias(record.type) && !is_service_target(record.type)) return std::nullopt;
  const std::size_t before = bytes_before_name(record.type);
  if (record.size <= before) return std::nullopt;
  return record.data + before;
}

Result<void, ResponseError> parse_response(Bytes message, Response& response) noexcept {
  const auto header = parse_head(message, response);
  if (!header) return fail(header.error());
  if (!count_records(message, *header, response) && !response.truncated) {
    response.records = response.answers = 0;
    return fail(ResponseError::malformed);
  }
  return {};
}

Result<void, ResponseError> parse_response_start(Bytes start, Response& response) noexcept {
  const auto header = parse_head(start, response);
  if (!header) return fail(header.error());
  response.records = header->records();
  response.answers = header->answers;
  return {};
}

ResponseReader::ResponseReader(Bytes message, const Response& response,
                               std::size_t most_targets) noexcept
    : message_(message),
      reader_(message),
      most_targets_(most_targets),
      targets_left_(most_targets),
      jumps_left_(kJumpsOfTarget * most_targets),
      records_(response.records),
      left_(response.records),
      behind_answers_(response.records - response.answers) {
  reader_.skip(response.query.questions_end);
}

std::optional<Record> ResponseReader::next() noexcept {
  if (left_ == 0) return std::nullopt;
  const ByteReader before = reader_;
  const auto record = read_record(reader_);
  if (record) {
    --left_;
  } else {
    reader_ = before;
  }
  return record;
}

void ResponseReader::resume(const ResponsePosition& position) noexcept {
  if (position.offset == 0) return;
  reader_ = ByteReader(message_);
  reader_.skip(position.offset);
  left_ = records_ - std::min<std::size_t>(position.records, records_);
  targets_left_ = most_targets_ - std::min<std::size_t>(position.targets, most_targets_);
  const std::size_t most_jumps = kJumpsOfTarget * most_targets_;
  jumps_left_ = most_jumps - std::min<std::size_t>(position.jumps, most_jumps);
  pointer_ = position.pointer == 0 ? Bytes{} : message_.subspan(position.pointer, kPointerBytes);
}

ResponsePosition ResponseReader::position() const noexcept {
  const auto u16 = [](std::size_t value) { return static_cast<std::uint16_t>(value); };
  const std::size_t pointer =
      pointer_.empty() ? 0 : static_cast<std::size_t>(pointer_.data() - message_.data());
  return {.records = u16(records_ - left_),
          .offset = u16(reader_.position()),
          .targets = u16(most_targets_ - targets_left_),
          .jumps = u16(kJumpsOfTarget * most_targets_ - jumps_left_),
          .pointer = u16(pointer)};
}

bool ResponseReader::repeats_target(const Record& record) const noexcept {
  return is_bare_name(record.type) && !pointer_.empty() &&
         std::ranges::equal(pointer_, record.data_in(message_));
}

Result<Target, ResponseError> ResponseReader::read_target(const Record& record) noexcept {
  if (targets_left_ == 0) return fail(ResponseError::too_many_targets);
  --targets_left_;
  const auto target = target_of(message_, record, jumps_left_);
  const bool is_pointer = target && is_bare_name(record.type) && record.size == kPointerBytes &&
                          is_pointer_at(message_, record.data);
  pointer_ = is_pointer ? record.data_in(message_) : Bytes{};
  if (target) return *target;
  return fail(jumps_left_ == 0 ? ResponseError::too_many_targets : ResponseError::malformed);
}

std::string_view to_string(ResponseError error) noexcept {
  switch (error) {
    case ResponseError::not_response:
      return "not_response";
    case ResponseError::malformed:
      return "malformed";
    case ResponseError::too_many_questions:
      return "too_many_questions";
    case ResponseError::too_many_targets:
      return "too_many_targets";
  }
  return "?";
}

}  // namespace sluice::dns

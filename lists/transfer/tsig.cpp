#include "lists/transfer/tsig.h"

#include <algorithm>
#include <array>

#include "lists/compile/load.h"
#include "lists/transfer/knot.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kMostMac = 64;  // of HMAC-SHA512
constexpr std::uintmax_t kMaxKeyFile = 4096;

std::string reason(int code) {
  switch (code) {
    case KNOT_TSIG_EBADSIG:
      return "its TSIG signature is wrong (another secret, or it was changed on its way)";
    case KNOT_TSIG_EBADKEY:
      return "it is signed with another TSIG key";
    case KNOT_TSIG_EBADTIME:
      return "its TSIG signature is of another time: compare the clocks";
    default:
      return std::string("its TSIG signature is not valid: ") + knot_strerror(code);
  }
}

}  // namespace

Result<TsigKey, std::string> TsigKey::read(const std::filesystem::path& file) {
  const auto loaded = load_file(file, kMaxKeyFile);
  if (!loaded) return fail(loaded.error());
  const std::string_view text = loaded->text;
  return parse(std::string(text.substr(0, text.find_first_of("\r\n"))));
}

Result<TsigKey, std::string> TsigKey::parse(const std::string& text) {
  auto key = std::make_unique<knot_tsig_key_t>();
  if (knot_tsig_key_init_str(key.get(), text.c_str()) != KNOT_EOK) {
    return fail(
        std::string("no TSIG key: its line is algorithm:name:secret in base64, as in "
                    "hmac-sha256:sluice.:c2VjcmV0"));
  }
  const auto release = [](knot_tsig_key_t* it) {
    knot_tsig_key_deinit(it);
    delete it;
  };
  TsigKey made;
  made.key_ = std::shared_ptr<const knot_tsig_key_t>(
      key.release(), [release](const auto* it) { release(const_cast<knot_tsig_key_t*>(it)); });
  const dnssec_tsig_algorithm_t algorithm = made.get()->algorithm;
  if (algorithm != DNSSEC_TSIG_HMAC_SHA256 && algorithm != DNSSEC_TSIG_HMAC_SHA384 &&
      algorithm != DNSSEC_TSIG_HMAC_SHA512) {
    return fail(std::string("the algorithm is not one of hmac-sha256, hmac-sha384, hmac-sha512"));
  }
  return made;
}

Result<void, std::string> TsigExchange::sign(knot_pkt_t& question) {
  if (key_ == nullptr) return {};
  mac_.resize(kMostMac);
  std::size_t size = mac_.size();
  const int done = knot_tsig_sign(question.wire, &question.size, question.max_size, nullptr, 0,
                                  mac_.data(), &size, key_->get(), 0, 0);
  if (done != KNOT_EOK) return fail(std::string("cannot sign: ") + knot_strerror(done));
  mac_.resize(size);
  return {};
}

Result<void, std::string> TsigExchange::check(const knot_pkt_t& answer) {
  if (key_ == nullptr) {
    if (answer.tsig_rr == nullptr) return {};
    return fail(std::string("it is signed, and no TSIG key is configured"));
  }
  if (answer.tsig_rr == nullptr) {
    if (first_) return fail(std::string("it has no TSIG signature"));
    if (++unsigned_count_ > kMostUnsigned) {
      return fail(std::string("over 99 messages without a TSIG signature"));
    }
  }
  unsigned_.insert(unsigned_.end(), answer.wire, answer.wire + answer.size);
  if (answer.tsig_rr == nullptr) return {};
  const auto verify = first_ ? knot_tsig_client_check : knot_tsig_client_check_next;
  const int checked = verify(answer.tsig_rr, unsigned_.data(), unsigned_.size(), mac_.data(),
                             mac_.size(), key_->get(), time_signed_);
  if (checked != KNOT_EOK) return fail(reason(checked));
  // A server that refuses the question's signature says so in a signed or unsigned error.
  const std::uint8_t* const mac = knot_tsig_rdata_mac(answer.tsig_rr);
  mac_.assign(mac, mac + knot_tsig_rdata_mac_length(answer.tsig_rr));
  time_signed_ = knot_tsig_rdata_time_signed(answer.tsig_rr);
  unsigned_.clear();
  unsigned_count_ = 0;
  first_ = false;
  return {};
}

Result<void, std::string> TsigExchange::finish() const {
  if (key_ == nullptr || (!first_ && unsigned_count_ == 0)) return {};
  return fail(std::string("its last message has no TSIG signature"));
}

bool is_signed_by(const knot_pkt_t& question, const TsigKey& key) {
  return question.tsig_rr != nullptr &&
         knot_tsig_server_check(question.tsig_rr, question.wire, question.size, key.get()) ==
             KNOT_EOK;
}

bool sign_reply(knot_pkt_t& reply, const knot_pkt_t& question, const TsigKey& key) {
  std::array<std::uint8_t, kMostMac> mac;
  std::size_t size = mac.size();
  return knot_tsig_sign(reply.wire, &reply.size, reply.max_size,
                        knot_tsig_rdata_mac(question.tsig_rr),
                        knot_tsig_rdata_mac_length(question.tsig_rr), mac.data(), &size, key.get(),
                        0, 0) == KNOT_EOK;
}

}  // namespace sluice::lists

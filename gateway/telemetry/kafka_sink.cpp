#include "gateway/telemetry/kafka_sink.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <array>
#include <utility>

#include "gateway/telemetry/host_name.h"
#include "gateway/telemetry/once_a_minute.h"

namespace sluice::telemetry {
namespace {

struct Free {
  void operator()(rd_kafka_conf_t* settings) const noexcept { rd_kafka_conf_destroy(settings); }
  void operator()(rd_kafka_t* producer) const noexcept { rd_kafka_destroy(producer); }
};
using Settings = std::unique_ptr<rd_kafka_conf_t, Free>;

using Reason = std::array<char, 512>;

Result<void, std::string> set(rd_kafka_conf_t* settings, const std::string& name,
                              const std::string& value) {
  Reason why{};
  if (rd_kafka_conf_set(settings, name.c_str(), value.c_str(), why.data(), why.size()) !=
      RD_KAFKA_CONF_OK) {
    return fail(std::string(why.data()));
  }
  return {};
}

}  // namespace

struct KafkaSink::State {
  Options options;
  std::unique_ptr<rd_kafka_t, Free> producer;
  std::vector<std::string> batch;  // since the last flush
  std::size_t waiting_bytes = 0;
  std::uint64_t waiting = 0, delivered = 0, lost = 0;
  std::string error;
  OnceAMinute complaint, restart;

  Result<void, std::string> start();
  // Without waiting: librdkafka tells what became of messages.
  void serve() {
    rd_kafka_poll(producer.get(), 0);
    Reason why{};
    if (rd_kafka_fatal_error(producer.get(), why.data(), why.size()) !=
            RD_KAFKA_RESP_ERR_NO_ERROR &&
        restart.may()) {
      start_again(why.data());
    }
  }

  void start_again(const char* why) {
    complain(why);
    end(kFarewell);
    lost += std::exchange(waiting, 0);
    waiting_bytes = 0;
    producer.reset();
    if (const auto started = start(); !started) complain(started.error());
  }

  // What waits goes within `patience`, or is given up.
  void end(std::chrono::milliseconds patience) {
    rd_kafka_flush(producer.get(), static_cast<int>(patience.count()));
    rd_kafka_purge(producer.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }

  bool send_batch() {
    std::size_t bytes = 0;
    for (const std::string& line : batch) bytes += line.size();
    if (waiting > 0 && waiting_bytes + bytes > kMostWaiting) return false;
    for (std::string& line : batch) send(line);
    batch.clear();
    return true;
  }

  void send(std::string& line) {
    std::array<rd_kafka_vu_t, 4> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = options.topic.c_str();
    parts[1].vtype = RD_KAFKA_VTYPE_KEY;
    parts[1].u.mem = {options.host.data(), options.host.size()};
    parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[2].u.mem = {line.data(), line.size()};
    parts[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[3].u.i = RD_KAFKA_MSG_F_COPY;
    rd_kafka_error_t* const refused =
        rd_kafka_produceva(producer.get(), parts.data(), parts.size());
    if (refused == nullptr) {
      ++waiting;
      waiting_bytes += line.size();
    } else {
      lose(rd_kafka_error_string(refused));
      rd_kafka_error_destroy(refused);
    }
  }

  void lose(const char* why) {
    ++lost;
    complain(why);
  }

  void complain(const std::string& why) {
    error = "Kafka, topic " + options.topic + ": " + why;
    if (complaint.may()) spdlog::error("audit: {}; {} lines wait", error, waiting);
  }

  void on_delivery(const rd_kafka_message_t& message) {
    --waiting;
    waiting_bytes -= message.len;
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++delivered;
    } else {
      lose(rd_kafka_err2str(message.err));
    }
  }
};

Result<void, std::string> KafkaSink::State::start() {
  Settings settings(rd_kafka_conf_new());
  rd_kafka_conf_t* const to = settings.get();
  // What an operator may not change comes last.
  for (const std::string& option : options.options) {
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos) return fail("options: \"" + option + "\" is not NAME=VALUE");
    const auto done = set(to, option.substr(0, equals), option.substr(equals + 1));
    if (!done) return fail("options: " + done.error());
  }
  if (const auto done = set(to, "bootstrap.servers", options.brokers); !done) {
    return fail("brokers: " + done.error());
  }
  const std::array<std::pair<const char*, std::string>, 5> ours = {{
      {"enable.idempotence", "true"},
      {"queue.buffering.max.kbytes", std::to_string(16 * kMostWaiting / 1024)},
      {"message.timeout.ms", std::to_string(options.patience.count())},
      {"client.id", "sluice"},
      {"log.queue", "false"},
  }};
  for (const auto& [name, value] : ours) {
    if (const auto done = set(to, name, value); !done) return fail("options: " + done.error());
  }
  // Both are called by serve(), in the thread of the audit trail.
  rd_kafka_conf_set_opaque(to, this);
  rd_kafka_conf_set_dr_msg_cb(to, [](rd_kafka_t*, const rd_kafka_message_t* message, void* state) {
    static_cast<State*>(state)->on_delivery(*message);
  });
  rd_kafka_conf_set_error_cb(to, [](rd_kafka_t*, int, const char* why, void* state) {
    static_cast<State*>(state)->complain(why);
  });
  rd_kafka_conf_set_log_cb(to, [](const rd_kafka_t*, int, const char*, const char* text) {
    spdlog::debug("audit: Kafka: {}", text);
  });
  Reason why{};
  producer.reset(rd_kafka_new(RD_KAFKA_PRODUCER, to, why.data(), why.size()));
  if (!producer) return fail("options: " + std::string(why.data()));
  static_cast<void>(settings.release());  // the producer's from now on
  return {};
}

KafkaSink::KafkaSink(std::unique_ptr<State> state) : state_(std::move(state)) {}

KafkaSink::~KafkaSink() {
  state_->end(kFarewell);
  if (state_->waiting > 0) {
    spdlog::error("audit: Kafka, topic {}: {} lines were not taken and are lost",
                  state_->options.topic, state_->waiting);
  }
}

Result<std::unique_ptr<KafkaSink>, std::string> KafkaSink::make(Options options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  if (state->options.host.empty()) state->options.host = host_name();
  if (state->options.brokers.empty()) return fail("brokers: there are none");
  if (state->options.topic.empty()) return fail("topic: there is none");
  if (const auto started = state->start(); !started) return fail(started.error());
  return std::unique_ptr<KafkaSink>(new KafkaSink(std::move(state)));
}

void KafkaSink::write(std::span<const std::string> lines) {
  state_->batch.insert(state_->batch.end(), lines.begin(), lines.end());
}

bool KafkaSink::flush() {
  const bool has_room = state_->send_batch();
  if (!has_room) state_->complain("no room for more lines");
  state_->batch.clear();
  state_->serve();
  return has_room;
}

void KafkaSink::idle() {
  state_->serve();
}

std::uint64_t KafkaSink::take_late_losses() {
  return std::exchange(state_->lost, 0);
}

std::string KafkaSink::error() const {
  return state_->error;
}

std::uint64_t KafkaSink::delivered() const noexcept {
  return state_->delivered;
}

}  // namespace sluice::telemetry

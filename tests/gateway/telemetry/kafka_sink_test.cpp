#include "gateway/telemetry/kafka_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sluice::telemetry {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr auto kPatience = std::chrono::seconds(60);
constexpr int kPartitions = 4;
constexpr std::int16_t kInitProducerId = 22;  // numbers of Kafka's protocol

// librdkafka's own cluster of brokers, in this process, on the loopback interface.
class Kafka : public testing::Test {
 protected:
  Kafka()
      : host_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        cluster_(rd_kafka_mock_cluster_new(host_, 1)) {
    rd_kafka_mock_topic_create(cluster_, "audit", kPartitions, 1);
  }
  ~Kafka() override {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(host_);
  }

  [[nodiscard]] rd_kafka_mock_cluster_t* cluster() const { return cluster_; }
  [[nodiscard]] std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  [[nodiscard]] KafkaSink::Options options() const {
    return {.brokers = brokers(), .topic = "audit", .host = "gw1"};
  }
  static std::unique_ptr<KafkaSink> open(KafkaSink::Options options) {
    auto sink = KafkaSink::make(std::move(options));
    EXPECT_TRUE(sink) << sink.error();
    return std::move(*sink);
  }
  static std::string error_of(KafkaSink::Options options) {
    const auto sink = KafkaSink::make(std::move(options));
    return sink ? std::string() : sink.error();
  }
  static bool put(AuditSink& sink, std::vector<std::string> lines) {
    sink.write(lines);
    return sink.flush();
  }
  template <typename Condition>
  static bool becomes(KafkaSink& sink, Condition&& condition) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      sink.idle();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  struct Message {
    int partition;
    std::string key, value;
  };
  // The messages of the topic, once there are so many.
  [[nodiscard]] std::vector<Message> consume(std::size_t count) const {
    rd_kafka_conf_t* const settings = rd_kafka_conf_new();
    rd_kafka_conf_set(settings, "bootstrap.servers", brokers().c_str(), nullptr, 0);
    rd_kafka_conf_set(settings, "group.id", "test", nullptr, 0);
    rd_kafka_t* const consumer = rd_kafka_new(RD_KAFKA_CONSUMER, settings, nullptr, 0);
    rd_kafka_topic_partition_list_t* const all = rd_kafka_topic_partition_list_new(kPartitions);
    for (int i = 0; i < kPartitions; ++i) {
      rd_kafka_topic_partition_list_add(all, "audit", i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(consumer, all);
    rd_kafka_topic_partition_list_destroy(all);
    std::vector<Message> messages;
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (messages.size() < count && std::chrono::steady_clock::now() < until) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer, 100);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        messages.push_back({message->partition,
                            {static_cast<const char*>(message->key), message->key_len},
                            {static_cast<const char*>(message->payload), message->len}});
      }
      rd_kafka_message_destroy(message);
    }
    rd_kafka_destroy(consumer);
    return messages;
  }

 private:
  rd_kafka_t* host_;
  rd_kafka_mock_cluster_t* cluster_;
};

// A chain can be verified where all its lines are in one partition, in order.
TEST_F(Kafka, GetsAMessageALineInOrder) {
  const auto sink = open(options());
  std::vector<std::string> lines(500);
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = R"({"v":)" + std::to_string(i) + '}';
  for (std::size_t i = 0; i < lines.size(); i += 100) {
    EXPECT_TRUE(put(*sink, {lines.begin() + static_cast<std::ptrdiff_t>(i),
                            lines.begin() + static_cast<std::ptrdiff_t>(i + 100)}));
  }
  EXPECT_TRUE(becomes(*sink, [&] { return sink->delivered() == lines.size(); }));
  EXPECT_EQ(sink->take_late_losses(), 0U);
  std::vector<std::string> values;
  std::set<int> partitions;
  for (const Message& message : consume(lines.size())) {
    values.push_back(message.value);
    partitions.insert(message.partition);
    EXPECT_EQ(message.key, "gw1");
  }
  EXPECT_EQ(values, lines);
  EXPECT_THAT(partitions, SizeIs(1));
}

TEST_F(Kafka, GetsWhatWaitsWhenItStops) {
  {
    const auto sink = open(options());
    EXPECT_TRUE(put(*sink, {"last"}));
  }
  const auto messages = consume(1);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].value, "last");
}

TEST_F(Kafka, LinesWaitForABrokerThatIsAway) {
  rd_kafka_mock_broker_set_down(cluster(), 1);
  const auto sink = open(options());
  EXPECT_TRUE(put(*sink, {"line"}));
  EXPECT_TRUE(becomes(*sink, [&] { return !sink->error().empty(); }));
  EXPECT_THAT(sink->error(), StartsWith("Kafka, topic audit: "));
  EXPECT_EQ(sink->delivered() + sink->take_late_losses(), 0U);
  rd_kafka_mock_broker_set_up(cluster(), 1);
  EXPECT_TRUE(becomes(*sink, [&] { return sink->delivered() == 1; }));
}

TEST_F(Kafka, WhatIsNotAcknowledgedInTimeIsLostAndCounted) {
  rd_kafka_mock_broker_set_down(cluster(), 1);
  auto impatient = options();
  impatient.patience = std::chrono::milliseconds(1000);
  const auto sink = open(impatient);
  EXPECT_TRUE(put(*sink, {"one", "two"}));
  std::uint64_t lost = 0;
  EXPECT_TRUE(becomes(*sink, [&] { return (lost += sink->take_late_losses()) == 2; }));
  EXPECT_THAT(sink->error(), StartsWith("Kafka, topic audit: "));
  EXPECT_EQ(sink->delivered(), 0U);
}

// Brokers that are stalled hold nobody up: these calls come back, and what does not fit is told.
TEST_F(Kafka, WhatWaitsIsBounded) {
  rd_kafka_mock_broker_set_down(cluster(), 1);
  const auto sink = open(options());
  const std::string line(900'000, 'x');
  EXPECT_TRUE(put(*sink, {line, line, line, line}));
  EXPECT_FALSE(put(*sink, {line}));
  EXPECT_THAT(sink->error(), HasSubstr("no room for more lines"));
  EXPECT_TRUE(put(*sink, {"short"}));
}

// librdkafka gives a producer up for good where it may not produce.
TEST_F(Kafka, AProducerThatIsGivenUpIsMadeAnew) {
  rd_kafka_mock_push_request_errors(cluster(), kInitProducerId, 1,
                                    RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  const auto sink = open(options());
  EXPECT_TRUE(put(*sink, {"lost"}));
  std::uint64_t lost = 0;
  EXPECT_TRUE(becomes(*sink, [&] { return (lost += sink->take_late_losses()) == 1; }));
  EXPECT_TRUE(becomes(*sink, [&] { return put(*sink, {"again"}) && sink->delivered() > 0; }));
}

TEST_F(Kafka, SettingsThatCannotBeUsedAreNamed) {
  auto none = options();
  none.brokers.clear();
  EXPECT_THAT(error_of(none), StartsWith("brokers: "));
  none = options();
  none.topic.clear();
  EXPECT_THAT(error_of(none), StartsWith("topic: "));
  auto odd = options();
  odd.options = {"no.such.option=1"};
  EXPECT_THAT(error_of(odd), testing::AllOf(StartsWith("options: "), HasSubstr("no.such.option")));
  odd.options = {"acks"};
  EXPECT_THAT(error_of(odd), StartsWith("options: \"acks\" is not NAME=VALUE"));
  odd.options = {"acks=all", "security.protocol=plaintext"};
  EXPECT_EQ(error_of(odd), "");
}

}  // namespace
}  // namespace sluice::telemetry

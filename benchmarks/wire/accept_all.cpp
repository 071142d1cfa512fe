// Accepts every packet of an NFQUEUE: the least that a gateway in this place can do. It asks for
// whole packets, as a gateway that inspects them has to.
//
// usage: bench_wire_accept_all QUEUE
//
// Prints nothing, and runs until it is killed.

#include "benchmarks/wire/helper.h"  // before linux/netfilter.h, which declares the same otherwise

#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>

#include <vector>

namespace {

using namespace sluice::bench;

constexpr std::uint32_t kQueueLength = 16'384;
constexpr int kBufferBytes = 16 * 1024 * 1024;

int accept_packet(nfq_q_handle* queue, nfgenmsg* /*message*/, nfq_data* data, void* /*unused*/) {
  const nfqnl_msg_packet_hdr* const header = nfq_get_msg_packet_hdr(data);
  return header == nullptr
             ? 0
             : nfq_set_verdict(queue, ntohl(header->packet_id), NF_ACCEPT, 0, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) die("usage: bench_wire_accept_all QUEUE");
  nfq_handle* const handle = nfq_open();
  if (handle == nullptr) die_of_errno("NFQUEUE cannot be opened");
  const auto id = static_cast<std::uint16_t>(number(argv[1]));
  nfq_q_handle* const queue = nfq_create_queue(handle, id, &accept_packet, nullptr);
  if (queue == nullptr) die_of_errno("the queue cannot be made");
  if (nfq_set_mode(queue, NFQNL_COPY_PACKET, 0xffff) < 0) die_of_errno("the queue's mode");
  if (nfq_set_queue_maxlen(queue, kQueueLength) < 0) die_of_errno("the queue's length");
  const int fd = nfq_fd(handle);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
  std::vector<char> buffer(128 * 1024);
  for (;;) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got >= 0) {
      nfq_handle_packet(handle, buffer.data(), static_cast<int>(got));
    } else if (errno != ENOBUFS && errno != EINTR) {  // ENOBUFS: packets were lost, which counts
      die_of_errno("cannot receive");
    }
  }
}

#include "gateway/dataplane/xdp/program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include <gateway.skel.h>
#include "gateway/dataplane/xdp/interface.h"
#include "gateway/os/named_lock.h"

namespace sluice::io {
namespace {

constexpr long kBpfFileSystem = 0xcafe4a11;  // BPF_FS_MAGIC
constexpr std::array kSides = {Side::inside, Side::outside};

static_assert(sizeof(bpf::sluice_flow_key) == sizeof(FlowKey));

std::size_t index_of(Side side) noexcept {
  return static_cast<std::size_t>(side);
}

// As the program reads it.
std::uint64_t monotonic_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  const auto since = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  return static_cast<std::uint64_t>(since.count());
}

bpf::sluice_prefix key_of(const IpPrefix& prefix) noexcept {
  bpf::sluice_prefix key{};
  key.bits = prefix.length();
  std::memcpy(&key.address, prefix.address().mapped().data(), sizeof key.address);
  return key;
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  [[nodiscard]] explicit operator bool() const noexcept { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// What libbpf says of the verifier and of sections goes into the error, not to standard error.
std::string& libbpf_words() {
  static thread_local std::string words;
  return words;
}
int keep_words(libbpf_print_level level, const char* format, va_list arguments) {
  constexpr std::size_t kMost = 4096;
  if (level != LIBBPF_WARN || libbpf_words().size() > kMost) return 0;
  std::array<char, 512> line{};
  const int written = std::vsnprintf(line.data(), line.size(), format, arguments);
  libbpf_words() += line.data();
  return written;
}

// Who serves an interface holds this name.
Result<os::Descriptor, std::string> lock_interface(const std::string& name, unsigned index) {
  os::Descriptor lock = os::lock_name("sluice/xdp/" + std::to_string(index));
  if (lock.is_open()) return lock;
  if (errno == EADDRINUSE) return fail(name + ": another sluice serves this interface");
  return fail(name + ": cannot be locked: " + reason(errno));
}

Result<void, std::string> make_pins_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(folder.string() + ": " + error.message());
  struct statfs system{};
  if (::statfs(folder.c_str(), &system) != 0) return fail(folder.string() + ": " + reason(errno));
  if (system.f_type != kBpfFileSystem) {
    return fail(folder.string() + ": is not on a BPF file system; run: mount -t bpf bpf " +
                folder.parent_path().string());
  }
  return {};
}

// By interface names, so that a restart finds them.
std::filesystem::path pins_of(const InterfaceNames& interfaces, const XdpSettings& settings) {
  return settings.pins / (interfaces[0] + "-" + interfaces[1]);
}
std::filesystem::path link_pin(const std::filesystem::path& folder, Side side) {
  return folder / (side == Side::inside ? "link-inside" : "link-outside");
}

// Gives a map the contents that a process before this one left, if they have the same form.
bool reuse(bpf_map* map, const std::filesystem::path& pin) {
  const Descriptor old(bpf_obj_get(pin.c_str()));
  if (!old) return false;
  bpf_map_info info{};
  __u32 length = sizeof info;
  const bool is_same = bpf_obj_get_info_by_fd(old.get(), &info, &length) == 0 &&
                       info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
                       info.value_size == bpf_map__value_size(map) &&
                       info.max_entries == bpf_map__max_entries(map);
  return is_same && bpf_map__reuse_fd(map, old.get()) == 0;
}

Result<void, std::string> pin_map(bpf_map* map, const std::filesystem::path& pin) {
  std::error_code ignored;
  std::filesystem::remove(pin, ignored);
  if (bpf_obj_pin(bpf_map__fd(map), pin.c_str()) == 0) return {};
  return fail(pin.string() + ": cannot be pinned: " + reason(errno));
}

std::uint32_t attach_flags(XdpMode mode) noexcept {
  return mode == XdpMode::generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

// False: the link is of no interface any more, or of another one.
bool is_of_interface(int link, unsigned index) noexcept {
  bpf_link_info info{};
  __u32 length = sizeof info;
  return bpf_obj_get_info_by_fd(link, &info, &length) == 0 && info.type == BPF_LINK_TYPE_XDP &&
         info.xdp.ifindex == index;
}

XdpMode mode_of(unsigned index) noexcept {
  bpf_xdp_query_opts options{};
  options.sz = sizeof options;
  if (bpf_xdp_query(static_cast<int>(index), 0, &options) != 0) return XdpMode::generic;
  return options.attach_mode == XDP_ATTACHED_SKB ? XdpMode::generic : XdpMode::native;
}

std::string attach_problem(const std::string& interface, int error) {
  if (error == EBUSY || error == EEXIST) {
    return interface + ": another XDP program is attached; run: ip link set dev " + interface +
           " xdp off";
  }
  return interface + ": the XDP program cannot be attached: " + reason(error);
}

}  // namespace

struct XdpProgram::State {
  InterfaceNames interfaces;
  XdpSettings options;
  std::filesystem::path pins;  // of these interfaces; empty: none
  std::array<unsigned, 2> indices{};
  std::array<os::Descriptor, 2> locks;
  std::array<Descriptor, 2> links;
  std::array<Descriptor, 2> promiscuous;  // without pins: what the interfaces owe to this process
  std::array<XdpMode, 2> modes{};
  gateway_bpf* skeleton = nullptr;
  bpf::sluice_settings* settings = nullptr;  // the map itself
  int flows = -1;
  std::uint64_t base = 0;  // generation of the kernel's entries before this process
  bool took_over = false;
  bool is_attached = false, is_started = false;
  int processors = 0;
  std::vector<IpPrefix> prefixes;  // in the map, sorted

  ~State() {
    if (settings != nullptr) ::munmap(settings, sizeof *settings);
    gateway_bpf__destroy(skeleton);
  }

  Result<void, std::string> load();
  Result<void, std::string> attach(Side side);
  [[nodiscard]] bool make_promiscuous(Side side) noexcept;
  [[nodiscard]] Descriptor make_link(Side side) const;
  [[nodiscard]] bool watch_prefixes(std::vector<IpPrefix> wanted);
  void forget_old_addresses() noexcept;
  void obey_on_failure() noexcept;
  template <typename Value>
  static void store(Value& field, Value value) noexcept {
    std::atomic_ref(field).store(value, std::memory_order_release);
  }
};

XdpProgram::XdpProgram(std::unique_ptr<State> state) : state_(std::move(state)) {}
XdpProgram::~XdpProgram() {
  State& state = *state_;
  if (!state.is_attached || state.is_started) return;
  if (state.took_over) {
    state.obey_on_failure();
  } else if (!state.pins.empty()) {
    state.locks = {};  // detach() takes them itself
    static_cast<void>(detach(state.interfaces, state.options));
  }
}

Result<std::unique_ptr<XdpProgram>, std::string> XdpProgram::open(const InterfaceNames& interfaces,
                                                                  const XdpSettings& settings) {
  libbpf_set_print(keep_words);
  auto state = std::make_unique<State>();
  state->interfaces = interfaces;
  state->options = settings;
  state->processors = libbpf_num_possible_cpus();
  for (const Side side : kSides) {
    const std::size_t i = index_of(side);
    state->indices[i] = index_of_interface(interfaces[i]);
    auto lock = lock_interface(interfaces[i], state->indices[i]);
    if (!lock) return fail(lock.error());
    state->locks[i] = std::move(*lock);
  }
  if (!settings.pins.empty()) {
    state->pins = pins_of(interfaces, settings);
    if (auto made = make_pins_folder(state->pins); !made) return fail(made.error());
  }
  if (auto loaded = state->load(); !loaded) return fail(loaded.error());
  return std::unique_ptr<XdpProgram>(new XdpProgram(std::move(state)));
}

Result<void, std::string> XdpProgram::State::load() {
  libbpf_words().clear();
  skeleton = gateway_bpf__open();
  if (skeleton == nullptr) return fail("the XDP program cannot be opened: " + libbpf_words());
  bpf_map__set_max_entries(skeleton->maps.flows, static_cast<std::uint32_t>(options.flows));
  const bool has_settings = !pins.empty() && reuse(skeleton->maps.settings, pins / "settings");
  took_over = has_settings && reuse(skeleton->maps.flows, pins / "flows");
  if (gateway_bpf__load(skeleton) != 0) {
    return fail("the kernel refuses the XDP program: " + libbpf_words());
  }
  flows = bpf_map__fd(skeleton->maps.flows);
  void* const memory = ::mmap(nullptr, sizeof *settings, PROT_READ | PROT_WRITE, MAP_SHARED,
                              bpf_map__fd(skeleton->maps.settings), 0);
  if (memory == MAP_FAILED) {
    return fail("the settings of the XDP program cannot be mapped: " + reason(errno));
  }
  settings = static_cast<bpf::sluice_settings*>(memory);
  base = settings->latest;
  store(settings->too_many_addresses, 0U);  // the addresses themselves are not taken over
  if (!pins.empty() && !has_settings) {
    if (auto pinned = pin_map(skeleton->maps.settings, pins / "settings"); !pinned) return pinned;
  }
  if (!pins.empty() && !took_over) return pin_map(skeleton->maps.flows, pins / "flows");
  return {};
}

Result<void, std::string> XdpProgram::attach() {
  State& state = *state_;
  state.is_attached = true;
  for (const Side side : kSides) {
    const auto key = static_cast<std::uint32_t>(side);
    const auto index = static_cast<std::uint32_t>(state.indices[key]);
    if (bpf_map_update_elem(bpf_map__fd(state.skeleton->maps.ports), &key, &index, BPF_ANY) != 0) {
      return fail(state.interfaces[key] + ": cannot be a port: " + reason(errno));
    }
    State::store(state.settings->ifindex[key], index);
  }
  State::store(state.settings->on_failure, std::uint32_t{bpf::SLUICE_CLOSED});
  for (const Side side : kSides) {
    if (auto attached = state.attach(side); !attached) return attached;
    if (!state.make_promiscuous(side)) {
      return fail(state.interfaces[index_of(side)] +
                  ": cannot be made promiscuous: " + reason(errno));
    }
  }
  return {};
}

void XdpProgram::start() noexcept {
  state_->obey_on_failure();
  state_->is_started = true;
}

void XdpProgram::State::obey_on_failure() noexcept {
  const bool is_closed = options.on_failure == OnFailure::closed;
  store(settings->on_failure, std::uint32_t{is_closed ? bpf::SLUICE_CLOSED : bpf::SLUICE_OPEN});
}

// A link that a process before this one pinned gets the new program, between two frames.
Result<void, std::string> XdpProgram::State::attach(Side side) {
  const std::size_t i = index_of(side);
  const std::filesystem::path pin = pins.empty() ? pins : link_pin(pins, side);
  if (!pins.empty()) {
    Descriptor old(bpf_obj_get(pin.c_str()));
    if (old && is_of_interface(old.get(), indices[i]) &&
        bpf_link_update(old.get(), bpf_program__fd(skeleton->progs.sluice_gateway), nullptr) == 0) {
      links[i] = std::move(old);
      modes[i] = mode_of(indices[i]);
      return {};
    }
    std::error_code ignored;
    std::filesystem::remove(pin, ignored);
  }
  links[i] = make_link(side);
  if (!links[i]) return fail(attach_problem(interfaces[i], errno));
  modes[i] = mode_of(indices[i]);
  if (!pins.empty() && bpf_obj_pin(links[i].get(), pin.c_str()) != 0) {
    return fail(pin.string() + ": cannot be pinned: " + reason(errno));
  }
  return {};
}

// With pins it has to outlive the process, as the program does.
bool XdpProgram::State::make_promiscuous(Side side) noexcept {
  const std::size_t i = index_of(side);
  if (!pins.empty()) return set_promiscuous(interfaces[i], true);
  promiscuous[i] = Descriptor(promiscuous_while_open(indices[i]));
  return static_cast<bool>(promiscuous[i]);
}

Descriptor XdpProgram::State::make_link(Side side) const {
  const auto attach_as = [&](XdpMode mode) {
    bpf_link_create_opts create{};
    create.sz = sizeof create;
    create.flags = attach_flags(mode);
    return Descriptor(bpf_link_create(bpf_program__fd(skeleton->progs.sluice_gateway),
                                      static_cast<int>(indices[index_of(side)]), BPF_XDP, &create));
  };
  if (options.mode == XdpMode::generic) return attach_as(XdpMode::generic);
  Descriptor link = attach_as(XdpMode::native);
  const bool is_taken = errno == EBUSY || errno == EEXIST;
  if (link || is_taken || options.mode == XdpMode::native) return link;
  return attach_as(XdpMode::generic);
}

Result<std::vector<std::string>, std::string> XdpProgram::detach(const InterfaceNames& interfaces,
                                                                 const XdpSettings& settings) {
  std::vector<std::string> removed;
  if (settings.pins.empty()) return removed;
  const std::filesystem::path folder = pins_of(interfaces, settings);
  for (const Side side : kSides) {
    const std::string& interface = interfaces[index_of(side)];
    const Descriptor link(bpf_obj_get(link_pin(folder, side).c_str()));
    if (!link) continue;
    const auto lock = lock_interface(interface, index_of_interface(interface));
    if (!lock) return fail(lock.error() + "; stop it first");
    bpf_link_detach(link.get());
    set_promiscuous(interface, false);
    removed.push_back(interface + ": the XDP program is off");
  }
  std::error_code error;
  if (std::filesystem::remove_all(folder, error) > 0 && !error) {
    removed.push_back(folder.string() + ": removed");
  }
  if (error) return fail(folder.string() + ": " + error.message());
  return removed;
}

bool XdpProgram::use_socket(Side side, std::uint32_t queue, int socket) noexcept {
  const auto index = static_cast<std::uint32_t>(side) * bpf::SLUICE_QUEUES + queue;
  return queue < bpf::SLUICE_QUEUES &&
         bpf_map_update_elem(bpf_map__fd(state_->skeleton->maps.sockets), &index, &socket,
                             BPF_ANY) == 0;
}

void XdpProgram::keep_alive(std::uint32_t queue, std::chrono::nanoseconds lease) noexcept {
  const auto until =
      lease.count() == 0 ? __u64{0} : monotonic_now() + static_cast<__u64>(lease.count());
  State::store(state_->settings->alive_until[queue % bpf::SLUICE_QUEUES], __u64{until});
}

bool XdpProgram::put_flow(const FlowKey& key, Verdict verdict, Generation generation) noexcept {
  bpf::sluice_settings& settings = *state_->settings;
  bpf::sluice_flow flow{};
  flow.generation = state_->base + generation;
  if (flow.generation < settings.generation) return true;
  flow.verdict = verdict == Verdict::drop_flow ? bpf::SLUICE_DROP_FLOW : bpf::SLUICE_PASS_FLOW;
  if (std::atomic_ref(settings.latest).load(std::memory_order_relaxed) < flow.generation) {
    State::store(settings.latest, flow.generation);
  }
  constexpr std::uint32_t kUdp = 17;
  if (key.protocol == kUdp) State::store(settings.has_datagram_flows, 1U);
  return bpf_map_update_elem(state_->flows, &key, &flow, BPF_ANY) == 0;
}

void XdpProgram::remove_flow(const FlowKey& key) noexcept {
  bpf_map_delete_elem(state_->flows, &key);
}

void XdpProgram::publish(Generation generation) noexcept {
  const std::uint64_t next = state_->base + generation;
  if (next <= state_->settings->generation) return;
  State::store(state_->settings->latest, __u64{next});
  State::store(state_->settings->generation, __u64{next});
}

// What stays is never without its bit or its entry: new ones come first.
void XdpProgram::watch(const Interest& interest) {
  State& state = *state_;
  std::array<std::uint64_t, std::extent_v<decltype(bpf::sluice_settings::udp_ports)>> ports{};
  for (const Port port : interest.ports) {
    ports[port.number / 64] |= std::uint64_t{1} << port.number % 64;
  }
  for (std::size_t i = 0; i < ports.size(); ++i) {
    State::store(state.settings->udp_ports[i], __u64{ports[i]});
  }
  const bool fits = state.watch_prefixes(interest.prefixes);
  State::store(state.settings->all_datagrams, interest.all || !fits ? 1U : 0U);
}

// False: there is no room for all of them.
bool XdpProgram::State::watch_prefixes(std::vector<IpPrefix> wanted) {
  std::ranges::sort(wanted);
  const auto repeated = std::ranges::unique(wanted);
  wanted.erase(repeated.begin(), repeated.end());
  const int map = bpf_map__fd(skeleton->maps.prefixes);
  std::vector<IpPrefix> news, olds;
  std::ranges::set_difference(wanted, prefixes, std::back_inserter(news));
  std::ranges::set_difference(prefixes, wanted, std::back_inserter(olds));
  if (!wanted.empty()) store(settings->has_prefixes, 1U);
  bool has_room = true;
  for (const IpPrefix& prefix : news) {
    const bpf::sluice_prefix key = key_of(prefix);
    const std::uint32_t value = 1;
    has_room = bpf_map_update_elem(map, &key, &value, BPF_ANY) == 0 && has_room;
  }
  for (const IpPrefix& prefix : olds) {
    const bpf::sluice_prefix key = key_of(prefix);
    bpf_map_delete_elem(map, &key);
  }
  if (wanted.empty()) store(settings->has_prefixes, 0U);
  prefixes = std::move(wanted);
  return has_room;
}

void XdpProgram::watch_address(const IpAddress& address) noexcept {
  constexpr std::chrono::hours kDay{24};
  const int map = bpf_map__fd(state_->skeleton->maps.addresses);
  const std::uint64_t until =
      monotonic_now() + static_cast<std::uint64_t>(std::chrono::nanoseconds(kDay).count());
  State::store(state_->settings->has_addresses, 1U);
  if (bpf_map_update_elem(map, &address, &until, BPF_ANY) == 0) return;
  state_->forget_old_addresses();
  if (bpf_map_update_elem(map, &address, &until, BPF_ANY) == 0) return;
  State::store(state_->settings->too_many_addresses, 1U);  // from now on
}

void XdpProgram::State::forget_old_addresses() noexcept {
  const int map = bpf_map__fd(skeleton->maps.addresses);
  const std::uint64_t now = monotonic_now();
  IpAddress at, next;
  // A key that is deleted is no place to go on from, so the next one comes first.
  for (int more = bpf_map_get_next_key(map, nullptr, &next); more == 0;) {
    at = next;
    more = bpf_map_get_next_key(map, &at, &next);
    std::uint64_t until = 0;
    if (bpf_map_lookup_elem(map, &at, &until) == 0 && until <= now) bpf_map_delete_elem(map, &at);
  }
}

std::string XdpProgram::lost_interface() const {
  for (const Side side : kSides) {
    const std::size_t i = index_of(side);
    if (!is_of_interface(state_->links[i].get(), state_->indices[i])) return state_->interfaces[i];
  }
  return {};
}

XdpMode XdpProgram::mode(Side side) const noexcept {
  return state_->modes[index_of(side)];
}
bool XdpProgram::took_over() const noexcept {
  return state_->took_over;
}
int XdpProgram::file_descriptor() const noexcept {
  return bpf_program__fd(state_->skeleton->progs.sluice_gateway);
}

XdpProgram::Traffic XdpProgram::traffic() const noexcept {
  Traffic total{};
  constexpr std::size_t kMostProcessors = 1024;
  std::array<bpf::sluice_traffic, kMostProcessors> each{};
  if (state_->processors < 1 || state_->processors > static_cast<int>(kMostProcessors))
    return total;
  for (std::uint32_t i = 0; i < total.size(); ++i) {
    if (bpf_map_lookup_elem(bpf_map__fd(state_->skeleton->maps.outcomes), &i, each.data()) != 0) {
      continue;
    }
    for (const bpf::sluice_traffic& one :
         std::span(each).first(static_cast<std::size_t>(state_->processors))) {
      total[i].packets += one.packets;
      total[i].bytes += one.bytes;
    }
  }
  return total;
}

}  // namespace sluice::io

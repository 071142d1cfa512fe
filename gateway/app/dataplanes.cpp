#include "gateway/app/dataplanes.h"

#include "gateway/dataplane/factory/factory.h"

namespace sluice::app {

Result<std::vector<std::string>, std::string> remove_dataplane(
    const config::StartSettings& settings) {
  return io::detach_dataplane({.kind = settings.dataplane,
                               .inside = settings.inside,
                               .outside = settings.outside,
                               .xdp = settings.xdp});
}

DataplaneSource dataplane_source(const config::StartSettings& settings) {
  constexpr int kMebibyte = 1024 * 1024;
  io::DataplaneSettings options{.kind = settings.dataplane,
                                .inside = settings.inside,
                                .outside = settings.outside,
                                .buffer_bytes = static_cast<int>(settings.buffer_mib) * kMebibyte,
                                .xdp = settings.xdp};
  options.xdp.flows = settings.flows;
  const std::size_t workers = settings.workers;
  return {.workers = workers,
          .open = [options = std::move(options), workers](const io::Interest& interest) {
            return io::open_dataplanes(options, interest, workers);
          }};
}

}  // namespace sluice::app

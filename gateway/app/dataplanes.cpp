#include "gateway/app/dataplanes.h"

#include "gateway/dataplane/factory/factory.h"

namespace sluice::app {

DataplaneSource dataplane_source(const config::StartSettings& settings) {
  constexpr int kMebibyte = 1024 * 1024;
  constexpr std::size_t kWorkers = 1;
  io::DataplaneSettings options{.kind = settings.dataplane,
                                .inside = settings.inside,
                                .outside = settings.outside,
                                .buffer_bytes = static_cast<int>(settings.buffer_mib) * kMebibyte};
  return {.workers = kWorkers, .open = [options = std::move(options)] {
            return io::open_dataplanes(options, kWorkers);
          }};
}

}  // namespace sluice::app

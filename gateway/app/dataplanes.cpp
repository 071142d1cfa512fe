#include "gateway/app/dataplanes.h"

#include "gateway/dataplane/factory/factory.h"

namespace sluice::app {

DataplaneSource dataplane_source(const config::StartSettings& settings) {
  constexpr int kMebibyte = 1024 * 1024;
  io::DataplaneSettings options{.kind = settings.dataplane,
                                .inside = settings.inside,
                                .outside = settings.outside,
                                .buffer_bytes = static_cast<int>(settings.buffer_mib) * kMebibyte};
  const std::size_t workers = settings.workers;
  return {.workers = workers, .open = [options = std::move(options), workers] {
            return io::open_dataplanes(options, workers);
          }};
}

}  // namespace sluice::app

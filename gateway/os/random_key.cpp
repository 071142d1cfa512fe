#include "gateway/os/random_key.h"

#include <sys/random.h>

#include <cstdlib>

namespace sluice::os {

HashKey random_key() noexcept {
  HashKey key;
  if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key)) std::abort();
  return key;
}

}  // namespace sluice::os

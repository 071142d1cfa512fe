#include "tests/gateway/engine/lab.h"

namespace sluice::test {

const bool kLabOffloads = false;

}  // namespace sluice::test

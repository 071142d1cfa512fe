#include "tests/gateway/engine/lab.h"

namespace sluice::test {

const bool kLabOffloads = true;

}  // namespace sluice::test

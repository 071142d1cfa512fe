#include "lists/compile/build_image.h"

#include <sys/random.h>

#include "lists/compile/image_memory.h"
#include "lists/compile/parallel.h"

namespace sluice::lists {
namespace {

constexpr int kMostSeeds = 8;

}  // namespace

CompileError build_failure(std::string_view source, match::BuildError error) {
  return {std::string(source), std::string(to_string(error))};
}

Result<HashKey, CompileError> draw_seed() {
  HashKey seed;
  if (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    return fail(CompileError{{}, "the kernel gives no random bytes"});
  }
  return seed;
}

Result<match::Built, CompileError> build_image(match::DomainSetBuilder& builder, unsigned threads) {
  const auto run = [threads](std::size_t count, FunctionRef<void(std::size_t)> task) {
    run_tasks(threads, count, task);
  };
  auto built = builder.build(run, allocate_image);
  for (int i = 0; !built && i < kMostSeeds; ++i) {
    if (built.error() != match::BuildError::probe_too_long) break;
    const auto seed = draw_seed();
    if (!seed) return fail(seed.error());
    builder.reseed(*seed);
    built = builder.build(run, allocate_image);
  }
  if (!built) return fail(build_failure({}, built.error()));
  return std::move(*built);
}

}  // namespace sluice::lists

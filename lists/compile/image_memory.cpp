#include "lists/compile/image_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#include "filters/match/domain_set_builder.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kWorthIt = 2 * kHugePage;

constexpr std::size_t round_up(std::size_t bytes) {
  return (bytes + kHugePage - 1) / kHugePage * kHugePage;
}

// `bytes` of zeroes that start on a border of huge pages; nullptr: there is no memory.
std::byte* map(std::size_t bytes) {
  // One page more than needed; what lies around the borders goes back.
  const std::size_t mapped = round_up(bytes) + kHugePage;
  void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  const auto at = reinterpret_cast<std::uintptr_t>(base);
  const std::size_t before = round_up(at) - at;
  auto* block = static_cast<std::byte*>(base) + before;
  if (before > 0) munmap(base, before);
  munmap(block + round_up(bytes), kHugePage - before);
  madvise(block, round_up(bytes), MADV_HUGEPAGE);  // a wish: without, it works as well
  return block;
}

void unmap(std::byte* block, std::size_t bytes) {
  munmap(block, round_up(bytes));
}

class HugePages final : public std::pmr::memory_resource {
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (bytes < kWorthIt) return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    if (std::byte* block = map(bytes)) return block;
    throw std::bad_alloc();
  }
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
    if (bytes >= kWorthIt) return unmap(static_cast<std::byte*>(block), bytes);
    std::pmr::new_delete_resource()->deallocate(block, bytes, alignment);
  }
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }
};

}  // namespace

std::pmr::memory_resource* huge_pages() noexcept {
  static HugePages pages;  // has no state
  return &pages;
}

std::shared_ptr<std::byte> allocate_image(std::size_t bytes) {
  if (bytes < kWorthIt) return match::DomainSetBuilder::allocate_plain(bytes);
  std::byte* block = map(bytes);
  if (block == nullptr) return match::DomainSetBuilder::allocate_plain(bytes);
  return {block, [bytes](std::byte* image) { unmap(image, bytes); }};
}

}  // namespace sluice::lists

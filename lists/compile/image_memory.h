#pragma once

// Large blocks on huge pages: an image there causes few TLB misses and few page faults (a fault of
// 4 KiB costs more than filling the page, above all in a virtual machine).

#include <cstddef>
#include <memory>
#include <memory_resource>

namespace sluice::lists {

// Blocks of 4 MiB or more come from mmap, on huge pages if the kernel has some; smaller ones from
// the heap. Any number of threads.
[[nodiscard]] std::pmr::memory_resource* huge_pages() noexcept;

// Zeroed, aligned to 64 at least. A match::DomainSetBuilder::Allocate.
[[nodiscard]] std::shared_ptr<std::byte> allocate_image(std::size_t bytes);

}  // namespace sluice::lists

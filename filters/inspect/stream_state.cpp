#include "filters/inspect/stream_state.h"

namespace sluice::inspect {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

}  // namespace

StreamState StreamState::rewound() const noexcept {
  return std::visit(
      Overloaded{
          [](const InHttpFields& in) {
            return StreamState{InHttpFields{.framing = in.framing, .is_connect = in.is_connect}};
          },
          [](const InHttpTrailer& in) { return StreamState{InHttpTrailer{.in_line = in.in_line}}; },
          [](const InHttp2& in) { return StreamState{InHttp2{.entries = in.entries}}; },
          [](const InSearch& in) { return StreamState{InSearch{.searched = in.searched}}; },
          []<typename Stateless>(const Stateless&) { return StreamState{Stateless{}}; },
      },
      at);
}

}  // namespace sluice::inspect

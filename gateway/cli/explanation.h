#pragma once

// What would happen to a name or an address, and why: a value, and the lines that `check` prints.
//
// Ownership: holds texts by value, so it outlives the snapshot that it explains.
// Cost: allocates; not for workers.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "filters/policy/policy.h"

namespace sluice::cli {

// What a policy or list on trial would have done.
struct WouldDo {
  policy::Action action = policy::Action::allow;
  std::string policy, app, entry, list;
  std::uint32_t line = 0;
};

// A policy with hours, or a list with a validity, that does not count at this time.
struct OutOfForce {
  std::string kind, name;  // `policy`, `list`
};
// An exception that names the client, or did until it expired.
struct Exemption {
  std::vector<std::string> apps;
  std::string owner, reason;
  std::string expires;  // `2026-12-31T17:00:00Z`
  bool in_force = true;
};
// What the clock has to do with the outcome.
struct TimeNotes {
  std::vector<OutOfForce> out_of_force;
  std::vector<Exemption> exemptions;
};

struct Explanation {
  std::string asked;       // as it was asked
  std::string understood;  // the canonical name, or the address of a server
  std::string target;      // of the name's DNS answer; empty: none was asked about
  policy::Action action = policy::Action::allow;
  std::string policy;  // the policy that decided; empty: no policy holds the client
  // The entry that decided: a rule, or the exception that lets the name through.
  bool has_entry = false;
  bool is_exception = false;
  std::string app, entry, list, list_version;
  std::uint32_t line = 0;
  std::vector<WouldDo> shadows;
  TimeNotes time;

  [[nodiscard]] bool is_blocked() const noexcept {
    return action == policy::Action::drop || action == policy::Action::reject;
  }
};

// `reject` is a way to drop.
[[nodiscard]] std::string_view verdict_word(policy::Action action) noexcept;

// `drop web.wechat.com app=wechat rule=wechat.com list=wechat line=12 policy=default`
// `pass example.com`
// `pass click.example target=edge.wechat.com app=* exception==click.example list=… line=3`: its
// answer leads to a banned name, and passes.
// `pass edge.example shadow=drop app=chat rule=edge.example list=new line=2 policy=office`: on
// trial `pass xn--bcher-kva.example asked=https://bücher.example:443/`: what was asked differs by
// more than case and a final dot.
[[nodiscard]] std::string to_line(const Explanation& explanation);
// The object of to_json().
[[nodiscard]] nlohmann::ordered_json to_object(const Explanation& explanation);
[[nodiscard]] std::string to_json(const Explanation& explanation);
// `the policy "office hours" does not count at this time`
// `this client is exempt from chat until 2026-12-31T17:00:00Z (Ms Weber: press office)`
[[nodiscard]] std::vector<std::string> to_lines(const TimeNotes& notes);

}  // namespace sluice::cli

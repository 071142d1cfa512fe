#pragma once

// Audit lines in the shape of EVE JSON, which Suricata writes and SIEMs read.
//
//   {"timestamp":…,"event_type":"alert","src_ip":…,"src_port":…,"dest_ip":…,"dest_port":…,
//    "proto":"TCP","app_proto":"tls","alert":{…},"tls":{"sni":…},"sluice":{"v":1,"action":…}}
//
// `sluice` holds the keys of our own format that EVE has no place for, so a line can be read back
// whole (gateway/audit/trail.h). A decision, and a drop of what cannot be judged, is an "alert";
// notes have the event type "sluice", which readers of EVE do not know and skip.
// The source is always the client, also of an answer. Pure; allocates.

#include <nlohmann/json_fwd.hpp>

#include "gateway/telemetry/audit.h"

namespace sluice::telemetry {

[[nodiscard]] nlohmann::ordered_json eve_object(const AuditRecord& record,
                                                const AuditOptions& options);
// Of a note in our own format. REQUIRES: it has a `time`.
[[nodiscard]] nlohmann::ordered_json eve_note(nlohmann::ordered_json note);

}  // namespace sluice::telemetry

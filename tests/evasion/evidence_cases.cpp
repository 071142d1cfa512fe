// Whose word about addresses is believed.

#include "tests/evasion/evidence_cases.h"

#include <optional>

namespace sluice::evasion {
namespace {

using policy::Action;
using test::EvidenceLab;
using Probes = std::vector<Probe>;

// Of a banned name, by a resolver that is trusted; and an address that nobody has spoken of.
constexpr int kLeased = 7, kInnocent = 8;

void lease(EvidenceLab& scene) {
  scene.look_up(scene.guest(1), test::kBannedName, scene.server(kLeased));
}

Probes probes(const EvidenceLab& scene, int client = 9) {
  return {{scene.staff(client), scene.server(kLeased), true},
          {scene.staff(client), scene.server(kInnocent), false}};
}

// The guests' policies that hold nobody.
template <typename Act>
Probes under_each_policy(EvidenceLab& scene, Act act) {
  for (const auto of_guests :
       {std::optional<Action>(), std::optional(Action::log), std::optional(Action::allow)}) {
    scene.use(scene.ban(of_guests));
    lease(scene);
    act();
  }
  return probes(scene);
}

Probes guests_resolver(EvidenceLab& scene) {
  return under_each_policy(scene, [&] {
    scene.look_up(scene.guest(2), test::kBannedName, scene.server(kInnocent),
                  scene.other_resolver());
  });
}

Probes guests_hello(EvidenceLab& scene) {
  return under_each_policy(scene, [&] {
    for (const int guest : {2, 3, 4}) {
      scene.show(scene.guest(guest), test::kBannedName, scene.server(kInnocent));
    }
  });
}

Probes guests_innocent_name(EvidenceLab& scene) {
  return under_each_policy(scene, [&] {
    for (const int guest : {2, 3, 4}) {
      scene.show(scene.guest(guest), test::kInnocentName, scene.server(kLeased));
    }
  });
}

Probes answers_itself(EvidenceLab& scene) {
  lease(scene);
  scene.look_up(scene.guest(2), test::kBannedName, scene.server(kInnocent), "", io::Side::inside);
  scene.look_up(scene.staff(9), test::kInnocentName, scene.server(kLeased), "", io::Side::inside);
  return probes(scene);
}

Probes one_clients_name(EvidenceLab& scene) {
  lease(scene);
  for (int i = 0; i < 5; ++i) {
    scene.show(scene.staff(1), test::kInnocentName, scene.server(kLeased));
    scene.look_up(scene.staff(1), test::kInnocentName, scene.server(kLeased));
  }
  Probes all = probes(scene);
  all.push_back({scene.staff(1), scene.server(kLeased), false});  // its own evidence
  return all;
}

Probes questions_of_many(EvidenceLab& scene) {
  lease(scene);
  for (int i = 1; i <= 5; ++i) {
    scene.look_up(scene.staff(i), test::kInnocentName, scene.server(kLeased));
  }
  return probes(scene);
}

// Ordinary: one provider serves a banned name and others.
Probes agreement(EvidenceLab& scene) {
  lease(scene);
  scene.look_up(scene.guest(1), test::kBannedName, scene.server(kInnocent));
  for (int i = 1; i <= 3; ++i) {
    scene.show(scene.staff(i), test::kInnocentName, scene.server(kInnocent));
  }
  return probes(scene);
}

Probes name_leads_to_list(EvidenceLab& scene) {
  const std::string listed = scene.server(kLeased);
  scene.use(scene.ban(std::nullopt, {.addresses = {listed.c_str()}}));
  for (int i = 1; i <= 5; ++i) {
    scene.look_up(scene.staff(i), "7.nip.example", listed);
    scene.show(scene.staff(i), test::kInnocentName, listed);
  }
  Probes all = probes(scene);
  all.push_back({scene.staff(1), listed, true});
  return all;
}

}  // namespace

std::span<const EvidenceCase> evidence_cases() {
  static const std::vector<EvidenceCase> cases{
      {"evidence_own_resolver", "a guest's resolver: a banned name leads to an innocent server",
       guests_resolver},
      {"evidence_banned_hello", "guests name a banned host to an innocent server", guests_hello},
      {"evidence_innocent_hello", "guests name an innocent host to a banned server",
       guests_innocent_name},
      {"evidence_answers_itself", "a client answers itself under the resolver's address",
       answers_itself},
      {"evidence_one_client", "one client names an innocent host, again and again",
       one_clients_name},
      {"evidence_forged_questions", "one client asks under the addresses of many",
       questions_of_many},
      {"evidence_agreement", "three clients name an innocent host", agreement},
      {"evidence_nip_name", "names that lead to a listed address, asked for and shown",
       name_leads_to_list},
  };
  return cases;
}

Result run_evidence_case(const EvidenceCase& entry, Family family, Gateway gateway) {
  Result result;
  test::LabOptions options;
  options.enforce = gateway.enforce;
  options.offload = gateway.offload;
  options.workers = gateway.workers;
  EvidenceLab scene(family == Family::v6, options);
  for (const Probe& probe : entry.play(scene)) {
    const std::string what = probe.client + " to " + probe.server;
    for (const bool dropped : {scene.drops_ssh(probe.client, probe.server),
                               scene.drops_datagram(probe.client, probe.server)}) {
      ++result.runs;
      result.shown += probe.is_banned ? 1 : 0;
      if (probe.is_banned && !dropped) result.passed.push_back(what);
      if (!probe.is_banned && dropped) result.collateral.push_back(what);
    }
  }
  return result;
}

}  // namespace sluice::evasion

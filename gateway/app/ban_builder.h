#pragma once

// Builds the bans of a running gateway, in the reload thread (reloader.h), each the cheapest way:
//
//   everything   reads configuration and lists       SIGHUP, a whole zone that came
//   amended      the image stays, an overlay more    changes of a zone (IXFR)
//   folded       the overlay into an image           the overlay is large
//
// A ban that was not published does not count: what it amended is built anew with everything else.
//
// Threads: build() and built() never at the same time; want_*() from any.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/app/reloader.h"
#include "gateway/app/setup.h"
#include "lists/compile/amend.h"

namespace sluice::app {

class BanBuilder {
 public:
  using Trials = std::map<std::string, std::filesystem::path>;  // by the source
  using ReadSettings = std::function<Result<config::LiveSettings, std::string>()>;

  // `settings`: those in force, for which a ban is built first.
  BanBuilder(config::LiveSettings settings, ReadSettings read);
  // At the start; the caller uses it or ends.
  [[nodiscard]] Result<Ban, std::string> build_first();

  // The configuration too. `accepted`: with all trials that were wanted or refused before.
  void want_everything(bool accepted = false);
  void want_lists();  // all lists, by the settings in force
  void want(lists::ListChanges changes);
  // The lists with a candidate of a source. One trial a build, so that a bad one refuses no other.
  void want_trial(const std::string& source, std::filesystem::path candidate);

  [[nodiscard]] Reloader::Outcome build();
  // Those of the build that was last, also if it failed.
  [[nodiscard]] const Trials& trials() const noexcept { return trials_; }
  // The ban that build() gave last was published or not. True: another build is wanted.
  [[nodiscard]] bool built(bool published);

 private:
  struct Wanted {
    bool settings = false, lists = false, fold = false, accepted = false;
    std::vector<lists::ListChanges> changes;  // in their order
  };

  [[nodiscard]] Wanted take_wanted();
  [[nodiscard]] Reloader::Outcome build_everything(config::LiveSettings settings);
  // Members of bundles that no list of the settings names: a line a source, each member once.
  void warn_of_unnamed(Ban& ban);
  // Empty: it cannot be amended.
  [[nodiscard]] std::optional<Reloader::Outcome> amend(
      const std::vector<lists::ListChanges>& changes);
  [[nodiscard]] Reloader::Outcome fold(const lists::Amendments& amendments);

  const ReadSettings read_;
  config::LiveSettings settings_;
  std::optional<lists::Amendments> amendments_;  // of the ban in force; empty: not known
  std::optional<lists::Amendments> next_;        // of the ban that was built last
  config::LiveSettings next_settings_;
  std::set<std::string> told_unnamed_;  // `SOURCE/LIST`
  Trials trials_;
  std::mutex mutex_;
  Trials waiting_, refused_;  // trials; guarded by the mutex
  Wanted wanted_;             // guarded by the mutex
};

}  // namespace sluice::app

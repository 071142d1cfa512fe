#include "lists/compile/public_suffixes.h"

#include <libpsl.h>

#include <string>

namespace sluice::lists {

struct PublicSuffixes::State {
  psl_ctx_t* list = psl_latest(nullptr);  // the system's newest, else the one built in
};

PublicSuffixes::PublicSuffixes() : state_(std::make_unique<State>()) {}
PublicSuffixes::~PublicSuffixes() {
  psl_free(state_->list);
}

PublicSuffix PublicSuffixes::look_up(const name::Name& name) const {
  std::array<char, name::kMaxTextOctets> buffer;
  const std::string text(name::to_text(name, buffer));
  if (psl_is_public_suffix2(state_->list, text.c_str(), PSL_TYPE_ICANN) != 0) {
    return PublicSuffix::icann;
  }
  // Without the rule that every unknown top-level name is a suffix: single labels are told above.
  if (psl_is_public_suffix2(state_->list, text.c_str(), PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE) !=
      0) {
    return PublicSuffix::private_part;
  }
  return PublicSuffix::no;
}

}  // namespace sluice::lists

#include "gateway/dataplane/nfqueue/nft.h"

#include <nftables/libnftables.h>

#include <memory>

namespace sluice::io {
namespace {

using FreeContext = decltype([](nft_ctx* context) { nft_ctx_free(context); });

std::string first_line(const char* text) {
  const std::string said = text == nullptr ? "" : text;
  return said.substr(0, said.find('\n'));
}

}  // namespace

Result<void, std::string> run_nft(const std::string& script, NftMode mode) {
  const std::unique_ptr<nft_ctx, FreeContext> context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context) return fail(std::string("nftables: no memory"));
  nft_ctx_buffer_output(context.get());
  nft_ctx_buffer_error(context.get());
  nft_ctx_set_dry_run(context.get(), mode == NftMode::check);
  if (nft_run_cmd_from_buffer(context.get(), script.c_str()) == 0) return {};
  return fail("nftables: " + first_line(nft_ctx_get_error_buffer(context.get())));
}

}  // namespace sluice::io

#include "lists/https/https_feed.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "lists/update/text_checks.h"

namespace sluice::lists {
namespace {

constexpr long kMostRedirects = 3;
constexpr long kSlowBytesPerSecond = 100;
constexpr std::size_t kMostValidator = 200;  // bytes each of ETag and Last-Modified

struct Download {
  std::string body;
  std::uint64_t most;
  bool too_large = false;
  const Bell& bell;
};

std::size_t take_body(char* data, std::size_t one, std::size_t count, void* to) {
  auto& download = *static_cast<Download*>(to);
  const std::size_t bytes = one * count;
  download.too_large = bytes > download.most - download.body.size();
  if (download.too_large) return 0;
  download.body.append(data, bytes);
  return bytes;
}

int look_at_bell(void* of, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Download*>(of)->bell.stopped() ? 1 : 0;
}

RefusalReason reason_of(CURLcode code, const Download& download) {
  if (download.too_large) return RefusalReason::too_large;
  switch (code) {
    case CURLE_FILESIZE_EXCEEDED:
      return RefusalReason::too_large;
    case CURLE_OPERATION_TIMEDOUT:
      return RefusalReason::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return RefusalReason::tls;
    case CURLE_PARTIAL_FILE:
      return RefusalReason::truncated;
    case CURLE_RECV_ERROR:
      return download.body.empty() ? RefusalReason::unreachable : RefusalReason::truncated;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return RefusalReason::status;
    case CURLE_BAD_CONTENT_ENCODING:
      return RefusalReason::malformed;
    default:
      return RefusalReason::unreachable;
  }
}

std::string header(CURL* curl, const char* name) {
  curl_header* found = nullptr;
  if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
  std::string value = found->value;
  return value.size() > kMostValidator ? std::string() : value;
}

// A body that ends where the connection ends may have been cut.
bool has_known_end(CURL* curl) {
  curl_off_t length = -1;
  long version = 0;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &version);
  return length >= 0 || version >= CURL_HTTP_VERSION_2_0 ||
         !header(curl, "Transfer-Encoding").empty();
}

// Unix time at which the server's own certificate ends; 0: it has none, or says it in no known way.
std::int64_t certificate_end(CURL* curl) {
  constexpr std::string_view kEnd = "Expire date:";
  const curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
      chain->num_of_certs == 0) {
    return 0;
  }
  for (const curl_slist* field = chain->certinfo[0]; field != nullptr; field = field->next) {
    const std::string_view text = field->data;
    if (!text.starts_with(kEnd)) continue;
    return std::max<std::int64_t>(curl_getdate(field->data + kEnd.size(), nullptr), 0);
  }
  return 0;
}

// ETag and Last-Modified, a tab between.
curl_slist* conditions(const std::string& validator) {
  const std::size_t tab = std::min(validator.find('\t'), validator.size());
  curl_slist* headers = nullptr;
  if (tab > 0) {
    headers = curl_slist_append(headers, ("If-None-Match: " + validator.substr(0, tab)).c_str());
  }
  if (tab + 1 < validator.size()) {
    headers =
        curl_slist_append(headers, ("If-Modified-Since: " + validator.substr(tab + 1)).c_str());
  }
  return headers;
}

using Curl = std::unique_ptr<CURL, void (*)(CURL*)>;
using Headers = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

void set_limits(CURL* curl, const HttpsSettings& settings) {
  const auto ms = [](std::chrono::milliseconds time) { return static_cast<long>(time.count()); };
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, ms(settings.connect));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ms(settings.total));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kSlowBytesPerSecond);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.stalled.count()));
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(settings.most_bytes));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMostRedirects);
}

void set_trust(CURL* curl, const HttpsSettings& settings) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, settings.insecure_http ? "https,http" : "https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, settings.proxy.c_str());
  if (settings.ca_file.empty()) return;
  curl_easy_setopt(curl, CURLOPT_CAINFO, settings.ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
}

Result<std::optional<Fetched>, Refusal> taken(CURL* curl, Download& download, bool asked_for_less) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status == 304 && asked_for_less) return std::nullopt;
  if (status != 200) {
    return fail(Refusal{RefusalReason::status, "HTTP status " + std::to_string(status)});
  }
  const char* type = nullptr;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr && is_media_of_pages(type)) {
    return fail(Refusal{RefusalReason::not_a_list,
                        "a web page or media, not a list: is there a captive portal?"});
  }
  if (!has_known_end(curl)) {
    return fail(Refusal{RefusalReason::truncated, "the server does not say where it ends"});
  }
  if (auto why = no_list(download.body); why && !download.body.contains('\0')) {
    return fail(std::move(*why));
  }
  Fetched fetched{.bytes = std::move(download.body)};
  fetched.validator = header(curl, "ETag") + '\t' + header(curl, "Last-Modified");
  if (fetched.validator == "\t") fetched.validator.clear();
  return fetched;
}

}  // namespace

std::string url_problem(const std::string& url, bool insecure_http) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK) return std::string();
    std::string copy = text;
    curl_free(text);
    return copy;
  };
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "is no URL";
  const std::string scheme = part(CURLUPART_SCHEME);
  if (scheme == "https") return {};
  const std::string host = part(CURLUPART_HOST);
  const bool is_loopback = host == "127.0.0.1" || host == "[::1]" || host == "localhost";
  if (scheme == "http" && insecure_http && is_loopback) return {};
  return "must begin with https://";
}

HttpsFeed::HttpsFeed(HttpsSettings settings)
    : settings_(std::move(settings)),
      pause_(settings_.interval, settings_.first_retry, random_seed()) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(ready);
}

Result<std::optional<Fetched>, Refusal> HttpsFeed::fetch(const Known& known, const Bell& bell) {
  const Curl curl(curl_easy_init(), curl_easy_cleanup);
  const Headers headers(conditions(known.validator), curl_slist_free_all);
  Download download{.body = {}, .most = settings_.most_bytes, .bell = bell};
  std::array<char, CURL_ERROR_SIZE> error{};
  curl_easy_setopt(curl.get(), CURLOPT_URL, settings_.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "sluice");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, error.data());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &download);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, look_at_bell);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &download);
  set_limits(curl.get(), settings_);
  set_trust(curl.get(), settings_);
  const CURLcode code = curl_easy_perform(curl.get());
  if (const std::int64_t end = certificate_end(curl.get()); end > 0) certificate_until_ = end;
  Result<std::optional<Fetched>, Refusal> outcome;
  if (code == CURLE_OK) {
    outcome = taken(curl.get(), download, !known.validator.empty());
  } else {
    std::string text = error[0] != '\0' ? error.data() : curl_easy_strerror(code);
    if (download.too_large) text = "larger than " + std::to_string(download.most) + " bytes";
    outcome = fail(Refusal{reason_of(code, download), std::move(text)});
  }
  outcome ? pause_.succeeded() : pause_.failed();
  return outcome;
}

std::optional<std::chrono::sys_seconds> HttpsFeed::certificate_until() const noexcept {
  const std::int64_t end = certificate_until_;
  if (end == 0) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(end));
}

void HttpsFeed::wait(Bell& bell) {
  bell.wait_for(pause_.next());
}

}  // namespace sluice::lists

// One Host in every form in which servers read it.

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

Scripts requests(const std::vector<std::string>& texts) {
  Scripts scripts;
  for (const std::string& text : texts) {
    Script script(test::byte_vector(text));
    script.open().whole();
    scripts.push_back(std::move(script));
    const std::size_t cut = std::min(text.find("abc"), text.size() - 8) + 6;
    Script halves(test::byte_vector(text));
    scripts.push_back(halves.open().part(0, cut).part(cut, text.size()));
  }
  return scripts;
}

std::string request(const std::string& field) {
  return "GET / HTTP/1.1\r\nUser-Agent: a\r\n" + field + "\r\nAccept: */*\r\n\r\n";
}

Scripts host_case(const Payload& payload) {
  return requests({request("hoSt: " + payload.name), request("HOST: " + payload.name),
                   request("Host: ABC" + payload.name.substr(3))});
}

Scripts host_blanks(const Payload& payload) {
  return requests({request("Host:" + payload.name), request("Host: \t  " + payload.name + " \t"),
                   request("Host : " + payload.name), request("Host:\r\n " + payload.name)});
}

Scripts host_dot_and_port(const Payload& payload) {
  return requests({request("Host: " + payload.name + "."),
                   request("Host: " + payload.name + ":8080"),
                   request("Host: " + payload.name + ".:80")});
}

Scripts host_in_parts(const Payload& payload) {
  return requests(
      {request("Host: " + payload.name + "/x"), request("Host: " + payload.name + ", a"),
       request("Host: " + payload.name + "\f"), request("Host: " + payload.name + ":80/x")});
}

Scripts absolute_target(const Payload& payload) {
  const std::string host(kDecoyName);
  return requests({"GET http://" + payload.name + "/ HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
                   "GET HTTP://" + payload.name + ":80/ HTTP/1.1\r\nHost: " + host + "\r\n\r\n"});
}

Scripts several_hosts(const Payload& payload) {
  const std::string other = "Host: " + std::string(kDecoyName);
  return requests({request(other + "\r\nHost: " + payload.name),
                   request("Host: " + payload.name + "\r\n" + other)});
}

Scripts lines_before(const Payload& payload) {
  return requests(
      {"\r\n" + request("Host: " + payload.name), "\r\n\r\n" + request("Host: " + payload.name)});
}

Scripts odd_method(const Payload& payload) {
  const std::string rest = " / HTTP/1.1\r\nHost: " + payload.name + "\r\n\r\n";
  return requests({"PROPFIND" + rest, "OPTIONS" + rest, "POST" + rest});
}

// Each is taken by one server at least: Python, Node, HAProxy, Go.
Scripts odd_request_lines(const Payload& payload) {
  const std::string fields = "\r\nHost: " + payload.name + "\r\n\r\n";
  return requests({"GET / HTTP/2.0" + fields, "GET / HTTP/3.7" + fields,
                   "OPTIONS / RTSP/1.0" + fields, "GET\t/ HTTP/1.1" + fields,
                   " GET / HTTP/1.1" + fields, "GET x" + fields,
                   std::string(70, 'A') + " / HTTP/1.1" + fields,
                   "GET / HTTP/1.1\r\nX: y\rHost: " + payload.name + "\r\n\r\n"});
}

Scripts long_head(const Payload& payload) {
  const std::string filler = "X: " + std::string(5000, 'y');
  return requests({request(filler + "\r\nHost: " + payload.name)});
}

// The name stands in a later request; before it, bodies of every kind.
Scripts later_request(const Payload& payload) {
  const std::string host = " / HTTP/1.1\r\nHost: " + std::string(kDecoyName) + "\r\n";
  const std::string last = request("Host: " + payload.name);
  const std::vector<std::string> firsts{
      "GET" + host + "\r\n", "POST" + host + "Content-Length: 11\r\n\r\nhello world",
      "POST" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"};
  Scripts scripts;
  for (const std::string& first : firsts) {
    Script script(test::byte_vector(first + last));
    const std::size_t cut = first.size(), size = script.stream.size();
    for (const std::size_t at : {cut, cut - 3, cut + 9, size - 30}) {
      scripts.push_back(Script(script).open().part(0, at).part(at, size));
      scripts.push_back(Script(script).open().part(at, size).part(0, at));
    }
    scripts.push_back(script.open().whole());
  }
  return scripts;
}

}  // namespace

std::span<const Case> http_cases() {
  static const std::vector<Case> cases{
      {"http_host_case", "the field and its value in odd case", {Kind::http}, host_case},
      {"http_host_blanks", "no blank, many, before the colon, a fold", {Kind::http}, host_blanks},
      {"http_host_dot_port", "a final dot, a port", {Kind::http}, host_dot_and_port},
      {"http_host_parts",
       "a path, a list, a form feed behind the name",
       {Kind::http},
       host_in_parts},
      {"http_absolute_target",
       "the name in the target, another in Host",
       {Kind::http},
       absolute_target},
      {"http_several_hosts", "two Host fields", {Kind::http}, several_hosts},
      {"http_lines_before", "empty lines before the request", {Kind::http}, lines_before},
      {"http_odd_method", "rare methods", {Kind::http}, odd_method},
      {"http_odd_lines", "blanks, versions and methods", {Kind::http}, odd_request_lines},
      {"http_later_request",
       "in a second request, behind bodies, cut and turned",
       {Kind::http},
       later_request},
      {"http_long_head", "a Host behind 5 KB of another field", {Kind::http}, long_head},
  };
  return cases;
}

}  // namespace sluice::evasion

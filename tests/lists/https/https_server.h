#pragma once

// A real HTTPS server on the loopback (server.py), with a certificate of an authority of its own,
// made by openssl(1), in a folder. Ends with the object.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sluice::test {

class HttpsServer {
 public:
  explicit HttpsServer(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    make_authority("ca");
    make_authority("stranger");
    const std::string name = quoted("server");
    shell("openssl req -new -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout " + name +
          ".key -out " + name + ".csr");
    std::ofstream(folder_ / "ext") << "subjectAltName=IP:127.0.0.1\n";
    shell("openssl x509 -req -days 2 -in " + name + ".csr -CA " + ca().string() + " -CAkey " +
          quoted("ca") + ".key -CAcreateserial -extfile " + quoted("ext") + " -out " + name +
          ".pem");
    start();
  }
  ~HttpsServer() { stop(); }
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  [[nodiscard]] std::string url(const std::string& file = "list") const {
    return "https://127.0.0.1:" + std::to_string(port_) + "/" + file;
  }
  [[nodiscard]] std::filesystem::path ca() const { return folder_ / "ca.pem"; }
  [[nodiscard]] std::filesystem::path stranger() const { return folder_ / "stranger.pem"; }
  void serve(const std::string& text, const std::string& file = "list") const {
    std::ofstream(folder_ / (file + ".new"), std::ios::binary) << text;
    std::filesystem::rename(folder_ / (file + ".new"), folder_ / file);
  }
  // What goes wrong; empty: nothing.
  void mode(const std::string& word) const { serve(word, "mode"); }
  // The statuses of all answers, one a line.
  [[nodiscard]] std::string log() const {
    std::ifstream stream(folder_ / "requests.log");
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void stop() {
    if (process_ != nullptr) ::pclose(std::exchange(process_, nullptr));
  }

 private:
  [[nodiscard]] std::string quoted(const std::string& file) const {
    return (folder_ / file).string();
  }
  void make_authority(const std::string& name) const {
    shell("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=" + name + " -keyout " +
          quoted(name) + ".key -out " + quoted(name) + ".pem");
  }
  static void shell(const std::string& command) {
    if (std::system((command + " 2>/dev/null").c_str()) != 0) std::abort();
  }
  // Its standard input is ours, and ends with us; its port comes in a file.
  void start() {
    const std::string out = quoted("port");
    process_ = ::popen(("exec python3 -B " SLUICE_HTTPS_SERVER " " + folder_.string() + " " +
                        quoted("server") + ".pem " + quoted("server") + ".key >" + out)
                           .c_str(),
                       "we");
    for (int i = 0; i < 1000 && port_ == 0; ++i) {
      std::ifstream(out) >> port_;
      if (port_ == 0) static_cast<void>(std::system("sleep 0.02"));
    }
  }

  std::filesystem::path folder_;
  std::FILE* process_ = nullptr;
  int port_ = 0;
};

}  // namespace sluice::test

// `sluice top`: a running gateway on a live screen (ncurses).

#include <ncurses.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/cli/top_screen.h"
#include "gateway/control/client.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(10);

struct Look {
  Json status, flows, clients;
  Clock::time_point at;
};

// Connects for each look: the gateway may be restarted meanwhile.
Result<Look, std::string> look_at(const std::string& socket) {
  auto client = control::Client::open(socket);
  if (!client) return fail(client.error());
  Look look{.at = Clock::now()};
  const auto ask = [&](control::Request request, Json& to) -> Result<void, std::string> {
    const auto line = client->ask(request, kPatience);
    if (!line) return fail(line.error());
    auto reply = control::parse_reply(*line);
    if (!reply) return fail(reply.error().text);
    to = std::move(*reply);
    return {};
  };
  using control::Command;
  auto asked = ask({.command = Command::status}, look.status);
  if (asked) {
    asked = ask({.command = Command::flows, .limit = control::kMostFlows}, look.flows);
  }
  if (asked) asked = ask({.command = Command::clients, .limit = 16}, look.clients);
  if (!asked) return fail(asked.error());
  return look;
}

std::vector<cli::ScreenLine> screen_of(const Look& before, const Look& now, std::size_t width,
                                       std::size_t height) {
  const std::chrono::duration<double> between = now.at - before.at;
  return cli::top_screen({before.status, now.status, now.flows, now.clients, between.count()},
                         width, height);
}

int print_once(const cli::TopCommand& command) {
  const auto before = look_at(command.socket);
  if (!before) return refuse(before.error());
  std::this_thread::sleep_for(std::chrono::seconds(command.interval));
  const auto now = look_at(command.socket);
  if (!now) return refuse(now.error());
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  for (const cli::ScreenLine& line : screen_of(*before, *now, kAny, kAny)) {
    std::cout << line.text << '\n';
  }
  return all_written() ? kOk : kUnusable;
}

// The terminal, as long as this lives.
class Terminal {
 public:
  Terminal() : screen_(::newterm(nullptr, stdout, stdin)) {
    if (screen_ == nullptr) return;
    ::cbreak();
    ::noecho();
    ::curs_set(0);
    ::keypad(::stdscr, true);
    if (!::has_colors()) return;
    ::start_color();
    ::use_default_colors();
    ::init_pair(kGood, COLOR_GREEN, -1);
    ::init_pair(kBad, COLOR_RED, -1);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (screen_ == nullptr) return;
    ::endwin();
    ::delscreen(screen_);
  }

  [[nodiscard]] bool is_open() const { return screen_ != nullptr; }
  [[nodiscard]] static std::size_t width() { return static_cast<std::size_t>(getmaxx(::stdscr)); }
  [[nodiscard]] static std::size_t height() { return static_cast<std::size_t>(getmaxy(::stdscr)); }

  static void show(const std::vector<cli::ScreenLine>& lines) {
    ::werase(::stdscr);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      ::wattrset(::stdscr, static_cast<int>(attributes_of(lines[i].style)));
      ::wmove(::stdscr, static_cast<int>(i), 0);
      ::waddnstr(::stdscr, lines[i].text.c_str(), static_cast<int>(lines[i].text.size()));
    }
    ::wattrset(::stdscr, 0);
    ::wrefresh(::stdscr);
  }
  // The key that was pressed within this time; ERR: none.
  [[nodiscard]] static int key_within(std::chrono::milliseconds time) {
    ::wtimeout(::stdscr, static_cast<int>(time.count()));
    return ::wgetch(::stdscr);
  }

 private:
  enum Pair : short { kGood = 1, kBad };

  static unsigned long attributes_of(cli::ScreenStyle style) {
    switch (style) {
      case cli::ScreenStyle::plain:
        return A_NORMAL;
      case cli::ScreenStyle::heading:
        return A_BOLD;
      case cli::ScreenStyle::good:
        return A_BOLD | COLOR_PAIR(kGood);
      case cli::ScreenStyle::bad:
        return A_BOLD | COLOR_PAIR(kBad);
    }
    return A_NORMAL;
  }

  SCREEN* screen_;
};

// Until somebody presses q. A gateway that does not answer is waited for.
void show_live(const cli::TopCommand& command, Look before) {
  Look now = before;
  std::string problem;
  for (auto next = Clock::now();;) {
    auto lines = screen_of(before, now, Terminal::width(), Terminal::height());
    if (!problem.empty()) {
      lines.insert(lines.begin(), {problem, cli::ScreenStyle::bad});
      if (lines.size() > Terminal::height()) lines.pop_back();
    }
    Terminal::show(lines);
    next += std::chrono::seconds(command.interval);
    for (auto rest = next - Clock::now(); rest > Clock::duration::zero();
         rest = next - Clock::now()) {
      const int key = Terminal::key_within(std::chrono::ceil<std::chrono::milliseconds>(rest));
      if (key == 'q' || key == 'Q') return;
      if (key == KEY_RESIZE) break;
    }
    next = Clock::now();
    auto look = look_at(command.socket);
    if (look) {
      before = std::exchange(now, std::move(*look));
      problem.clear();
    } else {
      problem = look.error();
    }
  }
}

}  // namespace

int top(const cli::TopCommand& command) {
  if (command.once || ::isatty(STDOUT_FILENO) == 0) return print_once(command);
  auto first = look_at(command.socket);
  if (!first) return refuse(first.error());
  const Terminal terminal;
  if (!terminal.is_open()) return refuse("this terminal cannot show a screen; try --once");
  show_live(command, std::move(*first));
  return kOk;
}

}  // namespace sluice::app

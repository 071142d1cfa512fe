#!/usr/bin/env python3
"""The program as its users run it: every command, with good and broken files.

usage: program_test.py PROGRAM [UNITTEST OPTIONS]
"""

import hashlib
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "deploy/lab/example.pcap"
PROGRAM = ""
PATIENCE_SECONDS = 30
SMALL = "[limits]\nflows = 1024\nstreams = 256\n"  # little memory: these tests start it often
FIELDS = ["packet", "proto", "name", "client", "server", "transport", "ech", "verdict", "app", "rule"]
FILE_HEADER = 24
RECORD_HEADER = 16


def records(capture):
    """(begin, end) of each record of a pcap file in the byte order of this machine."""
    at = FILE_HEADER
    while at < len(capture):
        length = struct.unpack_from("=I", capture, at + 8)[0]
        yield at, at + RECORD_HEADER + length
        at += RECORD_HEADER + length


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[:len(data) // 2 * 2]))
    total += data[-1] << 8 if len(data) % 2 else 0
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def segment(sequence, flags, payload=b""):
    """A frame of a client at 10.0.0.1:5000 to 198.51.100.2:80."""
    ends = bytes([10, 0, 0, 1, 198, 51, 100, 2])
    acknowledgment = 0 if flags == 2 else 5000
    tcp = struct.pack("!HHIIBBHHH", 5000, 80, sequence, acknowledgment, 5 << 4, flags, 65535, 0, 0)
    pseudo = ends + struct.pack("!HH", 6, len(tcp) + len(payload))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp + payload)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0) + ends
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes(12) + b"\x08\x00" + ip + tcp + payload


def capture_of(frames):
    header = struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    return header + b"".join(struct.pack("=IIII", 1000 + i // 1000, i % 1000, len(frame), len(frame)) + frame
                             for i, frame in enumerate(frames))


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.write("small.toml", SMALL)
        self.ban = self.write("ban.toml", SMALL + """
            [[list]]
            app = "chat"
            file = "chat.list"
            [[policy]]
            name = "office"
            clients = ["10.0.0.0/8"]
            apps = ["chat"]
            [[policy]]
            name = "lab"
            clients = ["192.0.2.0/24"]
            apps = ["chat"]
            action = "log"
            """)
        self.write("chat.list", "# names of a chat\nchat.example\n@@open.chat.example\n")

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_program(self, *words, status=0, stdin=b"", stdout=subprocess.PIPE):
        done = subprocess.run([PROGRAM, *map(str, words)], input=stdin, stdout=stdout,
                              stderr=subprocess.PIPE, timeout=PATIENCE_SECONDS)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, status, f"{words}: {said}")
        return (done.stdout or b"").decode(), said

    def findings(self, *words, status=0, **more):
        """What `inspect` prints, checked to be JSON objects of the documented form, and its stderr."""
        printed, said = self.run_program("inspect", *words, status=status, **more)
        lines = [json.loads(line) for line in printed.splitlines()]
        for line in lines:
            more_fields = ["qtype"] if line["proto"] == "dns" else []
            self.assertEqual(list(line), FIELDS + more_fields)
            self.assertIn(line["proto"], ("dns", "tls", "quic", "http"))
            self.assertIn(line["verdict"], ("pass", "drop", "log"))
        return lines, said


class Check(Program):
    def test_all_pass(self):
        printed, said = self.run_program("check", "-c", self.ban, "example.com", "notchat.example")
        self.assertEqual(printed, "pass example.com\npass notchat.example\n")
        self.assertEqual(said, "")

    def test_some_are_blocked(self):
        printed, _ = self.run_program("check", "-c", self.ban, "WWW.Chat.Example.", "example.com",
                                      "a.open.chat.example", status=1)
        self.assertEqual(printed.splitlines(), [
            "drop www.chat.example app=chat rule=chat.example list=chat line=2 policy=office",
            "pass example.com",
            "pass a.open.chat.example app=chat exception=@@open.chat.example list=chat line=3"
            " policy=lab"])

    def test_json(self):
        printed, _ = self.run_program("check", "-c", self.ban, "--json", "chat.example", status=1)
        version = hashlib.sha256((self.folder / "chat.list").read_bytes()).hexdigest()[:16]
        self.assertEqual(json.loads(printed), {
            "name": "chat.example", "verdict": "drop", "app": "chat", "rule": "chat.example",
            "list": "chat", "list_version": version, "line": 2, "policy": "office"})

    def test_what_the_clock_changes(self):
        exception = '[[exception]]\nclients = ["10.0.0.0/8"]\napps = ["chat"]\nowner = "Ms Weber"\nreason = "press"\n'
        config = self.write("exempt.toml", self.ban.read_text() + exception + "expires = 2999-01-01T00:00:00Z\n")
        words = ["check", "-c", config, "--client", "10.1.2.3", "chat.example"]
        printed, said = self.run_program(*words)
        self.assertTrue(printed.startswith("pass chat.example"), printed)
        self.assertEqual(said, "sluice: note: this client is exempt from chat until 2999-01-01T00:00:00Z (Ms Weber: press)\n")
        printed, said = self.run_program(*words, "--json")
        self.assertEqual(said, "")
        self.assertEqual(json.loads(printed)["exemptions"], [
            {"apps": ["chat"], "owner": "Ms Weber", "reason": "press", "expires": "2999-01-01T00:00:00Z", "in_force": True}])

    def test_client(self):
        for client, status, verdict in (("10.1.2.3", 1, "drop"), ("192.0.2.1", 0, "log"),
                                        ("198.51.100.1", 0, "pass"), ("2001:db8::1", 0, "pass")):
            printed, _ = self.run_program("check", "-c", self.ban, "--client", client, "chat.example",
                                          status=status)
            self.assertEqual(printed.split()[0], verdict, client)

    def test_names_from_standard_input(self):
        printed, _ = self.run_program("check", "-c", self.ban, status=1,
                                      stdin=b"example.com\n\n  chat.example\t\nlast.example")
        self.assertEqual([line.split()[:2] for line in printed.splitlines()],
                         [["pass", "example.com"], ["drop", "chat.example"], ["pass", "last.example"]])

    def test_names_from_a_file_with_crlf_are_the_same_names(self):
        printed, _ = self.run_program("check", "-c", self.ban, status=1, stdin=b"chat.example\r\n\r\n")
        self.assertRegex(printed, r"\Adrop chat\.example app=chat [^\r]*\n\Z")

    def test_no_names_on_standard_input(self):
        self.assertEqual(self.run_program("check", "-c", self.ban), ("", ""))

    def test_what_is_no_name_does_not_hide_the_rest(self):
        printed, said = self.run_program("check", "-c", self.ban, "a..b", "chat.example", status=2)
        self.assertRegex(printed, r"\Adrop chat\.example ")
        self.assertRegex(said, r'\Asluice: "a\.\.b": .+\n\Z')

    def test_bytes_are_escaped(self):
        printed, _ = self.run_program("check", "-c", self.ban, r"a\255\032\001.example")
        self.assertEqual(printed, "pass a\\255\\032\\001.example\n")

    def test_what_is_no_name_is_an_error(self):
        """An answer about what nobody can ask would mislead."""
        for word in (os.fsdecode(b"a\xff \x01.example"), "chat example", "@@chat.example", "*.chat.example",
                     "chat.example:http", "", "203.0.113.0/24"):
            printed, said = self.run_program("check", "-c", self.ban, word, status=2)
            self.assertEqual(printed, "")
            self.assertIn("sluice: ", said)

    def test_urls_ports_and_own_letters_say_what_was_understood(self):
        printed, _ = self.run_program("check", "-c", self.ban, "https://WWW.chat.example:443/x", status=1)
        self.assertRegex(printed, r"\Adrop www\.chat\.example .* asked=https://WWW\.chat\.example:443/x\n\Z")
        printed, _ = self.run_program("check", "-c", self.ban, "--json", "bücher.example:80")
        self.assertEqual(json.loads(printed)["name"], "xn--bcher-kva.example")
        self.assertEqual(json.loads(printed)["asked"], "bücher.example:80")

    def test_shipped_lists_without_configuration(self):
        printed, _ = self.run_program("check", "web.wechat.com", "www.kaspersky.com", "www.tiktok.com",
                                      "example.com", status=1)
        self.assertEqual([line.split()[0] for line in printed.splitlines()],
                         ["drop", "drop", "drop", "pass"])

    def test_shipped_configuration(self):
        self.run_program("check", "-c", ROOT / "deploy/sluice.toml", "web.wechat.com", status=1)

    def test_a_configuration_is_checked_without_a_start(self):
        printed, said = self.run_program("run", "--check", "-c", ROOT / "deploy/sluice.toml")
        self.assertRegex(printed, r"sluice\.toml: no errors, \d\d\d+ rules in 8 lists\n\Z")
        self.assertEqual(said, "")
        wrong = self.write("wrong.toml", "[dataplane]\nworkers = 0\n")
        _, said = self.run_program("run", "--check", "-c", wrong, status=2)
        self.assertIn("wrong.toml:2: dataplane.workers: ", said)
        self.write("chat.list", "")
        _, said = self.run_program("run", "--check", "-c", self.ban, status=2)
        self.assertIn("list chat has no effect: it has no entry", said)
        self.write("chat.list", "chat.example\nco.uk\n")
        printed, said = self.run_program("run", "--check", "-c", self.ban)
        self.assertIn("no errors, 1 rules in 1 lists", printed)
        self.assertRegex(said, r'sluice: refused: .*chat\.list:2: "co\.uk": ')

    def test_what_a_source_is_yet_to_bring_is_no_error(self):
        source = ("[lists]\nstate = \"state\"\n[[source]]\nname = \"s\"\nfolder = \"new\"\n"
                  "[[list]]\nname = \"chat\"\napp = \"chat\"\nsource = \"s\"\n"
                  "[[policy]]\nname = \"p\"\napps = [\"chat\"]\n")
        printed, said = self.run_program("run", "--check", "-c", self.write("source.toml", source))
        self.assertIn("no errors, 0 rules in 1 lists", printed)
        self.assertIn("nothing is banned", said)

    def test_a_cpu_that_is_not_there_is_refused_before_an_interface_is_touched(self):
        pinned = self.write("pinned.toml", "[dataplane]\ncpus = [1023]\n")
        _, said = self.run_program("run", "-c", pinned, "--metrics", "127.0.0.1:9471", status=2)
        self.assertIn("[dataplane] cpus: this process may not run on CPU 1023, only on ", said)

    def test_a_configuration_that_bans_nothing_is_loud(self):
        empty = self.write("empty.toml", "")
        _, said = self.run_program("check", "-c", empty, "chat.example")
        self.assertIn("warning: nothing is banned: no policy is configured", said)
        _, said = self.run_program("run", "-c", empty, status=2)  # it has no interfaces
        self.assertIn("warning: nothing is banned: no policy is configured", said)
        lists = self.write("lists.toml", "[[list]]\napp = \"chat\"\nfile = \"chat.list\"\n")
        _, said = self.run_program("check", "-c", lists, "chat.example")
        self.assertIn("warning: nothing is banned: no policy is configured", said)
        policy = "[[policy]]\nname = \"p\"\napps = [\"chat\"]\n"
        logs = self.write("logs.toml", lists.read_text() + policy + "action = \"log\"\n")
        _, said = self.run_program("check", "-c", logs, "chat.example")
        self.assertIn("warning: nothing is banned: every policy only logs, allows or is on trial", said)
        self.write("chat.list", "@@chat.example\n")
        bans = self.write("bans.toml", lists.read_text() + policy)
        _, said = self.run_program("check", "-c", bans, "chat.example")
        self.assertIn("warning: nothing is banned: no list has an entry of a policy's apps", said)

    def test_a_list_without_effect_is_an_error(self):
        for content in ("<html>\n<body>Sign in</body>\n", "", "# nothing\n"):
            self.write("chat.list", content)
            printed, said = self.run_program("check", "-c", self.ban, "chat.example", status=2)
            self.assertEqual(printed, "")
            self.assertIn("list chat has no effect: it has no entry", said)
            self.run_program("run", "-c", self.ban, status=2)

    def test_refused_lines_are_said(self):
        self.write("chat.list", "chat.example\nco.uk\nbad..name\n")
        printed, said = self.run_program("check", "-c", self.ban, "chat.example", status=1)
        self.assertTrue(printed.startswith("drop chat.example"))
        self.assertRegex(said, r'chat\.list:2: "co\.uk": ')
        self.assertRegex(said, r'chat\.list:3: "bad\.\.name": ')


class Lists(Program):
    SHIPPED = sorted(ROOT.glob("lists/apps/*.list"))

    def setUp(self):
        super().setUp()
        self.image = self.folder / "names.image"

    def rows(self, said):
        """The rows of a summary: label -> value without its unit."""
        found = re.findall(r"^  (\S.*?) {2,}(\S+)(?: \S+)?$", said, re.MULTILINE)
        return {what: value for what, value in found}

    def test_shipped_lists_have_no_findings(self):
        printed, said = self.run_program("lists", "lint", *self.SHIPPED)
        self.assertEqual(printed, "")
        self.assertEqual(self.rows(said)["refused lines"], "0")

    def test_an_image_of_the_shipped_lists_answers_as_they_do(self):
        printed, said = self.run_program("lists", "build", "--out", self.image, *self.SHIPPED)
        self.assertEqual(printed, "")
        self.assertGreater(int(self.rows(said)["entries"]), 250)
        names = ["web.wechat.com", "www.kaspersky.com", "WWW.TikTok.com.", "p16-tiktok-x.ibyteimg.com",
                 "example.com", "notwechat.com"]
        by_image, _ = self.run_program("check", "--image", self.image, *names, status=1)
        by_lists, _ = self.run_program("check", *names, status=1)
        self.assertEqual(by_image, by_lists)
        stdin = "\n".join(names).encode()
        self.assertEqual(self.run_program("check", "--image", self.image, stdin=stdin, status=1),
                         (by_image, ""))
        self.run_program("check", "--image", self.image, "example.com")

    def test_show(self):
        _, said = self.run_program("lists", "build", "--out", self.image, *self.SHIPPED)
        printed, _ = self.run_program("lists", "show", "--json", self.image)
        shown = json.loads(printed)
        self.assertEqual(str(shown["rules"]), self.rows(said)["entries"])
        self.assertEqual(shown["hot"] + shown["cold"], self.image.stat().st_size)
        self.assertEqual(shown["checksum"], "ok")
        self.assertEqual(shown["apps"], [path.stem for path in self.SHIPPED])
        self.assertEqual([one["name"] for one in shown["lists"]], shown["apps"])
        for one in shown["lists"]:
            self.assertRegex(one["version"], r"\A[0-9a-f]{16}\Z")
        text, _ = self.run_program("lists", "show", self.image)
        for word in ("version", "checksum  ok", shown["seed"], shown["lists"][0]["version"]):
            self.assertIn(word, text)

    def test_the_seed_is_drawn_anew(self):
        seeds = set()
        for _ in range(3):
            self.run_program("lists", "build", "--out", self.image, self.SHIPPED[0])
            seeds.add(json.loads(self.run_program("lists", "show", "--json", self.image)[0])["seed"])
        self.assertEqual(len(seeds), 3)

    def test_refused_lines_are_findings_and_the_rest_is_written(self):
        broken = self.write("broken.list", "chat.example\nco.uk\nbad..name\n192.0.2.1\n")
        _, said = self.run_program("lists", "build", "--out", self.image, f"app={broken}", status=1)
        for line, text in ((2, "co.uk"), (3, "bad..name"), (4, "192.0.2.1")):
            self.assertRegex(said, rf'(?m)^{re.escape(f"{broken}:{line}: ")}"{re.escape(text)}": .+$')
        self.assertEqual(self.rows(said)["refused lines"], "3")
        printed, _ = self.run_program("check", "--image", self.image, "a.chat.example", "a.co.uk",
                                      status=1)
        self.assertEqual(printed.splitlines(), [
            "drop a.chat.example app=app rule=chat.example list=broken line=1 policy=default",
            "pass a.co.uk"])

    def test_an_image_is_not_replaced_by_what_lost_its_entries(self):
        chat = self.write("chat.list", "".join(f"n{i}.example\n" for i in range(100)))
        self.run_program("lists", "build", "--out", self.image, chat)
        before = self.image.read_bytes()
        for content in ("<html>\n", "n1.example\n", "".join(f"n{i}.example\n" for i in range(74))):
            self.write("chat.list", content)
            _, said = self.run_program("lists", "build", "--out", self.image, chat, status=2)
            self.assertIn("list chat ", said)
            self.assertIn("--accept-loss", said)
            self.assertEqual(self.image.read_bytes(), before)
        self.run_program("lists", "build", "--out", self.image, "--accept-loss", chat)
        self.run_program("check", "--image", self.image, "n80.example")

    def test_a_last_line_without_line_feed_is_warned_of(self):
        chat = self.write("chat.list", "chat.example\nmail.exam")
        printed, _ = self.run_program("lists", "lint", chat)
        self.assertRegex(printed, r'chat\.list:2: warning: "mail\.exam": no line feed')

    def test_many_globs_are_warned_of_and_those_alike_refused(self):
        many = self.write("many.list", "".join(f"x{i}-*.cdn.example\n" for i in range(2000)))
        printed, _ = self.run_program("lists", "lint", many)
        self.assertRegex(printed, r'many\.list:1: warning: "cdn\.example": 2000 globs ')
        alike = self.write("alike.list", "".join(f"*{i}*.cdn.example\n" for i in range(1000, 1100)))
        printed, _ = self.run_program("lists", "lint", alike, status=1)
        self.assertEqual(printed.count("alike except between stars"), 36)

    def test_force_takes_public_suffixes(self):
        broken = self.write("broken.list", "co.uk\n")
        self.run_program("lists", "build", "--force", "--out", self.image, broken)
        self.run_program("check", "--image", self.image, "a.co.uk", status=1)

    def test_lint_prints_all_findings_and_writes_nothing(self):
        odd = self.write("odd.list", "a.example\nb.a.example\na.example\ncom\n@@idle.example\n"
                         + "bad..name\n" * 300)
        before = sorted(self.folder.iterdir())
        printed, said = self.run_program("lists", "lint", odd, status=1)
        lines = printed.splitlines()
        for pattern in (r':4: "com": ', r':3: warning: "a\.example": ',
                        r':2: redundant: "b\.a\.example": ', r':5: idle: "@@idle\.example": '):
            self.assertEqual(sum(bool(re.search(pattern, line)) for line in lines), 1, pattern)
        self.assertEqual(sum('"bad..name"' in line for line in lines), 300)
        self.assertEqual(self.rows(said)["refused lines"], "301")
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_build_says_only_so_much(self):
        odd = self.write("odd.list", "bad..name\n" * 3000)
        _, said = self.run_program("lists", "build", "--out", self.image, odd, status=1)
        self.assertLess(len(said.splitlines()), 150)
        self.assertRegex(said, r"(?m)^… and 2900 more refused lines$")

    def test_exceptions_hold_for_every_app_or_for_one(self):
        chat = self.write("chat.list", "example.com\n")
        mail = self.write("mail.list", "example.com\n")
        ours = self.write("ours.list", "open.example.com\n")
        build = ["lists", "build", "--out", self.image, chat, mail, "--exceptions"]
        self.run_program(*build, ours)
        printed, _ = self.run_program("check", "--image", self.image, "open.example.com")
        self.assertIn("app=* exception=@@open.example.com list=ours line=1", printed)
        self.run_program(*build, f"chat={ours}")
        printed, _ = self.run_program("check", "--image", self.image, "open.example.com", status=1)
        self.assertIn("app=mail ", printed)

    def test_critical_and_popular_names(self):
        chat = self.write("chat.list", "example.com\nexample.net\n")
        vital = self.write("vital.txt", "login.example.com\n")
        top = self.write("top.txt", "www.example.net\n")
        printed, _ = self.run_program("lists", "lint", "--critical", vital, "--popular", top, chat,
                                      status=1)
        self.assertRegex(printed, r'chat\.list:1: "example\.com": .*login\.example\.com')
        self.assertRegex(printed, r'chat\.list:2: warning: "example\.net": .*www\.example\.net')

    def image_config(self, app="chat", lists=""):
        return self.write("image.toml", SMALL + f'''
            [lists]
            {lists}
            [[list]]
            image = "names.image"
            [[policy]]
            name = "office"
            apps = ["{app}"]
            ''')

    def test_a_configuration_may_name_an_image(self):
        chat = self.write("chat.list", "chat.example\n")
        mail = self.write("mail.list", "mail.example\n")
        ranges = self.write("chat.endpoints", "203.0.113.0/24\n")
        self.run_program("lists", "build", "--out", self.image, chat, mail, f"chat={ranges}")
        printed, _ = self.run_program("check", "--config", self.image_config(), "a.chat.example",
                                      "mail.example", "203.0.113.7", "198.51.100.1", status=1)
        self.assertEqual(printed.splitlines(), [
            "drop a.chat.example app=chat rule=chat.example list=chat line=1 policy=office",
            "pass mail.example",
            "drop 203.0.113.7 app=chat rule=203.0.113.0/24 list=chat-2 line=1 policy=office",
            "pass 198.51.100.1"])
        for command in (["replay"], ["inspect"]):
            self.run_program(*command, "--config", self.image_config(), "--read", EXAMPLE)

    def test_run_refuses_an_image_that_it_cannot_use(self):
        chat = self.write("chat.list", "chat.example\n")
        self.run_program("lists", "build", "--out", self.image, chat)
        self.write("vital.txt", "login.chat.example\n")
        for options, reason in (({"app": "chatt"}, 'no list is of the app "chatt"'),
                                ({"lists": 'critical = "vital.txt"'},
                                 "it would block the critical name login.chat.example")):
            _, said = self.run_program("run", "--config", self.image_config(**options), status=2)
            self.assertIn(reason, said)
        self.image.write_bytes(b"x" * 1000)
        _, said = self.run_program("run", "--config", self.image_config(), status=2)
        self.assertIn("names.image: not an image", said)

    def test_the_configuration_names_critical_names(self):
        self.write("vital.txt", "login.chat.example\n")
        config = self.write("guarded.toml", '[lists]\ncritical = "vital.txt"\n' + self.ban.read_text())
        _, said = self.run_program("check", "--config", config, "login.chat.example")
        self.assertRegex(said, r'chat\.list:2: "chat\.example": .*login\.chat\.example')

    def test_hosts(self):
        hosts = self.write("hosts.txt", "0.0.0.0 chat.example # a comment\n")
        self.run_program("lists", "build", "--format", "hosts", "--out", self.image, hosts)
        printed, _ = self.run_program("check", "--image", self.image, "chat.example", "a.chat.example",
                                      status=1)
        self.assertEqual([line.split()[0] for line in printed.splitlines()], ["drop", "pass"])

    def test_the_format_is_found_and_said(self):
        rules = self.write("rules.txt", "! rules\n||chat.example^\n")
        _, said = self.run_program("lists", "build", "--out", self.image, rules)
        self.assertRegex(said, r"rules\.txt: format adblock \(found by its first lines\)")
        self.run_program("check", "--image", self.image, "a.chat.example", status=1)
        neither = self.write("neither.txt", "! names\nchat.example\n")
        _, said = self.run_program("lists", "lint", neither, status=2)
        self.assertRegex(said, r"neither\.txt: .* fit adblock .* and domains .*--format")
        self.run_program("lists", "lint", "--format", "domains", neither, status=1)

    def test_lint_prints_json_for_machines(self):
        odd = self.write("odd.list", "a.example\na.example\ncom\nb..example\n")
        printed, _ = self.run_program("lists", "lint", "--json", odd, status=1)
        found = [json.loads(line) for line in printed.splitlines()]
        self.assertEqual([(one["line"], one["severity"], one["code"]) for one in found],
                         [(3, "error", "public-suffix"), (4, "error", "syntax"), (2, "warning", "duplicate")])

    def test_search(self):
        chat = self.write("chat.list", "chat.example\n@@open.chat.example\n")
        self.run_program("lists", "build", "--out", self.image, chat)
        printed, _ = self.run_program("lists", "search", self.image, "a.open.chat.example")
        self.assertRegex(printed, r"covers a\.open\.chat\.example app=chat exception=@@open\.chat\.example .*line=2\n"
                                  r"covers .* rule=chat\.example .*line=1")
        printed, _ = self.run_program("lists", "search", "--json", self.image, "no.example", status=1)
        self.assertEqual(json.loads(printed)["covering_count"], 0)

    def test_convert_writes_what_reads_as_the_same(self):
        chat = self.write("chat.list", "chat.example\n=mail.example\n@@open.chat.example\n")
        zone = self.folder / "chat.rpz"
        self.run_program("lists", "convert", "--to", "rpz", "--out", zone, chat)
        printed, _ = self.run_program("lists", "diff", chat, zone)
        self.assertEqual(printed, "")
        before = zone.read_bytes()
        _, said = self.run_program("lists", "convert", "--to", "rpz", "--out", zone, chat, status=2)
        self.assertIn("exists already", said)
        self.assertEqual(zone.read_bytes(), before)
        printed, said = self.run_program("lists", "convert", "--to", "hosts", chat, status=1)
        self.assertEqual(printed, "0.0.0.0 mail.example\n")
        self.assertRegex(said, r'chat\.list:1: "chat\.example": hosts cannot say it: ')

    def test_diff_says_what_it_would_do_to_traffic(self):
        old = self.write("old.list", "wechat.com\nsame.example\n")
        new = self.write("new.list", "tiktok.com\nsame.example\n")
        printed, _ = self.run_program("lists", "diff", "--json", "--capture", EXAMPLE, old, new, status=1)
        found = json.loads(printed)
        self.assertEqual(found["apps"], [{"app": "list", "added_count": 1, "removed_count": 1,
                                          "added": ["tiktok.com"], "removed": ["wechat.com"]}])
        self.assertIn("www.tiktok.com", found["would_block"]["names"])
        audit = self.write("audit", '{"v":1,"time":"2026-11-28T06:01:40Z","name":"a.wechat.com","client":"192.0.2.1:1"}\n'
                                    '{"v":1,"time":"2026-11-28T06:01:41Z","name":"a.wechat.com","client":"192.0.2.1:2"}\nno record\n')
        printed, said = self.run_program("lists", "diff", "--audit", audit, old, new, status=1)
        self.assertRegex(printed, r"would release 1 clients, 1 names\n  a\.wechat\.com: 1 clients")
        self.assertIn("1 lines are no audit records", said)
        self.run_program("lists", "diff", "--audit", self.folder / "none", old, new, status=2)

    def test_report_sums_up_an_audit_trail(self):
        events = self.folder / "events"
        self.run_program("replay", "--read", EXAMPLE, "--events", events)
        records = [json.loads(line) for line in events.read_text().splitlines()]
        blocked = sum(record["action"] in ("drop", "reject") for record in records)
        self.assertGreater(blocked, 10)
        printed, _ = self.run_program("report", "--json", events)
        found = json.loads(printed)
        self.assertEqual(found["records"], len(records))
        self.assertEqual(found["attempts"]["blocked"], blocked)
        self.assertEqual(found["chain"]["lines"], 0)
        self.assertEqual({one["client"] for one in found["top_clients"]}, {record["client"].rpartition(":")[0] for record in records if not record.get("kind")})
        printed, _ = self.run_program("report", "--json", "--to", "2000-01-01", events)
        self.assertEqual(json.loads(printed)["records"], 0)
        printed, _ = self.run_program("report", "--html", events)
        self.assertTrue(printed.startswith("<!doctype html>") and printed.endswith("</html>\n"))
        printed, _ = self.run_program("report", events)
        self.assertIn("by app", printed)
        _, said = self.run_program("report", self.folder / "none", status=2)
        self.assertIn("none: cannot be opened", said)
        self.run_program("report", "--from", "yesterday", events, status=2)
        self.run_program("report", status=2)

    def test_audit_verify_tells_a_whole_trail_from_a_changed_one(self):
        lines, value = [], bytes(16)
        for body in ('{"v":1,"kind":"start"}', '{"v":1,"line":1}', '{"v":1,"line":2}'):
            value = hashlib.sha256(value + body.encode()).digest()[:16]
            lines.append(f'{body[:-1]},"chain":"{value.hex()}"}}\n')
        audit = self.write("audit", "".join(lines))
        printed, _ = self.run_program("audit", "verify", audit)
        self.assertEqual(printed, f"3 lines, whole; last value {value.hex()}\n")
        self.run_program("audit", "verify", "--expect", value.hex(), audit)
        one, two = self.write("audit.1", lines[0]), self.write("audit.0", "".join(lines[1:]))
        printed, _ = self.run_program("audit", "verify", one, two)
        self.assertIn("3 lines, whole;", printed)
        printed, _ = self.run_program("audit", "verify", two)
        self.assertIn("what was before the first one is not known", printed)
        self.run_program("audit", "verify", two, one, status=1)
        self.write("audit", "".join(lines).replace('"line":1', '"line":7'))
        printed, _ = self.run_program("audit", "verify", audit, status=1)
        self.assertIn("audit:2: does not follow from the line before", printed)
        self.assertIn("NOT WHOLE", printed)
        self.write("audit", "".join(lines[:2]))
        printed, _ = self.run_program("audit", "verify", "--expect", value.hex(), audit, status=1)
        self.assertIn("lines are missing at the end", printed)
        self.run_program("audit", "verify", "--expect", "7", audit, status=2)
        key = self.write("key", "secret\n")
        self.run_program("audit", "verify", "--key-file", key, audit, status=1)
        self.run_program("audit", "verify", "--key-file", self.folder / "none", audit, status=2)
        self.run_program("audit", "verify", status=2)
        self.run_program("audit", "other", status=2)

    def suggestions(self):
        def candidate(name, clients, count, app="chat", shared=0):
            return {"name": name, "app": app, "clients": clients, "first": "2026-11-20T04:00:00Z",
                    "last": "2026-11-28T05:00:00Z", "shared": shared,
                    "evidence": {"alias_of": 0, "alias_to": 0, "address": 0, "hello": count, "resolved": 0}}
        return self.write("suggestions.json", json.dumps({
            "v": 1, "written": "2026-11-28T05:07:09Z",
            "candidates": [candidate("new.chat-cdn.example", 7, 40), candidate("one.packet.example", 1, 1),
                           candidate("shared.example", 4, 6, shared=3),
                           candidate("new.mail.example", 9, 9, app="mail")]}))

    def test_suggest_shows_candidates_with_their_evidence(self):
        file = self.suggestions()
        printed, _ = self.run_program("lists", "suggest", "--file", file)
        self.assertEqual(re.findall(r"^(\S+) app=(\S+)$", printed, re.M),
                         [("new.mail.example", "mail"), ("new.chat-cdn.example", "chat"), ("shared.example", "chat")])
        self.assertIn("  40 hellos at addresses of the app; about 7 clients; 2026-11-20 to 2026-11-28\n", printed)
        self.assertIn("  ! shared: seen 3 times", printed)
        self.assertIn("3 candidates; 1 more were seen under 5 times, or with under about 3 clients\n", printed)
        printed, _ = self.run_program("lists", "suggest", "--file", file, "--min-count", 1, "--min-clients", 1,
                                      "--app", "chat", "--json")
        found = [json.loads(line) for line in printed.splitlines()]
        self.assertEqual([one["name"] for one in found],
                         ["new.chat-cdn.example", "shared.example", "one.packet.example"])
        self.assertEqual([one["code"] for one in found[1]["marks"]], ["shared"])

    def test_suggest_takes_file_and_guards_from_the_configuration(self):
        self.suggestions()
        self.write("vital.txt", "www.new.mail.example\n")
        self.write("top.txt", "img.new.chat-cdn.example\n")
        config = self.write("suggest.toml", '[lists]\ncritical = "vital.txt"\npopular = "top.txt"\n'
                            '[suggest]\nfile = "suggestions.json"\n' + self.ban.read_text())
        printed, _ = self.run_program("lists", "suggest", "-c", config)
        self.assertRegex(printed, r"new\.mail\.example app=mail\n.*\n  ! critical-name: .* www\.new\.mail\.example\n")
        self.assertRegex(printed, r"! popular-name: .* img\.new\.chat-cdn\.example\n")
        _, said = self.run_program("lists", "suggest", "-c", self.ban, status=2)
        self.assertIn("ban.toml: has no file in [suggest]", said)

    def test_suggest_writes_a_list_to_edit_sign_and_publish(self):
        file, out = self.suggestions(), self.folder / "new.list"
        _, said = self.run_program("lists", "suggest", "--file", file, "--to", out, status=2)
        self.assertIn("say which with --app: chat mail", said)
        self.assertFalse(out.exists())
        printed, _ = self.run_program("lists", "suggest", "--file", file, "--app", "chat", "--to", out, status=1)
        self.assertEqual(printed, f"{out}: 1 names, 1 more as comments\n")
        entries = [line for line in out.read_text().splitlines() if line and not line.startswith("#")]
        self.assertEqual(entries, ["new.chat-cdn.example"])
        self.assertIn("\n# shared.example\n", out.read_text())
        self.run_program("lists", "lint", f"chat={out}")
        out.write_text("mine\n")
        _, said = self.run_program("lists", "suggest", "--file", file, "--app", "mail", "--to", out, status=2)
        self.assertIn("exists already", said)
        self.assertEqual(out.read_text(), "mine\n")
        self.run_program("lists", "suggest", "--file", file, "--app", "mail", "--to", out, "--replace")
        self.assertIn("\nnew.mail.example\n", out.read_text())
        before = file.read_bytes()
        _, said = self.run_program("lists", "suggest", "--file", file, "--app", "mail", "--to", file, "--replace",
                                   status=2)
        self.assertIn("is the file of suggestions itself", said)
        self.assertEqual(file.read_bytes(), before)
        none = self.folder / "none.list"
        printed, _ = self.run_program("lists", "suggest", "--file", file, "--app", "games", "--to", none)
        self.assertIn("no candidates", printed)
        self.assertFalse(none.exists())

    def test_suggest_refuses_what_is_no_file_of_suggestions(self):
        for text, reason in (("", "not JSON"), ("{}", 'no "v"'), (self.suggestions().read_text()[:-40], "not JSON")):
            file = self.write("broken.json", text)
            _, said = self.run_program("lists", "suggest", "--file", file, status=2)
            self.assertRegex(said, rf"^sluice: {re.escape(str(file))}: {reason}")
        _, said = self.run_program("lists", "suggest", "--file", self.folder / "missing", status=2)
        self.assertIn("missing: ", said)

    def test_lists_of_one_name_are_told_apart(self):
        (self.folder / "more").mkdir()
        lists = [self.write("chat.list", "a.example\n"), self.write("more/chat.list", "b.example\n")]
        self.run_program("lists", "build", "--out", self.image, *lists)
        printed, _ = self.run_program("check", "--image", self.image, "a.example", "b.example", status=1)
        self.assertEqual(re.findall(r"list=(\S+)", printed), ["chat", "chat-2"])

    def test_an_empty_list(self):
        self.run_program("lists", "build", "--out", self.image, self.write("none.list", "# none\n"))
        printed, _ = self.run_program("check", "--image", self.image, "example.com")
        self.assertEqual(printed, "pass example.com\n")

    def test_errors_write_nothing_and_keep_the_old_image(self):
        old = self.write("names.image", b"old")
        chat = self.folder / "chat.list"
        missing = self.folder / "missing.list"
        cases = (([missing], "missing.list: "), ([self.folder], f"{self.folder}: "),
                 ([chat, "--critical", missing], "missing.list: "),
                 ([chat, "--popular", missing], "missing.list: "),
                 (["bad/*=x"], "bad/*=x"))
        for words, says in cases:
            printed, said = self.run_program("lists", "build", "--out", self.image, *words, status=2)
            self.assertEqual(printed, "")
            self.assertIn(says, said)
            self.assertEqual(old.read_bytes(), b"old")
        for out in (self.folder, self.folder / "no/names.image", "/dev/full"):
            _, said = self.run_program("lists", "build", "--out", out, chat, status=2)
            self.assertRegex(said, rf"(?m)^sluice: {re.escape(str(out))}: .+$")

    def test_it_does_not_write_over_what_it_reads(self):
        chat = self.folder / "chat.list"
        before = chat.read_bytes()
        for words in ([chat], ["--exceptions", chat], [self.SHIPPED[0], "--critical", chat]):
            _, said = self.run_program("lists", "build", "--out", chat, *words, status=2)
            self.assertIn("would be overwritten", said)
            self.assertEqual(chat.read_bytes(), before)

    def test_damaged_images_are_refused(self):
        self.run_program("lists", "build", "--out", self.image, *self.SHIPPED)
        whole = self.image.read_bytes()
        chance = random.Random(5)
        at = chance.randrange(256, len(whole))
        flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
        for content, says in ((b"", "truncated"), (whole[:1000], "truncated"),
                              (b"x" * 1000, "not an image"), (flipped, "damaged"),
                              (chance.randbytes(5000), "not an image")):
            self.image.write_bytes(content)
            for words in (["lists", "show"], ["lists", "show", "--json"], ["check", "a", "--image"]):
                printed, said = self.run_program(*words, self.image, status=2)
                self.assertEqual(printed, "")
                self.assertRegex(said, rf"\Asluice: {re.escape(str(self.image))}: .*{says}.*\n\Z")

    def test_an_image_that_is_missing(self):
        for words in (["lists", "show"], ["check", "a", "--image"]):
            for missing in (self.folder / "none.image", ""):
                printed, said = self.run_program(*words, missing, status=2)
                self.assertEqual(printed, "")
                self.assertIn("No such file", said)


class Bundles(Program):
    def setUp(self):
        super().setUp()
        self.run_program("lists", "keygen", "--out", self.folder / "ops")
        self.bundle = self.folder / "ban.bundle"

    def sign(self, version, *words, key="ops.key", status=0):
        return self.run_program("lists", "sign", "--key", self.folder / key, "--version", version, "--out", self.bundle,
                                f"chat={self.folder / 'chat.list'}", *words, status=status)

    def verify(self, *words, status=0, trusted="ops.pub"):
        printed, said = self.run_program("lists", "verify", "--trusted", self.folder / trusted, self.bundle, *words, status=status)
        return printed, said

    def test_what_is_signed_is_verified(self):
        self.sign(7, "--author", "Network ops")
        shown = json.loads(self.verify("--json")[0])
        self.assertTrue(shown["accepted"])
        self.assertEqual((shown["version"], shown["author"], len(shown["signers"])), (7, "Network ops", 1))
        self.assertEqual([(it["name"], it["app"], it["format"]) for it in shown["members"]], [("chat.list", "chat", "domains")])

    def test_a_key_is_secret_and_never_overwritten(self):
        self.assertEqual((self.folder / "ops.key").stat().st_mode & 0o777, 0o600)
        before = (self.folder / "ops.key").read_bytes()
        self.run_program("lists", "keygen", "--out", self.folder / "ops", status=2)
        self.assertEqual((self.folder / "ops.key").read_bytes(), before)

    def test_a_changed_byte_a_stranger_and_an_older_version_are_refused(self):
        self.sign(7)
        self.assertIn("older", self.verify("--minimum-version", "8", status=1)[1])
        self.run_program("lists", "keygen", "--out", self.folder / "stranger")
        self.assertIn("untrusted", self.verify(trusted="stranger.pub", status=1)[1])
        content = bytearray(self.bundle.read_bytes())
        content[-1] ^= 1
        self.bundle.write_bytes(content)
        self.assertIn("digest", self.verify(status=1)[1])

    def test_an_expired_bundle_is_refused(self):
        self.sign(7, "--valid-for", "1")
        self.assertIn("expired", self.verify("--at", "2099-01-01", status=1)[1])

    def test_keys_can_be_changed(self):
        self.sign(7)
        self.run_program("lists", "keygen", "--out", self.folder / "new")
        self.run_program("lists", "sign", "--key", self.folder / "new.key", "--add", self.bundle, "--trusted", self.folder / "ops.pub")
        self.verify(trusted="new.pub")
        self.verify(trusted="ops.pub")

    def test_a_lower_version_does_not_replace_a_bundle(self):
        self.sign(7)
        before = self.bundle.read_bytes()
        self.sign(7, status=2)
        self.assertEqual(self.bundle.read_bytes(), before)


class Inspect(Program):
    def test_example(self):
        lines, said = self.findings("--read", EXAMPLE)
        self.assertEqual(said, "")
        self.assertGreater(len(lines), 50)
        self.assertEqual({line["proto"] for line in lines}, {"dns", "tls", "http"})
        banned = {line["app"] for line in lines if line["verdict"] == "drop"}
        self.assertEqual(banned, {"wechat", "kaspersky", "tiktok"})
        for line in lines:
            self.assertEqual(line["verdict"] == "pass", line["rule"] is None)
        numbers = [line["packet"] for line in lines]
        self.assertEqual(numbers, sorted(numbers))
        distinct = {json.dumps({**line, "packet": 0}) for line in lines}
        self.assertEqual(len(distinct), len(lines))

    def test_standard_input(self):
        self.assertEqual(self.findings("--read", "-", stdin=EXAMPLE.read_bytes()),
                         self.findings("--read", EXAMPLE))

    def test_policy_decides_on_verdicts_not_on_names(self):
        lines, _ = self.findings("--read", EXAMPLE, "-c", self.ban)
        everything, _ = self.findings("--read", EXAMPLE)
        self.assertEqual([line["name"] for line in lines], [line["name"] for line in everything])
        self.assertEqual({line["verdict"] for line in lines}, {"pass"})

    def test_a_truncated_capture_gives_what_was_read(self):
        whole = EXAMPLE.read_bytes()
        spans = list(records(whole))
        middle = len(spans) // 2
        begin, end = spans[middle]
        for cut in (begin + 1, begin + RECORD_HEADER, end - 1):
            capture = self.write("cut.pcap", whole[:cut])
            lines, said = self.findings("--read", capture, status=2)
            self.assertGreater(len(lines), 0)
            self.assertRegex(said, rf"\Asluice: .*cut\.pcap: packet {middle + 1}: .+\n\Z")
        # A capture may end between two records.
        exact, said = self.findings("--read", self.write("exact.pcap", whole[:begin]))
        self.assertEqual(exact, lines)
        self.assertEqual(said, "")

    def test_refused_lines_are_said(self):
        self.write("chat.list", "chat.example\nco.uk\n")
        _, said = self.findings("--read", EXAMPLE, "-c", self.ban)
        self.assertRegex(said, r'chat\.list:2: "co\.uk": ')


class Unreadable(Program):
    """Files that are not captures: status 2, one line that names the file, no standard output."""

    def refused(self, capture, names):
        for command in ("inspect", "replay"):
            printed, said = self.run_program(command, "-c", self.folder / "small.toml", "--read",
                                             capture, status=2)
            self.assertEqual(printed, "")
            self.assertRegex(said, r"\Asluice: [^\n]+\n\Z")
            self.assertIn(names, said)

    def test_missing(self):
        self.refused(self.folder / "missing.pcap", "missing.pcap")

    def test_folder(self):
        self.refused(self.folder, str(self.folder))

    def test_empty(self):
        self.refused(self.write("empty.pcap", b""), "empty.pcap")

    def test_half_a_file_header(self):
        self.refused(self.write("half.pcap", EXAMPLE.read_bytes()[:FILE_HEADER // 2]), "half.pcap")

    def test_random_bytes(self):
        chance = random.Random(1)
        for length in (1, 24, 100, 100_000):
            self.refused(self.write("random.pcap", chance.randbytes(length)), "random.pcap")


class Odd(Program):
    def test_no_packets(self):
        header = self.write("header.pcap", EXAMPLE.read_bytes()[:FILE_HEADER])
        self.assertEqual(self.findings("--read", header), ([], ""))

    def test_random_bytes_in_real_records(self):
        """Frames of noise after a good file header must not crash it."""
        chance = random.Random(2)
        header = EXAMPLE.read_bytes()[:FILE_HEADER]
        for _ in range(5):
            frames = (chance.randbytes(chance.randrange(200)) for _ in range(200))
            capture = header + b"".join(
                struct.pack("=IIII", 1, 0, len(frame), len(frame)) + frame for frame in frames)
            self.findings("--read", self.write("noise.pcap", capture), "-c", self.ban)

    def test_flipped_bytes(self):
        """A real capture with an error in every record."""
        chance = random.Random(3)
        whole = EXAMPLE.read_bytes()
        for _ in range(5):
            damaged = bytearray(whole)
            for begin, end in records(whole):
                damaged[chance.randrange(begin + RECORD_HEADER, end)] ^= 1 << chance.randrange(8)
            self.findings("--read", self.write("flipped.pcap", bytes(damaged)))


class Replay(Program):
    def test_what_is_banned_is_left_out(self):
        passed = self.folder / "passed.pcap"
        printed, said = self.run_program("replay", "--read", EXAMPLE, "--write", passed)
        self.assertEqual(printed, "")
        self.assertIn("drop", said)
        before, after = EXAMPLE.read_bytes(), passed.read_bytes()
        count = len(list(records(after)))
        self.assertGreater(count, 0)
        self.assertLess(count, len(list(records(before))))
        counted = re.findall(r"^  pass\S*, .* (\d+)$", said, re.MULTILINE)
        self.assertEqual(sum(map(int, counted)), count)
        # What is left reveals the names that pass and no banned name.
        names, _ = self.findings("--read", passed)
        self.assertEqual([line for line in names if line["verdict"] == "drop"], [])
        wanted = {line["name"] for line in self.findings("--read", EXAMPLE)[0]
                  if line["verdict"] == "pass"}
        self.assertEqual({line["name"] for line in names}, wanted)

    def test_packets_that_pass_are_as_they_were(self):
        passed = self.folder / "passed.pcap"
        self.run_program("replay", "--read", EXAMPLE, "--write", passed)
        before, after = EXAMPLE.read_bytes(), passed.read_bytes()
        frames = [before[begin + RECORD_HEADER:end] for begin, end in records(before)]
        at = iter(frames)
        for begin, end in records(after):
            self.assertIn(after[begin + RECORD_HEADER:end], at)  # in order

    def test_without_a_ban_nothing_is_left_out(self):
        passed = self.folder / "passed.pcap"
        self.run_program("replay", "--read", EXAMPLE, "--write", passed, "-c",
                         self.folder / "small.toml")
        self.assertEqual(len(list(records(passed.read_bytes()))),
                         len(list(records(EXAMPLE.read_bytes()))))

    def test_a_client_alone_is_judged_with_asymmetric_routes(self):
        """Requests of a connection whose server's packets take another way: they go on, and a banned one does not."""
        requests = [f"GET /{i} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()
                    for i, name in enumerate(["open.chat.example"] * 4000 + ["chat.example"] * 2)]
        frames, sequence = [segment(999, 2), segment(1000, 16)], 1000
        for request in requests:
            frames.append(segment(sequence, 24, request))
            sequence += len(request)
        capture = self.write("one_way.pcap", capture_of(frames))
        self.assertGreater(sequence, 160_000)
        passed = self.folder / "passed.pcap"
        for routes in ("false", "true"):
            configuration = self.write("routes.toml", self.ban.read_text() +
                                       f"[dataplane]\nasymmetric = {routes}\n")
            self.run_program("replay", "--config", configuration, "--read", capture, "--write", passed)
            after = passed.read_bytes()
            kept = [after[begin + RECORD_HEADER:end] for begin, end in records(after)]
            if routes == "true":
                self.assertEqual(kept, frames[:-2])
            else:
                self.assertEqual(kept, frames[:len(kept)])
                self.assertLess(len(kept), 3000)

    def test_events(self):
        events = self.folder / "events.jsonl"
        self.run_program("replay", "--read", EXAMPLE, "--events", events)
        printed, _ = self.run_program("replay", "--read", EXAMPLE, "--events", "-")
        self.assertEqual(events.read_text(), printed)
        lines = [json.loads(line) for line in printed.splitlines()]
        self.assertGreater(len(lines), 50)
        for line in lines:
            self.assertEqual(list(line), [
                "v", "time", "action", "app", "name", "protocol", "transport", "rule", "list",
                "list_version", "line", "policy", "client", "server", "evidence"])
            self.assertEqual(line["v"], 1)
            self.assertEqual(line["action"], "drop")
            self.assertRegex(line["time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")
            self.assertRegex(line["list_version"], r"\A[0-9a-f]{16}\Z")
            text = (ROOT / "lists/apps" / f"{line['list']}.list").read_text().split("\n")
            self.assertTrue(text[line["line"] - 1].startswith(line["rule"]), line)

    def test_a_truncated_capture_is_judged_as_far_as_it_goes(self):
        passed = self.folder / "passed.pcap"
        cut = self.write("cut.pcap", EXAMPLE.read_bytes()[:-1])
        _, said = self.run_program("replay", "--read", cut, "--write", passed, status=2)
        self.assertRegex(said, r"cut\.pcap: packet \d+: ")
        self.assertGreater(len(list(records(passed.read_bytes()))), 0)

    def test_it_does_not_write_over_what_it_reads(self):
        capture = self.write("only.pcap", EXAMPLE.read_bytes())
        (self.folder / "link.pcap").symlink_to(capture)
        for option in ("--write", "--events"):
            for name in ("only.pcap", "./only.pcap", "link.pcap"):
                output = os.path.join(self.folder, name)
                _, said = self.run_program("replay", "--read", capture, option, output, status=2)
                self.assertIn(f"{output}: ", said)
                self.assertEqual(capture.read_bytes(), EXAMPLE.read_bytes())

    def test_outputs_that_cannot_be_made_are_named(self):
        for option in ("--write", "--events"):
            _, said = self.run_program("replay", "--read", EXAMPLE, option,
                                       self.folder / "no-such-folder/out", status=2)
            self.assertIn("no-such-folder/out", said)


class OutputLost(Program):
    """A full disk or a closed pipe: status 2 and a line that says so."""

    COMMANDS = (["inspect", "--read", EXAMPLE], ["replay", "--read", EXAMPLE, "--events", "-"],
                ["check", "example.com"], ["--help"], ["lists", "--help"], ["--version"])

    def lost(self, stdout):
        for words in self.COMMANDS:
            _, said = self.run_program(*words, status=2, stdout=stdout)
            self.assertRegex(said, r"(?m)^sluice: standard output: .+$")

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            self.lost(full)

    def test_full_disk_of_lists(self):
        image = self.folder / "names.image"
        self.run_program("lists", "build", "--out", image, self.folder / "chat.list")
        odd = self.write("odd.list", "bad..name\n")
        with open("/dev/full", "wb") as full:
            for words in (["lists", "show", image], ["lists", "lint", odd]):
                _, said = self.run_program(*words, status=2, stdout=full)
                self.assertRegex(said, r"(?m)^sluice: standard output: .+$")

    def test_closed_pipe(self):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as closed:
            self.lost(closed)

    def test_full_disk_of_files(self):
        for option in ("--write", "--events"):
            _, said = self.run_program("replay", "--read", EXAMPLE, option, "/dev/full", status=2)
            self.assertRegex(said, r"(?m)^sluice: /dev/full: .+$")


class Configuration(Program):
    """Every command refuses a bad configuration with status 2, before it does anything."""

    def commands(self, configuration):
        passed, events = self.folder / "passed.pcap", self.folder / "events.jsonl"
        yield ["run", "--config", configuration, "--audit", self.folder / "audit.jsonl"]
        yield ["check", "--config", configuration, "example.com"]
        yield ["inspect", "--config", configuration, "--read", EXAMPLE]
        yield ["replay", "--config", configuration, "--read", EXAMPLE, "--write", passed]

    def refused(self, configuration, *says):
        for words in self.commands(configuration):
            printed, said = self.run_program(*words, status=2)
            self.assertEqual(printed, "")
            for part in says:
                self.assertIn(part, said, words)
            for name in ("audit.jsonl", "passed.pcap"):
                self.assertFalse((self.folder / name).exists(), words)

    def test_missing(self):
        self.refused(self.folder / "none.toml", "none.toml: ", "No such file")

    def test_folder(self):
        self.refused(self.folder, f"{self.folder}: ", "a directory")

    def test_broken(self):
        broken = self.write("broken.toml", "[dataplane]\ninside = eth1\n")
        self.refused(broken, f"{broken}:2: ")

    def test_every_error_has_a_line(self):
        broken = self.write("broken.toml", "[log]\nlevel = \"loud\"\n[limits]\nflow = 1\n")
        self.refused(broken, f"{broken}:2: log.level: ", f"{broken}:4: limits.flow: ")

    def test_random_bytes(self):
        self.refused(self.write("random.toml", random.Random(4).randbytes(1000)), "random.toml:1: ")

    def test_list_that_is_missing(self):
        (self.folder / "chat.list").unlink()
        self.refused(self.ban, f"{self.folder / 'chat.list'}: ")

    def test_list_that_is_a_folder(self):
        (self.folder / "chat.list").unlink()
        (self.folder / "chat.list").mkdir()
        self.refused(self.ban, f"{self.folder / 'chat.list'}: ")


class Doctor(Program):
    """What it says of this host depends on it; of interfaces that do not exist it says the same everywhere."""

    def report(self, *words, status=1):
        printed, said = self.run_program("doctor", "--json", *words, status=status)
        return json.loads(printed), said

    def results(self, report, subject):
        return {r["check"]: r for r in report["checks"] if r["subject"] == subject}

    def test_the_host_alone(self):
        done = subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, timeout=PATIENCE_SECONDS)
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, 1 if report["findings"] else 0)
        self.assertEqual({r["subject"] for r in report["checks"]}, {"host"})
        self.assertTrue(self.results(report, "host")["kernel"]["found"].startswith(f"Linux {os.uname().release}"))

    def test_interfaces_that_do_not_exist(self):
        report, _ = self.report("--inside", "nosuch0", "--outside", "nosuch1", "--dataplane", "xdp")
        self.assertEqual(report["dataplane"], "xdp")
        self.assertEqual(self.results(report, "nosuch0")["exists"]["found"], "no such interface")
        self.assertEqual(self.results(report, "nosuch1")["exists"]["severity"], "breaks")
        printed, _ = self.run_program("doctor", "--inside", "nosuch0", "--outside", "nosuch1", status=1)
        self.assertIn("nosuch1\n  ok       is named in the configuration\n  breaks   no such interface\n           run: ip -br link\n",
                      printed)

    def test_the_configuration_names_interfaces_and_words_override_it(self):
        config = self.write("doctor.toml", "[dataplane]\ninside = \"nosuch0\"\noutside = \"nosuch1\"\n")
        report, _ = self.report("--config", config, "--outside", "nosuch2")
        self.assertEqual(report["dataplane"], "pcap")
        self.assertEqual({r["subject"] for r in report["checks"]}, {"host", "nosuch0", "nosuch2"})

    def test_one_interface_is_not_enough(self):
        report, _ = self.report("--inside", "nosuch0")
        self.assertIn("no interface is configured", self.results(report, "outside")["named"]["found"])

    def test_errors(self):
        self.run_program("doctor", "--config", self.write("broken.toml", "[dataplane]\ninside = eth1\n"), status=2)
        self.run_program("doctor", "--dataplane", "dpdk", status=2)


class Run(Program):
    def test_interfaces_are_named(self):
        _, said = self.run_program("run", "--config", self.ban, "--inside", "nosuch0", "--outside",
                                   "nosuch1", status=2)
        self.assertIn("nosuch0", said)
        self.assertIn("nosuch1", said)

    def test_interfaces_are_needed(self):
        _, said = self.run_program("run", "--config", self.ban, status=2)
        self.assertIn("no interface is configured; set [dataplane] inside or --inside", said)

    def test_a_key_file_without_a_key(self):
        self.write("key", "\n")
        config = self.write("audit.toml", '[audit]\nfile = "a"\npseudonymise_clients = true\n'
                                          'key_file = "key"\n')
        _, said = self.run_program("run", "--config", config, status=2)
        self.assertIn(f"{self.folder / 'key'}: no key", said)
        self.assertFalse((self.folder / "a").exists())

    def test_an_audit_file_that_cannot_be_opened(self):
        _, said = self.run_program("run", "--config", self.ban, "--audit", self.folder / "no/audit",
                                   status=2)
        self.assertIn(f"{self.folder / 'no/audit'}: ", said)


class Words(Program):
    def test_help(self):
        for words in (["--help"], ["-h"], ["help"], ["run", "--help"], ["replay", "--help"],
                      ["inspect", "--help"], ["check", "--help"], ["lists", "--help"],
                      ["lists", "build", "-h"], ["lists", "lint", "-h"], ["lists", "show", "-h"]):
            printed, said = self.run_program(*words)
            self.assertIn("usage: sluice", printed)
            self.assertEqual(said, "")

    def test_version(self):
        printed, _ = self.run_program("--version")
        self.assertRegex(printed, r"\Asluice \d+\.\d+\.\d+\n\Z")

    def test_wrong_usage_is_said_on_standard_error(self):
        for words, word in (([], "usage"), (["frobnicate"], "frobnicate"), (["lists"], "usage"),
                            (["lists", "resign", "a"], 'unknown command "lists resign"'),
                            (["inspect"], "--read"), (["inspect", "--nonsense"], "--nonsense"),
                            (["inspect", "office.pcap"], "office.pcap"),
                            (["check", "--client", "office", "a"], "office")):
            printed, said = self.run_program(*words, status=2)
            self.assertEqual(printed, "")
            self.assertIn(word, said)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    PROGRAM = sys.argv.pop(1)
    unittest.main()

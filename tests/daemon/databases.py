# SPDX-License-Identifier: BSD-3-Clause
"""Database servers for tests, on loopback, with directories and processes of their own; and the tools that fill them."""
import atexit
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import PATIENCE, ROOT, check, wait_for

KTURNCTL = os.path.join(ROOT, "build/san/kturnctl")
REALM = "relay.example"


def run(*words, text=None, env=None, status=0):
    """Runs a program that has to end with this status; its standard output and error."""
    done = subprocess.run(words, input=text if text is not None else "", capture_output=True, text=True,
                          timeout=3 * PATIENCE, env=env, check=False)
    check(done.returncode == status, f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def kturnctl(*words, text=None, status=0):
    return run(KTURNCTL, *words, text=text, status=status)


def turnadmin(*words):
    """coturn's own tool; what it prints. It leaves a log behind, with its process id in the name."""
    process = subprocess.Popen(["turnadmin", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    printed, _ = process.communicate(timeout=3 * PATIENCE)
    for name in glob.glob(f"/var/*/turn_{process.pid}_*.log"):
        os.remove(name)
    check(process.returncode == 0, f"turnadmin {' '.join(words)}: {process.returncode}\n{printed}")
    return printed


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A server process with its children."""

    port = 0

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="kturn-db-")
        os.chmod(self.dir, 0o755)
        self.process = None
        self.frozen = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir)

    def start(self):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.dir)
        wait_for(lambda: self.process.poll() is not None or self.ready(), f"{self.process.args[0]} starts", 3 * PATIENCE)
        check(self.process.poll() is None, f"{self.process.args[0]} ended:\n{self.log()}")

    def stop(self):
        self.thaw()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(3 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def log(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as file:
            return file.read()

    def pids(self):
        """Its process, and all that come from it."""
        parents = {}
        for name in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(name) as file:
                    fields = file.read().rsplit(") ", 1)[1].split()
                parents[int(name.split("/")[2])] = int(fields[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
        family = [self.process.pid]
        for pid in family:
            family += [child for child, parent in parents.items() if parent == pid]
        return family

    def freeze(self):
        """From now on it is there, but does not answer."""
        self.frozen = self.pids()
        for pid in self.frozen:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.frozen:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
        self.frozen = []


class Redis(Server):
    port = 7379
    words = f"ip=127.0.0.1 port={port} dbname=2 password=turn connect_timeout=20"
    place = f"redis:{words}"
    option = f"redis-userdb=\"{words}\"\n"
    turnadmin = ("-N", words)

    def command(self):
        return ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.dir, "--requirepass", "turn",
                "--save", "60", "1", "--appendonly", "yes", "--appendfsync", "no"]

    def ready(self):
        return answers(self.port)

    def cli(self, *words):
        return run("redis-cli", "-p", str(self.port), "-n", "2", *words, env={**os.environ, "REDISCLI_AUTH": "turn"})[0]


class PostgreSQL(Server):
    port = 7432
    words = f"host=127.0.0.1 port={port} dbname=turn user=turn password=turn connect_timeout=20"
    place = f"psql:{words}"
    option = f"psql-userdb=\"{words}\"\n"
    turnadmin = ("-e", words)
    fresh = None

    def __init__(self):
        super().__init__()
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        shutil.chown(self.dir, "postgres", "postgres")
        if not PostgreSQL.fresh:
            PostgreSQL.fresh = self.make_fresh()
        run("cp", "-a", PostgreSQL.fresh, self.path())

    def make_fresh(self):
        """A cluster that nobody has used yet: making one takes longer than most tests."""
        place = tempfile.mkdtemp(prefix="kturn-db-")
        atexit.register(shutil.rmtree, place)
        shutil.chown(place, "postgres", "postgres")
        self.program("initdb", "-D", place, "--no-sync", "--auth=trust", "--encoding=UTF8", "--no-locale",
                     "--username=postgres")
        return place

    def path(self):
        return os.path.join(self.dir, "data")

    def as_postgres(self, name, *words):
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", os.path.join(self.bin, name), *words]

    def program(self, name, *words, text=None):
        return run(*self.as_postgres(name, *words), text=text, env={**os.environ, "HOME": self.dir})[0]

    def command(self):
        return self.as_postgres("postgres", "-D", self.path(), "-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}",
                                "-c", f"unix_socket_directories={self.dir}", "-c", "fsync=off", "-c", "max_connections=20")

    def ready(self):
        done = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                              check=False)
        return done.returncode == 0

    def psql(self, database, text):
        return self.program("psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                            database, text=text)

    def start(self):
        fresh = not os.path.exists(os.path.join(self.dir, "log"))
        super().start()
        if fresh:
            self.psql("postgres", "create role turn login password 'turn'; create database turn owner turn;")


class SQLite:
    """A file; there is no server."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="kturn-db-")
        self.path = os.path.join(self.dir, "turndb")
        self.place = self.path
        self.option = f"userdb={self.path}\n"
        self.turnadmin = ("-b", self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

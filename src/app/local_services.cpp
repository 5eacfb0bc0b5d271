// SPDX-License-Identifier: Apache-2.0
#include "app/local_services.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <utility>
#include <vector>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stoa::app {
namespace {

namespace fs = std::filesystem;

constexpr int postgres_major_min = 15;
constexpr std::size_t socket_path_max = 107;  // sockaddr_un, less its final NUL
constexpr std::string_view postgres_socket = ".s.PGSQL.5432";

/// What a service needs of the environment; ours may hold secrets and PG… settings.
const std::vector<std::string> plain_environment{"PATH=/usr/bin:/bin", "LANG=C.UTF-8",
                                                 "LC_ALL=C.UTF-8"};

std::string first_line(const fs::path& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

int to_number(const std::string& text) {
    if (text.empty() || text.size() > 6) return 0;
    if (text.find_first_not_of("0123456789") != std::string::npos) return 0;
    return std::stoi(text);
}

std::string pgvector_version(int major) {
    std::ifstream in("/usr/share/postgresql/" + std::to_string(major) +
                     "/extension/vector.control");
    constexpr std::string_view key = "default_version = '";
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(key)) continue;
        return line.substr(key.size(), line.find('\'', key.size()) - key.size());
    }
    return {};
}

bool is_new_enough(const std::string& pgvector) {
    int major = 0;
    int minor = 0;
    char dot = 0;
    std::istringstream in(pgvector);
    in >> major >> dot >> minor;
    return !in.fail() && (major > 0 || minor >= 8);
}

std::vector<PostgresInstallation> list_installations(const fs::path& installations) {
    std::vector<PostgresInstallation> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(installations, error)) {
        const int major = to_number(entry.path().filename().string());
        const auto programs = entry.path() / "bin";
        if (major < postgres_major_min || access((programs / "postgres").c_str(), X_OK) != 0) {
            continue;
        }
        found.push_back({major, programs, pgvector_version(major)});
    }
    std::ranges::sort(found, std::greater<>(), [](const auto& one) {
        return std::pair(is_new_enough(one.pgvector), one.major);
    });
    return found;
}

std::string conninfo_value(std::string_view value) {  // for a libpq key/value string
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

/// A folder that only `owner` may enter; made if it is not there.
Result<void> make_private(const fs::path& folder, const std::optional<Account>& owner) {
    const uid_t uid = owner ? owner->uid : geteuid();
    if (mkdir(folder.c_str(), 0700) == 0) {
        if (!owner || chown(folder.c_str(), owner->uid, owner->gid) == 0) return {};
        return unavailable("folder_not_made", "cannot give " + folder.string() + " to " +
                                                  owner->name + ": " + std::strerror(errno));
    }
    if (errno != EEXIST) {
        return unavailable("folder_not_made",
                           "cannot make " + folder.string() + ": " + std::strerror(errno));
    }
    struct stat found{};
    if (lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == uid &&
        (found.st_mode & 0077) == 0) {
        return {};
    }
    return fail(ErrorKind::conflict, "folder_refused",
                folder.string() + " exists and is not a private folder of user " +
                    std::to_string(uid) + "; remove it, or choose another --data");
}

}  // namespace

Result<PostgresInstallation> find_postgres(const fs::path& cluster, const fs::path& installations) {
    const auto found = list_installations(installations);
    if (found.empty()) {
        return fail(ErrorKind::unavailable, "postgres_missing",
                    "no PostgreSQL 15 or newer under " + installations.string() +
                        "; install the package postgresql-15 (or later), or run ./dev deps");
    }
    auto chosen = found.begin();
    if (const int written_by = to_number(first_line(cluster / "PG_VERSION")); written_by != 0) {
        chosen = std::ranges::find(found, written_by, &PostgresInstallation::major);
        if (chosen == found.end()) {
            return fail(ErrorKind::unavailable, "postgres_version",
                        cluster.string() + " was written by PostgreSQL " +
                            std::to_string(written_by) + ", which is not installed; install " +
                            "postgresql-" + std::to_string(written_by) + " or use pg_upgrade");
        }
    }
    if (!is_new_enough(chosen->pgvector)) {
        const auto major = std::to_string(chosen->major);
        return fail(
            ErrorKind::unavailable, "pgvector_missing",
            "PostgreSQL " + major + " has " +
                (chosen->pgvector.empty() ? "no pgvector" : "pgvector " + chosen->pgvector) +
                ", 0.8 or newer is needed; install postgresql-" + major +
                "-pgvector, or run tools/pgvector.sh");
    }
    return *chosen;
}

Result<fs::path> find_redis() {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "/usr/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        for (const auto* name : {"redis-server", "valkey-server"}) {
            const auto program = fs::path(folder) / name;
            if (access(program.c_str(), X_OK) == 0) return program;
        }
    }
    const fs::path in_tools = "/usr/bin/redis-check-rdb";
    if (access(in_tools.c_str(), X_OK) == 0) return in_tools;
    return fail(ErrorKind::unavailable, "redis_missing",
                "no Redis server here; install the package redis-tools, or run ./dev deps");
}

fs::path find_model(const fs::path& data) {
    if (const char* given = std::getenv("STOA_MODEL_DIR"); given != nullptr && *given != '\0') {
        return fs::absolute(given);
    }
    const auto root = fs::absolute(data).lexically_normal();
    const auto in_tree = fs::absolute(".stoa/models/minilm");
    for (const auto& folder : {root / "models/minilm", root.parent_path() / "models/minilm"}) {
        if (fs::exists(folder / "model.safetensors")) return folder;
    }
    return in_tree;
}

std::string find_extract_program() {
    if (const char* given = std::getenv("STOA_EXTRACT_PROGRAM");
        given != nullptr && *given != '\0') {
        return given;
    }
    std::error_code error;
    const auto ours = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const auto& program : {ours / "stoa-extract", ours / "stoa_extract/stoa-extract"}) {
        if (access(program.c_str(), X_OK) == 0) return program.string();
    }
    return "stoa-extract";
}

Result<fs::path> make_socket_folder(const DataDirectory& data,
                                    const std::optional<Account>& owner) {
    fs::path folder = data.run();
    if (folder.string().size() + 1 + postgres_socket.size() > socket_path_max) {
        std::ostringstream name;
        name << "stoa-" << std::hex << std::hash<std::string>{}(data.root().string());
        folder = fs::path("/tmp") / name.str();
    }
    if (auto made = make_private(folder, owner); !made) return fail(made);
    return folder;
}

std::optional<Account> service_account(const DataDirectory& data) {
    if (geteuid() != 0) return std::nullopt;
    struct stat cluster{};
    const passwd* entry = nullptr;
    if (stat(data.postgres().c_str(), &cluster) == 0) entry = getpwuid(cluster.st_uid);
    if (entry == nullptr || entry->pw_uid == 0) entry = getpwnam("postgres");
    if (entry == nullptr) entry = getpwnam("nobody");
    if (entry == nullptr) return std::nullopt;
    Account account{entry->pw_uid, entry->pw_gid, entry->pw_name, false};
    account.may_pass_folders = !can_enter(account, data.root());
    return account;
}

LocalPostgres::LocalPostgres(const DataDirectory& data, PostgresInstallation installation,
                             std::optional<Account> account, fs::path sockets)
    : data_(data),
      installation_(std::move(installation)),
      account_(std::move(account)),
      sockets_(std::move(sockets)) {}

Result<void> LocalPostgres::create_cluster() const {
    const auto cluster = data_.postgres();
    if (fs::exists(cluster / "PG_VERSION")) return {};
    const fs::path draft = cluster.string() + ".new";
    std::error_code error;
    fs::remove_all(draft, error);
    if (auto made = make_private(draft, account_); !made) return made;

    Command initdb;
    initdb.name = "initdb";
    initdb.program = installation_.programs / "initdb";
    initdb.arguments = {initdb.program.string(), "--pgdata=" + draft.string(), "--username=stoa",
                        // The socket's folder is closed to everybody else.
                        "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"};
    initdb.environment = plain_environment;
    initdb.directory = "/";
    initdb.log = data_.log("initdb");
    initdb.account = account_;
    initdb.inherited_fd = data_.lock();
    auto child = ChildProcess::start(initdb);
    if (!child) return fail(child);
    const bool ended = child->wait(std::chrono::minutes(2));
    if (!ended || !child->succeeded()) {
        return unavailable("initdb_failed", "PostgreSQL's initdb failed; its last lines:\n" +
                                                last_lines(initdb.log, 15));
    }
    fs::rename(draft, cluster, error);
    if (error) {
        return unavailable("initdb_failed",
                           "cannot make " + cluster.string() + ": " + error.message());
    }
    return {};
}

Command LocalPostgres::command() const {
    const auto setting = [](const char* name, const std::string& value) {
        return std::string("--") + name + "=" + value;
    };
    Command command;
    command.name = "postgres";
    command.program = installation_.programs / "postgres";
    command.arguments = {command.program.string(),  // by which it finds its other files

                         "-D",
                         data_.postgres().string(),
                         setting("listen_addresses", ""),
                         setting("unix_socket_directories", sockets_.string()),
                         setting("unix_socket_permissions", "0700"),
                         setting("port", "5432"),
                         setting("max_connections", "60"),
                         setting("jit", "off"),
                         setting("max_wal_size", "512MB"),
                         setting("timezone", "UTC"),
                         setting("log_timezone", "UTC")};
    command.environment = plain_environment;
    command.directory = "/";  // one that any account may enter; PostgreSQL insists
    command.log = data_.log("postgres");
    command.account = account_;
    command.death_signal = SIGQUIT;  // the postmaster takes its children along
    command.stop_signal = SIGINT;    // fast: rolls back what is open, writes a checkpoint
    command.stop_max = std::chrono::seconds(30);
    command.inherited_fd = data_.lock();
    return command;
}

bool LocalPostgres::ready(pid_t pid) const {
    // As pg_ctl does: the first line is the postmaster's process, the eighth its state.
    std::ifstream in(data_.postgres() / "postmaster.pid");
    std::string line;
    for (int number = 1; number <= 8; ++number) {
        if (!std::getline(in, line)) return false;
        if (number == 1 && line != std::to_string(pid)) return false;
    }
    return line.starts_with("ready");
}

std::string LocalPostgres::conninfo() const {
    return "host=" + conninfo_value(sockets_.string()) + " port=5432 user=stoa dbname=postgres";
}

LocalRedis::LocalRedis(const DataDirectory& data, fs::path program, std::optional<Account> account,
                       fs::path sockets)
    : data_(data),
      program_(std::move(program)),
      account_(std::move(account)),
      sockets_(std::move(sockets)) {}

Result<void> LocalRedis::create_folder() const { return make_private(data_.redis(), account_); }

Command LocalRedis::command() const {
    Command command;
    command.name = "redis";
    // It is a hint for us, so it may lose what it has, but a full disk must not stop it.
    command.program = program_;
    command.arguments = {"redis-server",
                         "--port",
                         "0",
                         "--unixsocket",
                         (sockets_ / "redis.sock").string(),
                         "--unixsocketperm",
                         "700",
                         "--dir",
                         data_.redis().string(),
                         "--save",
                         "300 1",
                         "--maxmemory",
                         "256mb",
                         "--maxmemory-policy",
                         "noeviction",
                         "--stop-writes-on-bgsave-error",
                         "no"};
    command.environment = plain_environment;
    command.directory = "/";
    command.log = data_.log("redis");
    command.account = account_;
    command.inherited_fd = data_.lock();
    return command;
}

std::string LocalRedis::url() const {
    return "unix://" + (sockets_ / "redis.sock").string() + "?db=0";
}

}  // namespace stoa::app

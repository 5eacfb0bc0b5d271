// SPDX-License-Identifier: Apache-2.0
// The private PostgreSQL and Redis of one data directory: found among the installed programs, made
// at the first start, reached through Unix sockets in a folder closed to others, never by TCP.
// When root starts them they run as another user. Nothing of the system's own services is used.
// Called at the start of `stoa up` and by `stoa doctor`; one thread.
#pragma once

#include "app/child_process.hpp"
#include "app/data_directory.hpp"
#include "base/result.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace stoa::app {

struct PostgresInstallation {
    int major = 0;
    std::filesystem::path programs;  ///< the folder of initdb and postgres
    std::string pgvector;            ///< its version; empty if there is none
};

/// The installation that fits `cluster`: of the version that wrote it, or, when there is no cluster
/// yet, the newest >= 15, those with pgvector >= 0.8 first. Errors: `postgres_missing`,
/// `pgvector_missing`, `postgres_version` (the cluster needs another major version).
Result<PostgresInstallation> find_postgres(
    const std::filesystem::path& cluster,
    const std::filesystem::path& installations = "/usr/lib/postgresql");

/// The Redis server's program: `redis-server` or `valkey-server` in PATH, else the binary that
/// Debian ships in redis-tools, which is the server when called so. `redis_missing` otherwise.
Result<std::filesystem::path> find_redis();

/// Where the sockets lie: `run/` of the data directory, or, when that path is too long for a socket
/// (107 bytes), a folder in /tmp named after it. Only `owner` may enter it.
/// `folder_refused` (conflict) if somebody else owns the folder in /tmp.
Result<std::filesystem::path> make_socket_folder(const DataDirectory& data,
                                                 const std::optional<Account>& owner);

/// The model's folder: STOA_MODEL_DIR, else `models/minilm` in or beside the data directory, else
/// in .stoa of the working directory. The last, if none of them is there.
std::filesystem::path find_model(const std::filesystem::path& data);

/// The program that parses files: STOA_EXTRACT_PROGRAM, else one beside this program, else by PATH.
std::string find_extract_program();

/// Whom the services run as: nobody else for an ordinary user; for root the owner of the cluster,
/// else `postgres`, else `nobody`.
std::optional<Account> service_account(const DataDirectory& data);

class LocalPostgres {
  public:
    LocalPostgres(const DataDirectory& data, PostgresInstallation installation,
                  std::optional<Account> account, std::filesystem::path sockets);

    /// initdb, at the first start. A cluster appears whole or not at all. `initdb_failed`.
    Result<void> create_cluster() const;
    [[nodiscard]] Command command() const;
    /// Has the server that runs as `pid` written that it takes connections?
    [[nodiscard]] bool ready(pid_t pid) const;
    [[nodiscard]] std::string conninfo() const;

  private:
    const DataDirectory& data_;
    PostgresInstallation installation_;
    std::optional<Account> account_;
    std::filesystem::path sockets_;
};

class LocalRedis {
  public:
    LocalRedis(const DataDirectory& data, std::filesystem::path program,
               std::optional<Account> account, std::filesystem::path sockets);

    Result<void> create_folder() const;
    [[nodiscard]] Command command() const;
    [[nodiscard]] std::string url() const;

  private:
    const DataDirectory& data_;
    std::filesystem::path program_;
    std::optional<Account> account_;
    std::filesystem::path sockets_;
};

}  // namespace stoa::app

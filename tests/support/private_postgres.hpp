// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL of the test program's own (Unix socket only, no fsync), started at its first use and
// gone with the program, and one fresh database a test, copied from a migrated template:
//     testing::TestDatabase place;
//     postgres::Database database{place.options(), metrics};
// One thread.
#pragma once

#include "base/metrics.hpp"
#include "postgres/database.hpp"
#include "postgres/migrations.hpp"
#include "support/child_process.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace stoa::testing {

class PrivatePostgres {
  public:
    PrivatePostgres() : directory_("postgres"), binaries_(find_binaries()) {
        const std::string user = "postgres";
        if (geteuid() == 0) {
            const passwd* owner = getpwnam(user.c_str());
            if (owner == nullptr) throw std::runtime_error("root needs the user postgres");
            if (chown(directory_.path().c_str(), owner->pw_uid, owner->pw_gid) != 0)
                throw std::runtime_error("chown failed");
        }
        ChildProcess initdb({binaries_ + "/initdb",
                             {binaries_ + "/initdb", "--no-sync", "--auth=trust", "--username=stoa",
                              "--encoding=UTF8", "--locale=C.UTF-8", "-D", data()},
                             log_file(),
                             user});
        if (initdb.wait() != 0) throw std::runtime_error("initdb: " + read_log(log_file()));
        start();
        create("template_stoa", "template1");
        const auto migrated = postgres::migrate(conninfo("template_stoa"));
        if (!migrated) throw std::runtime_error(migrated.error().message);
    }

    /// The one of this test program.
    static PrivatePostgres& shared() {
        static PrivatePostgres server;
        return server;
    }

    void start() {
        // The socket's directory is short: the path of a Unix socket has at most 107 characters.
        server_ = std::make_unique<ChildProcess>(
            Program{binaries_ + "/postgres",
                    {binaries_ + "/postgres", "-D", data(), "-k", directory_.path(), "-h", "", "-F",
                     "-c", "full_page_writes=off", "-c", "shared_buffers=32MB", "-c",
                     "max_connections=100", "-c", "jit=off"},
                    log_file(),
                    "postgres"});
        const auto probe = administrator();
        const auto answers = [&] { return probe->run({"test.up", "SELECT 1"}).has_value(); };
        if (!wait_until(answers)) throw std::runtime_error("postgres: " + read_log(log_file()));
    }
    /// Every process of the server dies at once.
    void kill_hard() { server_->kill_hard(); }

    void create(const std::string& name, const std::string& from = "template_stoa") {
        must("CREATE DATABASE " + name + " TEMPLATE " + from);
    }
    void drop(const std::string& name) { must("DROP DATABASE " + name + " WITH (FORCE)"); }

    [[nodiscard]] std::string conninfo(const std::string& database) const {
        return "host=" + directory_.path() + " user=stoa dbname=" + database;
    }

  private:
    static std::string find_binaries() {
        for (int major = 30; major >= 15; --major) {
            const std::string place = "/usr/lib/postgresql/" + std::to_string(major) + "/bin";
            if (access((place + "/postgres").c_str(), X_OK) == 0) return place;
        }
        throw std::runtime_error("no PostgreSQL 15 or newer under /usr/lib/postgresql");
    }
    [[nodiscard]] std::string data() const { return directory_.path() + "/data"; }
    [[nodiscard]] std::string log_file() const { return directory_.path() + "/log"; }
    [[nodiscard]] std::unique_ptr<postgres::Database> administrator() {
        postgres::Options options{.conninfo = conninfo("postgres"), .connections_max = 1};
        return std::make_unique<postgres::Database>(options, metrics_);
    }
    void must(const std::string& statement) {
        const auto done = administrator()->run({"test.administer", statement});
        if (!done) throw std::runtime_error(statement + ": " + done.error().message);
    }

    PrivateDirectory directory_;
    std::string binaries_;
    Metrics metrics_;
    std::unique_ptr<ChildProcess> server_;
};

/// A migrated, otherwise empty database that goes with its scope.
class TestDatabase {
  public:
    explicit TestDatabase(const std::string& from = "template_stoa") : name_(next_name()) {
        PrivatePostgres::shared().create(name_, from);
    }
    ~TestDatabase() {
        if (owner_ == getpid()) PrivatePostgres::shared().drop(name_);
    }
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    [[nodiscard]] std::string conninfo() const { return PrivatePostgres::shared().conninfo(name_); }
    [[nodiscard]] postgres::Options options(std::size_t connections_max = 8) const {
        return {.conninfo = conninfo(), .connections_max = connections_max};
    }

  private:
    static std::string next_name() {
        static int number = 0;
        return "test_" + std::to_string(++number);
    }
    std::string name_;
    pid_t owner_ = getpid();
};

}  // namespace stoa::testing

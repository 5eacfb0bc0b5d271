// SPDX-License-Identifier: Apache-2.0
#include "app/doctor.hpp"

#include "app/child_process.hpp"
#include "app/data_directory.hpp"
#include "app/listen_port.hpp"
#include "app/local_services.hpp"
#include "base/metrics.hpp"
#include "embedding/encoder.hpp"
#include "postgres/migrations.hpp"
#include "redis/client.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

#include <unistd.h>

namespace stoa::app {
namespace {

namespace fs = std::filesystem;

/// Collects the findings as it prints them.
class Report {
  public:
    void good(const std::string& part, const std::string& what) { line("ok   ", part, what); }
    void wrong(const std::string& part, const std::string& what) {
        line("WRONG", part, what);
        ++wrong_;
    }
    /// `what` when `result` is a value, else its error's sentence, which names the fix.
    template <class T>
    void add(const std::string& part, const Result<T>& result, const std::string& what) {
        if (result)
            good(part, what);
        else
            wrong(part, result.error().message);
    }
    [[nodiscard]] int wrong_count() const { return wrong_; }

  private:
    static void line(const char* verdict, const std::string& part, const std::string& what) {
        std::cout << verdict << "  " << part
                  << std::string(18 - std::min<std::size_t>(part.size(), 17), ' ') << what << '\n';
    }
    int wrong_ = 0;
};

void check_services(Report& report, const fs::path& data) {
    const auto postgres = find_postgres(data / "postgres");
    report.add("PostgreSQL", postgres,
               postgres ? postgres->programs.string() + ", pgvector " + postgres->pgvector : "");
    const auto redis = find_redis();
    report.add("Redis", redis, redis ? redis->string() : "");
}

void check_model(Report& report, const fs::path& data) {
    embedding::Encoder::Options options;
    options.model_dir = find_model(data);
    report.add("model", embedding::Encoder::open(options),
               options.model_dir.string() + ", the right one by its sha256");
}

void check_extraction(Report& report) {
    const std::string part = "stoa-extract";
    const std::string fix = "; build it with ./dev build, or set STOA_EXTRACT_PROGRAM to its path";
    const fs::path found = find_extract_program();
    fs::path program = found;
    if (!found.has_parent_path()) program = fs::path("/usr/bin") / found;
    if (access(program.c_str(), X_OK) != 0) {
        report.wrong(part, "there is no program " + program.string() + fix);
        return;
    }
    Command command;
    command.name = part;
    command.program = program;
    command.arguments = {part, "--self-test", "open"};
    command.log = "/dev/null";
    auto child = ChildProcess::start(command);
    if (!child) {
        report.wrong(part, child.error().message + fix);
        return;
    }
    const bool ended = child->wait(std::chrono::seconds(20));
    // It tries to open a file, and the sandbox has to kill it for that.
    if (ended && child->killed_by(SIGSYS)) {
        report.good(part, program.string() + ", its sandbox holds");
    } else {
        report.wrong(part,
                     "its self-test failed (" + child->how_it_ended() +
                         "): PDFs cannot be read safely here. Seccomp must be allowed to this "
                         "process; in a container, use the runtime's default profile");
    }
}

/// Those that the environment names; `stoa up` brings its own.
void check_configured(Report& report) {
    if (const char* url = std::getenv("STOA_DATABASE_URL"); url != nullptr) {
        report.add("STOA_DATABASE_URL", postgres::check_schema(url), "answers, schema up to date");
    }
    if (const char* url = std::getenv("STOA_REDIS_URL"); url != nullptr) {
        Metrics metrics;
        redis::Client client({.url = url}, metrics);
        report.add("STOA_REDIS_URL", client.ping(), "answers");
    }
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
    const fs::path data = fs::absolute(options.data_dir).lexically_normal();
    Report report;
    check_services(report, data);
    check_model(report, data);
    check_extraction(report);
    report.add("data directory", DataDirectory::check(data),
               data.string() + ", " + std::to_string(free_bytes(data) >> 30) + " GB free");
    const char* address = std::getenv("STOA_HTTP_ADDRESS");
    report.add("port", claim_port(address != nullptr ? address : "127.0.0.1", options.port),
               std::to_string(options.port) + " is free");
    check_configured(report);
    std::cout << (report.wrong_count() == 0 ? "All is well.\n"
                                            : "Put these right, then ask again.\n");
    return report.wrong_count() == 0 ? 0 : 1;
}

}  // namespace stoa::app

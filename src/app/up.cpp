// SPDX-License-Identifier: Apache-2.0
#include "app/up.hpp"

#include "app/child_process.hpp"
#include "app/data_directory.hpp"
#include "app/listen_port.hpp"
#include "app/local_services.hpp"
#include "app/supervisor.hpp"
#include "base/metrics.hpp"
#include "http/client.hpp"
#include "redis/client.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace stoa::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr int interrupted_status = 130;

std::string environment_or(const char* name, const std::string& otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

/// What differs between one `up` and another, beside the data directory.
struct Plan {
    std::string address = environment_or("STOA_HTTP_ADDRESS", "127.0.0.1");
    int port = 0;
    std::string public_url;
    fs::path model;
    std::string extract_program;

    /// Where we reach `serve` ourselves.
    [[nodiscard]] std::string local_url() const {
        const bool any = address == "0.0.0.0" || address == "::";
        const std::string host = any ? "127.0.0.1" : address;
        return "http://" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
               std::to_string(port);
    }
};

/// Our environment, with the settings that follow from this `up` in place of the given ones.
std::vector<std::string> child_environment(const Plan& plan, const DataDirectory& data,
                                           const LocalPostgres& postgres, const LocalRedis& redis) {
    const std::vector<std::pair<std::string, std::string>> ours{
        {"STOA_DATABASE_URL", postgres.conninfo()}, {"STOA_REDIS_URL", redis.url()},
        {"STOA_HTTP_ADDRESS", plan.address},        {"STOA_HTTP_PORT", std::to_string(plan.port)},
        {"STOA_PUBLIC_URL", plan.public_url},       {"STOA_DATA_DIR", data.files().string()},
        {"STOA_MODEL_DIR", plan.model.string()},    {"STOA_EXTRACT_PROGRAM", plan.extract_program}};
    std::vector<std::string> out;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        const auto name = text.substr(0, text.find('='));
        const bool replaced =
            std::ranges::any_of(ours, [&](const auto& one) { return one.first == name; });
        // libpq would mix PG… variables into our connections.
        if (!replaced && !name.starts_with("PG")) out.emplace_back(text);
    }
    for (const auto& [name, value] : ours) out.push_back(name + "=" + value);
    return out;
}

/// Another life of this program as a child.
Command own_command(const std::string& subcommand, const DataDirectory& data,
                    const std::vector<std::string>& environment) {
    Command command;
    command.name = subcommand;
    std::error_code error;
    command.program = fs::read_symlink("/proc/self/exe", error);
    if (!fs::exists(command.program, error)) command.program = "/proc/self/exe";  // deleted since
    command.arguments = {"stoa", subcommand};
    command.environment = environment;
    command.log = data.log(subcommand);
    command.inherited_fd = data.lock();
    return command;
}

/// Each start begins new logs and keeps the ones before, so that they cannot grow for ever.
void rotate_logs(const DataDirectory& data) {
    std::error_code ignored;
    for (const auto* name : {"initdb", "postgres", "redis", "migrate", "serve", "work", "seed"}) {
        const auto log = data.log(name);
        if (fs::exists(log, ignored)) fs::rename(log, log.string() + ".1", ignored);
    }
}

Result<void> start_services(Supervisor& supervisor, const LocalPostgres& postgres,
                            const LocalRedis& redis) {
    if (auto made = postgres.create_cluster(); !made) return made;
    if (auto made = redis.create_folder(); !made) return made;
    if (auto started = supervisor.start(postgres.command()); !started) return started;
    if (auto started = supervisor.start(redis.command()); !started) return started;
    const auto pid = supervisor.pid_of("postgres");
    // After a crash PostgreSQL first replays its log.
    auto ready =
        supervisor.wait_until("PostgreSQL", [&] { return postgres.ready(pid); }, seconds(120));
    if (!ready) return ready;
    Metrics metrics;
    redis::Client client({.url = redis.url()}, metrics);
    return supervisor.wait_until("Redis", [&] { return client.ping().has_value(); }, seconds(30));
}

Result<void> migrate(Supervisor& supervisor, const Command& command) {
    auto child = ChildProcess::start(command);
    if (!child) return fail(child);
    auto ended = supervisor.wait_until(
        "the database's schema", [&] { return !child->running(); }, seconds(300));
    if (!ended) return ended;
    if (!child->succeeded()) return unavailable("migration_failed", explain_end(*child));
    return {};
}

Result<void> start_stoa(Supervisor& supervisor, const Plan& plan, const DataDirectory& data,
                        const std::vector<std::string>& environment) {
    auto migrated = migrate(supervisor, own_command("migrate", data, environment));
    if (!migrated) return migrated;
    for (const auto* name : {"serve", "work"}) {
        auto started = supervisor.start(own_command(name, data, environment));
        if (!started) return started;
    }
    http::Outbound question;
    question.url = plan.local_url() + "/readyz";
    question.connect_timeout = question.total_timeout = std::chrono::seconds(2);
    question.allow_private_addresses = true;
    question.is_probe = true;
    const http::Client client;
    return supervisor.wait_until(
        "GET /readyz",
        [&] {
            const auto answer = client.send(question);
            return answer && answer->status == 200;
        },
        seconds(60));
}

void announce(const Plan& plan, const DataDirectory& data, const PostgresInstallation& installation,
              const LocalPostgres& postgres, const UpOptions& options) {
    const auto llm = environment_or("STOA_LLM_BASE_URL", "");
    const std::string answers =
        llm.empty() ? "offline, extractive (set STOA_LLM_BASE_URL, and STOA_LLM_API_KEY where it "
                      "wants one)"
                    : "by the chat model at " + llm;
    std::cout << "\nStoa is ready.\n"
              << "  Page         " << plan.public_url << "/\n"
              << "  API          " << plan.public_url << "/api/v1, documented at "
              << plan.public_url << "/docs\n"
              << "  Health       " << plan.public_url << "/readyz, metrics at " << plan.public_url
              << "/metrics\n"
              << "  Data         " << data.root().string() << " (kept between starts)\n"
              << "  Logs         " << data.log("serve").parent_path().string() << "\n"
              << "  PostgreSQL   " << installation.major << " with pgvector "
              << installation.pgvector << ": psql \"" << postgres.conninfo() << "\"\n"
              << "  Model        " << plan.model.string() << "\n"
              << "  Answers      " << answers << "\n";
    if (!options.no_demo && !options.once && !options.demo_program.empty()) {
        std::cout << "  Demo room    “Welcome to Stoa” in GET /api/v1/rooms/list\n"
                  << "  Try          ./dev demo"
                  << (plan.port == 8080 ? "" : " --url " + plan.public_url) << "\n";
    }
    std::cout << (options.once ? "" : "Ctrl-C stops everything.\n") << std::flush;
}

/// The demo client against this `up`.
Command demo_command(const std::string& program, const Plan& plan) {
    Command command;
    command.name = "demo";
    command.program = "/usr/bin/python3";
    command.arguments = {"python3", program, "--url", plan.local_url()};
    for (char** variable = environ; *variable != nullptr; ++variable) {
        command.environment.emplace_back(*variable);
    }
    return command;
}

/// The demo as a child on our terminal; its exit status.
Result<int> run_demo(Supervisor& supervisor, const std::string& program, const Plan& plan) {
    auto child = ChildProcess::start(demo_command(program, plan));
    if (!child) return fail(child);
    auto ended = supervisor.keep_running([&] { return !child->running(); });
    if (!ended) return fail(ended);
    return child->succeeded() ? 0 : 1;
}

/// Opens the demo room behind our back, if it is not there yet; its log tells how that went.
Result<ChildProcess> seed_demo(const std::string& program, const Plan& plan,
                               const DataDirectory& data) {
    auto command = demo_command(program, plan);
    command.name = "seed";
    command.arguments.emplace_back("--seed");
    command.log = data.log("seed");
    return ChildProcess::start(std::move(command));
}

Result<int> up(const UpOptions& options) {
    const bool demo = options.once && !options.no_demo;
    if (demo && options.demo_program.empty()) {
        return fail(ErrorKind::invalid, "settings_invalid",
                    "--once runs the demo of the source tree: use ./dev up --once, or --no-demo");
    }
    Plan plan;
    auto port = claim_port(plan.address, options.port);
    if (!port) return fail(port);
    plan.port = *port;
    plan.public_url =
        environment_or("STOA_PUBLIC_URL", "http://localhost:" + std::to_string(plan.port));
    plan.model = find_model(options.data_dir);
    plan.extract_program = find_extract_program();

    auto data = DataDirectory::open(options.data_dir);
    if (!data) return fail(data);
    rotate_logs(*data);
    auto installation = find_postgres(data->postgres());
    if (!installation) return fail(installation);
    auto redis_program = find_redis();
    if (!redis_program) return fail(redis_program);
    const auto account = service_account(*data);
    auto sockets = make_socket_folder(*data, account);
    if (!sockets) return fail(sockets);
    const LocalPostgres postgres(*data, *installation, account, *sockets);
    const LocalRedis redis(*data, *redis_program, account, *sockets);

    Supervisor supervisor;
    if (auto started = start_services(supervisor, postgres, redis); !started) return fail(started);
    const auto environment = child_environment(plan, *data, postgres, redis);
    if (auto started = start_stoa(supervisor, plan, *data, environment); !started) {
        return fail(started);
    }
    announce(plan, *data, *installation, postgres, options);
    if (demo) return run_demo(supervisor, options.demo_program, plan);
    if (options.once) return 0;
    std::optional<ChildProcess> seed;
    if (!options.no_demo && !options.demo_program.empty()) {
        auto started = seed_demo(options.demo_program, plan, *data);
        if (!started) return fail(started);
        seed.emplace(std::move(*started));
    }
    auto ended = supervisor.keep_running([&] {
        if (seed && !seed->running()) seed.reset();
        return false;
    });
    if (ended || ended.error().code == "interrupted") {
        std::cout << "\nStopping.\n" << std::flush;
        return 0;
    }
    return fail(ended);
}

}  // namespace

int run_up(const UpOptions& options) {
    const auto status = up(options);
    if (status) return *status;
    if (status.error().code == "interrupted") return interrupted_status;
    std::cerr << "stoa: " << status.error().message << '\n';
    return 1;
}

}  // namespace stoa::app

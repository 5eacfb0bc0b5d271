// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include "app/administration.hpp"
#include "app/check_settings.hpp"
#include "app/doctor.hpp"
#include "app/master_key_rotation.hpp"
#include "app/serve.hpp"
#include "app/up.hpp"
#include "app/work.hpp"
#include "base/log.hpp"
#include "base/settings.hpp"
#include "postgres/migrations.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>

#include <CLI/CLI.hpp>

namespace stoa::app {
namespace {

constexpr int wrong_usage = 2;

/// The flags of one subcommand that are settings, as they were given.
struct SettingFlags {
    std::string config;
    std::vector<GivenSetting> flags;

    void add_to(CLI::App& command) {
        command.add_option("--config", config, "TOML file of settings")->envname("STOA_CONFIG");
        for (const auto& setting : setting_table()) {
            add_flag(command, std::string(setting.name), std::string(setting.text));
            if (!setting.secret) continue;
            add_flag(command, std::string(setting.name) + "_file", "file that holds it");
        }
    }

    void add_flag(CLI::App& command, const std::string& name, const std::string& text) {
        std::string flag = "--" + name;
        std::ranges::replace(flag, '_', '-');
        const auto take = [this, name, flag](const std::string& value) {
            flags.push_back({name, value, "flag " + flag, GivenSetting::Kind::flag});
        };
        command.add_option_function<std::string>(flag, take, text)->group("Settings");
    }

    [[nodiscard]] Result<Settings> read() const {
        std::vector<GivenSetting> given;
        if (!config.empty()) {
            auto file = settings_from_file(config);
            if (!file) return fail(file);
            given = std::move(*file);
        }
        for (auto& value : settings_from_environment()) given.push_back(std::move(value));
        given.insert(given.end(), flags.begin(), flags.end());
        auto settings = make_settings(given);
        if (!settings) return settings;
        if (auto checked = check_settings(*settings); !checked) return fail(checked);
        return settings;
    }
};

int report(const Error& error) {
    std::cerr << "stoa: " << error.message << '\n';
    return error.code == "settings_invalid" ? wrong_usage : 1;
}

void configure_log(const Settings& settings, std::string service) {
    const std::map<std::string, log::Level> levels{{"debug", log::Level::debug},
                                                   {"info", log::Level::info},
                                                   {"warning", log::Level::warning},
                                                   {"error", log::Level::error}};
    const std::map<std::string, log::Format> formats{{"automatic", log::Format::automatic},
                                                     {"human", log::Format::human},
                                                     {"json", log::Format::json}};
    log::configure(levels.at(settings.log_level), formats.at(settings.log_format),
                   std::move(service));
}

/// Runs a command that needs settings: reads them, or says what is wrong with them.
template <class F>
int with_settings(const SettingFlags& flags, const std::string& service, F&& run) {
    const auto settings = flags.read();
    if (!settings) return report(settings.error());
    configure_log(*settings, service);
    const Result<void> done = run(*settings);
    return done ? 0 : report(done.error());
}

Result<void> migrate(const Settings& settings) {
    const auto applied = postgres::migrate(settings.database_url);
    if (!applied) return fail(applied);
    std::cout << (*applied == 0 ? "The schema is up to date.\n"
                                : std::to_string(*applied) + " migrations applied.\n");
    return {};
}

Result<void> migration_status(const Settings& settings) {
    const auto states = postgres::migration_status(settings.database_url);
    if (!states) return fail(states);
    for (const auto& state : *states) {
        std::cout << (state.applied ? "applied  " : "missing  ") << state.version << "  "
                  << state.name << '\n';
    }
    return {};
}

Result<void> print_routes(const Settings& settings) {
    const auto lines = list_routes(settings);
    if (!lines) return fail(lines);
    for (const auto& line : *lines) std::cout << line << '\n';
    return {};
}

/// The program's commands; each leaves its exit status.
class Commands {
  public:
    Commands() {
        program_.require_subcommand(1);
        program_.set_version_flag("--version", STOA_VERSION);
        add_services();
        add_administration();
        add_settings();
        add_machine();
    }

    int parse_and_run(int argc, char** argv) {
        try {
            program_.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            const auto status = program_.exit(error) == 0 ? 0 : wrong_usage;
            constexpr int unexpected = static_cast<int>(CLI::ExitCodes::ExtrasError);
            if (error.get_exit_code() == unexpected) suggest_flags(error.what());
            return status;
        }
        return status_;
    }

  private:
    /// The nearest name for each flag among the unexpected words.
    static void suggest_flags(std::string_view unexpected) {
        std::istringstream words{std::string(unexpected)};
        for (std::string word; words >> word;) {
            if (!word.starts_with("--")) continue;
            std::string name = word.substr(2, word.find('=') - 2);
            std::ranges::replace(name, '-', '_');
            std::string nearest(nearest_setting(name));
            std::ranges::replace(nearest, '_', '-');
            std::cerr << "Of the settings, did you mean \"--" << nearest << "\"?\n";
        }
    }

    /// A command that reads the settings before it runs.
    template <class F>
    CLI::App* with_flags(CLI::App* command, F run) {
        flags_.add_to(*command);
        command->callback([this, command, run] {
            status_ = with_settings(flags_, "stoa-" + command->get_name(), run);
        });
        return command;
    }
    /// As above, for one that takes the id of a job.
    template <class F>
    void with_job(CLI::App* command, F run) {
        with_flags(command, [this, run](const Settings& s) { return run(s, argument_); })
            ->add_option("ID", argument_, "The job's id")
            ->required();
    }

    void add_services() {
        with_flags(program_.add_subcommand("serve", "Serve the API and the pages"), serve);
        with_flags(program_.add_subcommand("work", "Run background jobs"), work);
        auto* migrating = with_flags(
            program_.add_subcommand("migrate", "Bring the schema up to date"),
            [this](const Settings& s) { return only_status_ ? migration_status(s) : migrate(s); });
        migrating->add_subcommand("status", "List the migrations and which are applied")
            ->callback([this] { only_status_ = true; });
    }

    void add_administration() {
        auto* jobs = program_.add_subcommand("jobs", "Look at jobs, retry and drop them");
        jobs->require_subcommand(1);
        auto* list =
            with_flags(jobs->add_subcommand("list", "The newest jobs"),
                       [this](const Settings& s) { return list_jobs(s, argument_, count_); });
        list->add_option("--state", argument_, "queued, running, sent, done, dead or cancelled");
        list->add_option("--limit", count_, "How many at most")
            ->check(CLI::Range(1, 100'000))
            ->capture_default_str();
        with_job(jobs->add_subcommand("show", "One job as JSON"), show_job);
        with_job(jobs->add_subcommand("retry", "Let a dead or cancelled job begin again"),
                 retry_job);
        with_job(jobs->add_subcommand("drop", "Cancel a queued, sent or dead job"), drop_job);
        auto* audit = program_.add_subcommand("audit", "The trail of security events");
        audit->require_subcommand(1);
        with_flags(audit->add_subcommand("verify", "Follow its hash chain and checkpoints"),
                   [this](const Settings& s) { return verify_audit(s, entries_min_); })
            ->add_option("--at-least", entries_min_, "How many entries there must be");
        auto* users = program_.add_subcommand("users", "People and their roles");
        users->require_subcommand(1);
        auto* role =
            with_flags(users->add_subcommand("set-role", "Make someone user, moderator or admin"),
                       [this](const Settings& s) { return set_role(s, argument_, role_); });
        role->add_option("WALLET", argument_, "A wallet they signed in with")->required();
        role->add_option("ROLE", role_, "user, moderator or admin")->required();
        auto* keys = program_.add_subcommand("keys", "The master key and those of access tokens");
        keys->require_subcommand(1);
        with_flags(keys->add_subcommand("rotate", "Let a new master key take over, online"),
                   rotate_master_key);
        with_flags(keys->add_subcommand("status", "Which master key wraps how much"),
                   print_key_status);
        with_flags(keys->add_subcommand("rotate-signing", "Sign new tokens by a new key"),
                   rotate_signing_keys);
    }

    void add_settings() {
        with_flags(
            program_.add_subcommand("check-config", "Say what is wrong with the settings"),
            [this](const Settings& s) -> Result<void> {
                std::cout << (print_config_ ? print_settings(s) : "The settings are valid.\n");
                return {};
            })
            ->add_flag("--print-config", print_config_, "Print them, secrets hidden");
        program_.add_subcommand("config-docs", "Print docs/configuration.md")->callback([] {
            std::cout << settings_markdown();
        });
        with_flags(program_.add_subcommand("routes", "Print the route table"), print_routes);
    }

    void add_machine() {
        auto* up = program_.add_subcommand("up", "Run everything on this machine");
        up->add_option("--data", up_.data_dir, "Where everything lies")->capture_default_str();
        up->add_option("--port", up_.port, "Port of the API")->capture_default_str();
        up->add_flag("--no-demo", up_.no_demo, "No demo room, no demo");
        up->add_flag("--once", up_.once, "Run the demo, then stop");
        up->add_option("--demo-program", up_.demo_program, "The demo client, tools/demo.py");
        up->callback([this] { status_ = run_up(up_); });
        auto* doctor = program_.add_subcommand("doctor", "Say what is wrong here, and the fix");
        doctor->add_option("--data", doctor_.data_dir, "Where everything lies")
            ->capture_default_str();
        doctor->add_option("--port", doctor_.port, "Port of the API")->capture_default_str();
        doctor->callback([this] { status_ = run_doctor(doctor_); });
    }

    CLI::App program_{"Stoa: the backend of a study platform", "stoa"};
    SettingFlags flags_;
    std::string argument_;
    std::string role_;
    std::int64_t entries_min_ = 0;
    int count_ = 100;
    bool only_status_ = false;
    bool print_config_ = false;
    UpOptions up_;
    DoctorOptions doctor_;
    int status_ = 0;
};

}  // namespace

int run_command_line(int argc, char** argv) { return Commands().parse_and_run(argc, argv); }

}  // namespace stoa::app

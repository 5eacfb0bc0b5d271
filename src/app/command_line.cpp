// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include "app/doctor.hpp"
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

#include <CLI/CLI.hpp>

namespace stoa::app {
namespace {

constexpr int wrong_usage = 2;

/// The flags of one subcommand that are settings, as they were given.
struct SettingFlags {
    std::string config;
    std::map<std::string, std::string> values;

    void add_to(CLI::App& command) {
        command.add_option("--config", config, "TOML file of settings")->envname("STOA_CONFIG");
        for (const auto& setting : setting_table()) {
            std::string flag = "--" + std::string(setting.name);
            std::ranges::replace(flag, '_', '-');
            command.add_option(flag, values[std::string(setting.name)], std::string(setting.text))
                ->group("Settings");
            if (!setting.secret) continue;
            command
                .add_option(flag + "-file", values[std::string(setting.name) + "_file"],
                            "file that holds it")
                ->group("Settings");
        }
    }

    [[nodiscard]] Result<Settings> read() const {
        std::vector<GivenSetting> given;
        if (!config.empty()) {
            auto file = settings_from_file(config);
            if (!file) return fail(file);
            given = std::move(*file);
        }
        for (auto& value : settings_from_environment()) given.push_back(std::move(value));
        for (const auto& [name, value] : values) {
            if (!value.empty()) given.push_back({name, value, "flag"});
        }
        return make_settings(given);
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

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App program("Stoa: the backend of a study platform", "stoa");
    program.require_subcommand(1);
    program.set_version_flag("--version", STOA_VERSION);
    SettingFlags flags;
    int status = 0;

    const auto with = [&](CLI::App* command, auto run) {
        flags.add_to(*command);
        command->callback([&, command, run] {
            status = with_settings(flags, "stoa-" + command->get_name(), run);
        });
        return command;
    };
    with(program.add_subcommand("serve", "Serve the API and the pages"), serve);
    with(program.add_subcommand("work", "Run background jobs"), work);
    bool only_status = false;
    auto* migrate_command =
        with(program.add_subcommand("migrate", "Bring the schema up to date"),
             [&](const Settings& s) { return only_status ? migration_status(s) : migrate(s); });
    migrate_command->add_subcommand("status", "List the migrations and which are applied")
        ->callback([&] { only_status = true; });
    bool print_config = false;
    with(program.add_subcommand("check-config", "Check the settings and say what is wrong"),
         [&](const Settings& s) -> Result<void> {
             std::cout << (print_config ? print_settings(s) : "The settings are valid.\n");
             return {};
         })
        ->add_flag("--print-config", print_config, "Print them, secrets hidden");
    program.add_subcommand("config-docs", "Print docs/configuration.md")->callback([] {
        std::cout << settings_markdown();
    });
    with(program.add_subcommand("routes", "Print the route table"), print_routes);
    UpOptions up;
    auto* up_command =
        program.add_subcommand("up", "Run everything on this machine, from PostgreSQL to the page");
    up_command->add_option("--data", up.data_dir, "Where everything lies")->capture_default_str();
    up_command->add_option("--port", up.port, "Port of the API")->capture_default_str();
    up_command->add_flag("--no-demo", up.no_demo, "Neither run the demo nor point to it");
    up_command->add_flag("--once", up.once, "Run the demo, then stop");
    up_command->add_option("--demo-program", up.demo_program, "The demo client, for --once");
    up_command->callback([&] { status = run_up(up); });
    DoctorOptions doctor;
    auto* doctor_command =
        program.add_subcommand("doctor", "Say what is wrong on this machine, and the fix");
    doctor_command->add_option("--data", doctor.data_dir, "Where everything lies")
        ->capture_default_str();
    doctor_command->add_option("--port", doctor.port, "Port of the API")->capture_default_str();
    doctor_command->callback([&] { status = run_doctor(doctor); });

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = program.exit(error);
        return code == 0 ? 0 : wrong_usage;
    }
    return status;
}

}  // namespace stoa::app

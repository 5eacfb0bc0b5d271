// SPDX-License-Identifier: Apache-2.0
#include "jobs/echo.hpp"

#include "base/json.hpp"

#include <thread>

#include <boost/json/serialize.hpp>

namespace stoa::jobs {

namespace {

using namespace std::chrono_literals;

struct Arguments {
    json::Value value;
    std::optional<Int<0, 60>> seconds;
    std::optional<Text<1, 200>> error;
};
BOOST_DESCRIBE_STRUCT(Arguments, (), (value, seconds, error))

Result<Arguments> read_arguments(const std::string& text) {
    auto arguments = json::read<Arguments>(text);
    if (arguments) return arguments;
    std::string message = "stoa.echo() takes value, and of choice seconds and error";
    for (const auto& field : arguments.error().fields)
        message += "; " + field.loc.back() + ": " + field.msg;
    return fail(ErrorKind::invalid, "invalid_arguments", std::move(message));
}

Result<void> echo(Run& run) {
    const auto arguments = read_arguments(run.arguments_json());
    if (!arguments) return fail(arguments);
    const auto seconds = std::chrono::seconds(arguments->seconds ? arguments->seconds->value : 0);
    const auto until = std::chrono::steady_clock::now() + seconds;
    while (std::chrono::steady_clock::now() < until) {
        if (!run.still_ours()) return unavailable("interrupted", "The echo was interrupted.");
        std::this_thread::sleep_for(20ms);
    }
    if (arguments->error) return fail(ErrorKind::invalid, "echo", arguments->error->value);
    return run.set_result(boost::json::serialize(arguments->value));
}

}  // namespace

Task echo_task() {
    Task task;
    task.run = echo;
    task.check_foreign = [](const std::string& text) -> Result<void> {
        if (auto arguments = read_arguments(text); !arguments) return fail(arguments);
        return {};
    };
    task.soft_limit = 90s;
    task.hard_limit = 120s;
    return task;
}

}  // namespace stoa::jobs

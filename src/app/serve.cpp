// SPDX-License-Identifier: Apache-2.0
#include "app/serve.hpp"

#include "accounts/accounts_routes.hpp"
#include "app/exit_deadline.hpp"
#include "app/frame_limits.hpp"
#include "app/rate_limiter.hpp"
#include "app/route_table.hpp"
#include "app/services.hpp"
#include "app/signals.hpp"
#include "base/log.hpp"
#include "base/process_memory.hpp"
#include "base/text.hpp"
#include "chat/event_stream.hpp"
#include "chat/room_feed.hpp"
#include "chat/room_socket.hpp"
#include "chat/socratic.hpp"
#include "http/server.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <sys/resource.h>

namespace stoa::app {
namespace {

/// Many systems give a process 1,024 open files unless it asks for more.
void allow_open_files(std::int64_t connections_max) {
    constexpr rlim_t others = 1024;  // uploads, the database, Redis, models
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    const auto wanted = static_cast<rlim_t>(connections_max) + others;
    if (files.rlim_cur >= wanted) return;
    files.rlim_cur = std::min(files.rlim_max, wanted);
    if (setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur == wanted) return;
    log::warning(
        "The limit of open files is too low for http_connections_max: raise it to the "
        "second number.",
        {{"stoa.files_max", files.rlim_cur}, {"stoa.files_wanted", wanted}});
}

std::size_t handler_threads(const Settings& settings) {
    if (settings.handler_threads > 0) return static_cast<std::size_t>(settings.handler_threads);
    return 2 * std::max(1U, std::thread::hardware_concurrency());
}

/// A limit is not worth a long wait for Redis.
redis::Options limiter_redis(const Settings& settings) {
    auto options = redis_options(settings);
    options.wait_max = std::chrono::milliseconds(500);
    options.command_timeout = std::chrono::milliseconds(500);
    return options;
}

void count_tasks(Metrics& metrics, const std::string& name, const WorkerPool& pool) {
    const auto threads = static_cast<double>(pool.thread_count());
    metrics.set("stoa_handler_threads", "Threads that run requests.", {{"pool", name}}, threads);
    metrics.add_collector([&metrics, name, &pool] {
        metrics.set("stoa_handler_threads_busy", "Threads that run a request now.",
                    {{"pool", name}}, static_cast<double>(pool.busy()));
        metrics.set("stoa_handler_tasks_queued", "Requests that wait for a thread.",
                    {{"pool", name}}, static_cast<double>(pool.queued()));
    });
}

http::Limiter limit_with(RateLimiter& limiter, const Settings& settings) {
    if (settings.rate_limit_percent == 0) return {};
    return [&limiter](const std::string& key, const http::Limit& limit) {
        return limiter.take(key, limit);
    };
}

/// The three ways in which a socket's client proves who they are.
chat::SocketAuth socket_auth(Services& services) {
    const auto verify_wallet = [&services](std::string_view address, std::string_view message,
                                           std::string_view signature) -> Result<http::Caller> {
        const accounts::SignedChallenge proof{
            {std::string(address)}, {std::string(message)}, {std::string(signature)}};
        auto opened = services.sign_in.open_session(proof, {"WebSocket", ""}, {});
        if (!opened) return fail(opened);
        return opened->caller;
    };
    return {.authenticate = accounts::routes::make_authenticator(services.tokens),
            .redeem_ticket =
                [&services](std::string_view ticket) {
                    return services.sessions.redeem_ticket(ticket);
                },
            .verify_wallet = verify_wallet};
}

void reload_certificate(http::Server& server) {
    if (auto reloaded = server.reload_certificate(); !reloaded) {
        log::error("The old certificate stays.",
                   {{"event.action", "reload-certificate"},
                    {"error.code", std::string(reloaded.error().code)},
                    {"error.message", reloaded.error().message}});
        return;
    }
    log::info("New connections get the certificate as its file now is.",
              {{"event.action", "reload-certificate"}});
}

/// First the node only says that it leaves, so that a proxy in front sends nothing more; who asks
/// twice to stop does not want to wait for that.
void leave(http::Server& server, const StopSignals& signals, std::chrono::seconds drain) {
    server.drain();
    (void)signals.wait_for(drain);
    server.stop(stop_time_max - drain - std::chrono::seconds(1));
}

}  // namespace

Result<http::ServerOptions> server_options(const Settings& settings) {
    auto proxies = http::TrustedProxies::parse(split_commas(settings.http_trusted_proxies));
    if (!proxies) return fail(proxies);
    http::ServerOptions options;
    options.address = settings.http_address;
    options.port = static_cast<std::uint16_t>(settings.http_port);
    options.threads = static_cast<std::size_t>(settings.http_threads);
    options.connections_max = static_cast<std::size_t>(settings.http_connections_max);
    options.connections_per_address_max =
        static_cast<std::size_t>(settings.http_connections_per_address_max);
    options.trusted_proxies = std::move(*proxies);
    options.tls_certificate_file = settings.tls_certificate_file;
    options.tls_key_file = settings.tls_key_file;
    options.strict_transport = settings.public_url.starts_with("https://");
    options.access_log = settings.http_access_log == "on";
    options.request_timeout = std::chrono::seconds(settings.http_request_timeout_seconds);
    options.upload_bytes_max = static_cast<std::uint64_t>(settings.upload_bytes_max);
    options.upload_dir = upload_dir(settings);
    options.allowed_origins = split_commas(settings.allowed_origins);
    return options;
}

Result<void> serve(const Settings& settings) {
    StopSignals signals;
    if (!settings.tls_certificate_file.empty()) signals.take_reload();
    const log::Background log_writer;
    ExitDeadline exit_deadline;
    auto options = server_options(settings);
    if (!options) return fail(options);
    allow_open_files(settings.http_connections_max);
    auto made = Services::make(settings);
    if (!made) return fail(made);
    Services& services = **made;

    services.invalidations.listen(redis_options(settings));
    services.tokens.remember_sessions(services.invalidations, services.metrics);
    services.profiles.remember_people(services.invalidations, services.metrics);
    services.rooms.remember_rooms(services.invalidations, services.metrics);
    services.documents.remember_access(services.invalidations, services.metrics);

    RateLimiter rate_limiter(limiter_redis(settings), settings.rate_limit_percent,
                             services.metrics);
    const auto limiter = limit_with(rate_limiter, settings);
    http::Hub hub;
    chat::RoomFeed feed(services.room_events, services.database, redis_options(settings), hub,
                        services.metrics);
    chat::Socratic socratic(services.database, services.room_events, services.keys,
                            chat::answer_with(services.tutor));
    const auto room_sockets =
        chat::room_sockets({.rooms = services.rooms,
                            .messages = services.messages,
                            .feed = feed,
                            .socratic = socratic,
                            .documents = services.documents,
                            .highlights = services.highlights,
                            .auth = socket_auth(services),
                            .limiter = limit_frames(limiter, services.rate_limits)});
    const auto routes =
        route_table(services, {room_sockets, chat::room_event_stream(services.rooms, feed)});

    constexpr std::size_t queued_max = 4096;
    WorkerPool pool(handler_threads(settings), queued_max);
    // For answers that wait for a language model: threads that mostly sleep, and a short queue.
    constexpr std::size_t slow_threads = 48;
    constexpr std::size_t slow_queued_max = 96;
    WorkerPool slow_pool(slow_threads, slow_queued_max);
    count_tasks(services.metrics, "quick", pool);
    count_tasks(services.metrics, "slow", slow_pool);
    http::Server server(std::move(*options), routes,
                        accounts::routes::make_authenticator(services.tokens), pool, slow_pool,
                        services.metrics, limiter);
    if (auto started = server.start(); !started) return started;
    release_start_memory();
    log::info("serving", {{"event.action", "start"}, {"server.port", server.port()}});
    const int signal = signals.wait([&server] { reload_certificate(server); });
    exit_deadline.set(stop_time_max);
    log::info("stopping", {{"event.action", "stop"}, {"stoa.signal", signal}});
    services.stopping = true;
    leave(server, signals, std::chrono::seconds(settings.http_drain_seconds));
    return {};
}

Result<std::vector<std::string>> list_routes(const Settings& settings) {
    auto made = Services::make(settings);
    if (!made) return fail(made);
    const auto no_sockets = [](const http::Request&, std::shared_ptr<http::Socket>) {
        return fail(ErrorKind::internal, "internal_error", "There is no server.");
    };
    return describe(route_table(**made, {no_sockets, {}}));
}

}  // namespace stoa::app

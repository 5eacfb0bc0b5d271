// SPDX-License-Identifier: Apache-2.0
// Stoa's side of `./dev bench jobs`.
//     jobs_bench DATABASE REDIS_URL work               works until SIGTERM, then prints latencies
//     jobs_bench DATABASE REDIS_URL produce COUNT      enqueues so many as fast as it can
//     jobs_bench DATABASE REDIS_URL steady RATE SECONDS
#include "base/log.hpp"
#include "jobs/worker.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/json.hpp>

namespace {

using namespace stoa;
using std::chrono::steady_clock;

constexpr std::string_view task_name = "bench.nothing";

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

jobs::NewJob job_of_now() {
    return {.task = std::string(task_name),
            .arguments_json = R"({"sent":)" + std::to_string(wall_seconds()) + "}"};
}

bool produce(postgres::Database& database, jobs::Queue& queue) {
    const auto job = job_of_now();
    const auto id =
        database.transact([&](postgres::Session& session) { return queue.enqueue(session, job); });
    if (!id) return false;
    queue.announce(*id, job);
    return true;
}

void work(postgres::Database& database, redis::Client& redis, Metrics& metrics,
          const sigset_t& signals) {
    std::mutex mutex;
    std::vector<double> latencies;
    const jobs::Task nothing{[&](jobs::Run& run) -> Result<void> {
        const double now = wall_seconds();
        const auto arguments = boost::json::parse(run.arguments_json());
        const std::lock_guard lock(mutex);
        latencies.push_back(now - arguments.at("sent").to_number<double>());
        return {};
    }};
    {
        jobs::Worker::Options options;
        options.threads = 2;
        const jobs::Worker worker(database, redis, metrics, options,
                                  {{std::string(task_name), nothing}});
        int signal = 0;
        sigwait(&signals, &signal);
    }
    for (const double latency : latencies) std::cout << latency << "\n";
}

}  // namespace

int main(int count, char** words) {
    if (count < 4) return 2;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    log::configure(log::Level::warning, log::Format::json, "jobs_bench");
    const std::string_view mode = words[3];
    Metrics metrics;
    postgres::Database database({.conninfo = words[1]}, metrics);
    redis::Client redis({.url = words[2]}, metrics);
    jobs::Queue queue(database, redis);
    if (mode == "work") {
        work(database, redis, metrics, signals);
    } else if (mode == "produce") {
        for (int left = std::stoi(words[4]); left > 0; --left)
            if (!produce(database, queue)) return 1;
    } else {
        const std::chrono::duration<double> every(1 / std::stod(words[4]));
        const auto begun = steady_clock::now();
        const auto total = std::stod(words[5]) * std::stod(words[4]);
        for (int i = 0; i < total; ++i) {
            std::this_thread::sleep_until(
                begun + std::chrono::duration_cast<steady_clock::duration>(every * i));
            if (!produce(database, queue)) return 1;
        }
    }
    return 0;
}

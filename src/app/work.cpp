// SPDX-License-Identifier: Apache-2.0
#include "app/work.hpp"

#include "app/exit_deadline.hpp"
#include "app/housekeeping.hpp"
#include "app/probes.hpp"
#include "app/services.hpp"
#include "app/signals.hpp"
#include "base/log.hpp"
#include "base/process_memory.hpp"
#include "documents/highlight_reanchoring.hpp"
#include "documents/ingestion.hpp"
#include "extraction/extractor.hpp"
#include "extraction/ocr.hpp"
#include "jobs/echo.hpp"
#include "jobs/worker.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include <unistd.h>

namespace stoa::app {
namespace {

/// Each job may hold a document and a process that reads it, and one of the pool's connections.
std::size_t job_threads(const Settings& settings) {
    if (settings.job_threads > 0) return static_cast<std::size_t>(settings.job_threads);
    return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
}

}  // namespace

Result<void> work(const Settings& settings) {
    const StopSignals signals;
    const log::Background log_writer;
    ExitDeadline exit_deadline;
    auto made = Services::make(settings);
    if (!made) return fail(made);
    Services& services = **made;

    const extraction::Extractor extractor(
        settings.extract_program, {},
        extraction::OcrOptions{extraction::find_tesseract(), settings.ocr_languages});
    documents::Ingestion ingestion(services.database, services.queue, services.room_events,
                                   extractor, *services.encoder, services.keys, settings.data_dir);
    documents::HighlightReanchoring reanchoring(services.database, services.room_events,
                                                services.keys);
    jobs::Worker::Options options;
    options.threads = job_threads(settings);
    options.remote_control = redis_options(settings);
    options.on_shutdown = [] { kill(getpid(), SIGTERM); };
    options.on_stuck = [] {
        log::flush(std::chrono::milliseconds(200));
        std::_Exit(EXIT_FAILURE);  // the supervisor starts a new one
    };
    options.periodic = housekeeping_schedule();
    auto tasks = housekeeping_tasks(services.database, services.documents, services.uploads,
                                    services.master_keys);
    tasks.emplace(documents::ingestion_task, ingestion.task());
    tasks.emplace(documents::reanchoring_task, reanchoring.task());
    tasks.emplace(jobs::echo_task_name, jobs::echo_task());
    options.stop_wait = stop_time_max - std::chrono::seconds(3);  // and give back what is left
    std::optional<Probes> probes;                                 // until the worker has ended
    const jobs::Worker worker(services.database, services.redis, services.metrics, options,
                              std::move(tasks));
    if (settings.work_http_port != 0) {
        if (auto started = probes.emplace(services).start(); !started) return started;
    }
    release_start_memory();
    log::info("working", {{"event.action", "start"}});
    const int signal = signals.wait();
    exit_deadline.set(stop_time_max);
    log::info("stopping", {{"event.action", "stop"}, {"stoa.signal", signal}});
    return {};
}

}  // namespace stoa::app

// SPDX-License-Identifier: Apache-2.0
// What the tests of jobs share: a real PostgreSQL and a real Redis, which may both be away, and
// tasks that leave effects to be counted. One thread.
#pragma once

#include "jobs/admin.hpp"
#include "jobs/queue.hpp"
#include "jobs/worker.hpp"
#include "support/private_postgres.hpp"
#include "support/private_redis.hpp"

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace stoa::jobs {

using namespace std::chrono_literals;
using testing::wait_until;

inline constexpr postgres::Query create_effects{
    "test.create", "CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, what text)"};
inline constexpr postgres::Query add_effect{"test.add", "INSERT INTO effects (what) VALUES ($1)"};
inline constexpr postgres::Query count_effects{"test.count",
                                               "SELECT count(*) FROM effects WHERE what = $1"};

/// A task that adds one effect and is done with it.
inline Result<void> add_and_acknowledge(postgres::Database& database, jobs::Run& run,
                                        const std::string& what) {
    return database.transact([&](postgres::Session& session) -> Result<void> {
        if (auto added = session.run(add_effect, what); !added) return fail(added);
        return run.acknowledge(session);
    });
}

/// A place for jobs, and the client's side of it.
class JobsTest : public ::testing::Test {
  protected:
    JobId enqueue(const NewJob& job) {
        const auto id = database_.transact(
            [&](postgres::Session& session) { return queue_.enqueue(session, job); });
        if (!id) throw std::runtime_error(id.error().message);
        return *id;
    }
    std::optional<JobDetails> job(JobId id) { return *find_job(database_, id); }
    bool becomes(JobId id, JobState state) {
        return wait_until([&] { return job(id) && job(id)->state == state; }, 10s);
    }
    std::int64_t hints() { return redis_.run({"LLEN", "stoa"})->integer; }

    testing::TestDatabase place_;
    testing::PrivateRedis server_;
    Metrics metrics_;
    postgres::Database database_{place_.options(), metrics_};
    redis::Client redis_{{.url = server_.url()}, metrics_};
    Queue queue_{database_, redis_};
};

/// With workers in a hurry, and tasks that leave effects to be counted.
class WorkerTest : public JobsTest {
  protected:
    void SetUp() override { ASSERT_TRUE(database_.run(create_effects)); }

    Worker::Options quick() {
        Worker::Options options;
        options.lease = 600ms;
        options.sweep_every = 50ms;
        options.backoff_first = 2ms;
        options.backoff_max = 10ms;
        return options;
    }
    std::unique_ptr<Worker> work(Worker::Options options, std::map<std::string, Task> tasks) {
        return std::make_unique<Worker>(database_, redis_, metrics_, options, std::move(tasks));
    }
    Task adding(const std::string& what) {
        return {[this, what](jobs::Run& run) { return add_and_acknowledge(database_, run, what); },
                {}};
    }
    std::int64_t effects(const char* what) {
        return *database_.one<std::int64_t>(count_effects, what);
    }
};

}  // namespace stoa::jobs

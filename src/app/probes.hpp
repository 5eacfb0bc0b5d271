// SPDX-License-Identifier: Apache-2.0
// The operators' routes of a process that serves nothing else: /healthz, /readyz, /metrics and
// /version of `stoa work`, on `work_http_port`. Threads of its own: one that reads and writes, one
// that answers. Owner: `work`; the services outlive it.
#pragma once

#include "app/services.hpp"
#include "base/worker_pool.hpp"
#include "http/routes.hpp"
#include "http/server.hpp"

namespace stoa::app {

class Probes {
  public:
    explicit Probes(Services& services);
    ~Probes();
    Probes(const Probes&) = delete;
    Probes& operator=(const Probes&) = delete;

    /// `address_in_use` or `address_unavailable`.
    Result<void> start();

  private:
    const http::Routes routes_;
    WorkerPool pool_;
    http::Server server_;
};

}  // namespace stoa::app

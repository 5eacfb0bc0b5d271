// SPDX-License-Identifier: Apache-2.0
// The access log: one line for each answer, in ECS names. Of the target only the path is written,
// since a query may carry a ticket, and nothing that the client made up is written unbounded or
// unprintable. Any thread.
#pragma once

#include "http/asio.hpp"
#include "http/exchange.hpp"

namespace stoa::http {

struct Outcome {
    int status;
    bool whole = true;  ///< else the answer was cut in its middle, whoever did it
};

/// `taken` is from the request's head to the last byte of its answer.
void log_access(const Exchange& exchange, Outcome outcome, SteadyClock::duration taken);

}  // namespace stoa::http

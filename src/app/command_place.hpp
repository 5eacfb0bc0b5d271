// SPDX-License-Identifier: Apache-2.0
// Private to the commands of an operator: a database for as long as one of them runs. One thread.
#pragma once

#include "app/services.hpp"
#include "base/metrics.hpp"
#include "base/settings.hpp"
#include "postgres/database.hpp"

namespace stoa::app {

struct Place {
    explicit Place(const Settings& settings) : database(postgres_options(settings), metrics) {}
    Metrics metrics;
    postgres::Database database;
};

}  // namespace stoa::app

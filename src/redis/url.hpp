// SPDX-License-Identifier: Apache-2.0
// Where a Redis is: redis://[[user]:password@]host[:port][/database] or unix:///path?db=0 (also
// [user]:password@ and ?user=, ?password= there). A cluster: redis-cluster://, the same
// credentials for every node, and one or more of them as host[:port],host[:port]. With TLS:
// rediss:// and rediss-cluster://, which take ?ca=/path of the certificates to trust. Pure; any
// thread.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace stoa::redis {

struct Address {
    std::string host;  ///< empty: `path` is a Unix socket
    int port = 6379;
    std::string path;
    std::string user;
    std::string password;
    int database = 0;
    bool is_tls = false;
    std::string ca_file;  ///< empty: those that the system trusts
};

struct Location {
    bool is_cluster = false;
    std::vector<Address> addresses;  ///< one; of a cluster the nodes to ask first, at most 64
};

/// `redis_url` (invalid) says what is wrong, without the password.
Result<Location> parse_url(std::string_view url);

}  // namespace stoa::redis

// SPDX-License-Identifier: Apache-2.0
// The bytes of Redis' protocol (RESP2), both ways; hiredis formats and parses. Pure; one thread at
// a time. Private.
#pragma once

#include "base/result.hpp"
#include "redis/client.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct redisReader;

namespace stoa::redis {

std::string format_commands(std::span<const Command* const> commands);

class ReplyReader {
  public:
    ReplyReader();

    /// False: these bytes are no protocol, and nothing more can be read.
    [[nodiscard]] bool feed(std::string_view bytes);
    /// The next reply if it is whole; false as `feed`. An error anywhere in it makes it an error.
    [[nodiscard]] bool next(std::optional<Reply>& reply);

  private:
    struct Finish {
        void operator()(redisReader* reader) const;
    };
    std::unique_ptr<redisReader, Finish> reader_;
};

Error redis_unavailable();
/// Will the same command do later or elsewhere? It was not done.
bool is_passing_error(std::string_view message);
/// `redis_unavailable` or `redis_error`, for the caller of a command that got it.
Error failure_of(std::string_view message);

}  // namespace stoa::redis

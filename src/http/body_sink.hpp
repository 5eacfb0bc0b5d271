// SPDX-License-Identifier: Apache-2.0
// Where a body goes that is too long to be held and is no form: to its route's feature, piece by
// piece, as it comes. Made for one request, by `Routes::pour`'s factory, once it was admitted.
// Worker threads, one call at a time; the factory too.
#pragma once

#include "http/message.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace stoa::http {

class BodySink {
  public:
    virtual ~BodySink() = default;
    /// The next at most 256 KiB; nothing of an empty body. An answer ends it: the rest of the body
    /// is not read, and no call follows.
    [[nodiscard]] virtual std::optional<Response> write(std::string_view bytes) = 0;
    /// All of the body was written.
    [[nodiscard]] virtual Response finish() = 0;
    /// The peer has left, or was too slow: what was written is all that came. The request is gone
    /// by then. Not called when the server itself ends.
    virtual void cut() = 0;
};

using BodySinkFactory = std::function<std::unique_ptr<BodySink>(const Request&)>;

}  // namespace stoa::http
